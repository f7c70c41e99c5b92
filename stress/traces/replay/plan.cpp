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
  std::uint32_t bytes;
  std::uint32_t released_by = nobody;
  std::uint32_t slot = 0;

  // A thread that waits for a block that is not there yet must find its slot empty.
  bool shares_slot() const { return released_by == thread; }
};

mapped_vector<planned_block> blocks_of(const trace& what) {
  mapped_vector<planned_block> blocks;
  for (const trace_event& event : what.events) {
    if (event.is_release) {
      blocks[event.value].released_by = event.thread;
    } else {
      blocks.push_back({event.thread, event.value});
    }
  }
  return blocks;
}

class planner {
 public:
  explicit planner(const trace& what) : blocks_(blocks_of(what)), free_slots_(what.threads) {
    plan_.threads.resize(what.threads);
    plan_.events = what.events.size();
    plan_.peak_live_bytes = counts_of(what).peak_live_bytes;
    for (std::size_t place = 0; place < what.events.size(); ++place) add(what.events[place], place);
    for (const planned_block& block : blocks_) {
      if (block.released_by == nobody) plan_.left_over.emplace_back(block.slot, block.bytes, true);
    }
  }

  replay_plan take_plan() { return std::move(plan_); }

 private:
  void add(const trace_event& event, std::uint64_t place) {
    thread_plan& own = plan_.threads[event.thread];
    add_to_chunks(own, place);
    planned_block& block = blocks_[event.is_release ? event.value : allocated_++];
    if (!event.is_release) block.slot = slot_for(block);
    own.steps.emplace_back(block.slot, block.bytes, event.is_release);
    if (event.is_release && block.shares_slot()) free_slots_[event.thread].push_back(block.slot);
  }

  static void add_to_chunks(thread_plan& own, std::uint64_t place) {
    const std::size_t step = own.steps.size();
    const std::size_t begin = own.chunks.size() < 2 ? 0 : (own.chunks.end() - 2)->end;
    if (own.chunks.empty() || step - begin >= step_chunk::most_steps ||
        place - own.chunks.back().first > step_chunk::longest) {
      own.chunks.push_back({step, place, place});
    }
    own.chunks.back().end = step + 1;
    own.chunks.back().last = place;
  }

  std::uint32_t slot_for(const planned_block& block) {
    auto& free = free_slots_[block.thread];
    if (!block.shares_slot() || free.empty()) return static_cast<std::uint32_t>(plan_.slots++);
    const std::uint32_t slot = free.back();
    free.pop_back();
    return slot;
  }

  mapped_vector<planned_block> blocks_;
  std::vector<std::vector<std::uint32_t>> free_slots_;  // by thread
  std::size_t allocated_ = 0;
  replay_plan plan_;
};

std::uint64_t taken_for(const trace_event& allocation, std::uint64_t min_block) {
  return std::bit_ceil(std::max<std::uint64_t>(allocation.value, min_block));
}

}  // namespace

replay_plan plan_for(const trace& what) { return planner(what).take_plan(); }

// While the thread that is furthest behind stands at some place, everything before that place has
// happened, and of what follows at most the events up to most_lead further on.
std::uint64_t most_live_bytes(const trace& what, std::uint64_t min_block) {
  mapped_vector<std::uint64_t> sizes;
  std::uint64_t live = 0;   // of the events before the place
  std::uint64_t ahead = 0;  // allocations from the place on that may have happened
  std::uint64_t most = 0;
  std::size_t end = 0;
  for (std::size_t place = 0; place < what.events.size(); ++place) {
    for (; end < what.events.size() && end <= place + most_lead; ++end) {
      if (!what.events[end].is_release) ahead += taken_for(what.events[end], min_block);
    }
    most = std::max(most, live + ahead);
    const trace_event& event = what.events[place];
    if (event.is_release) {
      live -= sizes[event.value];
    } else {
      sizes.push_back(taken_for(event, min_block));
      live += sizes.back();
      ahead -= sizes.back();
    }
  }
  return most;
}

std::size_t region_bytes_for(const trace& what, std::size_t min_block) {
  constexpr std::uint64_t least = std::uint64_t{64} << 20;
  constexpr std::uint64_t largest = std::uint64_t{512} << 20;
  const std::uint64_t needed = most_live_bytes(what, min_block);
  return static_cast<std::size_t>(
      std::clamp(std::bit_ceil(std::min(needed + needed / 4, largest)), least, largest));
}

}  // namespace caiman::traces
