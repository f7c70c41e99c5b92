// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// marks_test.cpp: which words are cut
//
// A look at a live block asks a mark and no ancestor, so the marks must say what the ancestors say.
// After every call of trees that are used at random, each mark is compared with the words above it
// and with what is live. Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <cstddef>
#include <random>
#include <tuple>
#include <vector>

#include "caiman/buddy.hpp"
#include "caiman/protocol/trims.hpp"
#include "caiman/sequential_sync.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::block;
using caiman::buddy;
using caiman::native_sync;
using caiman::sequential_sync;
using caiman::tree_only_sync;

using every_kind = std::tuple<buddy<sequential_sync, 1>, buddy<sequential_sync, 2>,
                              buddy<tree_only_sync, 3>, buddy<tree_only_sync, 4>,
                              buddy<native_sync, 1>, buddy<native_sync, 3>, buddy<native_sync, 6>>;

struct holding {
  block what;
  std::size_t kept;  // min blocks
};

/// Whether all of `size` min blocks from `first` on are a part of one block that is live.
bool is_part_of_one(const std::vector<holding>& live, std::size_t first, std::size_t size) {
  return std::any_of(live.begin(), live.end(), [&](const holding& h) {
    const std::size_t begin = h.what.index << h.what.order;
    return begin <= first && first + size <= begin + h.kept;
  });
}

template <class Sync, unsigned Log2Fanout>
void check_marks(const buddy<Sync, Log2Fanout>& tree, std::size_t units,
                 const std::vector<holding>& live) {
  constexpr std::size_t fanout = std::size_t{1} << Log2Fanout;
  static_cast<void>(tree.free_min_blocks());  // so that nothing is at hand
  const auto& in = tree.inside();
  const auto word_at = [&](unsigned lv, std::size_t word) {
    return in.at(lv).word(word).load(std::memory_order_relaxed);
  };
  for (unsigned lv = 0; lv < in.top(); ++lv) {
    const std::size_t size = std::size_t{1} << ((lv + 1) * Log2Fanout);
    for (std::size_t word = 0; word < in.at(lv).word_count() && word * size < units; ++word) {
      bool is_free_above = false;
      std::size_t slot = word;
      for (unsigned above = lv + 1; above <= in.top(); ++above, slot /= fanout) {
        is_free_above |= (word_at(above, slot / fanout) >> slot % fanout & 1) != 0;
      }
      INFO("level " << lv << ", word " << word << " of " << units << " min blocks");
      const bool is_one = is_free_above || is_part_of_one(live, word * size, size);
      REQUIRE(in.is_cut(lv, word) == !is_one);
      REQUIRE((word_at(lv, word) == 0 || !is_one));
    }
  }
}

/// One call, or what comes to a few.
template <class Sync, unsigned Log2Fanout>
void act(buddy<Sync, Log2Fanout>& tree, std::size_t units, std::vector<holding>& live,
         std::minstd_rand& random) {
  const auto what = static_cast<unsigned>(random() % 16);
  if (what < 2) static_cast<void>(tree.largest_free_order());
  if (what == 2) {
    caiman::protocol::trims<Sync, Log2Fanout>::each(
        tree.inside(), static_cast<unsigned>(random() % 9),
        [&](unsigned, std::size_t) { return random() % 2 == 0; },
        [&](unsigned order, std::size_t index) {
          std::vector<holding> and_away = live;
          and_away.push_back({{order, index}, std::size_t{1} << order});
          check_marks(tree, units, and_away);
        });
  }
  if (what > 2 && what < 10) {
    const auto order = static_cast<unsigned>(random() % 4 == 0 ? random() % 8 : random() % 2);
    if (const auto got = tree.allocate(order)) {
      live.push_back({*got, std::size_t{1} << got->order});
    }
  }
  if (what < 10 || live.empty()) return;
  holding& one = live[random() % live.size()];
  if (what < 13 && one.kept > 1) {
    const std::size_t keep = 1 + random() % (one.kept - 1);
    tree.release_tail(one.what, keep, one.kept);
    one.kept = keep;
    return;
  }
  const holding gone = one;
  one = live.back();
  live.pop_back();
  if (gone.kept != std::size_t{1} << gone.what.order) {
    tree.release_part(gone.what, gone.kept);
  } else if (what % 2 == 0) {
    tree.release(gone.what);
  } else {
    tree.release_past_stacks(gone.what);
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a word is cut while it is no part of one block", "[marks]", every_kind) {
  std::minstd_rand random(1);
  for (const std::size_t units : {1U, 13U, 127U, 128U, 200U}) {
    TestType tree(TestType::root_of(units), units);
    std::vector<holding> live;
    check_marks(tree, units, live);
    for (unsigned step = 0; step < 400; ++step) {
      act(tree, units, live, random);
      check_marks(tree, units, live);
    }
    for (const holding& h : live) tree.release_part(h.what, h.kept);
    CHECK(tree.free_min_blocks() == units);
    check_marks(tree, units, {});
  }
}
