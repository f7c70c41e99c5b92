// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// books_world.hpp: one call of a ledger among any number of others
//
// What the call finds at each of its accesses, and what it has and is then. Before each access the
// others may have done anything that the clauses allow (books.hpp), so all cells are new, but those
// that nobody else writes; after it the clauses must hold again. Who has what follows from what the
// call is and which cell it writes, never from what it writes there: that is what the clauses are
// asked about. No access may touch a ledger that may be gone.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <string>

#include "caiman/orders.hpp"
#include "ledger/books.hpp"
#include "solver/paths.hpp"
#include "story.hpp"

namespace caiman::proof {

/// A cell of a ledger.
struct book_cell {
  enum class kind : unsigned char { taken, returned, handles, met, rest, closed, ended } is;
  unsigned line = 0;  ///< Of the first two.
};
/// For people: "taken of the own line".
std::string name_of(const book_cell& at);

/// What the call is for; what it has when it begins follows.
enum class book_call : unsigned char {
  add_handle,   ///< Has a handle, and two when it returns.
  drop_handle,  ///< Has a handle.
  took,         ///< Is made through a handle, and has a block when it returns.
  gave,         ///< Has a block.
  look,         ///< Has a block, before and after.
  served,       ///< Is a return that met `awaited`.
  await,        ///< By one thread at a time, while somebody who has a handle waits.
  calm,         ///< The same, later.
  quiet         ///< By whoever was told to end it.
};

/// See above. All of it is of the path that this process is on.
class books_world {
 public:
  /// There is one.
  static books_world& here();

  /// Begins a call by a thread that has a line of its own at hand, or counts on the shared one.
  void begin(const std::string& name, returns how, book_call what, bool own_line);
  /// Whether it has.
  bool has_own_line() const { return own_line_; }
  returns how() const { return how_; }

  // ---- accesses ------------------------------------------------------------------------------

  /// The site that the next access is of.
  void next_site(protocol::site at) { site_ = at; }
  term load(const book_cell& at);
  /// What a write makes of what it finds.
  using change = term (*)(const term& before, const term& operand);
  /// Writes, and gives what it found; `kind` as traces call it.
  term write(const char* kind, const book_cell& at, change make, const term& operand);
  /// A statistic is read or written: nothing but that the ledger must be there.
  void touch();

  // ---- contracts -----------------------------------------------------------------------------

  /// The call returns with so many handles, blocks and returns that are still to be counted off,
  /// is on no line and has nothing left to close or to mark; `told` to end it exactly when it was
  /// its access after which nobody had anything of the ledger any more.
  void must_return(unsigned handles, unsigned blocks, unsigned pending, bool told);
  /// The caller was told whether it may let the lines go: then nobody may touch them, now or later.
  /// Where returns are one access each it may.
  void must_be_let_alone(bool told);
  /// The state is that of a new ledger.
  void must_begin(const books_state& first, returns how);
  /// What follows from the clauses when no call is under way.
  void must_follow_at_rest(returns how);
  /// `claim` must follow.
  void must_follow(const term& claim, const std::string& what);
  /// Something that must not be has happened.
  void fail(const std::string& what) { must_follow(truth(false), what); }

 private:
  static bool has(books_clause which) { return !left_out_of_books()[static_cast<unsigned>(which)]; }
  bool by_stores() const { return how_ == returns::by_stores; }
  bool is_mine(const book_cell& at) const;
  bool has_one_writer(const book_cell& at) const;

  void any_counts(books_state& of) const;
  void others_run();
  void keep_mine(const books_state& before, books_state& next) const;
  void keep_last(books_state& next) const;
  void keep_cells(const books_state& before, books_state& next) const;
  void assume_clauses();
  void must_be_possible();
  void must_be_there();
  void must_hold_clauses(const books_state& before);
  term& cell_of(const book_cell& at);
  void update_sure();

  term sums_apart() const;
  void others_run_and_sums_stay();
  void looked(const book_cell& at, const term& found);
  void wrote(const book_cell& at, const term& after);
  void wrote_handles();
  void wrote_returned(unsigned line, const term& after);
  void count_anew(unsigned line, const term& after);
  void wrote_marked(unsigned line, const term& count);
  void wrote_stored(unsigned line, const term& count);

  finding found(const std::string& what, const term& claim) const;

  returns how_ = returns::by_exchange;
  book_call call_ = book_call::look;
  bool own_line_ = true;
  books_state now_ = any_books();
  protocol::site site_{};
  std::string where_;  // in the place of the site
  story story_;
  unsigned writes_of_returned_ = 0;
  bool is_closing_ = false;  // the call, of the last handle
  bool is_at_desk_ = false;
  bool is_ahead_ = false;  // by stores: it has not looked yet whether the ledger is closed
  bool adds_up_ = false;   // by stores: it has, and has not left its line
  std::array<bool, line_count> has_read_{};
  per_line read_;
  unsigned touched_ = 0;  // the line of the last write
  term told_ = truth(false);
};

}  // namespace caiman::proof
