// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// agreement.hpp: one thread at a time, the buddy does what a set of free min blocks says
//
// Random sequences of requests, releases and looks (RapidCheck's stateful tests) run on a buddy
// and on the reference of reference.hpp. What a request gets depends on hints, on words that were
// kept full and on stacks, and is not foretold: each answer is judged by the reference as it stood
// before.
//
//   refusal    arena_full exactly when no fitting block is free; never contended
//   grant      free blocks, and without stacks of these the right ones: see `assert_best_fit`
//   observers  is_free, free_count, largest_free_order, free_min_blocks; the identity of counts
//   the end    everything released can be had again, the largest block first
//
// Observers tidy what releases left full and drain what they left in stacks, so they are commands
// of their own: looks between all requests would hide both. RC_PARAMS="seed=..." repeats a run,
// RC_PARAMS="max_success=..." sets the number of sequences.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>
#include <rapidcheck/state.h>
#include <catch2/catch.hpp>

#include "arenas.hpp"
#include "reference.hpp"

namespace caiman::property {

using reference::free_set;

// A buddy beside its reference, and what every request so far was given.
struct subject {
  struct holding {
    block what;
    std::size_t kept;  // min blocks, from the first one on

    bool whole() const { return kept == std::size_t{1} << what.order; }
  };
  geometry shape;
  std::unique_ptr<arena> buddy;
  free_set free;
  std::vector<std::optional<holding>> grants;

  subject(geometry g, std::unique_ptr<arena> made)
      : shape(g), buddy(std::move(made)), free(g.units, true) {}

  /// Live blocks; one that was cut counts as the aligned blocks that it consists of, which are the
  /// ones of the number of its min blocks.
  std::size_t live() const {
    std::size_t blocks = 0;
    for (const auto& grant : grants) {
      blocks += grant ? static_cast<std::size_t>(std::popcount(grant->kept)) : 0;
    }
    return blocks;
  }
};

// ---- what is asserted ----------------------------------------------------------------------

// Which free block a request is cut from. Take the words as they lie just before the call, lazily
// kept ones included, and call a level's words those that hold blocks of the order asked for. For
// every request that some word of its own level or of a level above can serve:
//
//   level   it is served from the lowest such level,
//   word    and in the word that it is served from, from a smallest maximal run that fits.
//
// In an arena of one word this is best fit over the whole arena, for every request. With more
// words it says nothing of which word: a thread's own hint comes first. It says nothing at all of
// a request that only the sweep can serve, since the sweep moves the words it was served from.
inline void assert_best_fit(const subject& sut, const word_levels& before, block got) {
  const unsigned log2_slots = sut.shape.log2_fanout;
  const auto top = static_cast<unsigned>(before.size()) - 1;
  const unsigned own = std::min(got.order / log2_slots, top);
  for (unsigned level = own; level <= top; ++level) {
    const unsigned cls = level == own ? got.order - own * log2_slots : 0;
    bool served = false;
    for (const std::uint64_t bits : before[level]) {
      served = served || free_set::of_word(log2_slots, bits).has_room(cls);
    }
    if (!served) continue;
    const std::size_t slot = (got.index << got.order) >> (level * log2_slots);
    const free_set word = free_set::of_word(log2_slots, before[level][slot >> log2_slots]);
    const auto cut_from = word.order_around(slot % (std::size_t{1} << log2_slots));
    RC_ASSERT(cut_from.has_value());  // else the level is wrong, or the word
    RC_ASSERT(cut_from == word.smallest_fit(cls));
    return;
  }
}

inline void assert_grant(const subject& sut, const word_levels& before, unsigned order, block got) {
  RC_ASSERT(got.order == order);
  RC_ASSERT(sut.free.contains(got.order, got.index));
  RC_ASSERT(sut.free.all_free(got.order, got.index));
  if (sut.buddy->has_stacks()) return;
  assert_best_fit(sut, before, got);
  if (before.size() == 1) {  // the same once more, by the reference of the whole arena
    const auto cut_from = sut.free.order_around(got.index << got.order);
    RC_ASSERT(cut_from == sut.free.smallest_fit(order));
  }
}

inline void assert_observers(const subject& sut) {
  const arena& buddy = *sut.buddy;
  std::size_t maximal = 0;
  for (unsigned k = 0; k <= sut.shape.max_order; ++k) {
    RC_ASSERT(buddy.free_count(k) == sut.free.count(k));
    maximal += sut.free.count(k);
    for (std::size_t i = 0; i < sut.free.blocks(k); ++i) {
      RC_ASSERT(buddy.is_free({k, i}) == sut.free.is_maximal(k, i));
    }
    RC_ASSERT(!buddy.is_free({k, sut.free.blocks(k)}));
  }
  RC_ASSERT(!buddy.is_free({sut.shape.max_order + 1, 0}));
  RC_ASSERT(!buddy.is_free({0, std::numeric_limits<std::size_t>::max()}));
  RC_ASSERT(buddy.free_count(sut.shape.max_order + 1) == 0U);
  RC_ASSERT(buddy.largest_free_order() == sut.free.largest());
  RC_ASSERT(buddy.free_min_blocks() == sut.free.size());
  const merge_counts counts = buddy.counts();
  const auto at_first = static_cast<std::size_t>(std::popcount(sut.shape.units));
  RC_ASSERT(sut.live() + maximal == at_first + counts.splits - counts.coalesces);
}

// After every call, where that look moves nothing.
inline void assert_size(const subject& sut) {
  if (!sut.buddy->has_stacks()) RC_ASSERT(sut.buddy->free_min_blocks() == sut.free.size());
}

inline void release_grant(subject& sut, std::optional<subject::holding>& grant) {
  const subject::holding h = *std::exchange(grant, std::nullopt);
  if (h.whole()) {
    sut.buddy->release(h.what);
  } else {
    sut.buddy->release_part(h.what, h.kept);
  }
  sut.free.give_row(h.what.index << h.what.order, h.kept);
  assert_size(sut);
}

// Everything comes back, and the largest block can be taken: by a request first, which must find
// what the releases left full without the help of an observer.
inline void assert_whole_again(subject& sut) {
  for (auto& grant : sut.grants) {
    if (grant) release_grant(sut, grant);
  }
  const auto whole = sut.buddy->allocate(sut.shape.max_order);
  RC_ASSERT(whole.has_value());
  if (std::has_single_bit(sut.shape.units)) {
    RC_ASSERT((*whole == block{sut.shape.max_order, 0}));
  }
  sut.buddy->release(*whole);
  assert_observers(sut);
  RC_ASSERT(sut.free.size() == sut.shape.units);
}

// ---- commands ------------------------------------------------------------------------------

// What can be known of a sequence before it runs: which requests were not released yet.
struct requests {
  unsigned max_order = 0;
  std::size_t made = 0;
  std::vector<std::size_t> unreleased = {};
};
using command = rc::state::Command<requests, subject>;

template <class T>
T up_to(T most) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(0, most + 1));
}

// Small orders more often than large ones, which would leave no room for anything else; sometimes
// an order that the arena does not have.
inline unsigned any_order(unsigned max_order) {
  switch (up_to(9U)) {
    case 0:
      return max_order + 1 + up_to(40U);
    case 1:
    case 2:
    case 3:
      return up_to(max_order);
    default:
      return std::min(max_order, up_to(2U));
  }
}

struct allocate final : command {
  unsigned slot;
  unsigned order;
  explicit allocate(const requests& seen)
      : slot(up_to(hopping_slots - 1)), order(any_order(seen.max_order)) {}

  void apply(requests& seen) const override { seen.unreleased.push_back(seen.made++); }
  void run(const requests&, subject& sut) const override {
    const word_levels before = sut.buddy->has_stacks() ? word_levels() : sut.buddy->words();
    sut.buddy->act_as(slot);
    const auto got = sut.buddy->allocate(order);
    sut.grants.push_back(got ? std::optional(subject::holding{*got, std::size_t{1} << got->order})
                             : std::nullopt);
    if (order > sut.shape.max_order) {
      RC_ASSERT(!got.has_value());
      RC_ASSERT(got.error() == alloc_error::request_too_large);
    } else if (got) {
      assert_grant(sut, before, order, *got);
      sut.free.take(got->order, got->index);
    } else {
      RC_ASSERT(got.error() == alloc_error::arena_full);
      RC_ASSERT(!sut.free.has_room(order));
    }
    assert_size(sut);
  }
  void show(std::ostream& os) const override { os << slot << 'A' << order; }
};

struct release final : command {
  unsigned slot;
  std::size_t which;
  explicit release(const requests& seen)
      : slot(up_to(hopping_slots - 1)), which(any_unreleased(seen)) {}

  static std::size_t any_unreleased(const requests& seen) {
    RC_PRE(!seen.unreleased.empty());
    return seen.unreleased[up_to(seen.unreleased.size() - 1)];
  }

  void checkPreconditions(const requests& seen) const override {
    RC_PRE(std::find(seen.unreleased.begin(), seen.unreleased.end(), which) !=
           seen.unreleased.end());
  }
  void apply(requests& seen) const override { std::erase(seen.unreleased, which); }
  void run(const requests&, subject& sut) const override {
    if (!sut.grants[which]) return;  // that request was refused
    sut.buddy->act_as(slot);
    release_grant(sut, sut.grants[which]);
  }
  void show(std::ostream& os) const override { os << slot << 'F' << which; }
};

struct cut final : command {
  unsigned slot;
  std::size_t which;
  std::size_t part;
  explicit cut(const requests& seen)
      : slot(up_to(hopping_slots - 1)),
        which(release::any_unreleased(seen)),
        part(up_to(std::size_t{511})) {}

  void checkPreconditions(const requests& seen) const override {
    RC_PRE(std::find(seen.unreleased.begin(), seen.unreleased.end(), which) !=
           seen.unreleased.end());
  }
  void run(const requests&, subject& sut) const override {
    auto& grant = sut.grants[which];
    if (!grant || grant->kept == 1) return;
    const std::size_t keep = 1 + part % (grant->kept - 1);
    sut.buddy->act_as(slot);
    sut.buddy->release_tail(grant->what, keep, grant->kept);
    sut.free.give_row((grant->what.index << grant->what.order) + keep, grant->kept - keep);
    grant->kept = keep;
    assert_size(sut);
  }
  void show(std::ostream& os) const override { os << slot << 'T' << which << ':' << part; }
};

// What is free is away for a moment, piece by piece, and all of it once.
struct trim final : command {
  unsigned slot;
  unsigned most;
  explicit trim(const requests& seen)
      : slot(up_to(hopping_slots - 1)), most(up_to(seen.max_order)) {}

  void run(const requests&, subject& sut) const override {
    sut.buddy->act_as(slot);
    std::vector<block> away;  // judged here: it may be another thread that has them away
    sut.buddy->trim(most, [&](block b) { away.push_back(b); });
    free_set left = sut.free;
    for (const block& b : away) {
      RC_ASSERT(b.order <= most);
      RC_ASSERT(left.contains(b.order, b.index));
      RC_ASSERT(left.all_free(b.order, b.index));
      left.take(b.order, b.index);
    }
    RC_ASSERT(left.size() == 0U);
    assert_size(sut);
  }
  void show(std::ostream& os) const override { os << slot << 'G' << most; }
};

struct look final : command {
  unsigned slot;
  look() : slot(up_to(hopping_slots - 1)) {}

  void run(const requests&, subject& sut) const override {
    sut.buddy->act_as(slot);
    assert_observers(sut);
  }
  void show(std::ostream& os) const override { os << slot << "look"; }
};

// ---- the property --------------------------------------------------------------------------

// Powers of two and any other numbers.
inline geometry any_geometry() {
  const unsigned log2_fanout = 1 + up_to(5U);
  std::size_t units = std::size_t{1} << up_to(9U);
  if (up_to(1U) == 0) units = 1 + up_to(units - 1);
  return {log2_fanout, static_cast<unsigned>(std::bit_width(units)) - 1, units};
}

using maker = std::function<std::unique_ptr<arena>(geometry)>;

inline void agrees_with_reference(const maker& make) {
  const geometry g = any_geometry();
  RC_LOG() << "fan-out at most " << (1U << g.log2_fanout) << ", min blocks " << g.units << '\n';
  subject sut(g, make(g));
  rc::state::check(requests{g.max_order}, sut,
                   rc::state::gen::execOneOfWithArgs<allocate, allocate, allocate, cut, release,
                                                     release, trim, look>());
  assert_whole_again(sut);
}

// Like rc::prop, with a number of sequences of our own unless RC_PARAMS sets another, and longer.
inline void require_property(const std::string& name, const maker& make, int sequences = 2500) {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  constexpr rc::detail::TestParams usual;
  if (params.maxSuccess == usual.maxSuccess) params.maxSuccess = sequences;
  if (params.maxSize == usual.maxSize) params.maxSize = 200;
  const auto result = rc::detail::checkTestable([make] { agrees_with_reference(make); },
                                                rc::detail::TestMetadata{name, name}, params);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  INFO(text.str());
  CHECK(result.is<rc::detail::SuccessResult>());
}

/// A few sequences, always the same ones and silently: a control must not depend on luck.
inline rc::detail::TestResult try_property(const maker& make) {
  rc::detail::TestParams params;
  params.seed = 1;
  params.maxSuccess = 300;
  rc::detail::TestListenerAdapter silent;
  return rc::detail::checkTestable([make] { agrees_with_reference(make); },
                                   rc::detail::TestMetadata{}, params, silent,
                                   std::unordered_map<std::string, rc::detail::Reproduce>{});
}

}  // namespace caiman::property
