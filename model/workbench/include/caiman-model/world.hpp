// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// world.hpp: a subject that is an allocator of blocks, in one execution
//
// The engine is compiled once and never sees what is under check; a world is compiled against the
// allocator, or against a mutant of it, and the two are linked. So a mutant costs one translation
// unit, and no header of a mutant can leak into the checker. part.hpp has the other kind of
// subject, whose operations are its own.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hooks.hpp"
#include "recording.hpp"

namespace caiman::model {

/// The arenas of the model are small: a set of min blocks is a word.
using block_set = std::uint32_t;
inline constexpr unsigned max_min_blocks = 32;

/// Slots of a part, and of a world that has no more: three threads may own one, the fourth is
/// shared.
inline constexpr unsigned model_slots = max_threads;
/// Of a world whose slots are not handed out in the order of their numbers: the fewest of which
/// slots and turns differ.
inline constexpr unsigned turned_slots = 7;
/// Owner stacks are no deeper than this.
inline constexpr unsigned model_stack_room = 3;

constexpr block_set blocks_of(unsigned order, std::size_t index) noexcept {
  const std::uint64_t run = (std::uint64_t{1} << (1U << order)) - 1;
  return static_cast<block_set>(run << (index << order));
}

/// Calls `f(order, index)` for the fewest aligned blocks that `count` min blocks from `first` on
/// consist of.
template <class F>
constexpr void for_each_aligned(std::size_t first, std::size_t count, F f) {
  while (count != 0) {
    unsigned order = 0;
    while (std::size_t{2} << order <= count && (first >> order & 1) == 0) ++order;
    f(order, first >> order);
    first += std::size_t{1} << order;
    count -= std::size_t{1} << order;
  }
}

enum class answer : unsigned char { ok, full, contended };

struct grant {
  answer what;
  std::size_t index;
};

/// What a world finds wrong with itself; `property` is the id of checking, e.g. "S5".
struct finding {
  const char* property = nullptr;
  const char* text = nullptr;
  explicit operator bool() const noexcept { return property != nullptr; }
};

/// What is under check. Every subject has thread slots, handed from ending to starting threads in
/// programs that ask for a pool, and names for what it is made of.
class subject {
 public:
  subject() = default;
  subject(const subject&) = delete;
  subject& operator=(const subject&) = delete;
  virtual ~subject() = default;

  virtual unsigned take_slot() { return 0; }
  virtual void give_slot(unsigned /*slot*/) {}
  virtual unsigned slots_seen() { return 0; }
  /// Where there is no pool: the slot of the thread whose turn is this, and the one that threads
  /// share.
  virtual unsigned slot_of(unsigned turn) const { return turn; }
  virtual unsigned shared_slot() const { return model_slots; }

  // For traces; neither touches anything.
  /// What lies at an address of its own, "level 0 word 2"; empty if it does not know.
  virtual std::string name_of(const void* /*address*/) const { return {}; }
  /// The words named so, if there are any.
  virtual std::vector<recording::level> levels() const { return {}; }
};

class world : public subject {
 public:
  virtual grant allocate(unsigned order) = 0;
  virtual void release(unsigned order, std::size_t index) = 0;
  /// Of a block that is whole: all but its first `keep` min blocks go back.
  virtual void release_tail(unsigned /*order*/, std::size_t /*index*/, std::size_t /*keep*/) {
    report_fault("model", "there are no tails here");
  }
  /// What is left of one of which they went.
  virtual void release_part(unsigned /*order*/, std::size_t /*index*/, std::size_t /*kept*/) {
    report_fault("model", "there are no tails here");
  }
  /// Takes every free block for a moment, in pieces of at most order `most`, and zeroes it.
  virtual void trim(unsigned /*most*/) { report_fault("model", "nothing is trimmed here"); }

  /// The min blocks that are free by the words and the stacks, whatever any hint says.
  virtual block_set free_blocks() = 0;
  /// Whether slot `slot` is inside a move between words.
  virtual bool in_move(unsigned slot) = 0;

  /// Quiescent: hints (S5) as they lie, then merging and counts (S4) as observers see them. A block
  /// that was cut counts as the aligned blocks that it consists of.
  virtual finding quiescent_fault(block_set live, unsigned live_blocks) = 0;
};

/// Where a world is built, execution after execution.
struct world_spec {
  unsigned log2_fanout = 1;
  unsigned max_order = 0;
  unsigned min_blocks = 1;
  unsigned pool = 0;    // exclusive slots to hand around
  bool scrubs = false;  // a block that comes back is zeroed,
  bool cold = false;    // and so is what was never handed out, when it is
  unsigned policy = 0;  // of those who wait
  bool light = false;   // returns are stores
};

}  // namespace caiman::model
