// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// unique_block.hpp: a block that goes back by itself
//
// What std::unique_ptr is to an object: the one owner of a block, which gives it back to where it
// came from. It knows no buddy, only something that points to one, so the owner may as well be a
// std::shared_ptr that keeps the buddy, or a wrapper of the caller's. Relies on the standard
// library alone; buddy.hpp gives it its name.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <type_traits>
#include <utility>

namespace caiman::inline v0::detail {

/// The one owner of a block, or nobody's. See buddy::unique_block.
///
/// Not thread-safe: one thread at a time may use one such object. Different ones may be used by
/// any threads at once, and a block may go back on another thread than it was taken on.
template <class Block, class Owner>
class unique_block {
  static_assert(std::is_nothrow_move_constructible_v<Owner>, "a move must not lose the block");

 public:
  /// Nothing. Wait-free.
  unique_block() noexcept requires std::is_nothrow_default_constructible_v<Owner>
  = default;
  /// `b`, which must be live and nobody else's, goes back by `owner->release(b)`. Wait-free.
  unique_block(Owner owner, Block b) noexcept : owner_(std::move(owner)), block_(b), has_(true) {}
  /// `other` has nothing afterwards. Wait-free.
  unique_block(unique_block&& other) noexcept
      : owner_(std::move(other.owner_)),
        block_(other.block_),
        has_(std::exchange(other.has_, false)) {}
  /// Gives back what it had, as reset() does, and takes over what `other` has.
  unique_block& operator=(unique_block&& other) noexcept {
    unique_block(std::move(other)).swap(*this);
    return *this;
  }
  unique_block(const unique_block&) = delete;
  unique_block& operator=(const unique_block&) = delete;
  /// As reset().
  ~unique_block() { reset(); }

  /// The block; of nothing: {0, 0}. Wait-free.
  [[nodiscard]] Block get() const noexcept { return block_; }
  /// Whether it has a block. Wait-free.
  [[nodiscard]] explicit operator bool() const noexcept { return has_; }
  /// The block, which the caller must give back from now on; this has nothing any more. Of nothing:
  /// {0, 0}. Wait-free.
  [[nodiscard("the block is the caller's now")]] Block release() noexcept {
    has_ = false;
    return std::exchange(block_, Block{});
  }
  /// Gives the block back, if there is one; this has nothing any more. Progress and misuse are
  /// those of the owner's release (buddy::release).
  void reset() noexcept {
    if (has_) owner_->release(release());
  }
  /// Each has what the other had. Wait-free.
  void swap(unique_block& other) noexcept {
    using std::swap;
    swap(owner_, other.owner_);
    swap(block_, other.block_);
    swap(has_, other.has_);
  }
  /// The same.
  friend void swap(unique_block& a, unique_block& b) noexcept { a.swap(b); }

 private:
  Owner owner_{};
  Block block_{};
  bool has_ = false;
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
