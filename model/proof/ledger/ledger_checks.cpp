// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// ledger_checks.cpp: the calls of ledger.hpp and shares.hpp, and their contracts
//
// A name is call/ledger/WAY/LINE: `marked` where returns are read-modify-writes, which may meet a
// mark, `light` where they are stores; `own` on the caller's line, `shared` on the one that others
// use, too. Compiled for each core that is to be checked.
// ---------------------------------------------------------------------------------------------
#include "ledger/ledger_checks.hpp"

#include <memory>

#include "caiman/detail/ledger.hpp"
#include "caiman/detail/shares.hpp"
#include "ledger/books_sync.hpp"

namespace caiman::proof {
namespace {

using detail::duty;
using books_of = detail::ledger<books_sync>;
using shares = detail::share_count<books_sync>;
using enum book_call;

books_world& world_now() { return books_world::here(); }

// A ledger whose cells are known, in the state in which the constructor leaves it.
std::unique_ptr<books_of> new_books() {
  auto books = std::make_unique<books_of>(books_sync::home{});
  auto& places = books_cells::here().places;
  places.clear();
  for (unsigned i = 0; i < line_count; ++i) {
    places[&books->lines_[i].taken] = {book_cell::kind::taken, i};
    places[&books->lines_[i].returned] = {book_cell::kind::returned, i};
  }
  places[&books->handles_] = {book_cell::kind::handles};
  places[&books->met_] = {book_cell::kind::met};
  places[&books->rest_] = {book_cell::kind::rest};
  places[&books->closed_] = {book_cell::kind::closed};
  places[&books->ended_] = {book_cell::kind::ended};
  return books;
}

// What a return is told, from the call on; `late` of gave_at_once() counts in.
duty gave_back(books_of& books, bool at_once) {
  if (!at_once) return books.gave();
  if (books.gave_at_once(books_sync::scaled_slot())) return duty::none;
  return books.gave_late(books_sync::scaled_slot());
}
void must_have_returned(duty next) {
  world_now().must_return(0, 0, next == duty::serve ? 1 : 0, next == duty::end);
}

void begins(books_of& books, returns how) {
  per_line taken;
  per_line returned;
  for (const auto& each : books.lines_) {
    taken.push_back(each.taken.first());
    returned.push_back(each.returned.first());
  }
  world_now().must_begin(
      first_books(taken, returned, books.handles_.first(), books.met_.first(), books.rest_.first(),
                  books.closed_.first(), books.ended_.first(), how),
      how);
}

struct way {
  returns how;
  bool own_line;
  std::string name() const {
    return how == returns::by_stores ? "/ledger/light" : "/ledger/marked";
  }
  std::string whole_name() const { return name() + (own_line ? "/own" : "/shared"); }
};

using body = void (*)(books_of&);

// A call of a ledger.
void add(checks& all, const std::string& call, const way& in, book_call what, body run) {
  const std::string name = call + in.whole_name();
  all.push_back({name, "", [=](const effort& limits) {
                   return explore(limits, [&] {
                     world_now().begin(call, in.how, what, in.own_line);
                     run(*new_books());
                   });
                 }});
}

void add_handles_and_blocks(checks& all, const way& in) {
  add(all, "add_handle", in, add_handle, [](books_of& books) {
    books.add_handle();
    world_now().must_return(2, 0, 0, false);
  });
  add(all, "drop_handle", in, drop_handle, [](books_of& books) {
    const bool ends = books.drop_handle();
    world_now().must_return(0, 0, 0, ends);
  });
  add(all, "took", in, took, [](books_of& books) {
    books.took();
    world_now().must_return(1, 1, 0, false);
  });
  add(all, "gave", in, gave, [](books_of& books) { must_have_returned(gave_back(books, false)); });
  add(all, "is_awaited", in, look, [](books_of& books) {
    static_cast<void>(books.is_awaited());
    world_now().must_return(0, 1, 0, false);
  });
  add(all, "seems_awaited", in, look, [](books_of& books) {
    static_cast<void>(books.seems_awaited());
    world_now().must_return(0, 1, 0, false);
  });
  if (!in.own_line) return;
  add(all, "took_at_hand", in, took, [](books_of& books) {
    books.took(books_sync::scaled_slot());
    world_now().must_return(1, 1, 0, false);
  });
  if (in.how == returns::by_exchange) return;
  add(all, "gave_at_once", in, gave,
      [](books_of& books) { must_have_returned(gave_back(books, true)); });
}

void add_waiters(checks& all, const way& in) {
  add(all, "await", in, await, [](books_of& books) {
    books.await();
    world_now().must_return(0, 0, 0, false);
  });
  add(all, "await_no_more", in, calm, [](books_of& books) {
    books.await_no_more();
    world_now().must_return(0, 0, 0, false);
  });
  add(all, "served", in, served, [](books_of& books) { must_have_returned(books.served()); });
}

void add_ends(checks& all, const way& in) {
  all.push_back({"hence" + in.name(), "", [in](const effort& limits) {
                   return explore(limits, [&] { world_now().must_follow_at_rest(in.how); });
                 }});
  all.push_back({"begins" + in.name(), "", [in](const effort& limits) {
                   return explore(limits, [&] {
                     world_now().begin("a new ledger", in.how, look, true);
                     begins(*new_books(), in.how);
                   });
                 }});
  add(all, "is_quiet", in, quiet,
      [](books_of& books) { world_now().must_be_let_alone(books.is_quiet()); });
}

// A call of shares, by somebody who has one and gets so many more.
void add_shares(checks& all, const std::string& call, int gets, void (*run)(shares&)) {
  all.push_back({call + "/shares", "", [=](const effort& limits) {
                   return explore(limits, [&] {
                     const auto count = std::make_unique<shares>();
                     shares_world::here().begin(call + " of shares", gets);
                     run(*count);
                   });
                 }});
}

}  // namespace

void add_ledger_checks(checks& all) {
  for (const returns how : {returns::by_exchange, returns::by_stores}) {
    add_ends(all, {how, true});
    for (const bool own_line : {true, false}) {
      add_handles_and_blocks(all, {how, own_line});
      if (how == returns::by_exchange && own_line) add_waiters(all, {how, own_line});
    }
  }
  add_shares(all, "begins", 0,
             [](shares& of) { shares_world::here().must_begin(of.count_.first()); });
  add_shares(all, "add", 1, [](shares& of) { of.add(); });
  add_shares(all, "is_sole", 0,
             [](shares& of) { shares_world::here().must_be_sole(of.is_sole()); });
  add_shares(all, "drop", -1, [](shares& of) { shares_world::here().must_be_last(of.drop()); });
}

}  // namespace caiman::proof
