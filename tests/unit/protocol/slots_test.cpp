// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// slots_test.cpp: which slot a thread has, and what becomes of it
//
// Slot numbers come from a pool: distinct as long as there are any, the shared one then, back
// again when the thread ends. That holds for more threads than slots, for threads one after the
// other, and for what a thread does while it is being torn down. Nothing here depends on timing:
// threads are joined before the next one starts, or meet at a barrier.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/protocol/slots.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <thread>
#include <tuple>
#include <vector>

#include "caiman/buddy.hpp"
#include "caiman/detail/ledger.hpp"
#include "caiman/native_sync.hpp"
#include "caiman/sequential_sync.hpp"
#include "naive_buddy.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::alloc_error;
using caiman::announced_pop_sync;
using caiman::block;
using caiman::buddy;
using caiman::native_sync;
using caiman::sequential_sync;
using caiman::tree_only_sync;
using caiman::protocol::slot_of_turn;
using caiman::protocol::slot_pool;
using caiman::protocol::slot_table;
using caiman::protocol::turn_of_slot;
using naive::identity_holds;

constexpr unsigned shared_slot = native_sync::exclusive_slots;

// Runs `act` in a thread of its own, to its end.
template <class Act>
void in_thread(const Act& act) {
  std::thread(act).join();
}

unsigned slot_of_a_new_thread() {
  unsigned slot = 0;
  in_thread([&slot] { slot = native_sync::thread_slot(); });
  return slot;
}

// Runs `act(i)` in `count` threads and waits for all of them.
template <class Act>
void in_threads(unsigned count, const Act& act) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i) threads.emplace_back([&act, i] { act(i); });
  for (std::thread& thread : threads) thread.join();
}

template <class Buddy>
void check_one_block(Buddy& tree) {
  CHECK(naive::observe(tree) == naive::expect_one_block(tree.max_order()));
  CHECK(identity_holds(tree, 0));
}

}  // namespace

TEST_CASE("every slot has its turn, and slots of neighbouring turns lie apart", "[slots]") {
  for (unsigned exclusive = 0; exclusive < 1024; ++exclusive) {
    INFO("exclusive slots: " << exclusive);
    std::set<unsigned> all;
    bool back = true;
    for (unsigned turn = 0; turn < exclusive; ++turn) {
      const unsigned slot = slot_of_turn(turn, exclusive);
      back = back && slot < exclusive && turn_of_slot(slot, exclusive) == turn;
      all.insert(slot);
    }
    REQUIRE(back);
    REQUIRE(all.size() == exclusive);
  }
  // A page has four slots of native_sync.
  std::set<unsigned> pages;
  for (unsigned turn = 0; turn < 16; ++turn) pages.insert(slot_of_turn(turn, shared_slot) / 4);
  CHECK(pages.size() == 16);
  CHECK(4 * slot_table<native_sync>::stride == 4096);
}

TEMPLATE_TEST_CASE("a pool hands out the lowest slot, then the shared one", "[slots]", native_sync,
                   sequential_sync) {
  slot_pool<TestType> pool(3, 7);
  CHECK(pool.seen() == 0);
  CHECK(pool.take() == 0);
  CHECK(pool.seen() == 1);
  CHECK(pool.take() == 1);
  CHECK(pool.take() == 2);
  CHECK(pool.seen() == 3);
  CHECK(pool.take() == 7);
  CHECK(pool.take() == 7);  // as often as it is asked
  CHECK(pool.seen() == 3);  // the shared slot is no exclusive one

  pool.give(7);  // others may still have it
  CHECK(pool.take() == 7);
  pool.give(1);
  CHECK(pool.take() == 1);
  CHECK(pool.take() == 7);
  pool.give(2);
  pool.give(0);
  CHECK(pool.take() == 0);
  CHECK(pool.take() == 2);
  CHECK(pool.take() == 7);
  CHECK(pool.seen() == 3);  // it never falls
}

TEMPLATE_TEST_CASE("a pool has from no exclusive slots up to 64", "[slots]", native_sync,
                   sequential_sync) {
  slot_pool<TestType> none(0, 0);
  CHECK(none.take() == 0);
  none.give(0);
  CHECK(none.take() == 0);
  CHECK(none.seen() == 0);

  slot_pool<TestType> apart(7, 7);
  for (const unsigned slot : {0U, 4U, 1U, 5U, 2U, 6U, 3U, 7U}) CHECK(apart.take() == slot);
  CHECK(apart.seen() == 7);
  apart.give(5);
  apart.give(4);
  CHECK(apart.take() == 4);  // its turn is before that of 5
  CHECK(apart.take() == 5);

  slot_pool<TestType> all(64, 64);
  std::set<unsigned> taken{all.take()};
  all.give(64);  // no bit is its
  CHECK(all.seen() == 1);
  for (unsigned i = 1; i < 64; ++i) taken.insert(all.take());
  CHECK(taken.size() == 64);
  CHECK(*taken.rbegin() == 63);
  CHECK(all.take() == 64);
  all.give(63);
  CHECK(all.take() == 63);
}

TEST_CASE("threads at once get distinct slots out of a pool", "[slots][threads]") {
  constexpr unsigned threads = 8;
  slot_pool<native_sync> pool(threads - 2, 99);
  std::vector<unsigned> slots(threads);
  for (unsigned round = 0; round < 50; ++round) {
    std::barrier ready(threads);
    in_threads(threads, [&](unsigned i) {
      ready.arrive_and_wait();
      slots[i] = pool.take();
      ready.arrive_and_wait();
      pool.give(slots[i]);
    });
    std::sort(slots.begin(), slots.end());
    REQUIRE(slots == std::vector<unsigned>{0, 1, 2, 3, 4, 5, 99, 99});
  }
  CHECK(pool.seen() == threads - 2);
}

TEST_CASE("a thread keeps its slot and gives it back at its end", "[slots][threads]") {
  const unsigned ours = native_sync::thread_slot();
  CHECK(ours < shared_slot);
  CHECK(native_sync::thread_slot() == ours);

  unsigned first = 0;
  bool stable = true;
  in_thread([&] {
    first = native_sync::thread_slot();
    buddy<> tree(3);
    for (unsigned i = 0; i < 100; ++i) {
      tree.release(tree.allocate(i % 4).value());
      stable = stable && native_sync::thread_slot() == first;
    }
  });
  CHECK(stable);
  CHECK(first != ours);
  CHECK(first < shared_slot);
  for (unsigned i = 0; i < 100; ++i) REQUIRE(slot_of_a_new_thread() == first);
  CHECK(native_sync::thread_slot() == ours);
  CHECK(native_sync::slots_seen(native_sync::home()) >
        turn_of_slot(first, native_sync::exclusive_slots));
}

TEST_CASE("a slot is the same for every buddy", "[slots]") {
  const unsigned ours = native_sync::thread_slot();
  buddy<> one(3);
  buddy<native_sync, 1> other(3);
  one.release(one.allocate(0).value());
  other.release(other.allocate(0).value());
  CHECK(native_sync::thread_slot() == ours);
  check_one_block(one);
  check_one_block(other);
  CHECK(sequential_sync::thread_slot() == 0);
}

namespace {

// Made before the thread has its slot, so destroyed after the slot was given back.
struct late_user {
  buddy<>* tree = nullptr;
  block held{};
  unsigned* slot = nullptr;

  late_user() = default;
  late_user(const late_user&) = delete;
  late_user& operator=(const late_user&) = delete;
  ~late_user() {
    tree->release(held);
    *slot = native_sync::thread_slot();
  }
};

}  // namespace

TEST_CASE("a thread that has given its slot back can still release", "[slots][threads]") {
  static_cast<void>(native_sync::thread_slot());
  buddy<> tree(3);
  unsigned before = 0;
  unsigned after = 0;
  in_thread([&] {
    static thread_local late_user user;
    user.tree = &tree;
    user.slot = &after;
    user.held = tree.allocate(0).value();
    before = native_sync::thread_slot();
  });
  CHECK(before < shared_slot);
  CHECK(after == shared_slot);
  check_one_block(tree);
  CHECK(slot_of_a_new_thread() == before);
}

TEMPLATE_TEST_CASE("threads one after the other leave the books right", "[slots][threads]",
                   (buddy<native_sync, 1>), (buddy<native_sync, 2>), (buddy<native_sync, 6>),
                   (buddy<announced_pop_sync, 1>), (buddy<announced_pop_sync, 2>),
                   (buddy<announced_pop_sync, 6>), (buddy<tree_only_sync, 1>),
                   (buddy<tree_only_sync, 2>), (buddy<tree_only_sync, 6>)) {
  TestType tree(7);
  std::vector<block> live;
  for (unsigned i = 0; i < 32; ++i) {
    in_thread([&] {
      // takes two, gives back one that an earlier thread has taken
      for (unsigned n = 0; n < 2; ++n) live.push_back(tree.allocate(i % 3 == 0 ? 1 : 0).value());
      tree.release(live.front());
      live.erase(live.begin());
    });
    CHECK(identity_holds(tree, live.size()));
  }
  for (const block& b : live) tree.release(b);
  check_one_block(tree);
}

namespace {

template <class Sync, unsigned Width>
struct kept_block {
  using sync = Sync;
  static constexpr unsigned width = Width;
};
template <class Sync>
using of_all_widths = std::tuple<kept_block<Sync, 1>, kept_block<Sync, 2>, kept_block<Sync, 3>,
                                 kept_block<Sync, 4>, kept_block<Sync, 5>, kept_block<Sync, 6>>;
using kept_blocks =
    decltype(std::tuple_cat(of_all_widths<tree_only_sync>(), of_all_widths<native_sync>(),
                            of_all_widths<announced_pop_sync>()));

// Whether a block of order 0 was kept: in the word that it came from, or in a stack.
template <class Sync, unsigned Log2Fanout>
bool is_kept(const buddy<Sync, Log2Fanout>& tree, unsigned slot) {
  constexpr caiman::protocol::word_t full = caiman::protocol::word_bits<Log2Fanout>::full;
  const caiman::protocol::word_t word = tree.inside().at(0).word(0).load(std::memory_order_relaxed);
  if constexpr (caiman::protocol::owner_stacks<Sync>::orders == 0) {
    return word == full;
  } else {
    return word == full - 1 && tree.inside().lanes().stacks(slot).peek(0, 1) == 0;
  }
}

}  // namespace

// Ours has taken its slot before the other thread starts, so that one has a slot of its own, and
// what it keeps is no hint of ours.
TEMPLATE_LIST_TEST_CASE("what its thread keeps is found by others", "[slots][threads]",
                        kept_blocks) {
  using sync = typename TestType::sync;
  constexpr unsigned width = TestType::width;
  static_cast<void>(native_sync::thread_slot());
  constexpr unsigned all = width + 1;
  buddy<sync, width> tree(all);
  unsigned slot = 0;
  in_thread([&] {
    tree.release(tree.allocate(0).value());
    slot = sync::thread_slot();
  });
  REQUIRE(is_kept(tree, slot));

  SECTION("by a request for everything") { REQUIRE(tree.allocate(all) == block{all, 0}); }
  SECTION("by a request of a thread that has its slot now") {
    std::optional<block> got;
    in_thread([&] { got = tree.allocate(all).value(); });
    REQUIRE(got == block{all, 0});
  }
  SECTION("by requests for whole words") {
    REQUIRE(tree.allocate(width).has_value());
    REQUIRE(tree.allocate(width).has_value());
  }
  SECTION("by requests for parts of words") {
    for (std::size_t i = 0; i < std::size_t{1} << all; ++i) REQUIRE(tree.allocate(0).has_value());
    REQUIRE(tree.allocate(0) == std::unexpected(alloc_error::arena_full));
  }
  SECTION("by an observer") { check_one_block(tree); }
}

namespace {

// Threads beyond the number of slots, all there at once, on one buddy that has room for all. Each
// takes and gives back single min blocks, two at a time, and ends with one that it still has.
template <class Sync, unsigned Log2Fanout>
struct crowd {
  static constexpr unsigned threads = 70;
  static constexpr unsigned max_order = 10;
  static constexpr unsigned rounds = 100;

  buddy<Sync, Log2Fanout> tree{max_order};
  std::vector<std::atomic<bool>> owned = std::vector<std::atomic<bool>>(1U << max_order);
  std::barrier<> all_there{threads};
  std::vector<unsigned> slots = std::vector<unsigned>(threads);
  std::vector<std::optional<block>> kept = std::vector<std::optional<block>>(threads);
  std::atomic<unsigned> moved{0};     // threads whose slot changed
  std::atomic<unsigned> refused{0};   // though there is always room
  std::atomic<unsigned> overlaps{0};  // min blocks with two owners

  void run() {
    in_threads(threads, [this](unsigned i) { work(i); });
  }

 private:
  // Nothing if it was told that the buddy is full, which is wrong here.
  std::optional<block> take() {
    auto got = tree.allocate(0);
    while (!got && got.error() == alloc_error::contended) got = tree.allocate(0);
    if (!got) {
      ++refused;
      return std::nullopt;
    }
    if (owned[got->index].exchange(true)) ++overlaps;
    return *got;
  }
  void give(const std::optional<block>& b) {
    if (!b) return;
    if (!owned[b->index].exchange(false)) ++overlaps;
    tree.release(*b);
  }
  void work(unsigned i) {
    slots[i] = native_sync::thread_slot();
    all_there.arrive_and_wait();
    for (unsigned round = 0; round < rounds; ++round) {
      const auto one = take();
      const auto other = take();
      give(one);
      give(other);
    }
    kept[i] = take();
    all_there.arrive_and_wait();
    if (native_sync::thread_slot() != slots[i]) ++moved;
  }
};

}  // namespace

TEMPLATE_TEST_CASE("threads beyond the slots share the last one", "[slots][threads]",
                   (crowd<native_sync, 1>), (crowd<native_sync, 2>), (crowd<native_sync, 6>),
                   (crowd<announced_pop_sync, 1>), (crowd<announced_pop_sync, 2>),
                   (crowd<announced_pop_sync, 6>), (crowd<tree_only_sync, 1>),
                   (crowd<tree_only_sync, 2>), (crowd<tree_only_sync, 6>)) {
  const unsigned ours = native_sync::thread_slot();
  TestType all;
  all.run();
  CHECK(all.moved == 0);
  CHECK(all.overlaps == 0);
  REQUIRE(all.refused == 0);

  std::multiset<unsigned> slots(all.slots.begin(), all.slots.end());
  slots.insert(ours);
  for (unsigned slot = 0; slot < shared_slot; ++slot) {
    INFO("slot " << slot);
    CHECK(slots.count(slot) == 1);
  }
  CHECK(slots.count(shared_slot) == all.threads + 1 - shared_slot);
  CHECK(native_sync::slots_seen(native_sync::home()) == shared_slot);

  CHECK(all.tree.free_min_blocks() == (std::size_t{1} << all.max_order) - all.threads);
  CHECK(identity_holds(all.tree, all.threads));
  for (const auto& b : all.kept) all.tree.release(b.value());
  check_one_block(all.tree);
}

namespace {

// One thread in a slot that is told to it, and counts how the numbers of that slot are written.
template <unsigned Slot>
struct seated_sync : sequential_sync {
  struct tally {
    std::size_t adds = 0;  // to the counters of the protocol; nothing else is added to
    std::size_t statistic_adds = 0;
    std::size_t statistic_stores = 0;
  };
  static tally& seen() noexcept {
    static tally all;
    return all;
  }

  template <class T>
  struct atomic : sequential_sync::atomic<T> {
    using base = sequential_sync::atomic<T>;
    using base::base;
    T fetch_add(T n, std::memory_order order) noexcept {
      ++seen().adds;
      return base::fetch_add(n, order);
    }
  };
  struct statistic : sequential_sync::statistic {
    using base = sequential_sync::statistic;
    using base::base;
    void store(std::uint64_t n, std::memory_order order) noexcept {
      ++seen().statistic_stores;
      base::store(n, order);
    }
    std::uint64_t fetch_add(std::uint64_t n, std::memory_order order) noexcept {
      ++seen().statistic_adds;
      return base::fetch_add(n, order);
    }
  };
  struct home {};
  static constexpr bool is_own(home) noexcept { return true; }
  static constexpr unsigned slot_scale = 1;
  static unsigned scaled_slot() noexcept { return Slot; }
  static unsigned thread_slot(home = {}) noexcept { return Slot; }
  static unsigned slots_seen(home = {}) noexcept { return 1; }
};

}  // namespace

// A lost update shows when two threads are unlucky; that none can be lost shows always.
TEMPLATE_TEST_CASE_SIG("only the shared slot counts by read-modify-write", "[slots]",
                       ((unsigned Slot), Slot), 0, 1) {
  using sync = seated_sync<Slot>;
  constexpr bool shared = Slot == sync::exclusive_slots;
  const auto fill = [](auto& tree) {
    std::vector<block> live;
    for (auto got = tree.allocate(0); got; got = tree.allocate(0)) live.push_back(*got);
    return live;
  };
  const auto run = [&](auto&& tree) {
    sync::seen() = {};
    for (const block& b : fill(tree)) tree.release(b);
    check_one_block(tree);
    return sync::seen();
  };
  CHECK((run(buddy<sync, 1>(4)).adds > 0) == shared);  // several words have marks, any slot's
  const auto seen = run(buddy<sync, 4>(4));
  CHECK((seen.adds > 0) == shared);
  CHECK((seen.statistic_adds > 0) == shared);
  CHECK((seen.statistic_stores > 0) == !shared);

  // Two releases by themselves: into a word that is empty, and the common one.
  buddy<sync, 3> word(3);
  const std::vector<block> eight = fill(word);
  for (std::size_t i = 0; i < 2; ++i) {
    sync::seen() = {};
    word.release(eight.at(i));
    CHECK(sync::seen().adds == (shared ? 1 : 0));
  }

  sync::seen() = {};
  caiman::detail::ledger<sync> books{typename sync::home()};
  books.failed();
  books.froze();
  books.spilled();
  books.took();
  CHECK(sync::seen().statistic_adds == (shared ? 3 : 0));
  CHECK(sync::seen().statistic_stores == (shared ? 0 : 3));
  CHECK(sync::seen().adds == (shared ? 1 : 0));
}
