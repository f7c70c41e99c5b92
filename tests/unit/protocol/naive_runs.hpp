// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// naive_runs.hpp: what is free, by the definition of a buddy system
//
// The reference that words and buddies are compared with. Slots are a vector of bool, and the
// maximal free runs are found by halving until a part is free as a whole: no bit tricks, no state
// between two questions, so that a slip in the core is not repeated here. Slow on purpose.
// The same picture serves a word (2^Log2Fanout slots) and a whole buddy (2^max_order min blocks).
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace naive {

using slots = std::vector<bool>;  // true: free

/// 2^cls slots from slot `pos` on.
struct run {
  unsigned cls;
  std::size_t pos;

  friend bool operator==(const run&, const run&) = default;
};

using runs = std::vector<run>;

/// Whether all 2^cls slots from `pos` on are free.
inline bool all_free(const slots& free, std::size_t pos, unsigned cls) {
  for (std::size_t i = 0; i < std::size_t{1} << cls; ++i) {
    if (!free[pos + i]) return false;
  }
  return true;
}

/// Appends the maximal free runs among the 2^cls slots from `pos` on, from left to right.
inline void halve(const slots& free, std::size_t pos, unsigned cls, runs& found) {
  if (all_free(free, pos, cls)) {
    found.push_back({cls, pos});
  } else if (cls > 0) {
    halve(free, pos, cls - 1, found);
    halve(free, pos + (std::size_t{1} << (cls - 1)), cls - 1, found);
  }
}

/// The maximal free runs of 2^cls slots, from left to right.
inline runs maximal_runs(const slots& free, unsigned cls) {
  runs found;
  halve(free, 0, cls, found);
  return found;
}

/// The smallest run with room for class `cls`; of several, the first.
inline std::optional<run> best_fit(const runs& from, unsigned cls) {
  std::optional<run> best;
  for (const run& r : from) {
    if (r.cls >= cls && (!best || r.cls < best->cls)) best = r;
  }
  return best;
}

/// The class of the largest run.
inline std::optional<unsigned> largest_class(const runs& from) {
  std::optional<unsigned> largest;
  for (const run& r : from) {
    if (!largest || r.cls > *largest) largest = r.cls;
  }
  return largest;
}

/// The class of the run that holds slot `pos`.
inline std::optional<unsigned> class_at(const runs& from, std::size_t pos) {
  for (const run& r : from) {
    if (r.pos <= pos && pos < r.pos + (std::size_t{1} << r.cls)) return r.cls;
  }
  return std::nullopt;
}

/// The 2^cls slots whose bits are the lowest of `word`.
inline slots slots_of(std::uint64_t word, unsigned cls) {
  slots free(std::size_t{1} << cls);
  for (std::size_t i = 0; i < free.size(); ++i) free[i] = (word >> i) % 2 == 1;
  return free;
}

}  // namespace naive
