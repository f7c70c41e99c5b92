// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// books.hpp: what holds of a ledger between any two accesses
//
// One state of a ledger: what its cells hold, and what is true of the threads. H handles, of which
// W are of those who wait; B blocks out; P returns that met a mark and are still to count
// themselves off; t, r what a line says of blocks taken and returned. "The closing" is what the
// thread does that dropped the last handle. All sums are modulo 2^64, or 2^40 where returns are
// stores; P, B, H and how many are on a line are real numbers, with a bound (in_bounds).
//
//   handles     handles_ is H
//   books       the sum of t less the sum of r is B
//   last        the closing has begun where H is 0, and only there, and is never undone; somebody
//   who
//               waits has a handle while lines are marked `awaited`
//   frozen      from H = 0 on each t, and how many returns met `awaited`, stay as they are
//   one-writer  what one thread counts by load and store nobody else writes
//  by read-modify-writes:
//   marks       a line has the mark `closed`, or `awaited`, where it was marked, and only there
//   met         met_ and what the waiters' thread has read, but not added yet, are those that met
//   rest        rest_ is B + P once the closing has added; before that the same less all that it
//               will add: P less those that met `awaited` or, since it was set, `closed`
//  by stores:
//   here        below the count of a line is how many are on it
//   shut        closed_ is 1 once the closing has come so far, else 0
//   seen        whoever adds up: each r has grown since by some number of returns, and these and B
//               together are fewer than 2^39
//   told        where H and B are 0, ended_ is 1; or somebody is not at its sum yet, or has added
//               up nothing but what still stands there
//   ended       ended_ is 0, or 1 for ever, and then H and B are 0
//   quiet       a line that was found quiet after the end stays so
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "solver/known.hpp"

namespace caiman::proof {

/// The clauses.
enum class books_clause : unsigned char {
  handles,
  books,
  last,
  frozen,
  one_writer,
  marks,
  met,
  rest,
  here,
  shut,
  seen,
  told,
  ended,
  quiet
};
/// How many there are.
inline constexpr unsigned books_clause_count = 14;
/// As above.
std::string_view name_of(books_clause which);
/// Those that are not in force: neither assumed nor asked for. None, but in controls.
std::array<bool, books_clause_count>& left_out_of_books();

/// Lines: the caller's own, another thread's own, and the one that any number of threads share.
inline constexpr unsigned line_count = 3;
/// The shared one.
inline constexpr unsigned shared_one = line_count - 1;
/// A term for each line.
using per_line = std::vector<term>;

/// How far somebody is who marks lines, one by one.
enum class stage : unsigned char {
  none,
  begun,  ///< Or, where returns are stores, before closed_ is 1.
  done    ///< All are marked, and what was read is added.
};
/// How far the waiters' thread is.
enum class desk_stage : unsigned char { none, marks, marked, unmarks };
/// As states have it.
inline term at_stage(stage is) { return constant(static_cast<unsigned>(is), 2); }
/// The same.
inline term at_stage(desk_stage is) { return constant(static_cast<unsigned>(is), 2); }

/// How returns are counted.
enum class returns : bool { by_exchange, by_stores };

/// One state. `my` is of the call that runs, `others` of all other calls and threads together.
struct books_state {
  // The cells.
  per_line taken, returned;
  term handles, met, rest, closed, ended;
  // What `returned` says, without what is below it; where returns are stores, modulo 2^40.
  per_line counts;
  // Who has what.
  term my_handles, others_handles, waiting_handles;
  term my_blocks, others_blocks;
  term my_pending, others_pending;
  per_line my_here, others_here;
  // The closing: how far it is (2 bits), which lines it has marked, and r at that moment.
  term closing;
  per_line marked, at_mark;
  // The waiters: how far (2 bits), which lines are marked, r when that changed, and how many
  // returns met the mark, all told.
  term desk;
  per_line awaited, at_desk;
  term all_met;
  // Prophecies: t of each line, and all_met, at the moment when the last handle goes.
  per_line last_taken;
  term last_met;
  // By stores: how many returns were counted on a line since somebody who adds up has read it, of
  // one of the others and of the call; whether one of the others will see all, and whether the call
  // will; whether whoever ended it has found a line
  // quiet.
  per_line others_since, my_since;
  term others_sure, my_sure;
  per_line others_quiet, my_quiet;

  /// All handles, and so on.
  term all_handles() const { return my_handles + others_handles + waiting_handles; }
  term all_blocks() const { return my_blocks + others_blocks; }
  term all_pending() const { return my_pending + others_pending; }
  term on_line(unsigned i) const { return my_here[i] + others_here[i]; }
  term nobody_on_lines() const;
};

/// A state of which nothing is known.
books_state any_books();
/// The one that a ledger begins with has these cells; the caller has a handle, and nobody else
/// anything.
books_state first_books(const per_line& taken, const per_line& returned, const term& handles,
                        const term& met, const term& rest, const term& closed, const term& ended,
                        returns how);

/// The clauses of this way, but for those that speak of two states (one-writer).
const std::vector<books_clause>& clauses_of(returns how);
/// A clause of one state.
term holds_of_books(books_clause which, const books_state& s, returns how);
/// Of a clause that says what a cell holds: makes the cell that, so that the solver need not. The
/// cell must be one of which nothing is known.
void solve(books_clause which, books_state& s, returns how);
/// How far the closing and the waiters' thread are, and whether this line is marked. What is asked
/// in each of these cases is easier for the solver than all at once.
std::vector<term> cases_of(const books_state& s, returns how, unsigned line);
/// No more threads, blocks and handles than there can be, and no line has counted 2^62 returns.
term in_bounds(const books_state& s, returns how);
/// Whether somebody was told to end it.
term has_ended(const books_state& s, returns how);
/// Whether it may be gone: told to, and by stores all lines were found quiet.
term may_be_gone(const books_state& s, returns how);

/// What is of one cell, or of a line.
inline constexpr unsigned sum_bits = 64;
/// A constant of those.
inline term sum_of(std::uint64_t value) { return constant(value, sum_bits); }
/// Of what `returned` holds, the count.
term count_in(const term& returned, returns how);
/// Modulo 2^40, as the count of a line is where returns are stores.
term low_count(const term& of);
/// A count of which nothing is known but how wide it is.
term any_count(returns how);
/// What the sums and the blocks that are out differ by: 0, says the clause `books`. Where returns
/// are stores times 2^24, since only the low 40 bits of it matter.
term unbalanced(const books_state& s, returns how);
/// What the clause `rest` says that rest_ is.
term rest_by_clause(const books_state& s);
/// What a line holds: its count, and below it the marks, or who is there.
term returned_by_clause(const books_state& s, unsigned i, returns how);

}  // namespace caiman::proof
