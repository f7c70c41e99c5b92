// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// invariant.hpp: what holds between any two accesses
//
// Of every word, as masks over its slots: F free (the word itself), M mine, T theirs (of all other
// threads together), S split down. A word is active if it is the one at the root, or if its bit one
// level up is split down.
//
//   one-owner     active: no two of F, M, T, S share a slot                                  (S1)
//   none-missing  active: F, M, T and S together are all slots                               (S3)
//   empty-below   not active: F, M, T and S are empty                                    (S1, S3)
//   marked        F empty, or marked in the class of its largest run or a larger one, or
//                 somebody owes such a mark                                                  (S5)
//   marked-above  a node of the hints is empty, or marked in the node above it, or
//                 somebody owes that mark                                                    (S5)
//
// A debt is a class that a thread will mark yet, or that it will look again. When nobody holds
// anything in the middle of a call and nobody owes anything, these are S1, S3 and S5.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "solver/known.hpp"

namespace caiman::proof {

/// The clauses.
enum class clause : unsigned char { one_owner, none_missing, empty_below, marked, marked_above };
/// How many there are.
inline constexpr unsigned clause_count = 5;
/// As above.
std::string_view name_of(clause which);

/// Which clauses are in force: all, but in controls.
struct rules {
  bool left_out[clause_count] = {};  ///< Neither assumed nor asked for.
  bool any_mark = false;             ///< Weakened: `marked`, and a debt, is content with any class.
  bool has(clause which) const { return !left_out[static_cast<unsigned>(which)]; }
};
/// Those of this process.
rules& rules_in_force();

/// Sizes of the tree at hand.
struct shape {
  unsigned log2_fanout = 6;
  unsigned top = 0;                ///< The level of the root.
  std::uint64_t full = 0;          ///< All slots of a word.
  std::uint64_t top_full = 0;      ///< Those of the word at the root.
  std::vector<unsigned> heights;   ///< Of the hints of a level.
  std::vector<std::size_t> words;  ///< Of a level.
  /// The bits of a hint node that a search may find set: at fan-out 64 those of a few words.
  std::uint64_t searched = ~std::uint64_t{0};
  unsigned fanout() const { return 1U << log2_fanout; }
};

/// A word in one state.
struct word_state {
  term free, mine, theirs, split, active, all;
};
/// one-owner, none-missing or empty-below of one word.
term holds_of_word(clause which, const word_state& word);

/// Class of the largest run of a word, plus one; 0 of an empty word. 8 bits.
term largest_of(const term& free, unsigned log2_fanout);
/// A debt, in 8 bits: none; the class plus one; or a look.
inline constexpr std::uint64_t no_debt = 0;
/// To look again, and then to mark whatever there is.
inline constexpr std::uint64_t owes_a_look = 100;
/// The clause `marked`, of a word with these marks, one per class.
term is_marked(const term& free, const std::vector<term>& marks, const term& their_debt,
               const term& my_debt, unsigned log2_fanout);
/// The clause `marked-above`.
term is_marked_above(const term& node, const term& mark, const term& their_debt,
                     const term& my_debt);

}  // namespace caiman::proof
