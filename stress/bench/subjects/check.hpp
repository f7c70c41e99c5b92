// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// check.hpp: does a subject do what it claims?
//
// A fast allocator that hands out the same block twice, or an arena without an end, would win every
// row. Before anything is measured each subject shows that live blocks do not overlap, that an
// arena has the size of the arena and holds whole blocks, and that what was released can be had
// again. Nothing here is timed, and no block is read or written. Relies on std::map.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "subject.hpp"

namespace caiman::bench {

/// The live blocks by address, as the program sees them.
class live_blocks {
 public:
  /// What is wrong with a block that was just given; nothing if all is well.
  std::optional<std::string> add(void* p, std::size_t bytes) {
    if (p == nullptr) return "it refuses " + std::to_string(bytes) + " bytes with room for them";
    const auto from = reinterpret_cast<std::uintptr_t>(p);
    const auto after = sizes_.lower_bound(from);
    const bool hits_next = after != sizes_.end() && after->first < from + bytes;
    const bool hits_previous =
        after != sizes_.begin() && std::prev(after)->first + std::prev(after)->second > from;
    if (hits_next || hits_previous) return "two live blocks overlap";
    sizes_.emplace(from, bytes);
    return std::nullopt;
  }
  void remove(void* p) { sizes_.erase(reinterpret_cast<std::uintptr_t>(p)); }

  /// From the first byte of the lowest to the last of the highest.
  std::size_t extent() const {
    if (sizes_.empty()) return 0;
    const auto& [last, bytes] = *sizes_.rbegin();
    return last + bytes - sizes_.begin()->first;
  }

 private:
  std::map<std::uintptr_t, std::size_t> sizes_;
};

namespace detail {

struct held_block {
  void* p;
  std::size_t bytes;
};

/// Takes and gives back at random; all is released at the end, whatever was found.
template <subject S>
std::optional<std::string> blocks_lie_apart(S& tried, bool arena) {
  std::mt19937_64 random(2024);  // NOLINT(*-msc51-cpp): the same each time
  live_blocks live;
  std::vector<held_block> held;
  std::optional<std::string> wrong;
  for (unsigned i = 0; i < 4000 && !wrong; ++i) {
    if (held.size() < 500 || random() % 2 == 0) {
      const std::size_t bytes = 1 + random() % 16'384;
      void* const p = tried.allocate(bytes);
      wrong = live.add(p, bytes);
      if (!wrong) held.push_back({p, bytes});
    } else {
      std::swap(held[random() % held.size()], held.back());
      live.remove(held.back().p);
      tried.release(held.back().p, held.back().bytes);
      held.pop_back();
    }
    if (!wrong && arena && live.extent() > arena_bytes) wrong = "blocks lie outside of one arena";
  }
  for (const held_block& each : held) tried.release(each.p, each.bytes);
  return wrong;
}

/// An arena gives so many blocks of one size and not one more; afterwards all of it as one.
template <subject S>
std::optional<std::string> arena_has_its_size(S& tried) {
  constexpr std::size_t bytes = 16'384;
  constexpr std::size_t expected = arena_bytes / bytes;
  std::vector<void*> held;
  live_blocks live;
  std::optional<std::string> wrong;
  while (held.size() <= expected && !wrong) {
    void* const p = tried.allocate(bytes);
    if (p == nullptr) break;
    wrong = live.add(p, bytes);
    if (!wrong) held.push_back(p);
  }
  if (!wrong && held.size() != expected) {
    wrong = "the arena holds " + std::string(held.size() > expected ? "more" : "less") + " than " +
            std::to_string(expected) + " blocks of " + std::to_string(bytes) + " bytes";
  }
  for (void* p : held) tried.release(p, bytes);
  if (wrong) return wrong;
  void* const all = tried.allocate(arena_bytes);
  if (all == nullptr) return "what was released is not the whole arena again";
  tried.release(all, arena_bytes);
  return std::nullopt;
}

}  // namespace detail

/// What `tried` does wrong, or nothing.
template <subject S>
std::optional<std::string> misbehaves(S& tried, bool arena) {
  auto wrong = detail::blocks_lie_apart(tried, arena);
  if (!wrong && arena) wrong = detail::arena_has_its_size(tried);
  return wrong;
}

}  // namespace caiman::bench
