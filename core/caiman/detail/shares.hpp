// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// shares.hpp: how many share a frozen block
//
// One count per frozen block, in the arena's metadata or, for bytes that were spilled, beside them
// on the heap. The freezing thread owns the block alone and makes the count; the drop of the last
// share returns the block.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstdint>
#include <new>

#include "caiman/protocol/sum_type.hpp"
#include "caiman/sync.hpp"

namespace caiman::inline v0::detail {

using protocol::shares_t;
using protocol::site;

/// The count of one frozen block. Any threads that have a share may call at once.
template <sync_policy Sync>
class share_count {
 public:
  /// The counter.
  using cell = typename Sync::template atomic<shares_t>;

  /// One share, the caller's. Nobody else knows of it yet.
  explicit share_count() noexcept : count_(1) {}
  share_count(const share_count&) = delete;
  share_count& operator=(const share_count&) = delete;
  ~share_count() = default;

  /// One more, by somebody who has one. Wait-free. Ends the program at 2^31 shares: each takes 32
  /// bytes, so only a program that leaks them without end gets there, and a count that ran over
  /// would free what is in use.
  void add() noexcept {
    const shares_t before = count_.fetch_add(1, Sync::order(site::share_add));
    Sync::invariant(before < limit, "2^31 shares of one block");
  }

  /// Whether the caller's is the only one: then nobody is there to make it more, and all that
  /// others did with the block is done. Wait-free.
  [[nodiscard]] bool is_sole() const noexcept {
    return count_.load(Sync::order(site::share_look)) == 1;  // (10)
  }

  /// One less; true if it was the last, and then the block is the caller's alone. Wait-free.
  [[nodiscard]] bool drop() noexcept {
    // A sole owner sees it, and needs no read-modify-write: nobody is there to make it more.
    if (is_sole()) return true;
    return count_.fetch_add(~std::uint32_t{0}, Sync::order(site::share_drop)) == 1;  // (10)
  }

 private:
  static constexpr std::uint32_t limit = std::uint32_t{1} << 31;
  cell count_;
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
