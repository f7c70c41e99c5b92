// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// arena_end_test.cpp: the thread that ends an arena knows what the others did with it
//
// The last of handle, buffer and bytes may go on any thread, and then the region goes, too: while
// nobody uses it any more, and once. That nobody does is known through the arena's own counts
// alone: in some cases here the threads tell each other whose turn it is by relaxed flags, which
// order nothing, so that ThreadSanitizer reports whatever the arena does not order itself.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <array>
#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "../../peer.hpp"
#include "caiman/arena.hpp"
#include "lent.hpp"

#include <catch2/catch.hpp>

// NOLINTBEGIN(bugprone-use-after-move): what is left of an object that was moved from is tested
// here

namespace {

using caiman::buddy_arena;
using caiman::buddy_hint;
using caiman::buffer;
using caiman::bytes;
using caiman::region_release;
using caiman::testing::frozen;
using caiman::testing::lent_region;
using caiman::testing::peer;

buddy_arena lend(lent_region& region, region_release give_back) {
  return buddy_arena::from_region(region.at(), region.size(), buddy_hint::min_alloc(64),
                                  std::move(give_back))
      .build()
      .value();
}

// Tells when it is whose turn, and orders nothing.
class turns {
 public:
  void next() { now_.fetch_add(1, std::memory_order_relaxed); }
  void wait_for(unsigned turn) const {
    while (now_.load(std::memory_order_relaxed) != turn) std::this_thread::yield();
  }

 private:
  std::atomic<unsigned> now_{0};
};

}  // namespace

TEST_CASE("a region comes back on the thread that drops the last", "[region][end][threads]") {
  lent_region region(4'096);
  peer other;
  std::optional<buddy_arena> arena(lend(region, region.note()));
  std::optional<bytes> last;
  std::thread::id id;
  other.run([&] {
    id = std::this_thread::get_id();
    last = frozen(*arena, "theirs");
  });
  bytes ours = *last;
  SECTION("the peer's") {
    arena.reset();
    ours = {};
    CHECK(region.calls() == 0);
    other.run([&] { last.reset(); });
    CHECK(region.last_call().thread == id);
  }
  SECTION("ours, with the handle gone on the peer's") {
    other.run([&] {
      arena.reset();
      last.reset();
    });
    CHECK(region.calls() == 0);
    ours = {};
    CHECK(region.last_call().thread == std::this_thread::get_id());
  }
  CHECK(region.is_back(region.at(), 4'096));
}

TEST_CASE("a thread's last bytes may go after its slot", "[region][end][threads]") {
  lent_region region(4'096);
  auto arena = std::make_optional(lend(region, region.note()));
  bool kept = false;
  std::thread([&] {
    static thread_local bytes late;  // made before the thread has its slot
    static_cast<void>(late.empty());
    late = frozen(*arena, "late");
    arena.reset();
    kept = region.calls() == 0;
  }).join();
  CHECK(kept);
  CHECK(region.is_back(region.at(), 4'096));
}

// The release function touches what all of them have written, as unmapping would: a thread that
// ends the arena before another one is done with it races there.
TEST_CASE("of threads that all drop their last, one ends the arena", "[region][end][threads]") {
  constexpr unsigned rounds = 200;
  constexpr std::size_t size = 1'024;
  lent_region region(size);
  std::array<std::optional<buddy_arena>, 3> handles;
  std::array<bytes, 3> shared;
  unsigned ends = 0;  // no atomic: the threads meet at a barrier after each round
  unsigned wrong = 0;
  std::barrier<> meet(3);
  const auto set_up = [&] {
    handles[0] = buddy_arena::from_region(region.at(), size, buddy_hint::min_alloc(64),
                                          [&](std::byte* p, std::size_t n) {
                                            std::memset(p, 0, n);
                                            ++ends;
                                          })
                     .build()
                     .value();
    handles[1] = handles[2] = handles[0];
    shared[0] = frozen(*handles[0], "shared by all");
    shared[1] = shared[0];
    shared[2] = shared[0].slice(0, 6);
  };
  const auto work = [&](std::size_t i) {
    for (unsigned round = 0; round < rounds; ++round) {
      if (i == 0) set_up();
      meet.arrive_and_wait();
      std::optional<buffer> own(handles[i]->allocate(64).value());
      own->put("written here");
      bytes part = shared[i].slice(0, 6);
      switch ((round + i) % 3) {  // each time another one is late with another thing
        case 0:
          handles[i].reset();
          own.reset();
          shared[i] = {};
          break;
        case 1:
          own.reset();
          shared[i] = {};
          handles[i].reset();
          break;
        default:
          shared[i] = std::move(*own).freeze();
          handles[i].reset();
          shared[i] = {};
      }
      part = {};
      meet.arrive_and_wait();
      if (i == 0) wrong += std::exchange(ends, 0U) != 1;
    }
  };
  std::thread one(work, 1);
  std::thread two(work, 2);
  work(0);
  one.join();
  two.join();
  CHECK(wrong == 0);
}

// The release function writes what the others have written: a race, unless the arena orders it.
TEST_CASE("the thread that drops the last handle comes after every block", "[end][threads]") {
  lent_region region(1'024);
  bool back = false;
  auto last = std::make_optional(lend(region, [&](std::byte* p, std::size_t n) {
    std::memset(p, 0, n);
    back = true;
  }));
  turns turn;
  std::thread other([&turn, handle = std::make_optional(*last)]() mutable {
    auto b = std::make_optional(handle->allocate(64).value());
    b->put("theirs");
    handle.reset();
    b.reset();
    turn.next();
  });
  turn.wait_for(1);
  last.reset();
  CHECK(back);
  other.join();
}

TEST_CASE("the thread that drops the last block comes after the last handle and every block",
          "[end][threads]") {
  lent_region region(1'024);
  bool back = false;
  auto arena = std::make_optional(lend(region, [&](std::byte* p, std::size_t n) {
    std::memset(p, 0, n);
    back = true;
  }));
  turns turn;
  auto ours = std::make_optional(arena->allocate(64).value());
  auto theirs = std::make_optional(arena->allocate(64).value());
  std::thread other([&turn, mine = std::exchange(theirs, std::nullopt)]() mutable {
    mine->put("theirs");
    turn.wait_for(1);
    mine.reset();
    turn.next();
  });
  arena.reset();
  turn.next();
  turn.wait_for(2);
  CHECK_FALSE(back);
  ours.reset();
  CHECK(back);
  other.join();
}

TEST_CASE("a thread that writes a block again comes after all that read it", "[end][threads]") {
  lent_region region(64);
  const auto arena = lend(region, {});
  turns turn;
  bytes whole = frozen(arena, "read by both");
  bool right = false;
  std::thread other([&turn, &right, share = whole]() mutable {
    right = share.as_string_view() == "read by both";
    share = {};
    turn.next();
  });
  turn.wait_for(1);
  whole = {};
  buffer b = arena.allocate(64).value();
  b.put("written anew");
  other.join();
  CHECK(right);
}

TEST_CASE("the thread that drops the last handle comes after all that had one", "[end][threads]") {
  lent_region region(1'024);
  auto last = std::make_optional(lend(region, region.note()));
  turns turn;
  bool refused = false;
  std::thread other([&turn, &refused, handle = std::make_optional(*last)]() mutable {
    refused =
        !handle->allocate(2'000).has_value();  // reads what the end deletes, and writes nothing
    handle.reset();
    turn.next();
  });
  turn.wait_for(1);
  last.reset();
  CHECK(region.is_back(region.at(), 1'024));
  other.join();
  CHECK(refused);
}

TEST_CASE("what has ended stays until nobody is at its end any more", "[end]") {
  struct ended {
    struct book {
      bool quiet;
      [[nodiscard]] bool is_quiet() const { return quiet; }
    };
    ended(bool quiet, int& count) : kept{quiet}, there(count) { ++there; }
    ended(const ended&) = delete;
    ended& operator=(const ended&) = delete;
    ~ended() { --there; }
    book& books() { return kept; }
    book kept;
    int& there;
    ended* next_ended = nullptr;
  };
  int there = 0;
  {
    caiman::detail::ended_list<ended> list;
    auto* const late = new ended(false, there);
    list.keep(new ended(true, there));
    list.keep(late);
    list.keep(new ended(true, there));
    CHECK(there == 3);
    list.sweep();
    CHECK(there == 1);
    list.sweep();
    CHECK(there == 1);
    late->books().quiet = true;
  }
  CHECK(there == 0);  // the list sweeps at its own end
}

// NOLINTEND(bugprone-use-after-move)

TEST_CASE("what is out is right when counts of returns have started again at zero", "[end]") {
  using books = caiman::detail::ledger<caiman::native_sync>;
  constexpr std::uint64_t wraps = std::uint64_t{1} << 40;
  CHECK(books::out_of(7, 7) == 0);
  CHECK(books::out_of(7, 4) == 3);
  CHECK(books::out_of(5 * wraps + 10, 4 + 1) == 5);  // 3 * wraps + 4 and 2 * wraps + 1 came back
  CHECK(books::out_of(2 * wraps, (wraps - 1) + (wraps - 1)) == 2);
  CHECK(books::out_of(wraps, 0) == 0);
  CHECK(books::out_of(wraps + 4, 5) == -1);  // read while somebody takes and returns
}
