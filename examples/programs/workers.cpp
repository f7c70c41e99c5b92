// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// workers.cpp: a process that forks workers, whose results it reads
//
// `caiman`: each worker builds an arena over its own part of memory that all share, writes results
// there, and sends only where they lie; the part is the worker's alone, since an arena belongs to
// one process, but whoever shares the memory may read it. `caiman_own`: each worker goes on with
// the arena that it inherited, which is its own from the fork on, and sends the results themselves.
// `malloc`: the same with vectors. The sockets are those of the system.
// ---------------------------------------------------------------------------------------------
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "memory.hpp"
#include "program.hpp"

namespace {

using programs::outcome;

constexpr unsigned worker_count = 2;
constexpr std::size_t slots = 16;  // jobs that a worker may have at once
constexpr std::size_t part_size = std::size_t{2} << 20U;

std::size_t size_of_result(std::uint64_t key) { return programs::size_for(key, 1024, 65536); }

/// A job for a slot: what was in that slot before has been read.
struct job {
  std::uint64_t slot, key;
};
constexpr std::uint64_t no_more = slots;

struct answer {
  std::uint64_t slot, length, offset;
};

// ---- sockets ------------------------------------------------------------------------------------

/// All of it, or false where the other side has gone.
template <class Call, class Byte>
bool all_of(Call call, int socket, std::span<Byte> what) {
  while (!what.empty()) {
    const ssize_t moved = call(socket, what.data(), what.size());
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) return false;
    what = what.subspan(static_cast<std::size_t>(moved));
  }
  return true;
}
bool receive(int from, std::span<std::byte> into) { return all_of(::read, from, into); }
template <class Value>
bool receive(int from, Value& into) {
  return receive(from, std::as_writable_bytes(std::span(&into, 1)));
}
bool send(int to, std::span<const std::byte> what) {
  return all_of(
      [](int s, const std::byte* p, std::size_t n) { return ::send(s, p, n, MSG_NOSIGNAL); }, to,
      what);
}
template <class Value>
bool send(int to, const Value& what) {
  return send(to, std::as_bytes(std::span(&what, 1)));
}

// ---- memory -------------------------------------------------------------------------------------

/// What the parent makes before it forks, and what a worker makes of it: the same object, in two
/// processes.
class shared_region {
 public:
  static constexpr bool shares = true;
  using buffer = caiman::buffer;
  using shared = caiman::bytes;

  shared_region()
      : at_(static_cast<std::byte*>(mmap(nullptr, worker_count * part_size, PROT_READ | PROT_WRITE,
                                         MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    expect(at_ != MAP_FAILED, "memory that is shared");
  }
  shared_region(const shared_region&) = delete;
  shared_region& operator=(const shared_region&) = delete;
  ~shared_region() { munmap(at_, worker_count * part_size); }

  /// In the worker.
  void begin(unsigned worker) {
    const auto built = caiman::buddy_arena::from_region(at_ + worker * part_size, part_size,
                                                        caiman::buddy_hint::min_alloc(1024))
                           .build();
    expect(built.has_value(), "an arena over a part of it");
    arena_ = *built;
  }
  std::optional<buffer> take(std::size_t n) {
    auto got = arena_.allocate(n);
    if (!got) return std::nullopt;
    return std::move(*got);
  }
  static std::span<std::byte> room(buffer& of) { return of.spare(); }
  static shared share(buffer&& of, std::size_t n) {
    of.advance(n);
    return std::move(of).freeze();
  }
  static std::span<const std::byte> view(const shared& of) { return of; }
  /// Where it lies in what all share.
  std::uint64_t offset_of(const shared& of) const {
    return static_cast<std::uint64_t>(of.data() - at_);
  }
  /// In the parent.
  std::span<const std::byte> at(const answer& where) const {
    expect(where.offset + where.length <= worker_count * part_size, "it lies in what is shared");
    return {at_ + where.offset, where.length};
  }
  void expect_whole() const {
    expect(arena_.is_block_free(arena_.max_order(), 0), "all blocks came back, and are one");
  }

 private:
  std::byte* at_;
  caiman::buddy_arena arena_{};
};

template <class Memory>
class own : public Memory {
 public:
  static constexpr bool shares = false;
  own() : Memory(part_size, 1024) {}
  void begin(unsigned /*worker*/) {}
  static typename Memory::shared share(typename Memory::buffer&& of, std::size_t /*n*/) {
    return Memory::share(std::move(of));
  }
  static std::uint64_t offset_of(const typename Memory::shared& /*of*/) { return 0; }
};

std::uint64_t proportional_bytes() { return programs::memory_of("/proc/self/smaps_rollup", "Pss"); }

// ---- the worker ---------------------------------------------------------------------------------

template <class Memory>
[[noreturn]] void work(Memory& memory, unsigned number, int parent) {
  memory.begin(number);
  {
    std::array<typename Memory::shared, slots> results{};
    for (job next{}; receive(parent, next) && next.slot != no_more;) {
      results[next.slot] = {};  // it has been read
      const std::size_t size = size_of_result(next.key);
      auto buffer = memory.take(size);
      expect(buffer.has_value(), "there is room for all slots");
      programs::fill(Memory::room(*buffer).first(size), next.key);
      auto& made = results[next.slot] = Memory::share(std::move(*buffer), size);
      const answer what{next.slot, size, memory.offset_of(made)};
      expect(send(parent, what), "the parent is there");
      if (Memory::shares) continue;
      expect(send(parent, Memory::view(made)), "the parent is there");
      made = {};
    }
    const answer last{no_more, proportional_bytes(), 0};
    expect(send(parent, last), "the parent is there");
    job rest{};
    expect(!receive(parent, rest), "until the parent has seen them all");
  }
  memory.expect_whole();
  _exit(0);
}

struct worker {
  pid_t process = 0;
  int socket = -1;
};

template <class Memory>
std::vector<worker> fork_workers(Memory& memory) {
  std::vector<worker> all;
  for (unsigned i = 0; i < worker_count; ++i) {
    std::array<int, 2> ends{};
    expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "two sockets");
    const pid_t child = fork();
    expect(child >= 0, "a worker");
    if (child == 0) {
      for (const worker& other : all) close(other.socket);
      close(ends[0]);
      work(memory, i, ends[1]);
    }
    close(ends[1]);
    all.push_back({child, ends[0]});
  }
  return all;
}

// ---- the parent ---------------------------------------------------------------------------------

template <class Memory>
class parent {
 public:
  parent(Memory& memory, std::vector<worker> workers, std::uint64_t amount)
      : memory_(memory), workers_(std::move(workers)), amount_(amount), flying_(workers_.size()) {}

  outcome run() {
    const auto start = programs::clock::now();
    for (std::size_t slot = 0; slot < slots; ++slot) {
      for (std::size_t w = 0; w < workers_.size(); ++w) begin(w, slot);
    }
    std::vector<pollfd> sockets;
    for (const worker& each : workers_) sockets.push_back({each.socket, POLLIN, 0});
    while (done_.requests < amount_) {
      expect(poll(sockets.data(), sockets.size(), -1) > 0 || errno == EINTR, "answers come");
      for (std::size_t w = 0; w < workers_.size(); ++w) {
        if (sockets[w].revents != 0) take_answer(w);
      }
    }
    done_.took = programs::clock::now() - start;
    end();
    return std::move(done_);
  }

 private:
  struct flying {
    std::uint64_t key = 0;
    programs::clock::time_point start{};
  };

  void begin(std::size_t w, std::size_t slot) {
    if (next_ == amount_) return;
    const job what{slot, next_++};
    flying_[w][slot] = {what.key, programs::clock::now()};
    expect(send(workers_[w].socket, what), "a worker is there");
  }

  void take_answer(std::size_t w) {
    answer found{};
    expect(receive(workers_[w].socket, found) && found.slot < slots, "a worker answers");
    const flying& of = flying_[w][found.slot];
    expect(found.length == size_of_result(of.key), "all of it came");
    const auto text = text_of(w, found);
    expect(programs::holds(text, of.key), "it is what was asked for");
    done_.digest += programs::mix(of.key ^ programs::digest_of(text));
    done_.latencies.add(programs::nanoseconds(programs::clock::now() - of.start));
    ++done_.requests;
    begin(w, found.slot);
  }

  std::span<const std::byte> text_of(std::size_t w, const answer& found) {
    if constexpr (Memory::shares) {
      return memory_.at(found);
    } else {
      copy_.resize(found.length);
      expect(receive(workers_[w].socket, std::span(copy_)), "a worker sends what it said");
      return copy_;
    }
  }

  /// All are alive until each has said what it takes.
  void end() {
    for (const worker& each : workers_) {
      expect(send(each.socket, job{no_more, 0}), "a worker is there");
      answer last{};
      expect(receive(each.socket, last) && last.slot == no_more, "and says what it takes");
      done_.peak += last.length;
    }
    done_.peak += proportional_bytes();
    for (const worker& each : workers_) close(each.socket);
    for (const worker& each : workers_) {
      int status = -1;
      expect(waitpid(each.process, &status, 0) == each.process && status == 0, "all ended well");
    }
  }

  Memory& memory_;
  std::vector<worker> workers_;
  std::uint64_t amount_;
  std::vector<std::array<flying, slots>> flying_;
  std::vector<std::byte> copy_{};
  std::uint64_t next_ = 0;
  outcome done_{};
};

template <class Memory>
outcome run(std::size_t amount) {
  Memory memory;
  return parent<Memory>(memory, fork_workers(memory), amount).run();
}

}  // namespace

int main(int argc, char** argv) {
  return programs::run_program(argc, argv,
                               {.name = "workers",
                                .request = "results of workers that the parent has read",
                                .threads = worker_count,
                                .brief = 10'000,
                                .full = 100'000},
                               {{"caiman", run<shared_region>},
                                {"caiman_own", run<own<programs::arena_memory>>},
                                {"malloc", run<own<programs::vector_memory>>}});
}
