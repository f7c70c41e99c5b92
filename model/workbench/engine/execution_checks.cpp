// SPDX-License-Identifier: MIT
// What must hold where an execution ends, and around a thread that stands still in its middle.
#include <algorithm>
#include <array>

#include "engine/execution.hpp"

namespace caiman::model {
namespace {

/// The smallest block that holds a set of min blocks: is the set one block?
bool is_one_block(block_set set) {
  for (unsigned order = 0; order <= 5; ++order) {
    for (std::size_t i = 0; (i << order) < max_min_blocks; ++i) {
      if (set == blocks_of(order, i)) return true;
    }
  }
  return false;
}

/// Whether a set lies inside what one word below the top stands for.
bool within_one_word(block_set set, unsigned log2_fanout, unsigned root_order) {
  for (unsigned span = log2_fanout; span < root_order; span += log2_fanout) {
    for (std::size_t i = 0; (i << span) < max_min_blocks; ++i) {
      if ((set & ~blocks_of(span, i)) == 0) return true;
    }
  }
  return set == 0;
}

/// While it lives, loads see the newest value of everything and no other thread runs: for checks
/// that look at the arena from outside.
class from_outside {
 public:
  from_outside() {
    rl::ctx().disable_preemption();
    rl::ctx().invariant_executing = true;
  }
  from_outside(const from_outside&) = delete;
  from_outside& operator=(const from_outside&) = delete;
  ~from_outside() {
    rl::ctx().invariant_executing = false;
    rl::ctx().enable_preemption();
  }
};

}  // namespace

// ---- a thread that stands still (C1) -------------------------------------------------------

/// The last of the others looks around while the stopped thread still stands where it is, then
/// lets it go on, so that everything else can be checked at quiescence too.
void execution::let_stopped_go(unsigned thread) {
  const program& p = what_->what;
  if (thread == p.stop_thread || finished_ + 1 != p.threads.size()) return;
  actor& victim = actors_[p.stop_thread];
  if (!victim.stopped || victim.done) return;
  if (world_ != nullptr) check_around_stopped(thread);
  rl::ctx().unpark_thread(static_cast<rl::thread_id_t>(p.stop_thread), false,
                          info_of(location::here()));
}

void execution::check_around_stopped(unsigned thread) {
  block_set free = 0;
  bool moving = false;
  {
    const from_outside look;
    free = world_->free_blocks();
    moving = world_->in_move(actors_[what_->what.stop_thread].slot);
  }
  const block_set live = live_blocks();
  if ((free & live) != 0) fail("C1", "a live block is free while a thread stands still");
  const block_set lost = all_blocks() & ~free & ~live;
  const actor& victim = actors_[what_->what.stop_thread];
  const block_set pending = victim.releasing ? victim.releasing_blocks : 0;
  if (lost != 0 && !is_one_block(lost) && (lost & ~pending) != 0) {
    fail("C1", "more is lost than the block in transit");
  }
  check_visible_around_stopped(thread, free, moving);
}

/// What is free can be allocated around the stopped thread, but for the sight of one word whose
/// hint it was clearing. What `thread` takes and gives back for that is part of the history: the
/// stopped thread may see the one and not yet the other when it goes on.
void execution::check_visible_around_stopped(unsigned thread, block_set free, bool moving) {
  const program& p = what_->what;
  const actor& victim = actors_[p.stop_thread];
  std::array<std::size_t, max_min_blocks> got{};
  std::size_t count = 0;
  block_set taken = 0;
  grant g{};
  while (count < min_blocks()) {
    const record_set earlier = records_before(thread);
    g = world_->allocate(0);
    if (g.what != answer::ok) break;
    if ((taken & blocks_of(0, g.index)) != 0 || owner_[g.index] != nobody) {
      fail("C1", "an overlap while a thread stands still");
    }
    taken |= blocks_of(0, g.index);
    note(thread, record::kind::granted, 0, blocks_of(0, g.index), earlier);
    got[count++] = g.index;
  }
  const block_set hidden = free & ~taken;
  if (!within_one_word(hidden, p.log2_fanout, p.root_order())) {
    fail("C1", "a stopped thread hides more than one word");
  }
  if (g.what == answer::contended && !moving) {
    fail("L1", "contended though the stopped thread moves nothing");
  }
  const block_set pending = victim.releasing ? victim.releasing_blocks : 0;
  if (g.what == answer::full && (hidden & ~pending) != 0) {
    fail("S6", "full with blocks free, around a stopped thread");
  }
  for (std::size_t i = 0; i < count; ++i) {
    const record_set earlier = records_before(thread);
    world_->release(0, got[i]);
    note(thread, record::kind::released, 0, blocks_of(0, got[i]), earlier);
  }
}

// ---- quiescence ----------------------------------------------------------------------------

block_set execution::live_blocks() const noexcept {
  block_set live = 0;
  for (std::size_t i = 0; i < owner_.size(); ++i) {
    if (owner_[i] != nobody) live |= block_set{1} << i;
  }
  return live;
}

unsigned execution::live_count() const noexcept {
  unsigned count = 0;
  for (const actor& a : actors_) {
    for (const holding& h : a.blocks) {
      if (h.live) for_each_aligned(h.first(), h.kept, [&](unsigned, std::size_t) { ++count; });
    }
  }
  return count;
}

void execution::check_quiescent() {
  if (const finding f = world_->quiescent_fault(live_blocks(), live_count())) {
    fail(f.property, f.text);
  }
}

void execution::check_whole() {
  for (unsigned t = 0; t < what_->what.threads.size(); ++t) {
    for (holding& h : actors_[t].blocks) {
      if (!std::exchange(h.live, false)) continue;
      touch(t, h.first(), h.kept, false);
      disown(t, h.first(), h.kept);
      give_back(h);
    }
  }
  check_quiescent();
  // As many blocks as the number of min blocks has ones, the largest first.
  std::array<grant, 6> whole{};
  for (unsigned order = whole.size(); order-- > 0;) {
    if ((min_blocks() >> order & 1) == 0) continue;
    whole[order] = world_->allocate(order);
    if (whole[order].what != answer::ok) fail("S4", "all is free and cannot be taken whole");
  }
  for (unsigned order = 0; order < whole.size(); ++order) {
    if ((min_blocks() >> order & 1) != 0) world_->release(order, whole[order].index);
  }
}

}  // namespace caiman::model
