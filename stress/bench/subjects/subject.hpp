// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// subject.hpp: what is measured, as the measurements see it
//
// Every allocator of the comparison, ours, a peer behind malloc or a pool of the standard library,
// is put behind the same two calls, so that every workload is written once and costs all of them
// the same. Sizes are bytes as the program asks for them; a subject rounds as it must. Relies on
// nothing but the language.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>

namespace caiman::bench {

/// The two calls, both from any thread.
///  - `allocate(bytes)`: a block of at least that many bytes; nullptr: refused.
///  - `release(p, bytes)`: a block that `allocate` gave for the same number of bytes.
/// The addresses of an arena subject name blocks of reserved address space; nobody may read or
/// write there.
template <class S>
concept subject = requires(S& s, std::size_t bytes, void* p) {
  { s.allocate(bytes) } -> std::same_as<void*>;
  { s.release(p, bytes) } -> std::same_as<void>;
  requires noexcept(s.allocate(bytes));
  requires noexcept(s.release(p, bytes));
};

/// The arena of every workload: 64 MiB of min blocks of 256 bytes.
inline constexpr unsigned min_block_shift = 8;
inline constexpr unsigned arena_order = 18;
inline constexpr std::size_t min_block_bytes = std::size_t{1} << min_block_shift;
inline constexpr std::size_t arena_bytes = min_block_bytes << arena_order;

/// The order of the smallest block that holds `bytes`; order 0 for none.
constexpr unsigned order_for(std::size_t bytes) noexcept {
  if (bytes <= min_block_bytes) return 0;
  return static_cast<unsigned>(std::bit_width(bytes - 1)) - min_block_shift;
}

/// What `bytes` take up in an arena: occupancy is counted in whole blocks, for all subjects.
constexpr std::size_t whole_block(std::size_t bytes) noexcept {
  return min_block_bytes << order_for(bytes);
}

}  // namespace caiman::bench
