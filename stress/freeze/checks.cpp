// SPDX-License-Identifier: MIT
// What must hold around threads that stand still; see checks.hpp.
#include "checks.hpp"

#include <algorithm>

#include "caiman/native_sync.hpp"
#include "caiman/protocol/level.hpp"

namespace caiman::stress {

inspector::inspector(stage& of) : of_(of), state_(std::size_t{1} << of.asked().max_order) {
  got_.reserve(state_.size());
}

bool inspector::look(const std::vector<const actor*>& stopped, sightings& seen) {
  ++seen.points;
  std::fill(state_.begin(), state_.end(), state::missing);
  of_.allocator().for_each_free([this](block b) { mark(b, state::free); });
  for (const actor* each : stopped) {
    for (std::size_t i = 0; i < actor::most_held; ++i) {
      if (each->has[i].load()) mark(each->held[i], state::held);
    }
    const actor::call inside = each->inside.load();
    seen.allocating += inside == actor::call::allocate ? 1 : 0;
    seen.releasing += inside == actor::call::release ? 1 : 0;
    seen.moving += of_.allocator().moving(each->slot) ? 1 : 0;
  }
  return !of_.failed() && count_missing(stopped, seen) && take_all(stopped, seen) && !of_.failed();
}

void inspector::mark(block b, state as) {
  for (std::size_t i = b.index << b.order; i < (b.index + 1) << b.order; ++i) {
    if (state_[i] != state::missing && (as == state::free || state_[i] == state::free)) {
      of_.fail("a min block is free, and live or free a second time", i);
    }
    state_[i] = as;
  }
}

/// The bound of docs/guarantees.md: the order of the call; the blocks of stacks, which a call that
/// finds no room moves into the tree; and whole words, which are split and merged.
unsigned inspector::largest_carried(const std::vector<const actor*>& stopped) const {
  const freeze_options& asked = of_.asked();
  const unsigned bits = asked.log2_fanout;
  const unsigned top = asked.max_order <= bits ? 0 : (asked.max_order - 1) / bits;
  const unsigned kept = asked.pops == pop::tree ? 0 : native_sync::stack_orders - 1;
  unsigned bound = std::max(bits * top, std::min(kept, asked.max_order));
  for (const actor* each : stopped) bound = std::max(bound, unsigned{each->order});
  return bound;
}

bool inspector::is_missing(unsigned order, std::size_t index) const {
  const auto first = state_.begin() + static_cast<std::ptrdiff_t>(index << order);
  return std::all_of(first, first + (std::ptrdiff_t{1} << order),
                     [](state s) { return s == state::missing; });
}

bool inspector::count_missing(const std::vector<const actor*>& stopped, sightings& seen) {
  const unsigned bound = largest_carried(stopped);
  std::size_t blocks = 0;
  std::size_t missing = 0;
  for (std::size_t i = 0; i < min_blocks();) {
    if (state_[i] != state::missing) {
      ++i;
      continue;
    }
    unsigned order = 0;
    while (order < of_.asked().max_order && is_missing(order + 1, i >> (order + 1)) &&
           (i >> (order + 1)) << (order + 1) == i) {
      ++order;
    }
    ++blocks;
    missing += std::size_t{1} << order;
    seen.largest_carried = std::max(seen.largest_carried, order);
    // Blocks of several threads may lie side by side and look like a larger one.
    if (stopped.size() == 1 && order > bound)
      of_.fail("a block is missing that is too large", order);
    i += std::size_t{1} << order;
  }
  seen.carrying += blocks != 0 ? 1 : 0;
  seen.most_missing = std::max(seen.most_missing, missing);
  if (blocks > stopped.size()) of_.fail("more is missing than a block for each thread", blocks);
  if (missing > stopped.size() << bound) of_.fail("more is missing than the bound", missing);
  return !of_.failed();
}

bool inspector::take_all(const std::vector<const actor*>& stopped, sightings& seen) {
  target& allocator = of_.allocator();
  const unsigned me = of_.asked().threads + 1;
  const bool moving = std::any_of(stopped.begin(), stopped.end(),
                                  [&](const actor* each) { return allocator.moving(each->slot); });
  std::size_t hidden =
      static_cast<std::size_t>(std::count(state_.begin(), state_.end(), state::free));
  got_.clear();
  auto answer = allocator.allocate(0);
  for (; answer && got_.size() < min_blocks(); answer = allocator.allocate(0)) {
    if (state_[answer->index] != state::free)
      of_.fail("got a block that is not free", answer->index);
    if (!of_.own(*answer, me)) return false;
    got_.push_back(*answer);
    --hidden;
  }
  if (answer) {
    of_.fail("more blocks than there are");
    return false;
  }
  seen.most_hidden = std::max(seen.most_hidden, hidden);
  const unsigned bits = of_.asked().log2_fanout;
  const unsigned top = of_.asked().max_order <= bits ? 0 : (of_.asked().max_order - 1) / bits;
  if (hidden > stopped.size() << (bits * top)) of_.fail("more is hidden than a word each", hidden);
  const bool contended = answer.error() == alloc_error::contended;
  seen.contended += contended ? 1 : 0;
  if (contended && !moving) of_.fail("contended, though nobody stands inside a move");
  const bool releasing = std::any_of(stopped.begin(), stopped.end(), [](const actor* each) {
    return each->inside.load() == actor::call::release;
  });
  if (!contended && hidden != 0 && !releasing) of_.fail("full, with so many blocks free", hidden);
  for (const block b : got_) {
    of_.disown(b, me);
    allocator.release(b);
  }
  return !of_.failed();
}

bool inspector::look_at_end() {
  target& allocator = of_.allocator();
  const merge_counts counts = allocator.counts();
  if (allocator.free_min_blocks() != min_blocks()) of_.fail("at the end not everything is free");
  if (allocator.free_count(of_.asked().max_order) != 1) of_.fail("at the end it is not one block");
  if (counts.splits != counts.coalesces) of_.fail("at the end splits and coalesces differ");
  return !of_.failed();
}

}  // namespace caiman::stress
