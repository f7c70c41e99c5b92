// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// any_arena.hpp: an arena of any kind, as the next bytes of an input say
//
// Buddy or fixed, of any size or of a power of two, over memory of its own or lent, zeroed or not,
// spilling or not, trimming by itself or not. The builders are judged here: what they refuse, and
// what they make of the numbers that they take.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "caiman/caiman.hpp"
#include "choices.hpp"

namespace caiman::fuzz {

/// The largest arena that is built for real; a larger one is asked for only to be refused.
inline constexpr std::size_t most_memory = std::size_t{1} << 16;

/// Memory that is lent, and whether it came back.
struct lent {
  std::vector<std::byte> memory;
  std::size_t offset = 0;
  unsigned returned = 0;

  std::byte* start() { return memory.data() + offset; }
  std::size_t size() const { return memory.size() - offset; }
  caiman::region_release release() {
    return [this](std::byte* p, std::size_t n) {
      expect(p == start() && n == size(), "another region came back");
      ++returned;
    };
  }
  /// What is told of memory that nobody has: all of it goes, and reads zero.
  caiman::trim_hook gone() {
    return [this](std::byte* p, std::size_t n) {
      expect(p >= start() && p + n <= start() + size() && n != 0, "trimmed what was not lent");
      std::memset(p, 0, n);
      return n;
    };
  }
};

/// One face for both kinds of arena.
struct any_arena {
  std::optional<caiman::buddy_arena> buddy;
  std::optional<caiman::fixed_arena> fixed;

  explicit operator bool() const { return buddy.has_value() || fixed.has_value(); }
  auto allocate(std::size_t n) const { return buddy ? buddy->allocate(n) : fixed->allocate(); }
  /// Bytes of the largest block.
  std::size_t largest() const {
    return buddy ? buddy->min_block_size() << buddy->max_order() : fixed->slot_capacity();
  }
  std::size_t total() const {
    return buddy ? buddy->total_size() : fixed->slot_count() * fixed->slot_capacity();
  }
  void trim(std::size_t keep_free) const {
    if (buddy) (void)buddy->trim(keep_free);
    if (fixed) (void)fixed->trim(keep_free);
  }
  const std::byte* base() const { return buddy ? buddy->base() : fixed->base(); }
};

struct traits {
  bool spills = false;
  bool zero = false;
  bool caps = false;
  bool fixed = false;
};

// ---- making one: the builders must refuse what cannot be, and nothing else crashes -----------

template <class Builder>
inline void set_up(Builder& builder, choices& in, traits& is) {
  is.spills = in.maybe();
  const unsigned more = in.byte();
  is.zero = more % 2 == 1;
  if (more >= 0xc0) builder.auto_trim({.every = {}, .keep_free = (more & 0x3fU) << 8});
  if (is.spills) builder.auto_spill();
  builder.init(is.zero ? caiman::init_policy::zero : caiman::init_policy::uninit);
}

inline caiman::page_size any_page(choices& in) {
  const unsigned choice = in.up_to(3);
  if (choice == 0) return caiman::page_size::automatic();
  return choice == 1 ? caiman::page_size::unknown() : caiman::page_size::of(in.byte());
}

inline any_arena make_buddy(choices& in, traits& is) {
  const unsigned how = in.byte();
  const std::size_t total = in.any_size();
  const std::size_t unit = in.any_size();
  auto geometry = how % 4 == 3   ? caiman::buddy_geometry::fit(total, unit)
                  : how % 2 == 1 ? caiman::buddy_geometry::nearest(total, unit)
                                 : caiman::buddy_geometry::exact(total, unit);
  if (geometry && in.maybe()) geometry = geometry->with_alignment(in.any_size());
  if (!geometry) return {};
  expect(geometry->total_size() >= geometry->min_block_size(), "less than a block");
  expect(geometry->alignment() <= geometry->min_block_size(), "aligned beyond the block");
  if (geometry->total_size() > most_memory) return {};
  is.caps = geometry->caps_capacity();
  auto builder = caiman::buddy_arena::builder(*geometry);
  set_up(builder, in, is);
  builder.prefault(any_page(in));
  if (in.maybe()) {
    auto made = builder.build_unfaulted();
    expect(made.has_value(), "build_unfaulted");
    return {in.maybe() ? std::move(*made).fault_pages() : std::move(*made).into_inner(), {}};
  }
  return {builder.build().value(), {}};
}

inline any_arena make_fixed(choices& in, traits& is) {
  is.fixed = true;
  const bool by_total = in.maybe();
  const std::size_t count = in.any_size();
  const std::size_t size = in.any_size();  // of a slot, or of all
  auto builder = by_total ? caiman::fixed_arena::with_arena_capacity(count, size)
                          : caiman::fixed_arena::with_slot_capacity(count, size);
  set_up(builder, in, is);
  std::size_t alignment = 1;
  if (in.maybe()) alignment = std::size_t{1} << in.up_to(8);
  builder.alignment(alignment).prefault(any_page(in));
  // What would have to be mapped: not more than this test wants to spend, or more than there is.
  const std::size_t capacity =
      by_total && count != 0 ? size / count + std::size_t{size % count != 0} : size;
  const std::size_t rounded = capacity > SIZE_MAX - alignment ? SIZE_MAX : capacity + alignment - 1;
  const bool small =
      rounded <= most_memory && count <= most_memory && count * rounded <= most_memory;
  const bool refused = count == 0 || size == 0 || rounded == SIZE_MAX;
  if (!small && !refused) return {};
  auto made = builder.build();
  expect(made.has_value() != refused, "a fixed arena: built, or refused, against its rule");
  if (!made) return {};
  expect(made->slot_count() == count && made->slot_capacity() >= capacity &&
             made->slot_capacity() - capacity < alignment,
         "a fixed arena has other slots than were asked for");
  return {{}, *std::move(made)};
}

inline any_arena make_lent(choices& in, traits& is, lent& memory) {
  memory.memory.assign(in.byte() * std::size_t{64} + in.byte(), std::byte{0xa5});
  memory.offset = std::min<std::size_t>(in.up_to(70), memory.memory.size());
  if (in.maybe()) {
    auto builder = caiman::buddy_arena::from_region(memory.start(), memory.size(),
                                                    caiman::buddy_hint::min_alloc(in.any_size()),
                                                    memory.release());
    builder.on_trim(memory.gone());
    set_up(builder, in, is);
    if (auto made = builder.build()) return {*std::move(made), {}};
    return {};
  }
  is.fixed = true;
  const auto slots =
      in.maybe() ? caiman::slot_spec::count(in.any_size()) : caiman::slot_spec::size(in.any_size());
  auto builder =
      caiman::fixed_arena::from_region(memory.start(), memory.size(), slots, memory.release());
  builder.on_trim(memory.gone());
  set_up(builder, in, is);
  if (in.maybe()) builder.alignment(std::size_t{1} << in.up_to(6));
  if (auto made = builder.build()) return {{}, *std::move(made)};
  return {};
}

}  // namespace caiman::fuzz
