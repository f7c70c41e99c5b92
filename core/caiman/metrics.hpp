// ---------------------------------------------------------------------------------------------
// metrics.hpp: what an arena has done, and how it stands
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace caiman {

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
inline void add_member(std::string& to, std::string_view name, std::uint64_t value) {
  to += to.size() == 1 ? "\"" : ",\"";
  to.append(name);
  to += "\":";
  to += std::to_string(value);
}
}  // namespace detail

/// One JSON object on one line, its members named as the struct's. May throw std::bad_alloc.
[[nodiscard]] inline std::string to_json(const arena_metrics& m) {
  std::string json = "{";
  detail::add_member(json, "allocations_ok", m.allocations_ok);
  detail::add_member(json, "allocations_failed", m.allocations_failed);
  detail::add_member(json, "frees", m.frees);
  detail::add_member(json, "frozen", m.frozen);
  detail::add_member(json, "spills", m.spills);
  detail::add_member(json, "splits", m.splits);
  detail::add_member(json, "coalesces", m.coalesces);
  detail::add_member(json, "bytes_reserved", m.bytes_reserved);
  detail::add_member(json, "bytes_live", m.bytes_live);
  detail::add_member(json, "largest_free_block", m.largest_free_block);
  return json += "}";
}

/// The same for an arena of slots of one size.
[[nodiscard]] inline std::string to_json(const fixed_metrics& m) {
  std::string json = "{";
  detail::add_member(json, "allocations_ok", m.allocations_ok);
  detail::add_member(json, "allocations_failed", m.allocations_failed);
  detail::add_member(json, "frees", m.frees);
  detail::add_member(json, "frozen", m.frozen);
  detail::add_member(json, "spills", m.spills);
  detail::add_member(json, "bytes_reserved", m.bytes_reserved);
  detail::add_member(json, "bytes_live", m.bytes_live);
  detail::add_member(json, "slots_free", m.slots_free);
  return json += "}";
}

}  // namespace caiman
