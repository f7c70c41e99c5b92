// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// checks.hpp: what must hold around threads that stand still
//
// Every min block is free, or held by a stopped thread that says so, or carried by one: the block
// that its call hands out, takes back or moves between words. So what is neither free nor held must
// be at most one block for each of them, of a bounded order (docs/guarantees.md). And what is free
// can be had, but for the sight of one word for each.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "stage.hpp"

namespace caiman::stress {

/// What was seen at one point, or at all of them.
struct sightings {
  std::uint64_t points = 0;
  std::uint64_t allocating = 0;  // the victim stood in allocate
  std::uint64_t releasing = 0;   // in release
  std::uint64_t carrying = 0;    // something was missing
  std::uint64_t moving = 0;      // it stood between the two halves of a move
  std::uint64_t contended = 0;   // requests that would have been refused were answered so
  std::size_t most_missing = 0;  // min blocks, at one point
  std::size_t most_hidden = 0;   // min blocks that are free and were not found
  unsigned largest_carried = 0;  // order
};

class inspector {
 public:
  explicit inspector(stage& of);

  /// While these threads stand still and all others are at rest. False, with a word on stderr, if
  /// something does not hold. No heap: a forked child calls it, too.
  bool look(const std::vector<const actor*>& stopped, sightings& seen);
  /// With nobody left: everything is one block.
  bool look_at_end();

 private:
  enum class state : unsigned char { missing, free, held };

  void mark(block b, state as);
  bool count_missing(const std::vector<const actor*>& stopped, sightings& seen);
  bool take_all(const std::vector<const actor*>& stopped, sightings& seen);
  unsigned largest_carried(const std::vector<const actor*>& stopped) const;
  bool is_missing(unsigned order, std::size_t index) const;
  std::size_t min_blocks() const { return state_.size(); }

  stage& of_;
  std::vector<state> state_;
  std::vector<block> got_;
};

}  // namespace caiman::stress
