// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// books_contracts.cpp: what a call must have come to, and how a broken one is told
// ---------------------------------------------------------------------------------------------
#include <utility>
#include <vector>

#include "ledger/books_world.hpp"

namespace caiman::proof {

std::string name_of(const book_cell& at) {
  constexpr const char* kinds[] = {"taken", "returned", "handles_", "met_",
                                   "rest_", "closed_",  "ended_"};
  constexpr const char* lines[line_count] = {"the own line", "another's line", "the shared line"};
  std::string name = kinds[static_cast<unsigned>(at.is)];
  if (at.is == book_cell::kind::taken || at.is == book_cell::kind::returned)
    name += std::string(" of ") + lines[at.line];
  return name;
}

void books_world::must_return(unsigned handles, unsigned blocks, unsigned pending, bool told) {
  where_ = "the end";
  must_follow(now_.my_handles == sum_of(handles), "it has another number of handles");
  must_follow(now_.my_blocks == sum_of(blocks), "it has another number of blocks");
  must_follow(now_.my_pending == sum_of(pending), "a return does not count itself off");
  for (const term& each : now_.my_here) must_follow(each == sum_of(0), "it stays on a line");
  if (is_closing_) must_follow(now_.closing == at_stage(stage::done), "it does not close");
  if (is_ahead_ || adds_up_) fail("it goes before it has left");
  if (is_at_desk_) {
    const desk_stage last = call_ == book_call::await ? desk_stage::marked : desk_stage::none;
    must_follow(now_.desk == at_stage(last), "it does not count those that met the mark");
  }
  must_follow(told_ == truth(told),
              told ? "it is told to end, and should not be" : "nobody is told to end it");
}

void books_world::must_be_let_alone(bool told) {
  where_ = "the end";
  if (!told) {
    if (!by_stores()) fail("it waits for threads that cannot be there");
    return;
  }
  others_run();
  if (by_stores()) must_follow(now_.nobody_on_lines(), "somebody is on a line yet");
  must_follow(now_.all_pending() == sum_of(0) || truth(by_stores()),
              "a return is to be counted off yet");
  must_follow(now_.all_handles() == sum_of(0) && now_.all_blocks() == sum_of(0),
              "somebody has something of it yet");
}

void books_world::must_begin(const books_state& first, returns how) {
  how_ = how;
  now_ = first;
  where_ = "the beginning";
  story_.begin("a new ledger");
  known::here().assume(now_.all_met == sum_of(0));
  for (const books_clause each : clauses_of(how)) {
    if (has(each)) must_follow(holds_of_books(each, now_, how), std::string(name_of(each)));
  }
}

// R1: of what no call is under way, it has ended where nobody has anything of it, and only there.
void books_world::must_follow_at_rest(returns how) {
  begin("no call is under way", how, book_call::add_handle, false);
  now_.my_handles = sum_of(0);
  others_run();
  where_ = "the end";
  known& here = known::here();
  here.assume(now_.all_pending() == sum_of(0) && now_.nobody_on_lines() && !now_.others_sure);
  here.assume(now_.closing != at_stage(stage::begun));
  const term nothing = now_.all_handles() == sum_of(0) && now_.all_blocks() == sum_of(0);
  must_follow(z3::implies(nothing, has_ended(now_, how)), "R1: nobody ends it");
  must_follow(z3::implies(has_ended(now_, how), nothing), "R1: it ends while somebody has it");
}

void books_world::must_follow(const term& claim, const std::string& what) {
  must(claim, what.c_str(), [&] { return found(what, claim); });
}

finding books_world::found(const std::string& what, const term& claim) const {
  std::vector<std::pair<std::string, term>> named{{"handles of the call", now_.my_handles},
                                                  {"handles of others", now_.others_handles},
                                                  {"handles of who waits", now_.waiting_handles},
                                                  {"blocks of the call", now_.my_blocks},
                                                  {"blocks of others", now_.others_blocks},
                                                  {"returns to be counted off", now_.all_pending()},
                                                  {"rest_", now_.rest},
                                                  {"met_", now_.met},
                                                  {"handles_", now_.handles},
                                                  {"closed_", now_.closed},
                                                  {"ended_", now_.ended}};
  for (unsigned i = 0; i < line_count; ++i) {
    for (const auto kind : {book_cell::kind::taken, book_cell::kind::returned}) {
      const bool is_taken = kind == book_cell::kind::taken;
      named.emplace_back(name_of(book_cell{kind, i}) + (is_taken ? "" : ", the count"),
                         is_taken ? now_.taken[i] : count_in(now_.returned[i], how_));
    }
  }
  const std::string site = name_of(site_);
  return {what, where_.empty() ? site : where_, told(story_, claim, named)};
}

}  // namespace caiman::proof
