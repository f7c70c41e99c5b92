// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// engine_test.cpp: what the engine says of a search is exactly what it did
//
// Every number of the verify table comes from here: how many executions, whether the search came
// to its end, what convicted and how to see it again. The textbook specimen serves wherever a
// conviction is needed, since it has known faults; the core wherever none may come.
// ---------------------------------------------------------------------------------------------
#include "engine/engine.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>
#include <csignal>

#include "caiman-model/program.hpp"
#include "caiman_client.hpp"
#include "commands/plan.hpp"

namespace caiman::model {
namespace {

/// What the engine runs.
const bool has_client = (use_client(caiman_client()), true);

using outcome_of_run = verdict::outcome;

constexpr std::string_view sound = "fanout=2 order=1 : 0A0 0A0>1 ; F0 | F0";
constexpr std::string_view lost_merge = "fanout=2 order=2 core=textbook : 0A1 0A0 0A0>1 ; F1 | F0";
constexpr std::string_view lost_hint =
    "fanout=2 order=2 core=textbook : 0A0 0A0 0A0 0A0 0F0 ; F2 | A0";
constexpr std::string_view spurious_full = "fanout=2 order=1 core=textbook : ; A0 | A0";

program program_of(std::string_view text) {
  const auto p = parse_program(text);
  REQUIRE(p.has_value());
  return *p;
}

search random_search(std::uint64_t executions, std::uint64_t seed = 0) {
  return {search::method::random, 0, executions, seed, {}};
}
search bound_search(unsigned bound, std::uint64_t executions) {
  return {search::method::bound, bound, executions, 0, {}};
}
search full_search(std::uint64_t executions) {
  return {search::method::full, 0, executions, 0, {}};
}

verdict run_text(std::string_view text, const search& how) {
  return run({program_of(text), shipped_orders(), false, how});
}

void check_clean(const verdict& v) {
  CHECK(v.what == outcome_of_run::passed);
  CHECK(v.property.empty());
  CHECK(v.text.empty());
  CHECK(v.state.empty());
  CHECK(v.seen.events.empty());
}

/// Whether an event of a recording tells of this.
bool says(const recording& seen, std::string_view text) {
  return std::any_of(seen.events.begin(), seen.events.end(), [&](const event& e) {
    return e.kind == event_kind::note && e.text.find(text) != std::string::npos;
  });
}

void check_same(const verdict& left, const verdict& right) {
  CHECK(left.what == right.what);
  CHECK(left.exhausted == right.exhausted);
  CHECK(left.executions == right.executions);
  CHECK(left.property == right.property);
  CHECK(left.text == right.text);
  CHECK(left.state == right.state);
}

// ---- counts --------------------------------------------------------------------------------

TEST_CASE("a random search runs as many executions as it was given", "[engine]") {
  for (const std::uint64_t executions : {1U, 2U, 17U, 1000U}) {
    for (const std::uint64_t seed : {0U, 1U, 1'000'000U}) {
      INFO(executions << " from seed " << seed);
      const verdict v = run_text(sound, random_search(executions, seed));
      check_clean(v);
      CHECK(v.executions == executions);
      CHECK_FALSE(v.exhausted);
      CHECK(v.seconds > 0);
    }
  }
}

TEST_CASE("a tree search that ends says so, and counts the same each time", "[engine]") {
  const verdict full = run_text(sound, full_search(1'000'000));
  check_clean(full);
  CHECK(full.exhausted);
  CHECK(full.executions > 10'000);
  CHECK(full.executions < 1'000'000);
  check_same(run_text(sound, full_search(1'000'000)), full);

  std::uint64_t before = 0;
  for (const unsigned bound : {0U, 1U, 2U, 3U}) {
    INFO("bound " << bound);
    const verdict v = run_text(sound, bound_search(bound, 1'000'000));
    check_clean(v);
    CHECK(v.exhausted);
    CHECK(v.executions > before);
    CHECK(v.executions < full.executions);
    before = v.executions;
    check_same(run_text(sound, bound_search(bound, 1'000'000)), v);
  }
}

TEST_CASE("a tree search that is cut off does not say that it ended", "[engine]") {
  const std::uint64_t all = run_text(sound, bound_search(2, 1'000'000)).executions;
  REQUIRE(all > 10);
  for (const std::uint64_t cap : {std::uint64_t{1}, std::uint64_t{10}, all - 1}) {
    INFO("cut off after " << cap << " of " << all);
    const verdict v = run_text(sound, bound_search(2, cap));
    check_clean(v);
    CHECK_FALSE(v.exhausted);
    CHECK(v.executions == cap);
  }
  const verdict exact = run_text(sound, bound_search(2, all));
  CHECK(exact.exhausted);
  CHECK(exact.executions == all);

  const verdict full = run_text(sound, full_search(100));
  CHECK_FALSE(full.exhausted);
  CHECK(full.executions == 100);
}

// ---- seeds ---------------------------------------------------------------------------------

TEST_CASE("a seed changes the random search, and the same one repeats it", "[engine]") {
  std::set<std::uint64_t> first;
  std::set<std::string> states;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    const verdict v = run_text(lost_hint, random_search(1000, seed));
    REQUIRE(v.what == outcome_of_run::convicted);
    first.insert(v.executions);
    states.insert(v.state);
    check_same(run_text(lost_hint, random_search(1000, seed)), v);
  }
  CHECK(first.size() > 3);
  CHECK(states.size() == 20);
}

TEST_CASE("a conviction ends the search where it was found, whatever was still to come",
          "[engine]") {
  const verdict v = run_text(lost_hint, random_search(1000));
  REQUIRE(v.what == outcome_of_run::convicted);
  REQUIRE(v.executions > 1);
  check_same(run_text(lost_hint, random_search(100'000)), v);
  check_same(run_text(lost_hint, random_search(v.executions)), v);
  check_clean(run_text(lost_hint, random_search(v.executions - 1)));
}

// ---- convictions ---------------------------------------------------------------------------

struct convicted_by {
  std::string_view program;
  std::string_view property;
  std::string_view text;
};

TEST_CASE("each fault is convicted by the property that it breaks", "[engine]") {
  constexpr std::array faults{
      convicted_by{lost_merge, "S4", "two free buddies stand apart"},
      convicted_by{lost_hint, "S5", "a free block that no hint shows"},
      convicted_by{spurious_full, "S6", "no order of the operations explains"},
      convicted_by{"fanout=2 order=1 core=textbook : ; M0 | M0", "S6", "refused with room"},
      convicted_by{"fanout=2 order=1 : ; X0 | A0", "S6", "a grant where there is no room"},
      convicted_by{"fanout=2 order=1 : 0A1 0A0 ; A0 | A0", "model", "the set-up asks for more"},
      convicted_by{"core=ledger : 0H0H ; D | D", "model", "drops a handle it has not"},
      convicted_by{"core=shares : 0H ; DD | H", "model", "without a share"},
      convicted_by{"core=cold : ; W0 | W0", "model", "two owners"},
      convicted_by{"fanout=2 order=5 : 0A0 ; A3T1:1F1A3T2:1F2A3T3:1F3A3T4:1F4A3T5:1F5A5"
                   " | A3T0:1F0A3T1:1F1A3T2:1F2A3T3:1F3A3T4:1F4A5",
                   "model", "too many operations"},
  };
  for (const convicted_by& fault : faults) {
    for (const search& how : {random_search(3000), bound_search(3, 20'000), full_search(300'000)}) {
      INFO(fault.program << " by " << to_string(how));
      const verdict v = run_text(fault.program, how);
      REQUIRE(v.what == outcome_of_run::convicted);
      CHECK(v.property == fault.property);
      CHECK(v.text.find(fault.text) != std::string::npos);
      CHECK(v.executions >= 1);
      CHECK_FALSE(v.exhausted);
      CHECK_FALSE(v.state.empty());
      CHECK(says(v.seen, fault.text));
    }
  }
}

TEST_CASE("an order that is too weak is a data race", "[engine]") {
  const program p = program_of("fanout=2 order=1 : ; A0F0 | A0F0");
  const std::vector<std::memory_order> relaxed(shipped_orders().size(), std::memory_order_relaxed);
  const verdict v = run({p, relaxed, false, random_search(1000)});
  REQUIRE(v.what == outcome_of_run::convicted);
  CHECK(v.property == "S2");
  CHECK(v.seen.lost_at == v.seen.race_second);
  check_clean(run({p, shipped_orders(), false, random_search(1000)}));
}

TEST_CASE("what random search found is shown under the smallest context bound", "[plan]") {
  const auto random = parse_plan("random:1000@shipped");
  const auto shown = run_plan(program_of(lost_merge), *random, 0, {}, {}, {{}, true});
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].seen.property == "S4");
  CHECK(shown[0].again == "found again with context bound 0, execution 2");
  CHECK(shown[0].trace.at("search") == "bound0:100000@shipped");
  CHECK(shown[0].trace.at("property").at("id") == "S4");

  const auto switched = run_plan(program_of(lost_hint), *random, 0, {}, {}, {{}, true});
  REQUIRE(switched.size() == 1);
  CHECK(switched[0].seen.what == outcome_of_run::convicted);
  CHECK(switched[0].trace.at("search") == "bound1:100000@shipped");

  // Here another property breaks first under each bound that lets anything break.
  const auto other = run_plan(program_of("fanout=2 order=2 core=textbook : 0A1 0A0 ; F1 | A0"),
                              *random, 0, {}, {}, {{}, true});
  REQUIRE(other.size() == 1);
  CHECK(other[0].seen.property == "S5");
  CHECK(other[0].trace.at("search") == "random:1000@shipped");
  CHECK(other[0].again.find("context bounds 0 to 3 do not show it") == 0);
  CHECK(other[0].again.find("breaks first") != std::string::npos);

  const auto as_found = run_plan(program_of(lost_merge), *random, 0, {});
  CHECK(as_found[0].again.empty());
  CHECK(as_found[0].trace.at("search") == "random:1000@shipped");
}

TEST_CASE("a part is convicted by the property that it stands for", "[engine]") {
  struct weak {
    std::string_view program;
    std::string_view order;
    std::string_view property;
  };
  constexpr std::array all{
      weak{"core=ledger : 0H>1 ; D | D", "handle_drop=release", "R1"},
      weak{"core=ledger : 0A0>1 ; D | F0", "ledger_gave=relaxed", "R1"},
      weak{"core=shares : 0H>1 ; D | D", "share_look=relaxed", "S2"},
  };
  for (const weak& w : all) {
    INFO(w.program << " with " << w.order);
    const plan how = parse_plan("random:1000@shipped,full:20000@shipped").value();
    const program p = program_of(w.program);
    const auto sound_ones = run_plan(p, how, 0, {});
    CHECK(sound_ones.size() == 2);
    check_clean(sound_ones.back().seen);
    CHECK(sound_ones.back().seen.exhausted);
    const verdict v = run_plan(p, how, 0, {}, parse_orders(w.order).value()).back().seen;
    REQUIRE(v.what == outcome_of_run::convicted);
    CHECK(v.property == w.property);
  }
}

TEST_CASE("there are as many orders as sites, whatever they are", "[engine]") {
  REQUIRE_FALSE(shipped_orders().empty());
  CHECK(all_seq_cst().size() == shipped_orders().size());
  CHECK(all_seq_cst() != shipped_orders());
  for (const std::memory_order o : all_seq_cst()) CHECK(o == std::memory_order_seq_cst);
}

// ---- replays -------------------------------------------------------------------------------

TEST_CASE("the state of a conviction shows it again, ten times of ten", "[engine]") {
  for (const std::string_view text : {lost_merge, lost_hint, spurious_full}) {
    for (search how : {random_search(3000), random_search(3000, 7), bound_search(3, 20'000),
                       full_search(300'000)}) {
      INFO(text << " by " << to_string(how) << " from seed " << how.seed);
      const verdict v = run_text(text, how);
      REQUIRE(v.what == outcome_of_run::convicted);
      how.state = v.state;
      how.executions = 1;
      for (unsigned n = 0; n < 10; ++n) {
        const verdict again = run_text(text, how);
        CHECK(again.what == outcome_of_run::convicted);
        CHECK(again.executions == 1);
        CHECK(again.property == v.property);
        CHECK(again.text == v.text);
        CHECK(again.state == v.state);
      }
    }
  }
}

TEST_CASE("a replay runs that one execution even where it convicts nothing", "[engine]") {
  search how = random_search(1);
  how.state = "12 ";
  const verdict v = run_text(sound, how);
  CHECK((v.what == outcome_of_run::passed && v.property.empty() && v.executions == 1));
  CHECK((v.state == "12 " && v.seen.lost_at == no_event));
  CHECK(says(v.seen, "all threads have ended"));  // it was asked for, so it can be looked at
}

// ---- S6 by happens-before and by real time -------------------------------------------------

// A request may read an old value and miss a release that nothing orders before it. By
// happens-before that is right, by the clock it is not; with all orders seq_cst there are no old
// values, and both judge alike.
TEST_CASE("real time is asked only where it was asked for", "[engine]") {
  const program p = program_of("fanout=2 order=1 : 0A1 ; F0 | A0");
  const search how = bound_search(2, 20'000);
  const verdict shipped = run({p, shipped_orders(), false, how});
  check_clean(shipped);
  CHECK(shipped.exhausted);
  const verdict clock = run({p, shipped_orders(), true, how});
  CHECK(clock.what == outcome_of_run::convicted);
  CHECK(clock.property == "S6");
  for (const bool real_time : {false, true}) {
    const verdict v = run({p, all_seq_cst(), real_time, how});
    check_clean(v);
    CHECK(v.exhausted);
  }
}

// ---- a thread that stops -------------------------------------------------------------------

TEST_CASE("a thread is stopped at every step that it has, or the verdict says no", "[engine]") {
  const std::string rest = " : 0A0 1A0 ; F0 | F0";
  const verdict too_few = run_text("fanout=2 order=2 stop=0:5" + rest, random_search(3000));
  CHECK(too_few.what == outcome_of_run::passed);
  CHECK(too_few.stop_too_soon);
  CHECK(too_few.stopped_at == 5);

  const verdict enough = run_text("fanout=2 order=2 stop=0:60" + rest, random_search(3000));
  CHECK(enough.what == outcome_of_run::passed);
  CHECK_FALSE(enough.stop_too_soon);
  CHECK(enough.stopped_at > 5);
  CHECK(enough.stopped_at < 60);

  const verdict never = run_text("fanout=2 order=2" + rest, random_search(500));
  CHECK_FALSE(never.stop_too_soon);
  CHECK(never.stopped_at == 0);
}

// ---- plans ---------------------------------------------------------------------------------

TEST_CASE("a search has a name", "[plan]") {
  CHECK(to_string(random_search(9)) == "random");
  CHECK(to_string(bound_search(2, 9)) == "bound 2");
  CHECK(to_string(full_search(9)) == "full");
  CHECK(to_string(search{search::method::pct, 4, 9, 0, {}}) == "pct 4");
}

TEST_CASE("a plan is read and written", "[plan]") {
  const auto p = parse_plan("random:20000@shipped,bound2:50@seq_cst,full:7,bound0:1000000000");
  REQUIRE(p.has_value());
  REQUIRE(p->size() == 4);
  CHECK((*p)[0].how.how == search::method::random);
  CHECK((*p)[0].how.executions == 20'000);
  CHECK_FALSE((*p)[0].seq_cst);
  CHECK((*p)[1].how.how == search::method::bound);
  CHECK((*p)[1].how.bound == 2);
  CHECK((*p)[1].how.executions == 50);
  CHECK((*p)[1].seq_cst);
  CHECK((*p)[2].how.how == search::method::full);
  CHECK_FALSE((*p)[2].seq_cst);
  CHECK((*p)[3].how.bound == 0);
  CHECK((*p)[3].how.executions == 1'000'000'000);
  CHECK(to_string(*p) ==
        "random:20000@shipped,bound2:50@seq_cst,full:7@shipped,bound0:1000000000@shipped");
}

TEST_CASE("a search of few switches is read and written", "[plan]") {
  const auto p = parse_plan("pct5:60000@seq_cst");
  REQUIRE(p.has_value());
  CHECK((*p)[0].how.how == search::method::pct);
  CHECK((*p)[0].how.bound == 5);
  CHECK((*p)[0].how.draws());
  CHECK_FALSE(bound_search(2, 9).draws());
  CHECK(to_string(*p) == "pct5:60000@seq_cst");
}

TEST_CASE("what ended its process is a conviction with its program", "[plan]") {
  const auto all =
      outcomes_of_crash("core=ledger : ; D | D", "bound2:50@shipped", SIGSEGV, "checker");
  REQUIRE(all.size() == 1);
  CHECK(all[0].seen.what == verdict::outcome::convicted);
  CHECK(all[0].seen.property == "X1");
  CHECK(all[0].seen.text.starts_with("SIGSEGV"));
  CHECK(all[0].what.how.bound == 2);
  CHECK(all[0].trace.at("replay").get<std::string>().starts_with(
      "checker run --program 'core=ledger"));
}

TEST_CASE("the plans of all levels read back", "[plan]") {
  for (const level how_much : {level::quick, level::deep, level::exhaustive}) {
    for (const unsigned threads : {2U, 3U}) {
      for (const care how : {care::less, care::usual, care::to_the_end}) {
        const plan made = plan_for(how_much, 3, how, threads);
        REQUIRE_FALSE(made.empty());
        const auto again = parse_plan(to_string(made));
        REQUIRE(again.has_value());
        CHECK(to_string(*again) == to_string(made));
        CHECK(again->size() == made.size());
      }
    }
  }
}

TEST_CASE("a plan that cannot be run is named", "[plan]") {
  for (const std::string_view text : {"",
                                      ",",
                                      "random",
                                      "random:",
                                      "random:0",
                                      "random:-5",
                                      "random:+5",
                                      "random:5x",
                                      "random:x",
                                      "random:1000000001",
                                      "random:99999999999999999999999",
                                      "random1:5",
                                      "Random:5",
                                      "bound:5",
                                      "bound10:5",
                                      "boundx:5",
                                      "pct:5",
                                      "pct10:5",
                                      "pctx:5",
                                      "full2:5",
                                      "fully:5",
                                      "spin:5",
                                      ":5",
                                      "5",
                                      "random:5@",
                                      "@shipped",
                                      "random:5@relaxed",
                                      "random:5@shippedx",
                                      "random:5@relaxed@seq_cst",
                                      "random@shipped:5",
                                      "random:5 ",
                                      " random:5",
                                      "random:5,,full:5",
                                      "random:5,spin:5",
                                      "random:5;full:5"}) {
    const auto p = parse_plan(text);
    INFO("'" << text << "'");
    CHECK_FALSE(p.has_value());
    if (!p) CHECK_FALSE(p.error().empty());
  }
}

TEST_CASE("a plan runs its searches in order, up to the first conviction", "[plan]") {
  const auto searches = parse_plan("bound0:9@seq_cst,random:1000@shipped,full:9@shipped");
  REQUIRE(searches.has_value());

  const auto all = run_plan(program_of(sound), *searches, 0, {});
  REQUIRE(all.size() == 3);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(to_string(plan{all[i].what}) == to_string(plan{(*searches)[i]}));
    CHECK(all[i].seen.what == outcome_of_run::passed);
  }
  CHECK(all[1].seen.executions == 1000);

  const auto some = run_plan(program_of(lost_hint), *searches, 5, {});
  REQUIRE(some.size() == 2);
  CHECK(some[0].seen.what == outcome_of_run::passed);
  check_same(some[1].seen, run_text(lost_hint, random_search(1000, 5)));

  const auto only = parse_plan("random:1000@shipped");
  const auto again = run_plan(program_of(lost_hint), *only, 5, some[1].seen.state);
  REQUIRE(again.size() == 1);
  CHECK(again[0].seen.executions == 1);
  CHECK(again[0].seen.text == some[1].seen.text);
}

TEST_CASE("the outcome of a job survives the way through text", "[plan]") {
  const auto searches = parse_plan("bound0:9@seq_cst,random:1000@shipped");
  const auto made = run_plan(program_of(lost_hint), *searches, 0, {});
  const auto read = outcomes_from_json(to_json(made).dump());
  REQUIRE(read.has_value());
  REQUIRE(read->size() == made.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    CHECK(to_string(plan{(*read)[i].what}) == to_string(plan{made[i].what}));
    check_same((*read)[i].seen, made[i].seen);
    CHECK((*read)[i].trace == made[i].trace);
    CHECK((*read)[i].again == made[i].again);
  }
  for (const char* broken : {"", "no", "{}", "{\"a\":1}", "[", "null", "17"}) {
    CHECK_FALSE(outcomes_from_json(broken).has_value());
  }
}

}  // namespace

}  // namespace caiman::model
