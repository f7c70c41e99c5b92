// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// metrics.hpp: what an arena has done, and how it stands
//
// In numbers, and as which parts of it are free and which are live: the fewest aligned blocks that
// say so, and from that one line of text for a terminal. The picture as SVG is heap_picture.hpp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "caiman/buddy.hpp"
#include "caiman/detail/prometheus.hpp"
#include "caiman/protocol/tails.hpp"

namespace caiman::inline v0 {

/// A snapshot. Exact when no other call runs; otherwise each number is one that was true at some
/// time, but not all at the same.
struct arena_metrics {
  std::uint64_t allocations_ok = 0;      ///< Blocks handed out
  std::uint64_t allocations_failed = 0;  ///< Requests refused, for whatever reason
  std::uint64_t frees = 0;               ///< Blocks that came back
  std::uint64_t frozen = 0;              ///< Buffers that became bytes
  std::uint64_t spills = 0;              ///< Buffers that moved to the heap
  std::uint64_t splits = 0;              ///< Buddy levels split, see buddy::counts
  std::uint64_t coalesces = 0;           ///< Buddy levels merged
  std::size_t bytes_reserved = 0;        ///< What the arena manages
  std::size_t bytes_live = 0;            ///< In whole blocks
  std::size_t largest_free_block = 0;    ///< Bytes that one request could get now
  /// Of those refused: a peer stood still in the middle of a move (alloc_error::contended).
  std::uint64_t contended = 0;
  /// Of those refused: they had waited until their time was up, or they were told to stop.
  std::uint64_t timeouts = 0;
  /// Requests that wait for room now.
  std::size_t waiters = 0;
  /// The most that `bytes_live` ever was, off by less than a 1024th of the arena, or by no more
  /// than what is under way, for each thread that takes or gives blocks; never less than what a
  /// call of `metrics()` has seen. Only with `detailed_metrics()`, else 0.
  std::size_t bytes_live_peak = 0;
  /// Bytes asked for by the requests that were served. Only with `detailed_metrics()`, else 0.
  std::uint64_t bytes_requested = 0;
  /// Bytes of the blocks that they got: what is more was wasted inside of blocks. Only with
  /// `detailed_metrics()`, else 0.
  std::uint64_t bytes_handed_out = 0;
  /// Blocks handed out, by their order. Only with `detailed_metrics()`, else 0.
  std::array<std::uint64_t, 33> allocations_by_order{};

  /// Member by member.
  friend constexpr bool operator==(const arena_metrics&, const arena_metrics&) noexcept = default;
};

/// The same for an arena of slots of one size.
struct fixed_metrics {
  std::uint64_t allocations_ok = 0;      ///< Slots handed out.
  std::uint64_t allocations_failed = 0;  ///< Requests refused.
  std::uint64_t frees = 0;               ///< Slots that came back.
  std::uint64_t frozen = 0;              ///< Buffers that became bytes.
  std::uint64_t spills = 0;              ///< Buffers that moved to the heap.
  std::size_t bytes_reserved = 0;        ///< What the arena manages.
  std::size_t bytes_live = 0;            ///< In whole slots.
  std::size_t slots_free = 0;            ///< Slots that could be had now.
  std::uint64_t contended = 0;           ///< As arena_metrics::contended.
  std::uint64_t timeouts = 0;            ///< As arena_metrics::timeouts.
  std::size_t waiters = 0;               ///< Requests that wait for a slot now.
  std::size_t bytes_live_peak = 0;       ///< As arena_metrics::bytes_live_peak.

  /// Member by member.
  friend constexpr bool operator==(const fixed_metrics&, const fixed_metrics&) noexcept = default;
};

namespace detail {
using json_member = std::pair<std::string_view, std::uint64_t>;

inline std::string json_object(std::initializer_list<json_member> members) {
  std::string json;
  for (const auto& [name, value] : members) {
    json += json.empty() ? "{\"" : ",\"";
    json.append(name);
    json += "\":";
    json += std::to_string(value);
  }
  return json += '}';
}
/// The numbers up to the last that is not 0.
inline std::string json_array(std::span<const std::uint64_t> numbers) {
  std::size_t count = numbers.size();
  while (count > 0 && numbers[count - 1] == 0) --count;
  std::string json = "[";
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) json += ',';
    json += std::to_string(numbers[i]);
  }
  return json += ']';
}
}  // namespace detail

/// One JSON object on one line, its members named as the struct's; `allocations_by_order` is an
/// array that ends with the last order which is not 0. May throw std::bad_alloc.
[[nodiscard]] inline std::string to_json(const arena_metrics& m) {
  std::string json = detail::json_object({{"allocations_ok", m.allocations_ok},
                                          {"allocations_failed", m.allocations_failed},
                                          {"frees", m.frees},
                                          {"frozen", m.frozen},
                                          {"spills", m.spills},
                                          {"splits", m.splits},
                                          {"coalesces", m.coalesces},
                                          {"bytes_reserved", m.bytes_reserved},
                                          {"bytes_live", m.bytes_live},
                                          {"largest_free_block", m.largest_free_block},
                                          {"contended", m.contended},
                                          {"timeouts", m.timeouts},
                                          {"waiters", m.waiters},
                                          {"bytes_live_peak", m.bytes_live_peak},
                                          {"bytes_requested", m.bytes_requested},
                                          {"bytes_handed_out", m.bytes_handed_out}});
  json.back() = ',';
  return json += "\"allocations_by_order\":" + detail::json_array(m.allocations_by_order) + '}';
}

/// The same for an arena of slots of one size.
[[nodiscard]] inline std::string to_json(const fixed_metrics& m) {
  return detail::json_object({{"allocations_ok", m.allocations_ok},
                              {"allocations_failed", m.allocations_failed},
                              {"frees", m.frees},
                              {"frozen", m.frozen},
                              {"spills", m.spills},
                              {"bytes_reserved", m.bytes_reserved},
                              {"bytes_live", m.bytes_live},
                              {"slots_free", m.slots_free},
                              {"contended", m.contended},
                              {"timeouts", m.timeouts},
                              {"waiters", m.waiters},
                              {"bytes_live_peak", m.bytes_live_peak}});
}

// ---- for Prometheus ---------------------------------------------------------------------------

namespace detail {
/// What stands on a page, in this order.
inline constexpr std::array<prometheus_metric, 18> prometheus_metrics{
    {{"allocations_total", "Blocks or slots handed out."},
     {"allocation_failures_total", "Requests refused, for whatever reason."},
     {"contended_total", "Requests refused since others stood still in the middle of a move."},
     {"wait_timeouts_total", "Requests that waited and gave up."},
     {"frees_total", "Blocks or slots that came back."},
     {"frozen_total", "Buffers that became shared bytes."},
     {"spills_total", "Buffers that moved to the heap."},
     {"splits_total", "Buddy levels split."},
     {"coalesces_total", "Buddy levels merged."},
     {"requested_bytes_total", "Bytes asked for by requests that were served."},
     {"handed_out_bytes_total", "Bytes of the blocks that they got."},
     {"allocations_by_order_total", "Blocks handed out, by the order of their size."},
     {"reserved_bytes", "What the arena manages."},
     {"live_bytes", "In use, in whole blocks or slots."},
     {"live_peak_bytes", "The most that was in use."},
     {"largest_free_block_bytes", "What one request could get."},
     {"free_slots", "Slots that could be had."},
     {"waiters", "Requests that wait for room."}}};
}  // namespace detail

/// The numbers of several arenas, as one page for Prometheus to scrape. Not thread-safe by itself.
class prometheus_page {
 public:
  /// Those of an arena, whose name is the label `arena` of all of them (UTF-8; no label if it is
  /// empty). Each arena of a page needs another name. What only arenas with detailed_metrics()
  /// count is left out of others. Throws std::bad_alloc.
  void add(const arena_metrics& m, std::string_view arena = {}) {
    add_common(m, arena);
    add("splits_total", m.splits, arena);
    add("coalesces_total", m.coalesces, arena);
    add("largest_free_block_bytes", m.largest_free_block, arena);
    if (m.bytes_live_peak == 0 && m.bytes_handed_out == 0) return;
    add("requested_bytes_total", m.bytes_requested, arena);
    add("handed_out_bytes_total", m.bytes_handed_out, arena);
    for (std::size_t order = 0; order < m.allocations_by_order.size(); ++order) {
      if (m.allocations_by_order[order] == 0) continue;
      add("allocations_by_order_total", m.allocations_by_order[order], arena,
          detail::prometheus_label("order", std::to_string(order)));
    }
  }
  /// The same for an arena of slots.
  void add(const fixed_metrics& m, std::string_view arena = {}) {
    add_common(m, arena);
    add("free_slots", m.slots_free, arena);
  }
  /// The page, in the text format 0.0.4 (content type `text/plain; version=0.0.4`); empty if there
  /// is nothing on it. Throws std::bad_alloc.
  [[nodiscard]] std::string text() const {
    return detail::prometheus_text(detail::prometheus_metrics, samples_);
  }

 private:
  template <class Metrics>
  void add_common(const Metrics& m, std::string_view arena) {
    add("allocations_total", m.allocations_ok, arena);
    add("allocation_failures_total", m.allocations_failed, arena);
    add("contended_total", m.contended, arena);
    add("wait_timeouts_total", m.timeouts, arena);
    add("frees_total", m.frees, arena);
    add("frozen_total", m.frozen, arena);
    add("spills_total", m.spills, arena);
    add("reserved_bytes", m.bytes_reserved, arena);
    add("live_bytes", m.bytes_live, arena);
    if (m.bytes_live_peak != 0) add("live_peak_bytes", m.bytes_live_peak, arena);
    add("waiters", m.waiters, arena);
  }
  void add(std::string_view metric, std::uint64_t value, std::string_view arena,
           std::string label = {}) {
    const auto* const at =
        std::ranges::find(detail::prometheus_metrics, metric, &detail::prometheus_metric::name);
    if (!arena.empty()) {
      label = detail::prometheus_label("arena", arena) + (label.empty() ? "" : "," + label);
    }
    if (!label.empty()) label = '{' + label + '}';
    samples_.push_back({static_cast<std::size_t>(at - detail::prometheus_metrics.begin()),
                        std::move(label), value});
  }

  std::vector<detail::prometheus_sample> samples_{};
};

/// A page of one arena for Prometheus: prometheus_page::add and text. Throws std::bad_alloc.
[[nodiscard]] inline std::string to_prometheus(const arena_metrics& m,
                                               std::string_view arena = {}) {
  prometheus_page page;
  page.add(m, arena);
  return page.text();
}
/// The same for an arena of slots.
[[nodiscard]] inline std::string to_prometheus(const fixed_metrics& m,
                                               std::string_view arena = {}) {
  prometheus_page page;
  page.add(m, arena);
  return page.text();
}

// ---- which blocks are in use -----------------------------------------------------------------

/// A stretch of an arena: a maximal free block, or a part of what lies between those. Live blocks
/// that touch cannot be told apart: nothing records where one ends, so their stretch is cut at
/// multiples of its size, as a buddy would.
struct extent {
  unsigned order;     ///< Of its size.
  std::size_t index;  ///< In units of 2^order min blocks
  bool live;          ///< False: a maximal free block.

  /// Member by member.
  friend constexpr bool operator==(const extent&, const extent&) noexcept = default;
};

/// All extents of a buddy's first `units` min blocks, by address. Exact when no other call runs, as
/// all observers. O(min blocks). Throws std::bad_alloc.
template <class Buddy>
[[nodiscard]] std::vector<extent> extents_of(const Buddy& tree, std::size_t units) {
  std::vector<extent> all;
  tree.for_each_free([&](block b) { all.push_back({b.order, b.index, false}); });
  const auto start = [](const extent& e) { return e.index << e.order; };
  std::ranges::sort(all, {}, start);
  std::vector<extent> live;
  const auto fill = [&](std::size_t from, std::size_t to) {
    protocol::for_each_piece(from, to - from, [&](unsigned order, std::size_t first) {
      live.push_back({order, first >> order, true});
    });
  };
  std::size_t at = 0;
  for (const extent& e : all) {
    fill(at, start(e));
    at = start(e) + (std::size_t{1} << e.order);
  }
  fill(at, units);
  all.insert(all.end(), live.begin(), live.end());
  std::ranges::sort(all, {}, start);
  return all;
}

/// One line of `width` characters, at least 1, each standing for an equal part of the arena: '.'
/// free, '#' live, '+' some of both. Throws std::bad_alloc.
[[nodiscard]] inline std::string occupancy_line(const std::vector<extent>& all, std::size_t units,
                                                std::size_t width) {
  width = std::clamp<std::size_t>(width, 1, std::max<std::size_t>(units, 1));
  std::string free_part(width, '\0');
  std::string live_part(width, '\0');
  for (const extent& e : all) {
    const std::size_t first = e.index << e.order;
    const std::size_t last = first + (std::size_t{1} << e.order) - 1;
    // Sizes of arenas are far below 2^64 / width min blocks; see buddy::largest_max_order.
    for (std::size_t i = first * width / units; i <= last * width / units && i < width; ++i) {
      (e.live ? live_part : free_part)[i] = 1;
    }
  }
  std::string line(width, '.');
  for (std::size_t i = 0; i < width; ++i) {
    if (live_part[i] != 0) line[i] = free_part[i] != 0 ? '+' : '#';
  }
  return line;
}

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
