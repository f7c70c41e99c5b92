// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// metrics.hpp: what an arena has done, and how it stands
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace caiman::inline v0 {

/// A snapshot. Exact when no other call runs; otherwise each number is one that was true at some
/// time, but not all at the same.
struct arena_metrics {
  std::uint64_t allocations_ok;      ///< Blocks handed out
  std::uint64_t allocations_failed;  ///< Requests refused, for whatever reason
  std::uint64_t frees;               ///< Blocks that came back
  std::uint64_t frozen;              ///< Buffers that became bytes
  std::uint64_t spills;              ///< Buffers that moved to the heap
  std::uint64_t splits;              ///< Buddy levels split, see buddy::counts
  std::uint64_t coalesces;           ///< Buddy levels merged
  std::size_t bytes_reserved;        ///< What the arena manages
  std::size_t bytes_live;            ///< In whole blocks
  std::size_t largest_free_block;    ///< Bytes that one request could get now

  /// Member by member.
  friend constexpr bool operator==(const arena_metrics&, const arena_metrics&) noexcept = default;
};

/// The same for an arena of slots of one size.
struct fixed_metrics {
  std::uint64_t allocations_ok;      ///< Slots handed out.
  std::uint64_t allocations_failed;  ///< Requests refused.
  std::uint64_t frees;               ///< Slots that came back.
  std::uint64_t frozen;              ///< Buffers that became bytes.
  std::uint64_t spills;              ///< Buffers that moved to the heap.
  std::size_t bytes_reserved;        ///< What the arena manages.
  std::size_t bytes_live;            ///< In whole slots.
  std::size_t slots_free;            ///< Slots that could be had now.

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
}  // namespace detail

/// One JSON object on one line, its members named as the struct's. May throw std::bad_alloc.
[[nodiscard]] inline std::string to_json(const arena_metrics& m) {
  return detail::json_object({{"allocations_ok", m.allocations_ok},
                              {"allocations_failed", m.allocations_failed},
                              {"frees", m.frees},
                              {"frozen", m.frozen},
                              {"spills", m.spills},
                              {"splits", m.splits},
                              {"coalesces", m.coalesces},
                              {"bytes_reserved", m.bytes_reserved},
                              {"bytes_live", m.bytes_live},
                              {"largest_free_block", m.largest_free_block}});
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
                              {"slots_free", m.slots_free}});
}

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
