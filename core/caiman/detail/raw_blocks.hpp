// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// raw_blocks.hpp: blocks that are handed out as bare pointers, and how they come back
//
// For std::pmr and for allocators. What comes back is a pointer, a size and an alignment, and none
// of them is believed: a container may speak to another arena than it has its memory of. So a block
// that is out has a tag with its order in the cell of its first min block, where a frozen block has
// its share count. A block is either the one or the other, and only its owner touches the cell,
// which goes from hand to hand with the block: no access is atomic. What is left there of earlier
// owners is a share count, below 2^31, which no tag is, or a number of min blocks, or nothing that
// was ever written; where one of these looks like a tag, a wrong pointer to it is not seen.
//
// What cannot be a block that was handed out so ends the program with one line, in every build.
// Not part of the public surface.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "caiman/detail/arena_state.hpp"
#include "caiman/detail/attributes.hpp"
#include "caiman/detail/raise.hpp"

namespace caiman::inline v0::detail {

/// What all who hand blocks out need of an arena's handle.
struct arena_insides {
  template <class Arena>
  [[nodiscard]] static arena_state* home_of(const Arena& arena) noexcept {
    return arena.home_.get();
  }
};

/// The blocks of one arena, for as long as its handle is there. All may be called by any threads at
/// once, for different blocks.
template <class Arena>
class raw_blocks {
 public:
  explicit raw_blocks(const Arena& arena) noexcept : home_(arena_insides::home_of(arena)) {}

  /// The smallest block that holds `size` and is at least as large as its alignment; null where
  /// there is none, or no arena, or an alignment above that of the base.
  [[nodiscard]] void* take(std::size_t size, std::size_t alignment) const noexcept {
    if (home_ == nullptr) return nullptr;
    const std::size_t whole = (std::max)(size, alignment);
    if (whole > home_->largest() || !base_has(alignment)) return nullptr;
    const auto got = home_->take(order_for(whole), size);
    return got ? hand_out(*got) : nullptr;
  }
  /// The common half of that alone, which calls nothing; null if nothing has happened.
  [[nodiscard]] CAIMAN_HOT void* take_at_hand(std::size_t size,
                                              std::size_t alignment) const noexcept {
    const std::size_t whole = (std::max)(size, alignment);
    if (home_ == nullptr || whole >= home_->served_below() || !base_has(alignment)) [[unlikely]]
      return nullptr;
    block got{order_for(whole), 0};
    if (!home_->take_at_hand(got.order, got.index)) [[unlikely]]
      return nullptr;
    return hand_out(got);
  }

  [[nodiscard]] bool has(const void* p) const noexcept {
    if (home_ == nullptr) return false;
    const auto at = reinterpret_cast<std::uintptr_t>(p);
    const auto base = reinterpret_cast<std::uintptr_t>(home_->base());
    return at - base < home_->total();  // below it that is more, in arithmetic modulo 2^64
  }

  /// Takes back what lies in the arena. Ends the program if that is no block that was handed out,
  /// for such a size and alignment.
  void give(void* p, std::size_t size, std::size_t alignment) const noexcept {
    const std::size_t whole = (std::max)(size, alignment);
    if (whole > home_->largest() || !base_has(alignment)) [[unlikely]]
      wrong(p, size, alignment, "the arena has no such blocks");
    const unsigned order = order_for(whole);
    const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(p) - home_->base());
    if ((offset & (home_->size_of(order) - 1)) != 0) [[unlikely]]
      wrong(p, size, alignment, "no block for that size begins there");
    const block b{order, home_->min_block_at(offset) >> order};
    if (read_tag(b) != tag_of(order)) [[unlikely]]
      tell_what_is_there(p, size, alignment, b);
    write_tag(b, no_tag);
    home_->template give_back<true>(b);
  }

  /// Ends the program with one line.
  [[gnu::__cold__, gnu::__noreturn__]] CAIMAN_COLD static void wrong(const void* p,
                                                                     std::size_t size,
                                                                     std::size_t alignment,
                                                                     const char* why) noexcept {
    abort_with_line("caiman: deallocate of %zu bytes at %p, alignment %zu: %s", size, p, alignment,
                    why);
  }

 private:
  [[nodiscard]] void* hand_out(block b) const noexcept {
    write_tag(b, tag_of(b.order));
    return home_->address_of(b);
  }

  // The upper half is more than a share count ever is.
  static constexpr std::uint32_t tag_of(unsigned order) noexcept { return 0xb10c'0000U | order; }
  static constexpr std::uint32_t no_tag = 0;

  [[nodiscard]] unsigned order_for(std::size_t len) const noexcept { return home_->order_for(len); }
  [[nodiscard]] bool base_has(std::size_t alignment) const noexcept {
    const auto base = reinterpret_cast<std::uintptr_t>(home_->base());
    return alignment <= (base & (0 - base));  // its lowest bit
  }
  // Copied, since nobody knows what a wrong pointer leads to.
  [[nodiscard]] std::uint32_t read_tag(block b) const noexcept {
    std::uint32_t tag = 0;
    std::memcpy(&tag, home_->share_memory(b.index << b.order), sizeof tag);
    return tag;
  }
  void write_tag(block b, std::uint32_t tag) const noexcept {
    std::memcpy(home_->share_memory(b.index << b.order), &tag, sizeof tag);
  }

  /// Of a block that was not handed out so. It may be another thread's, which changes the line and
  /// no more.
  [[gnu::__cold__, gnu::__noreturn__]] CAIMAN_COLD void tell_what_is_there(const void* p,
                                                                           std::size_t size,
                                                                           std::size_t alignment,
                                                                           block b) const noexcept {
    const std::size_t first = b.index << b.order;
    char line[80];
    for (unsigned order = 0; order <= home_->tree().max_order(); ++order) {
      const block around{order, first >> order};
      if (read_tag(around) != tag_of(order)) continue;
      std::snprintf(line, sizeof line, "it points %s a block of %zu bytes",
                    around.index << order == first ? "to" : "into", home_->size_of(order));
      wrong(p, size, alignment, line);
    }
    wrong(p, size, alignment, "nothing that was handed out begins there, or it came back already");
  }

  arena_state* home_;
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
