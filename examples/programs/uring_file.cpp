// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// uring_file.cpp: a file is written and read through io_uring, out of registered buffers
//
// The region of an arena is registered with the kernel once, so that a transfer names a place in it
// and no page has to be looked up and pinned. Where a buffer lies in the region is its offset(),
// and by that number the program knows what has completed. Beside it: memory of malloc, which is
// not registered. Where the kernel does not allow io_uring the program says so and does the same
// with pwritev and preadv; `--refuse-uring` refuses it as a container would. Relies on liburing.
// ---------------------------------------------------------------------------------------------
#include <fcntl.h>
#include <liburing.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <deque>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "memory.hpp"
#include "program.hpp"

namespace {

using programs::outcome;

constexpr std::size_t region_size = std::size_t{2} << 20U;
constexpr std::size_t page = 4096;
constexpr std::size_t record_count = 256;
constexpr unsigned depth = 16;  // transfers on their way at once

std::size_t size_of_record(std::size_t record) { return programs::size_for(record, page, 65536); }

// ---- memory -------------------------------------------------------------------------------------

/// An arena over memory that the kernel knows as buffer 0.
class registered {
 public:
  using buffer = caiman::buffer;
  static constexpr std::size_t places = region_size / page;

  registered() {
    void* const at =
        mmap(nullptr, region_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(at != MAP_FAILED, "a region");
    const auto built =
        caiman::buddy_arena::from_region(static_cast<std::byte*>(at), region_size,
                                         caiman::buddy_hint::min_alloc(page),
                                         [](std::byte* p, std::size_t n) { munmap(p, n); })
            .build();
    expect(built.has_value(), "an arena over it");
    arena_ = *built;
    region_ = {at, region_size};
  }
  std::span<const iovec> to_register() const { return {&region_, 1}; }
  buffer take(std::size_t n) {
    auto got = arena_.allocate(n);
    expect(got.has_value(), "there is room for as many as are on their way");
    return std::move(*got);
  }
  static std::byte* data(buffer& of) { return of.data(); }
  /// Its offset in the region says where what is known of a transfer lies.
  static std::size_t place_of(buffer& of) { return of.offset() / page; }
  void leave(std::size_t /*place*/) {}
  void expect_whole() const {
    expect(arena_.is_block_free(arena_.max_order(), 0), "all blocks came back, and are one");
  }

 private:
  caiman::buddy_arena arena_{};
  iovec region_{};
};

class from_malloc {
 public:
  struct freer {
    // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): it is what is compared
    void operator()(std::byte* data) const { std::free(data); }
  };
  using buffer = std::unique_ptr<std::byte, freer>;
  static constexpr std::size_t places = depth;

  from_malloc() : free_(places) { std::iota(free_.begin(), free_.end(), 0U); }
  static std::span<const iovec> to_register() { return {}; }
  static buffer take(std::size_t n) {
    // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): it is what is compared
    buffer got(static_cast<std::byte*>(std::malloc(n)));
    expect(got != nullptr, "there is memory");
    return got;
  }
  static std::byte* data(buffer& of) { return of.get(); }
  std::size_t place_of(buffer& /*of*/) {
    const std::size_t place = free_.back();
    free_.pop_back();
    return place;
  }
  void leave(std::size_t place) { free_.push_back(place); }
  void expect_whole() const { expect(free_.size() == places, "all places are free"); }

 private:
  std::vector<std::size_t> free_;
};

// ---- ways to the file ---------------------------------------------------------------------------

struct transfer {
  bool writes = false;
  std::size_t record = 0;
  std::size_t length = 0;
  std::uint64_t at = 0;  // in the file
  programs::clock::time_point start{};
};

class way {
 public:
  way() = default;
  way(const way&) = delete;
  way& operator=(const way&) = delete;
  virtual ~way() = default;
  virtual void begin(const transfer& what, std::byte* data, std::size_t place) = 0;
  /// The place of one that is over, and how many bytes were moved.
  virtual std::pair<std::size_t, std::size_t> wait() = 0;
};

class through_ring final : public way {
 public:
  through_ring(io_uring* ring, int file, bool registered)
      : ring_(ring), file_(file), registered_(registered) {}
  ~through_ring() override { io_uring_queue_exit(ring_.get()); }
  through_ring(const through_ring&) = delete;
  through_ring& operator=(const through_ring&) = delete;

  void begin(const transfer& what, std::byte* data, std::size_t place) override {
    io_uring_sqe* const entry = io_uring_get_sqe(ring_.get());
    expect(entry != nullptr, "as many as were asked for");
    const auto length = static_cast<unsigned>(what.length);
    if (registered_ && what.writes) {
      io_uring_prep_write_fixed(entry, file_, data, length, what.at, 0);
    } else if (registered_) {
      io_uring_prep_read_fixed(entry, file_, data, length, what.at, 0);
    } else if (what.writes) {
      io_uring_prep_write(entry, file_, data, length, what.at);
    } else {
      io_uring_prep_read(entry, file_, data, length, what.at);
    }
    io_uring_sqe_set_data64(entry, place);
  }
  std::pair<std::size_t, std::size_t> wait() override {
    io_uring_cqe* entry = nullptr;
    int code = io_uring_peek_cqe(ring_.get(), &entry);
    while (code != 0) {
      code = io_uring_submit_and_wait(ring_.get(), 1);
      expect(code >= 0 || code == -EINTR, "the kernel takes them");
      code = io_uring_peek_cqe(ring_.get(), &entry);
    }
    const std::pair found{static_cast<std::size_t>(io_uring_cqe_get_data64(entry)), entry->res};
    io_uring_cqe_seen(ring_.get(), entry);
    expect(found.second >= 0, "a transfer does not fail");
    return {found.first, static_cast<std::size_t>(found.second)};
  }

 private:
  std::unique_ptr<io_uring> ring_;
  int file_;
  bool registered_;
};

class by_calls final : public way {
 public:
  explicit by_calls(int file) : file_(file) {}
  void begin(const transfer& what, std::byte* data, std::size_t place) override {
    const iovec piece{data, what.length};
    const auto at = static_cast<off_t>(what.at);
    const ssize_t moved =
        what.writes ? pwritev(file_, &piece, 1, at) : preadv(file_, &piece, 1, at);
    expect(moved >= 0, "a transfer does not fail");
    done_.emplace_back(place, static_cast<std::size_t>(moved));
  }
  std::pair<std::size_t, std::size_t> wait() override {
    const auto found = done_.front();
    done_.pop_front();
    return found;
  }

 private:
  int file_;
  std::deque<std::pair<std::size_t, std::size_t>> done_{};
};

/// What the kernel allows, and what is to be said of that.
std::pair<std::unique_ptr<way>, std::string> way_to(int file, std::span<const iovec> buffers) {
  auto ring = std::make_unique<io_uring>();
  int code = io_uring_queue_init(depth, ring.get(), 0);
  if (code == 0 && !buffers.empty()) {
    code = io_uring_register_buffers(ring.get(), buffers.data(),
                                     static_cast<unsigned>(buffers.size()));
    if (code != 0) io_uring_queue_exit(ring.get());
  }
  if (code == 0) {
    return {std::make_unique<through_ring>(ring.release(), file, !buffers.empty()),
            buffers.empty() ? "used" : "used, with registered buffers"};
  }
  std::string said = "not allowed here: " + std::generic_category().message(-code);
  fmt::print(stderr, "uring_file: io_uring: {}; it goes on with preadv and pwritev\n", said);
  return {std::make_unique<by_calls>(file), std::move(said)};
}

// ---- the program --------------------------------------------------------------------------------

template <class Memory>
class records {
 public:
  records(Memory& memory, way& file, outcome& into) : memory_(memory), file_(file), into_(into) {
    for (std::size_t i = 0; i < record_count; ++i) {
      begins_.push_back(begins_.back() + size_of_record(i));
    }
  }

  void write_all(std::uint64_t pass) {
    for (std::size_t i = 0; i < record_count; ++i) begin(true, i, pass);
    finish(pass);
  }
  /// In another order.
  void read_all(std::uint64_t pass) {
    for (std::size_t i = 0; i < record_count; ++i)
      begin(false, (i * 101 + pass) % record_count, pass);
    finish(pass);
  }

 private:
  struct flying {
    transfer what;
    typename Memory::buffer buffer;
  };
  static std::uint64_t key_of(std::size_t record, std::uint64_t pass) {
    return record + pass * record_count;
  }

  void begin(bool writes, std::size_t record, std::uint64_t pass) {
    if (count_ == depth) end_one(pass);
    const std::size_t length = size_of_record(record);
    auto buffer = memory_.take(length);
    const std::size_t place = memory_.place_of(buffer);
    std::byte* const data = Memory::data(buffer);
    if (writes) programs::fill({data, length}, key_of(record, pass));
    expect(!flying_[place], "no other transfer has that memory");
    flying_[place] = flying{{writes, record, length, begins_[record], programs::clock::now()},
                            std::move(buffer)};
    file_.begin(flying_[place]->what, data, place);
    ++count_;
  }

  void end_one(std::uint64_t pass) {
    const auto [place, moved] = file_.wait();
    expect(place < flying_.size() && flying_[place], "it was on its way");
    flying one = *std::exchange(flying_[place], std::nullopt);
    memory_.leave(place);
    --count_;
    expect(moved == one.what.length, "all of it was moved");
    into_.latencies.add(programs::nanoseconds(programs::clock::now() - one.what.start));
    ++into_.requests;
    if (one.what.writes) return;
    const std::span<const std::byte> text(Memory::data(one.buffer), moved);
    expect(programs::holds(text, key_of(one.what.record, pass)), "what is read was written");
    into_.digest += programs::mix(one.what.record ^ programs::digest_of(text));
  }
  void finish(std::uint64_t pass) {
    while (count_ != 0) end_one(pass);
  }

  Memory& memory_;
  way& file_;
  outcome& into_;
  std::vector<std::uint64_t> begins_{0};
  std::vector<std::optional<flying>> flying_ = std::vector<std::optional<flying>>(Memory::places);
  unsigned count_ = 0;
};

template <class Memory>
outcome run(std::size_t amount) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  expect(file != nullptr, "a file");
  Memory memory;
  const auto [way, said] = way_to(fileno(file.get()), memory.to_register());
  outcome done;
  {
    records all(memory, *way, done);
    const auto start = programs::clock::now();
    for (std::uint64_t pass = 0; done.requests < amount; ++pass) {
      all.write_all(pass);
      all.read_all(pass);
    }
    done.took = programs::clock::now() - start;
  }
  memory.expect_whole();
  done.more["io_uring"] = said;
  return done;
}

/// What a container's filter does: EPERM.
void refuse_uring() {
  sock_filter lines[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{4, lines};
  expect(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
             prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0,
         "a filter can be set");
}

}  // namespace

int main(int argc, char** argv) {
  return programs::run_program(
      argc, argv,
      {.name = "uring_file",
       .request = "records written or read",
       .threads = 1,
       .brief = 2'048,
       .full = 30'000},
      {{"caiman", run<registered>}, {"malloc", run<from_malloc>}}, [](CLI::App& app) {
        app.add_flag_callback("--refuse-uring", refuse_uring, "as a container's filter would");
      });
}
