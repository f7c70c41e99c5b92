// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// memory.hpp: bytes that are written once and then read by many, in two kinds of memory
//
// A buffer of an arena that is frozen, and what its user would take instead: a vector that is moved
// into a shared_ptr. And what is written into them: contents that follow from a number, so that
// whoever reads them can say whether they are right.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <caiman/caiman.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "../expect.hpp"

namespace programs {

// ---- memory -------------------------------------------------------------------------------------

inline caiman::buddy_arena arena_of(std::size_t total, std::size_t min_block) {
  const auto geometry = caiman::buddy_geometry::nearest(total, min_block);
  expect(geometry.has_value(), "sizes that fit together");
  const auto built = caiman::buddy_arena::builder(*geometry).build();
  expect(built.has_value(), "an arena");
  return *built;
}

class arena_memory {
 public:
  using buffer = caiman::buffer;
  using shared = caiman::bytes;
  static constexpr bool bounded = true;

  explicit arena_memory(std::size_t total, std::size_t min_block = 256)
      : arena_(arena_of(total, min_block)) {}

  /// Nothing if there is no room.
  std::optional<buffer> take(std::size_t n) {
    auto got = arena_.allocate(n);
    if (!got) return std::nullopt;
    return std::move(*got);
  }
  static std::span<std::byte> room(buffer& of) { return of.spare(); }
  static shared share(buffer&& of) {
    of.advance(of.remaining());
    return std::move(of).freeze();
  }
  static std::span<const std::byte> view(const shared& of) { return of; }
  /// When all have gone.
  void expect_whole() const {
    const caiman::arena_metrics seen = arena_.metrics();
    expect(seen.bytes_live == 0 && seen.allocations_ok == seen.frees, "all blocks came back");
    expect(seen.largest_free_block == arena_.total_size(), "and are one again");
  }
  const caiman::buddy_arena& arena() const { return arena_; }

 private:
  caiman::buddy_arena arena_;
};

class vector_memory {
 public:
  using buffer = std::vector<std::byte>;
  using shared = std::shared_ptr<const std::vector<std::byte>>;
  static constexpr bool bounded = false;

  explicit vector_memory(std::size_t /*total*/, std::size_t /*min_block*/ = 0) {}

  // NOLINTNEXTLINE(readability-convert-member-functions-to-static): as the arena's is
  std::optional<buffer> take(std::size_t n) const { return buffer(n); }
  static std::span<std::byte> room(buffer& of) { return of; }
  static shared share(buffer&& of) { return std::make_shared<const buffer>(std::move(of)); }
  static std::span<const std::byte> view(const shared& of) {
    return of == nullptr ? std::span<const std::byte>() : std::span<const std::byte>(*of);
  }
  void expect_whole() const {}
};

/// What one thread leaves for another to take.
template <class Thing>
class exchange {
 public:
  std::optional<Thing> swap(Thing&& left, std::size_t where) {
    std::optional<Thing> found(std::move(left));
    const std::lock_guard lock(mutex_);
    found.swap(places_[where % places_.size()]);
    return found;
  }
  /// When nobody swaps any more.
  std::array<std::optional<Thing>, 16>& places() { return places_; }

 private:
  std::mutex mutex_{};
  std::array<std::optional<Thing>, 16> places_{};
};

// ---- what is written ----------------------------------------------------------------------------

/// Any number gives one that looks like chance (splitmix64).
constexpr std::uint64_t mix(std::uint64_t of) noexcept {
  of += 0x9e3779b97f4a7c15;
  of = (of ^ (of >> 30U)) * 0xbf58476d1ce4e5b9;
  of = (of ^ (of >> 27U)) * 0x94d049bb133111eb;
  return of ^ (of >> 31U);
}

/// From `least` to below `most`, which are powers of two; each doubling is as likely as another.
inline std::size_t size_for(std::uint64_t key, std::size_t least, std::size_t most) {
  const auto spread = static_cast<unsigned>(std::countr_zero(most) - std::countr_zero(least));
  const std::uint64_t chance = mix(key);
  const std::size_t base = least << (chance % spread);
  return base + (chance >> 32U) % base;
}

inline void fill(std::span<std::byte> at, std::uint64_t key) {
  std::uint64_t word = mix(key);
  std::size_t done = 0;
  for (; done + sizeof word <= at.size(); done += sizeof word) {
    std::memcpy(at.data() + done, &word, sizeof word);
    word += 0x9e3779b97f4a7c15;
  }
  std::memcpy(at.data() + done, &word, at.size() - done);
}

/// Whether that is what `fill` has written.
inline bool holds(std::span<const std::byte> at, std::uint64_t key) {
  std::uint64_t word = mix(key);
  std::uint64_t wrong = 0;
  std::size_t done = 0;
  for (; done + sizeof word <= at.size(); done += sizeof word) {
    std::uint64_t found = 0;
    std::memcpy(&found, at.data() + done, sizeof found);
    wrong |= found ^ word;
    word += 0x9e3779b97f4a7c15;
  }
  return wrong == 0 && std::memcmp(at.data() + done, &word, at.size() - done) == 0;
}

/// A number for bytes, which depends on each of them and its place.
inline std::uint64_t digest_of(std::span<const std::byte> at) {
  std::uint64_t sum = at.size();
  std::uint64_t of_sums = 0;
  for (std::size_t done = 0; done < at.size(); done += sizeof sum) {
    std::uint64_t word = 0;
    std::memcpy(&word, at.data() + done, std::min(sizeof word, at.size() - done));
    sum += word;
    of_sums += sum;
  }
  return mix(sum ^ mix(of_sums));
}

}  // namespace programs
