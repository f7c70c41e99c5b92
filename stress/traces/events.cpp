// SPDX-License-Identifier: MIT
// What makes a trace sound, and what can be counted in it; see events.hpp.
#include "events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace caiman::traces {
namespace {

bool fit_for_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

// The events before the one that is looked at, as far as the next one has to agree with them.
struct history {
  mapped_vector<std::uint32_t> left;  // by block: bytes; 0 is none that is live
  std::vector<bool> seen_thread;      // by thread

  std::optional<std::string> complaint(const trace_event& next) const {
    if (next.thread >= seen_thread.size()) {
      return fmt::format("is of thread {}, and there are {}", next.thread, seen_thread.size());
    }
    if (next.kind == event_kind::allocation) {
      if (next.value >= 1 && next.value <= largest_request) return std::nullopt;
      return fmt::format("asks for {} bytes, and 1 to {} can be asked for", next.value,
                         largest_request);
    }
    const char* const does = next.kind == event_kind::release ? "releases" : "shrinks";
    if (next.value >= left.size()) {
      return fmt::format("{} block {}, which is not allocated yet", does, next.value);
    }
    const std::uint32_t now = left[next.value];
    if (now == 0) return fmt::format("{} block {}, which was released before", does, next.value);
    if (next.kind == event_kind::shrinking && (next.kept == 0 || next.kept >= now)) {
      return fmt::format("shrinks block {} to {} bytes, and it has {}", next.value, next.kept, now);
    }
    return std::nullopt;
  }

  void add(const trace_event& event) {
    seen_thread[event.thread] = true;
    if (event.kind == event_kind::allocation) {
      left.push_back(event.value);
    } else {
      left[event.value] = event.kind == event_kind::release ? 0 : event.kept;
    }
  }
};

}  // namespace

std::optional<std::string> complaint_about(const trace& what) {
  if (what.name.empty() || what.name.size() > longest_name ||
      !std::all_of(what.name.begin(), what.name.end(), fit_for_a_name)) {
    return fmt::format("its name is not 1 to {} letters, digits, '-', '.' or '_'", longest_name);
  }
  if (what.threads > most_threads) {
    return fmt::format("it has {} threads, {} at most can be", what.threads, most_threads);
  }
  if (what.events.size() > std::numeric_limits<std::uint32_t>::max()) return "it has 2^32 events";
  history before{{}, std::vector<bool>(what.threads, false)};
  for (std::size_t i = 0; i < what.events.size(); ++i) {
    if (const auto complaint = before.complaint(what.events[i])) {
      return fmt::format("event {} {}", i, *complaint);
    }
    before.add(what.events[i]);
  }
  const auto& seen = before.seen_thread;
  if (const auto idle = std::find(seen.begin(), seen.end(), false); idle != seen.end()) {
    return fmt::format("thread {} has no event", idle - seen.begin());
  }
  if (what.resized > before.left.size()) {
    return fmt::format("{} reallocs, but {} allocations", what.resized, before.left.size());
  }
  return std::nullopt;
}

trace_counts counts_of(const trace& what) {
  trace_counts counts;
  mapped_vector<trace_event> allocated;
  std::uint64_t live_bytes = 0;
  for (const trace_event& event : what.events) {
    if (event.kind == event_kind::release) {
      const trace_event& block = allocated[event.value];
      ++counts.releases;
      counts.foreign_releases += block.thread != event.thread ? 1U : 0U;
      live_bytes -= block.value;
      continue;
    }
    if (event.kind == event_kind::shrinking) {
      std::uint32_t& left = allocated[event.value].value;
      ++counts.shrinkings;
      counts.shrunk_bytes += left - event.kept;
      live_bytes -= left - event.kept;
      left = event.kept;
      continue;
    }
    allocated.push_back(event);
    ++counts.allocations;
    counts.asked_bytes += event.value;
    counts.largest_bytes = std::max(counts.largest_bytes, event.value);
    live_bytes += event.value;
    counts.peak_live_bytes = std::max(counts.peak_live_bytes, live_bytes);
    counts.peak_live_blocks =
        std::max(counts.peak_live_blocks, counts.allocations - counts.releases);
  }
  return counts;
}

}  // namespace caiman::traces
