// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// naive_buddy.hpp: what the observers of a buddy must say
//
// All that a buddy tells about its free blocks, as one value: once as it says it, once as it
// follows from a picture of the free min blocks by halving (naive_runs.hpp). So one comparison
// covers every observer and prints both sides when they differ. `Buddy` is anything with the
// observers of caiman::buddy.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <vector>

#include "caiman/buddy.hpp"
#include "naive_runs.hpp"

namespace naive {

/// How many blocks of `order` a buddy has, free or not.
inline std::size_t blocks_of(unsigned max_order, unsigned order) {
  return std::size_t{1} << (max_order - order);
}

/// A picture in which the min blocks `free` are free.
inline slots picture(unsigned max_order, std::initializer_list<std::size_t> free) {
  slots made(blocks_of(max_order, 0));
  for (const std::size_t index : free) made[index] = true;
  return made;
}

inline void mark(slots& free, caiman::block b, bool as) {
  for (std::size_t i = 0; i < std::size_t{1} << b.order; ++i) free[(b.index << b.order) + i] = as;
}

inline std::size_t count(const slots& free, bool as) {
  return static_cast<std::size_t>(std::count(free.begin(), free.end(), as));
}

struct observations {
  std::size_t min_blocks;
  std::optional<unsigned> largest;
  std::vector<std::size_t> counts;  // per order
  runs maximal;                     // from left to right

  friend bool operator==(const observations&, const observations&) = default;

  friend std::ostream& operator<<(std::ostream& out, const observations& seen) {
    out << seen.min_blocks << " min blocks free, largest order ";
    if (seen.largest) out << *seen.largest;
    out << ", per order";
    for (const std::size_t n : seen.counts) out << ' ' << n;
    out << ", maximal";
    for (const run& r : seen.maximal) out << " {" << r.cls << ", " << (r.pos >> r.cls) << '}';
    return out;
  }
};

/// What `tree` says of at most 2^root min blocks. free_min_blocks comes first: it alone does not
/// tidy up before it looks.
template <class Buddy>
observations observe(const Buddy& tree, unsigned root) {
  observations seen{tree.free_min_blocks(), tree.largest_free_order(), {}, {}};
  for (unsigned order = 0; order <= root; ++order) {
    seen.counts.push_back(tree.free_count(order));
    for (std::size_t index = 0; index < blocks_of(root, order); ++index) {
      if (tree.is_free({order, index})) seen.maximal.push_back({order, index << order});
    }
  }
  std::sort(seen.maximal.begin(), seen.maximal.end(),
            [](const run& a, const run& b) { return a.pos < b.pos; });
  return seen;
}

template <class Buddy>
observations observe(const Buddy& tree) {
  return observe(tree, tree.max_order());
}

/// What a buddy must say whose min blocks are as in `free`.
inline observations expect(const slots& free, unsigned max_order) {
  const runs maximal = maximal_runs(free, max_order);
  std::vector<std::size_t> counts(max_order + 1);
  for (const run& r : maximal) ++counts[r.cls];
  return {count(free, true), largest_class(maximal), counts, maximal};
}

/// What a buddy must say with nothing live.
inline observations expect_one_block(unsigned max_order) {
  return expect(slots(blocks_of(max_order, 0), true), max_order);
}

/// What a buddy must say with nothing free.
inline observations expect_full(unsigned max_order) {
  return expect(slots(blocks_of(max_order, 0)), max_order);
}

/// blocks handed out + maximal free blocks == free blocks at first + splits - coalesces
template <class Buddy>
bool identity_holds(const Buddy& tree, std::size_t live, std::size_t at_first = 1) {
  std::size_t maximal = 0;
  for (unsigned order = 0; order <= tree.max_order(); ++order) maximal += tree.free_count(order);
  const auto counts = tree.counts();
  return live + maximal + counts.coalesces == at_first + counts.splits;
}

}  // namespace naive
