// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// books.cpp: the clauses as terms
// ---------------------------------------------------------------------------------------------
#include "books.hpp"

namespace caiman::proof {
namespace {

// As ledger.hpp has them.
constexpr unsigned light_shift = 24;
constexpr std::uint64_t here = 4;
// Nobody has so many blocks, handles or threads.
constexpr std::uint64_t most = std::uint64_t{1} << 38;
constexpr std::uint64_t most_out = std::uint64_t{1} << 39;  // out_of() says so
constexpr std::uint64_t most_on_a_line = std::uint64_t{1} << 20;

term is(const term& of, stage at) { return of == constant(static_cast<unsigned>(at), 2); }
term is(const term& of, desk_stage at) { return of == constant(static_cast<unsigned>(at), 2); }
term if_so(const term& condition, const term& value) {
  return z3::ite(condition, value, sum_of(0));
}
template <class Each>
term sum_over_lines(const Each& of) {
  term sum = sum_of(0);
  for (unsigned i = 0; i < line_count; ++i) sum = sum + of(i);
  return sum;
}
template <class Each>
term all_lines(const Each& of) {
  term all = truth(true);
  for (unsigned i = 0; i < line_count; ++i) all = all && of(i);
  return all;
}
term are_marked(const books_state& s) {
  const term right = all_lines([&](unsigned i) {
    return bit(s.returned[i], 0) == s.marked[i] && bit(s.returned[i], 1) == s.awaited[i];
  });
  const auto each_is = [&](const per_line& of, bool what) {
    return all_lines([&](unsigned i) { return of[i] == truth(what); });
  };
  return right && z3::implies(is(s.closing, stage::none), each_is(s.marked, false)) &&
         z3::implies(is(s.closing, stage::done), each_is(s.marked, true)) &&
         z3::implies(is(s.desk, desk_stage::none), each_is(s.awaited, false)) &&
         z3::implies(is(s.desk, desk_stage::marked), each_is(s.awaited, true));
}

term met_by_clause(const books_state& s) {
  const term marks =
      sum_over_lines([&](unsigned i) { return if_so(s.awaited[i], s.counts[i] - s.at_desk[i]); });
  const term marked = sum_over_lines([&](unsigned i) { return s.counts[i]; });
  const term unmarks =
      sum_over_lines([&](unsigned i) { return z3::ite(s.awaited[i], s.counts[i], s.at_desk[i]); });
  const term unadded = z3::ite(is(s.desk, desk_stage::none), sum_of(0),
                               z3::ite(is(s.desk, desk_stage::marks), marks,
                                       z3::ite(is(s.desk, desk_stage::marked), marked, unmarks)));
  return s.all_met - unadded;
}

term closed_by_clause(const books_state& s) { return if_so(is(s.closing, stage::done), sum_of(1)); }
// Of one who adds up: what it has read and what stands there differ by returns that were out then.
term are_seen(const books_state& s, const per_line& since) {
  const term few = all_lines([&](unsigned i) { return z3::ult(since[i], sum_of(most_out)); });
  return few && z3::ult(s.all_blocks() + sum_over_lines([&](unsigned i) { return since[i]; }),
                        sum_of(most_out));
}

}  // namespace

std::string_view name_of(books_clause which) {
  constexpr std::string_view names[books_clause_count] = {
      "handles", "books", "last", "frozen", "one-writer", "marks", "met",
      "rest",    "here",  "shut", "seen",   "told",       "ended", "quiet"};
  return names[static_cast<unsigned>(which)];
}

std::array<bool, books_clause_count>& left_out_of_books() {
  static std::array<bool, books_clause_count> none{};
  return none;
}

term books_state::nobody_on_lines() const {
  return all_lines([&](unsigned i) { return on_line(i) == sum_of(0); });
}

books_state any_books() {
  known& here = known::here();
  const auto sum = [&](const char* name) { return here.fresh(name, sum_bits); };
  const auto sums = [&](const char* name) {
    per_line all;
    for (unsigned i = 0; i < line_count; ++i) all.push_back(sum(name));
    return all;
  };
  const auto truths = [&](const char* name) {
    per_line all;
    for (unsigned i = 0; i < line_count; ++i) all.push_back(here.fresh_truth(name));
    return all;
  };
  return {.taken = sums("taken"),
          .returned = sums("returned"),
          .handles = sum("handles"),
          .met = sum("met"),
          .rest = sum("rest"),
          .closed = sum("closed"),
          .ended = sum("ended"),
          .counts = sums("counts"),
          .my_handles = sum_of(0),
          .others_handles = sum("others_handles"),
          .waiting_handles = sum("waiting_handles"),
          .my_blocks = sum_of(0),
          .others_blocks = sum("others_blocks"),
          .my_pending = sum_of(0),
          .others_pending = sum("others_pending"),
          .my_here = per_line(line_count, sum_of(0)),
          .others_here = sums("others_here"),
          .closing = here.fresh("closing", 2),
          .marked = truths("marked"),
          .at_mark = sums("at_mark"),
          .desk = here.fresh("desk", 2),
          .awaited = truths("awaited"),
          .at_desk = sums("at_desk"),
          .all_met = sum("all_met"),
          .last_taken = sums("last_taken"),
          .last_met = sum("last_met"),
          .others_since = sums("others_since"),
          .my_since = per_line(line_count, sum_of(0)),
          .others_sure = here.fresh_truth("others_sure"),
          .my_sure = truth(false),
          .others_quiet = truths("others_quiet"),
          .my_quiet = per_line(line_count, truth(false))};
}

books_state first_books(const per_line& taken, const per_line& returned, const term& handles,
                        const term& met, const term& rest, const term& closed, const term& ended,
                        returns how) {
  books_state s = any_books();
  const per_line zeroes(line_count, sum_of(0));
  const per_line no(line_count, truth(false));
  s.taken = taken;
  s.returned = returned;
  s.counts.clear();
  for (const term& each : returned) s.counts.push_back(count_in(each, how));
  s.handles = handles;
  s.met = met;
  s.rest = rest;
  s.closed = closed;
  s.ended = ended;
  s.my_handles = sum_of(1);
  s.others_handles = s.waiting_handles = s.others_blocks = s.others_pending = sum_of(0);
  s.others_here = s.others_since = zeroes;
  s.closing = s.desk = constant(0, 2);
  s.marked = s.awaited = s.others_quiet = no;
  s.all_met = sum_of(0);
  s.others_sure = truth(false);
  return s;
}

const std::vector<books_clause>& clauses_of(returns how) {
  using enum books_clause;
  static const std::vector<books_clause> exchanged{handles, books, last, frozen, marks, met, rest};
  static const std::vector<books_clause> stored{handles, books, last, frozen, here,
                                                shut,    seen,  told, ended,  quiet};
  return how == returns::by_exchange ? exchanged : stored;
}

term count_in(const term& returned, returns how) {
  return z3::lshr(returned, sum_of(how == returns::by_exchange ? 2 : light_shift));
}

term rest_by_clause(const books_state& s) {
  const term met_closed =
      sum_over_lines([&](unsigned i) { return if_so(s.marked[i], s.counts[i] - s.at_mark[i]); });
  return s.all_pending() +
         z3::ite(is(s.closing, stage::done), s.all_blocks(), sum_of(0) - s.all_met - met_closed);
}

term unbalanced(const books_state& s, returns how) {
  const term sum = sum_over_lines([&](unsigned i) { return s.taken[i] - s.counts[i]; });
  const std::uint64_t unit = how == returns::by_stores ? std::uint64_t{1} << light_shift : 1;
  return (sum - s.all_blocks()) * sum_of(unit);
}
term low_count(const term& of) {
  return of & sum_of((std::uint64_t{1} << (sum_bits - light_shift)) - 1);
}
term any_count(returns how) {
  const unsigned wide = sum_bits - (how == returns::by_exchange ? 2 : light_shift);
  return z3::zext(known::here().fresh("count", wide), sum_bits - wide);
}
term returned_by_clause(const books_state& s, unsigned i, returns how) {
  if (how == returns::by_exchange) {
    const auto flag = [](const term& of) { return z3::ite(of, constant(1, 1), constant(0, 1)); };
    return z3::concat(s.counts[i].extract(61, 0),
                      z3::concat(flag(s.awaited[i]), flag(s.marked[i])));
  }
  return z3::concat(s.counts[i].extract(sum_bits - light_shift - 1, 0),
                    z3::concat(s.on_line(i).extract(light_shift - 3, 0), constant(0, 2)));
}

term holds_of_books(books_clause which, const books_state& s, returns how) {
  const term none = sum_of(0);
  const term no_handle = s.all_handles() == none;
  switch (which) {
    case books_clause::handles:
      return s.handles == s.all_handles();
    case books_clause::books:
      return unbalanced(s, how) == none;
    case books_clause::last:
      return no_handle == !is(s.closing, stage::none) &&
             z3::implies(!is(s.desk, desk_stage::none), s.waiting_handles != none);
    case books_clause::frozen:
      return z3::implies(no_handle, s.all_met == s.last_met && all_lines([&](unsigned i) {
                                      return s.taken[i] == s.last_taken[i];
                                    }));
    case books_clause::one_writer:
      break;
    case books_clause::marks:
      return are_marked(s);
    case books_clause::met:
      return s.met == met_by_clause(s);
    case books_clause::rest:
      return s.rest == rest_by_clause(s);
    case books_clause::here:
      return all_lines([&](unsigned i) {
        return (s.returned[i] & sum_of((std::uint64_t{1} << light_shift) - 1)) ==
               s.on_line(i) * sum_of(here);
      });
    case books_clause::shut:
      return s.closed == closed_by_clause(s);
    case books_clause::seen:
      return z3::implies(is(s.closing, stage::done),
                         are_seen(s, s.others_since) && are_seen(s, s.my_since));
    case books_clause::told:
      return z3::implies(no_handle && s.all_blocks() == none && s.ended == none,
                         is(s.closing, stage::begun) || s.my_sure || s.others_sure);
    case books_clause::ended:
      return s.ended == none ||
             (s.ended == sum_of(1) && s.all_blocks() == none && is(s.closing, stage::done));
    case books_clause::quiet:
      return all_lines([&](unsigned i) {
        return z3::implies(s.others_quiet[i] || s.my_quiet[i],
                           s.ended == sum_of(1) && s.on_line(i) == none);
      });
  }
  return truth(true);
}

void solve(books_clause which, books_state& s, returns how) {
  switch (which) {
    case books_clause::handles:
      s.handles = s.all_handles();
      return;
    case books_clause::met:
      s.met = met_by_clause(s);
      return;
    case books_clause::rest:
      s.rest = rest_by_clause(s);
      return;
    case books_clause::shut:
      s.closed = closed_by_clause(s);
      return;
    case books_clause::marks:
    case books_clause::here:
      for (unsigned i = 0; i < line_count; ++i) s.returned[i] = returned_by_clause(s, i, how);
      return;
    default:
      return;
  }
}

std::vector<term> cases_of(const books_state& s, returns how, unsigned line) {
  std::vector<term> all;
  if (how == returns::by_stores) {
    for (const stage at : {stage::none, stage::begun, stage::done})
      all.push_back(is(s.closing, at));
    return all;
  }
  const term no_desk = is(s.desk, desk_stage::none);
  const term no_closing = is(s.closing, stage::none);
  all.push_back(no_desk && no_closing);
  all.push_back(no_desk && is(s.closing, stage::done));
  all.push_back(no_closing && is(s.desk, desk_stage::marked));
  for (const bool is_marked : {false, true}) {
    all.push_back(no_desk && is(s.closing, stage::begun) && s.marked[line] == truth(is_marked));
    for (const desk_stage at : {desk_stage::marks, desk_stage::unmarks})
      all.push_back(no_closing && is(s.desk, at) && s.awaited[line] == truth(is_marked));
  }
  return all;
}

term in_bounds(const books_state& s, returns how) {
  term all = s.closing != constant(3, 2);
  for (const term& each : {s.others_handles, s.waiting_handles, s.others_blocks, s.others_pending})
    all = all && z3::ult(each, sum_of(most));
  // So many returns no thread makes: before the closing has added, the rest is below zero by them.
  if (how == returns::by_exchange) {
    all = all && (is(s.closing, stage::done) || s.rest == sum_of(0) ||
                  z3::ugt(s.rest, sum_of(std::uint64_t{3} << 62)));
  }
  return all && all_lines([&](unsigned i) {
           return z3::ult(s.others_here[i], sum_of(most_on_a_line)) &&
                  (how == returns::by_stores ||
                   z3::ult(s.counts[i], sum_of((std::uint64_t{1} << 62) - 1)));
         });
}

term has_ended(const books_state& s, returns how) {
  if (how == returns::by_stores) return s.ended == sum_of(1);
  return is(s.closing, stage::done) && s.all_blocks() + s.all_pending() == sum_of(0);
}

term may_be_gone(const books_state& s, returns how) {
  if (how == returns::by_exchange) return has_ended(s, how);
  return has_ended(s, how) && all_lines([&](unsigned i) { return s.others_quiet[i]; });
}

}  // namespace caiman::proof
