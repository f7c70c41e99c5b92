// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// cold.hpp: which min blocks nobody has zeroed yet
//
// An arena that promises zeroed blocks over a region of the caller's finds there what the caller
// left. To zero all of it at once would touch memory that may never be used, so a bit per min block
// says "cold", and the first owner of a block zeroes the cold parts. Later, blocks are scrubbed
// when they come back. The bits of a block belong to its owner, who got them from the last owner
// together with the block, so they need no order of their own; only their neighbours in the word
// need a read-modify-write.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "caiman/sync.hpp"

namespace caiman::inline v0::detail {

using protocol::site;

/// The cold bits of one arena. `warm` may be called by any threads at once, for blocks that are
/// theirs.
template <sync_policy Sync>
class cold_map {
 public:
  /// Nothing is cold.
  cold_map() noexcept = default;
  /// `count` min blocks, all cold; without memory it has no bits (`has_bits`).
  explicit cold_map(std::size_t count) noexcept
      : words_(new (std::nothrow) word[(count + bits - 1) / bits]) {}
  /// Whether there is a bit per min block.
  [[nodiscard]] bool has_bits() const noexcept { return words_ != nullptr; }

  /// Calls `zero(first, count)` for every run of cold min blocks in a block of the caller's, of
  /// 2^order min blocks from `first` on, which are warm then. Wait-free, O(2^order / 64).
  template <class Zero>
  void warm(std::size_t first, unsigned order, Zero zero) noexcept {
    if (words_ == nullptr) return;
    const std::size_t count = std::size_t{1} << order;
    for (std::size_t at = first; at < first + count; at = (at / bits + 1) * bits) {
      const std::uint64_t mask =
          (count < bits ? (std::uint64_t{1} << count) - 1 : ~std::uint64_t{0}) << (at % bits);
      auto& cell = words_[at / bits].cold;
      std::uint64_t cold = cell.load(Sync::order(site::cold_bits)) & mask;
      if (cold == 0) continue;
      cell.fetch_and(~mask, Sync::order(site::cold_bits));
      while (cold != 0) {
        const auto from = static_cast<unsigned>(std::countr_zero(cold));
        const auto run = static_cast<unsigned>(std::countr_one(cold >> from));
        zero(at / bits * bits + from, std::size_t{run});
        cold &= run == bits ? 0 : ~(((std::uint64_t{1} << run) - 1) << from);
      }
    }
  }

 private:
  static constexpr unsigned bits = 64;
  struct word {
    typename Sync::template atomic<std::uint64_t> cold{~std::uint64_t{0}};
  };
  std::unique_ptr<word[]> words_{};
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
