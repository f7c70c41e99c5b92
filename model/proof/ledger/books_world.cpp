// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// books_world.cpp: what the others leave, accesses, and what the call has then
// ---------------------------------------------------------------------------------------------
#include "ledger/books_world.hpp"

#include <stdexcept>
#include <utility>
#include <vector>

namespace caiman::proof {

books_world& books_world::here() {
  static books_world one;
  return one;
}

void books_world::begin(const std::string& name, returns how, book_call what, bool own_line) {
  how_ = how;
  call_ = what;
  own_line_ = own_line;
  where_.clear();
  story_.begin(name + (own_line ? ", on a line of its own" : ", on the shared line"));
  writes_of_returned_ = 0;
  is_closing_ = is_ahead_ = adds_up_ = false;
  is_at_desk_ = what == book_call::await || what == book_call::calm;
  has_read_ = {};
  read_ = per_line(line_count, sum_of(0));
  told_ = truth(false);
  touched_ = shared_one;
  now_ = any_books();
  any_counts(now_);
  const bool has_handle =
      what == book_call::add_handle || what == book_call::drop_handle || what == book_call::took;
  const bool has_block = what == book_call::gave || what == book_call::look;
  now_.my_handles = sum_of(has_handle ? 1 : 0);
  now_.my_blocks = sum_of(has_block ? 1 : 0);
  now_.my_pending = sum_of(what == book_call::served ? 1 : 0);
  if (is_at_desk_)
    now_.desk = at_stage(what == book_call::await ? desk_stage::none : desk_stage::marked);
  if (what == book_call::await) now_.awaited = per_line(line_count, truth(false));
  if (what == book_call::calm) now_.awaited = per_line(line_count, truth(true));
}

// ---- what the others leave ------------------------------------------------------------------

// Whether the call is the one that may write it, of a cell that has one writer.
bool books_world::is_mine(const book_cell& at) const {
  switch (at.is) {
    case book_cell::kind::taken:
    case book_cell::kind::returned:
      return own_line_ && at.line == 0;
    case book_cell::kind::met:
      return is_at_desk_;
    case book_cell::kind::closed:
      return is_closing_;
    default:
      return true;
  }
}
bool books_world::has_one_writer(const book_cell& at) const {
  switch (at.is) {
    case book_cell::kind::taken:
      return at.line != shared_one;
    case book_cell::kind::returned:
      return at.line != shared_one && by_stores();
    case book_cell::kind::met:
    case book_cell::kind::closed:
      return true;
    default:
      return false;
  }
}

// What the others cannot change: what the call has and is, and what nobody else writes.
void books_world::keep_mine(const books_state& before, books_state& next) const {
  next.my_handles = before.my_handles;
  next.my_blocks = before.my_blocks;
  next.my_pending = before.my_pending;
  next.my_here = before.my_here;
  next.my_quiet = before.my_quiet;
  next.last_taken = before.last_taken;
  next.last_met = before.last_met;
  if (is_closing_) {
    next.closing = before.closing;
    next.marked = before.marked;
    next.at_mark = before.at_mark;
  }
  if (is_at_desk_) {
    next.desk = before.desk;
    next.awaited = before.awaited;
    next.at_desk = before.at_desk;
  }
}
void books_world::keep_last(books_state& next) const {
  // After the last handle nobody takes anything, and nobody waits.
  if (is_closing_ && has(books_clause::last)) {
    next.desk = at_stage(desk_stage::none);
    if (has(books_clause::marks)) next.awaited = per_line(line_count, truth(false));
    if (has(books_clause::frozen)) next.all_met = next.last_met;
  }
  if ((is_closing_ || adds_up_) && has(books_clause::frozen)) next.taken = next.last_taken;
}
// What nobody else writes.
void books_world::keep_cells(const books_state& before, books_state& next) const {
  if (!has(books_clause::one_writer)) return;
  if (own_line_) next.taken[0] = before.taken[0];
  if (own_line_ && by_stores()) {
    next.returned[0] = before.returned[0];
    next.counts[0] = before.counts[0];
    next.my_since[0] = before.my_since[0];
  }
  if (is_at_desk_) next.met = before.met;
}

void books_world::assume_clauses() {
  known& here = known::here();
  here.assume(in_bounds(now_, how_));
  for (const books_clause each : clauses_of(how_)) {
    if (has(each)) here.assume(holds_of_books(each, now_, how_));
  }
}

void books_world::any_counts(books_state& of) const {
  for (unsigned i = 0; i < line_count; ++i) {
    of.counts[i] = any_count(how_);
    of.returned[i] = z3::concat(of.counts[i].extract(by_stores() ? 39 : 61, 0),
                                of.returned[i].extract(by_stores() ? 23 : 1, 0));
  }
}

// The clauses that say what a cell holds are put into it, and the rest is assumed.
void books_world::others_run() {
  known::here().begin_state();
  books_state next = any_books();
  keep_mine(now_, next);
  const bool is_seen = by_stores() && adds_up_;
  any_counts(next);
  for (unsigned i = 0; i < line_count && is_seen; ++i) {
    if (!has_read_[i]) continue;
    next.my_since[i] = known::here().fresh("since", sum_bits);
    next.counts[i] = read_[i] + next.my_since[i];
    next.returned[i] = z3::concat(next.counts[i].extract(39, 0), next.returned[i].extract(23, 0));
  }
  // What is closed stays closed.
  if (adds_up_ && has(books_clause::last) &&
      known::here().holds(now_.closing == at_stage(stage::done)))
    next.closing = at_stage(stage::done);
  keep_last(next);
  for (const books_clause each : clauses_of(how_)) {
    if (has(each)) solve(each, next, how_);
  }
  keep_cells(now_, next);
  const term ended = now_.ended;
  now_ = std::move(next);
  update_sure();
  if (by_stores() && has(books_clause::ended))
    known::here().assume(z3::implies(ended == sum_of(1), now_.ended == sum_of(1)));
  if (is_at_desk_) known::here().assume(now_.waiting_handles != sum_of(0));
  if (call_ == book_call::quiet) {
    known::here().assume(has_ended(now_, how_));
    now_.others_quiet = per_line(line_count, truth(false));
  }
  assume_clauses();
  must_be_possible();
}

// What follows from what cannot be would say nothing. Small numbers are looked for first: the
// solver finds them at once.
void books_world::must_be_possible() {
  known& here = known::here();
  for (const per_line& each : {now_.last_taken, now_.taken}) {
    for (const term& one : each) here.try_first(z3::ult(one, sum_of(8)));
  }
  for (const per_line& each :
       {now_.counts, now_.my_since, now_.others_since, now_.at_mark, now_.at_desk}) {
    for (const term& one : each) here.try_first(z3::ult(low_count(one), sum_of(8)));
  }
  for (const term& one : {now_.last_met, now_.all_met, now_.others_blocks, now_.others_pending,
                          now_.others_handles, now_.waiting_handles})
    here.try_first(z3::ult(one, sum_of(8)));
  if (!here.can(now_.handles == here.fresh("any", sum_bits)))
    throw std::logic_error("the clauses allow no state");
}

// Whether the call is one that will see all, if all has been returned.
void books_world::update_sure() {
  term sure = truth(is_ahead_ || adds_up_);
  for (unsigned i = 0; i < line_count && adds_up_; ++i) {
    if (has_read_[i]) sure = sure && now_.my_since[i] == sum_of(0);
  }
  now_.my_sure = sure;
}

// ---- accesses -------------------------------------------------------------------------------

term& books_world::cell_of(const book_cell& at) {
  switch (at.is) {
    case book_cell::kind::taken:
      return now_.taken[at.line];
    case book_cell::kind::returned:
      return now_.returned[at.line];
    case book_cell::kind::handles:
      return now_.handles;
    case book_cell::kind::met:
      return now_.met;
    case book_cell::kind::rest:
      return now_.rest;
    case book_cell::kind::closed:
      return now_.closed;
    case book_cell::kind::ended:
      break;
  }
  return now_.ended;
}

void books_world::must_be_there() {
  if (call_ == book_call::quiet) return;  // nobody else can let it go
  must_follow(!may_be_gone(now_, how_), "it is touched after its end");
}

term books_world::load(const book_cell& at) {
  count_access();
  others_run();
  const books_state before = now_;
  const term found = cell_of(at);
  story_.access(name_of(site_), "load", name_of(at));
  story_.saw(found, found);
  must_be_there();
  if (by_stores()) looked(at, found);
  return found;
}

term books_world::write(const char* kind, const book_cell& at, change make, const term& operand) {
  count_access();
  others_run_and_sums_stay();
  const books_state before = now_;
  const term found = cell_of(at);
  touched_ = at.line;
  const term left = make(found, operand).simplify();
  story_.access(name_of(site_), kind, name_of(at));
  story_.saw(found, left);
  must_be_there();
  if (has(books_clause::one_writer) && has_one_writer(at) && !is_mine(at)) fail("one-writer");
  cell_of(at) = left;
  wrote(at, left);
  must_hold_clauses(before);
  if (at.is == book_cell::kind::returned && by_stores() && has(books_clause::here)) {
    now_.returned[at.line] = returned_by_clause(now_, at.line, how_).simplify();
    now_.counts[at.line] = count_in(now_.returned[at.line], how_).simplify();
  }
  // The same number in other words: what a sum comes to is a matter of how much is out.
  if (at.is == book_cell::kind::rest && !by_stores() && has(books_clause::rest))
    return (rest_by_clause(now_) - operand).simplify();
  return found;
}

// What the sums of one who adds up differ by, times 2^24.
term books_world::sums_apart() const {
  term sum = sum_of(0);
  for (unsigned i = 0; i < line_count; ++i) sum = sum + now_.taken[i] - read_[i];
  return (sum * sum_of(std::uint64_t{1} << 24)).simplify();
}
// The others run; and what the call has decided of its sums is said of the new state. Where two
// terms are 0 their difference is, in which nothing is left but what is out and what came since.
void books_world::others_run_and_sums_stay() {
  known& here = known::here();
  const bool is_sum = by_stores() && adds_up_ && has(books_clause::books) &&
                      has_read_ == std::array{true, true, true};
  const bool are_equal = is_sum && here.holds(sums_apart() == sum_of(0));
  const bool differ = is_sum && !are_equal && here.holds(sums_apart() != sum_of(0));
  const term before = sums_apart();
  others_run();
  if ((!are_equal && !differ) || !here.holds(sums_apart() == before)) return;
  if (differ) return here.assume(sums_apart() != sum_of(0));
  here.assume(sums_apart() - unbalanced(now_, how_) == sum_of(0));
}

void books_world::touch() {
  where_ = "a statistic";
  others_run();
  story_.access(where_, "load", where_);
  must_be_there();
  where_.clear();
}

void books_world::must_hold_clauses(const books_state& before) {
  std::vector<term> cases = cases_of(now_, how_, touched_);
  term some = truth(false);
  for (const term& one : cases) some = some || one;
  if (!known::here().holds(some)) cases.assign(1, truth(true));
  for (const books_clause each : clauses_of(how_)) {
    if (!has(each)) continue;
    term claim = holds_of_books(each, now_, how_);
    // What is for ever.
    if (each == books_clause::ended) {
      claim = claim && z3::implies(has_ended(before, how_), has_ended(now_, how_));
    } else if (each == books_clause::last) {
      const term done = at_stage(stage::done);
      claim = claim && z3::implies(before.closing == done, now_.closing == done);
    }
    for (const term& one : cases) must_follow(z3::implies(one, claim), std::string(name_of(each)));
  }
  told_ = (told_ || (has_ended(now_, how_) && !has_ended(before, how_))).simplify();
}

// ---- what the call has and is then ----------------------------------------------------------

void books_world::looked(const book_cell& at, const term& found) {
  const books_state before = now_;
  if (at.is == book_cell::kind::closed && call_ == book_call::gave) {
    is_ahead_ = false;
    adds_up_ = decide(found != sum_of(0));
  } else if (at.is == book_cell::kind::returned && adds_up_) {
    has_read_[at.line] = true;
    read_[at.line] = now_.counts[at.line];
    now_.my_since[at.line] = sum_of(0);
  } else if (at.is == book_cell::kind::returned && call_ == book_call::quiet) {
    now_.my_quiet[at.line] = now_.on_line(at.line) == sum_of(0);
  } else {
    return;
  }
  update_sure();
  must_hold_clauses(before);
}

void books_world::wrote(const book_cell& at, const term& after) {
  switch (at.is) {
    case book_cell::kind::handles:
      return wrote_handles();
    case book_cell::kind::taken:
      if (call_ == book_call::took) now_.my_blocks = now_.my_blocks + sum_of(1);
      return;
    case book_cell::kind::returned:
      return wrote_returned(at.line, after);
    case book_cell::kind::met:
      if (call_ == book_call::await) now_.desk = at_stage(desk_stage::marked);
      if (call_ == book_call::calm) now_.desk = at_stage(desk_stage::none);
      return;
    case book_cell::kind::rest:
      if (by_stores()) return;
      if (is_closing_) {
        now_.closing = at_stage(stage::done);
      } else {
        now_.my_pending = now_.my_pending - sum_of(1);
      }
      return;
    case book_cell::kind::closed:
      if (!is_closing_) return;
      now_.closing = at_stage(stage::done);
      now_.others_since = per_line(line_count, sum_of(0));  // nobody has added up anything
      adds_up_ = true;
      update_sure();
      return;
    case book_cell::kind::ended:
      return;
  }
}

void books_world::wrote_handles() {
  const term added = sum_of(call_ == book_call::add_handle ? 1 : ~std::uint64_t{0});
  now_.my_handles = now_.my_handles + added;
  if (call_ != book_call::drop_handle || !decide(now_.all_handles() == sum_of(0))) return;
  is_closing_ = true;
  now_.closing = at_stage(stage::begun);
  now_.marked = per_line(line_count, truth(false));
  // Here is the moment that the prophecies speak of.
  known::here().assume(now_.all_met == now_.last_met);
  for (unsigned i = 0; i < line_count; ++i)
    known::here().assume(now_.taken[i] == now_.last_taken[i]);
}

void books_world::wrote_returned(unsigned line, const term& after) {
  ++writes_of_returned_;
  const term count = now_.counts[line];
  count_anew(line, after);
  if (by_stores()) {
    wrote_stored(line, count);
  } else {
    wrote_marked(line, count);
  }
}

// What the line says now, in as few words as the solver finds: the same, or one more.
void books_world::count_anew(unsigned line, const term& after) {
  const term found = count_in(after, how_);
  term& count = now_.counts[line];
  for (const unsigned more : {0U, 1U}) {
    const term guess = count + sum_of(more);
    if (!known::here().holds(by_stores() ? low_count(guess) == found : guess == found)) continue;
    count = guess;
    return;
  }
  count = found;
}

void books_world::wrote_marked(unsigned line, const term& count) {
  if (call_ == book_call::gave && writes_of_returned_ == 1) {
    now_.my_blocks = sum_of(0);
    now_.my_pending =
        z3::ite(now_.marked[line] || now_.awaited[line], sum_of(1), sum_of(0)).simplify();
    now_.all_met = now_.all_met + z3::ite(now_.awaited[line], sum_of(1), sum_of(0));
  } else if (is_at_desk_) {
    now_.desk = at_stage(call_ == book_call::await ? desk_stage::marks : desk_stage::unmarks);
    now_.awaited[line] = truth(call_ == book_call::await);
    now_.at_desk[line] = count;
  } else if (is_closing_) {
    now_.marked[line] = truth(true);
    now_.at_mark[line] = count;
  }
}

void books_world::wrote_stored(unsigned line, const term& count) {
  now_.others_since[line] =
      low_count((now_.others_since[line] + now_.counts[line] - count).simplify());
  if (call_ != book_call::gave && !is_closing_) return;
  const bool comes = writes_of_returned_ == 1;
  now_.my_here[line] = now_.my_here[line] + sum_of(comes ? 1 : ~std::uint64_t{0});
  if (comes && call_ == book_call::gave) {
    now_.my_blocks = sum_of(0);
    is_ahead_ = true;
  }
  if (!comes) is_ahead_ = adds_up_ = false;
  update_sure();
}

}  // namespace caiman::proof
