// SPDX-License-Identifier: MIT
// Slots, steps and how much memory they can need; see plan.hpp.
#include "plan.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace caiman::traces {
namespace {

constexpr std::uint32_t nobody = UINT32_MAX;

struct planned_block {
  std::uint32_t thread;
  std::uint32_t bytes;  // asked for at first, and after that as many as are left
  std::uint32_t end_bytes = bytes;
  std::uint32_t released_by = nobody;
  std::uint32_t moves = 0;  // how often it shrinks in the replay
  std::uint32_t slot = 0;
  bool has_shrunk = false;
  bool others_shrink = false;

  // A thread that waits for a block that is not there yet must find its slot empty.
  bool shares_slot() const { return released_by == thread && !others_shrink; }
  // Slots that it goes through from the one that it has now.
  std::uint32_t slots_ahead() const { return shares_slot() ? 0 : moves; }
};

mapped_vector<planned_block> blocks_of(const trace& what, bool keep_tails) {
  mapped_vector<planned_block> blocks;
  for (const trace_event& event : what.events) {
    if (event.kind == event_kind::allocation) {
      blocks.push_back({event.thread, event.value});
    } else if (event.kind == event_kind::release) {
      blocks[event.value].released_by = event.thread;
    } else {
      planned_block& block = blocks[event.value];
      block.end_bytes = event.kept;
      if (keep_tails) continue;
      ++block.moves;
      block.others_shrink = block.others_shrink || event.thread != block.thread;
    }
  }
  return blocks;
}

class planner {
 public:
  planner(const trace& what, const plan_options& chosen)
      : chosen_(chosen), blocks_(blocks_of(what, chosen.keep_tails)), free_slots_(what.threads) {
    plan_.threads.resize(what.threads);
    plan_.events = what.events.size();
    plan_.peak_live_bytes = counts_of(what).peak_live_bytes;
    plan_.lead = chosen.lead;
    for (std::size_t place = 0; place < what.events.size(); ++place) add(what.events[place], place);
    for (const planned_block& block : blocks_) {
      if (block.released_by == nobody) release(plan_.left_over, block);
    }
  }

  replay_plan take_plan() { return std::move(plan_); }

 private:
  void add(const trace_event& event, std::uint64_t place) {
    if (event.kind == event_kind::shrinking && chosen_.keep_tails) return;
    thread_plan& own = plan_.threads[event.thread];
    add_to_chunks(own, place);
    if (event.kind == event_kind::allocation) {
      request(own, blocks_[allocated_++]);
    } else if (event.kind == event_kind::shrinking) {
      shrink(own, blocks_[event.value], event.kept);
    } else {
      const planned_block& block = blocks_[event.value];
      release(own, block);
      if (block.shares_slot()) free_slots_[event.thread].push_back(block.slot);
    }
  }

  void request(thread_plan& own, planned_block& block) {
    const bool shrinks = block.end_bytes != block.bytes;  // it has not yet
    block.has_shrunk = shrinks && chosen_.keep_tails;
    block.slot = slot_for(block);
    own.steps.emplace_back(block.slot, block.bytes, event_kind::allocation, shrinks);
    if (shrinks) own.notes.push_back({block.slot + block.slots_ahead(), block.end_bytes});
  }

  void shrink(thread_plan& own, planned_block& block, std::uint32_t kept) {
    const std::uint32_t next = block.slot + (block.shares_slot() ? 0 : 1);
    own.steps.emplace_back(block.slot, kept, event_kind::shrinking, block.has_shrunk);
    own.notes.push_back({next, block.bytes});
    block.slot = next;
    block.bytes = kept;
    block.has_shrunk = true;
    ++plan_.shrinkings;
  }

  static void release(thread_plan& own, const planned_block& block) {
    own.steps.emplace_back(block.slot, block.bytes, event_kind::release, block.has_shrunk);
    if (block.has_shrunk) own.notes.push_back({block.slot, block.end_bytes});
  }

  void add_to_chunks(thread_plan& own, std::uint64_t place) const {
    const std::size_t step = own.steps.size();
    const std::size_t begin = own.chunks.size() < 2 ? 0 : (own.chunks.end() - 2)->end;
    if (own.chunks.empty() || step - begin >= step_chunk::most_steps ||
        place - own.chunks.back().first > chosen_.lead / 2) {
      own.chunks.push_back({step, place, place});
    }
    own.chunks.back().end = step + 1;
    own.chunks.back().last = place;
  }

  std::uint32_t slot_for(const planned_block& block) {
    auto& free = free_slots_[block.thread];
    if (!block.shares_slot() || free.empty()) {
      const auto first = static_cast<std::uint32_t>(plan_.slots);
      plan_.slots += 1 + block.slots_ahead();
      return first;
    }
    const std::uint32_t slot = free.back();
    free.pop_back();
    return slot;
  }

  plan_options chosen_;
  mapped_vector<planned_block> blocks_;
  std::vector<std::vector<std::uint32_t>> free_slots_;  // by thread
  std::size_t allocated_ = 0;
  replay_plan plan_;
};

std::uint64_t taken_for(const trace_event& allocation, std::uint64_t min_block) {
  return std::bit_ceil(std::max<std::uint64_t>(allocation.value, min_block));
}

}  // namespace

replay_plan plan_for(const trace& what, const plan_options& chosen) {
  return planner(what, chosen).take_plan();
}

// While the thread that is furthest behind stands at some place, everything before that place has
// happened, and of what follows at most the events up to the lead further on.
std::uint64_t most_live_bytes(const trace& what, std::uint64_t min_block, std::uint64_t lead) {
  mapped_vector<std::uint64_t> sizes;
  std::uint64_t live = 0;   // of the events before the place
  std::uint64_t ahead = 0;  // allocations from the place on that may have happened
  std::uint64_t most = 0;
  std::size_t end = 0;
  for (std::size_t place = 0; place < what.events.size(); ++place) {
    for (; end < what.events.size() && end <= place + lead; ++end) {
      const trace_event& next = what.events[end];
      if (next.kind == event_kind::allocation) ahead += taken_for(next, min_block);
    }
    most = std::max(most, live + ahead);
    const trace_event& event = what.events[place];
    if (event.kind == event_kind::release) {
      live -= sizes[event.value];
    } else if (event.kind == event_kind::allocation) {
      sizes.push_back(taken_for(event, min_block));
      live += sizes.back();
      ahead -= sizes.back();
    }
  }
  return most;
}

std::size_t region_bytes_for(const trace& what, std::size_t min_block, std::uint64_t lead) {
  constexpr std::uint64_t least = std::uint64_t{64} << 20;
  constexpr std::uint64_t largest = std::uint64_t{512} << 20;
  const std::uint64_t needed = most_live_bytes(what, min_block, lead);
  return static_cast<std::size_t>(
      std::clamp(std::bit_ceil(std::min(needed + needed / 4, largest)), least, largest));
}

}  // namespace caiman::traces
