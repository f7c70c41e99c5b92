// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// random_programs.cpp: programs that nobody thought of
//
// RapidCheck makes small concurrent programs, the engine explores each, and any conviction fails
// the property. RapidCheck then shrinks the program, by the steps at `smaller`
// (drawn_programs.hpp), and prints it as one line that ./ci/verify takes. A program is run from
// seed 0, so the line finds the same execution again.
//
// RC_PARAMS="max_success=..." sets how many programs; "seed=..." repeats a run. Relacy leaks some
// 40 KiB a search, three or four a program, so that a few thousand are enough for one process.
// ---------------------------------------------------------------------------------------------
#include "caiman-model/program.hpp"
#include "caiman_client.hpp"
#include "commands/plan.hpp"
#include "drawn_programs.hpp"
#include "engine/engine.hpp"
#include "rehearsal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>
#include <catch2/catch.hpp>

namespace caiman::model {

static void showValue(const program& p, std::ostream& os) { os << to_string(p); }

namespace {

/// What the engine runs.
const bool has_client = (use_client(caiman_client()), true);

using kind = operation::kind;

// Of any size at once: the programs are small, and a short run shall meet them all.
rc::Gen<program> any_program(program (*make)() = draw_any) {
  const auto drawn = rc::gen::resize(rc::kNominalSize, rc::gen::exec(make));
  return [=](const rc::Random& random, int size) {
    return rc::shrinkable::shrinkRecur(drawn(random, size).value(), [](const program& q) {
      return rc::seq::fromContainer(smaller(q));
    });
  };
}

// ---- the property --------------------------------------------------------------------------

// Short ones: many programs looked at briefly find more than few looked at for long.
const plan& searches_of(const program& p) {
  static const std::string most = "random:150@shipped,bound1:250@shipped,random:50@seq_cst";
  static const plan all = parse_plan(most).value();
  // Faults round an announcement take more switches.
  static const plan of_announced = parse_plan(most + ",pct4:400@shipped").value();
  return p.announced ? of_announced : all;
}

outcome explore(const program& p, const order_changes& changes = {}) {
  return run_plan(p, searches_of(p), 0, {}, changes).back();
}

// The property: what convicts the program, and the line that does so again; empty if nothing does.
std::string conviction(const program& p, const order_changes& changes = {}) {
  const outcome o = explore(p, changes);
  if (o.seen.what == verdict::outcome::passed) return {};
  return fmt::format("{}: {}\n{}, execution {}; to run it again:\n./ci/verify --program '{}'",
                     o.seen.property, o.seen.text, to_string(plan{o.what}), o.seen.executions,
                     to_string(p));
}

// Runs a property that is expected to fail, from a fixed seed and without a word about it.
template <class Property>
rc::detail::TestResult check_silently(Property property, std::uint64_t seed = 1,
                                      int programs = 200) {
  rc::detail::TestParams params;
  params.seed = seed;  // a control must not depend on luck
  params.maxSuccess = programs;
  rc::detail::TestListenerAdapter silent;
  return rc::detail::checkTestable(property, rc::detail::TestMetadata{}, params, silent,
                                   std::unordered_map<std::string, rc::detail::Reproduce>{});
}

bool has(const program& p, kind what) {
  const auto is = [what](const operation& op) { return op.what == what; };
  return std::any_of(p.setup.begin(), p.setup.end(),
                     [&](const setup_step& s) { return is(s.op); }) ||
         std::any_of(p.threads.begin(), p.threads.end(),
                     [&](const auto& ops) { return std::any_of(ops.begin(), ops.end(), is); });
}

// The program of a counterexample, read back from its text.
program shrunk_program(const rc::detail::FailureResult& failure) {
  REQUIRE(failure.counterExample.size() == 1);
  const auto p = parse_program(failure.counterExample.front().second);
  REQUIRE(p.has_value());
  return *p;
}

TEST_CASE("random programs are right, read back from text, and so are smaller ones", "[random]") {
  unsigned cuts = 0;
  unsigned trims = 0;
  unsigned sizes = 0;
  unsigned announced = 0;
  const auto result = check_silently(
      [&] {
        const program p = *any_program();
        cuts += has(p, kind::cut) ? 1 : 0;
        trims += has(p, kind::trim) ? 1 : 0;
        sizes += p.blocks != 0 ? 1 : 0;
        announced += p.announced ? 1 : 0;
        RC_ASSERT(is_right(p));
        RC_ASSERT(parse_program(to_string(p)).value() == p);
        for (const program& q : smaller(p)) {
          RC_ASSERT(is_right(q));
          RC_ASSERT(size_of(q) <= size_of(p));
          RC_ASSERT(parse_program(to_string(q)).value() == q);
        }
      },
      1, 300);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  INFO(text.str());
  CHECK(result.is<rc::detail::SuccessResult>());
  CHECK(cuts > 40);  // of some 200 that are not drawn at hand
  CHECK(trims > 40);
  CHECK(sizes > 25);
  CHECK(announced > 120);  // of 300
}

TEST_CASE("no random program convicts the core", "[random]") {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  if (params.maxSuccess == rc::detail::TestParams{}.maxSuccess)
    params.maxSuccess = 2250;  // of those not drawn at hand 1,500
  const auto result = rc::detail::checkTestable(
      [] { return conviction(*any_program()); },
      rc::detail::TestMetadata{"random programs", "no random program convicts the core"}, params);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  INFO(text.str());
  CHECK(result.is<rc::detail::SuccessResult>());
}

// A thread that goes on may see blocks taken and not yet given back by the look around it: that
// look is part of the history. Once it was not, and execution 13,210 was a false alarm.
TEST_CASE("the look around a stopped thread explains a refusal", "[random]") {
  const auto p = parse_program("fanout=2 order=3 stop=0:150 stacks=2 : 1A0 0A2 ; A0F0 | F0A1F1A1");
  REQUIRE(p.has_value());
  const auto how = parse_plan("random:14000@shipped");
  REQUIRE(how.has_value());
  CHECK(run_plan(*p, *how, 0, {}, {}).back().seen.what == verdict::outcome::passed);
}

// Each move and each release of a thread may spoil a look of a request; after so many it says
// `contended`, which here would count as a violation. Execution 18 of this one did.
TEST_CASE("a program that may spoil every look of a request is none", "[random]") {
  const auto p = parse_program(
      "fanout=8 order=4 slots=shared stacks=1 : 0A2 1A0 0A0 ; F1T0:1A4G2 | A2F1F0 | A4");
  REQUIRE(p.has_value());
  CHECK_FALSE(is_right(*p));
  const auto fewer = parse_program("fanout=8 order=4 slots=shared : 0A2 1A0 ; T0:1A4G2 | A2F0");
  REQUIRE(fewer.has_value());
  CHECK(is_right(*fewer));
}

// ---- controls ------------------------------------------------------------------------------

TEST_CASE("random programs convict the textbook specimen, with a small one", "[random][control]") {
  const auto result = check_silently([] { return conviction(*any_program(draw_textbook)); });
  REQUIRE(result.is<rc::detail::FailureResult>());
  const auto& failure = result.get<rc::detail::FailureResult>();
  INFO(failure.description);
  const program p = shrunk_program(failure);
  CHECK(p.core == subject_kind::textbook);
  CHECK(size_of(p) <= 4);
  const std::string line = fmt::format("./ci/verify --program '{}'", to_string(p));
  CHECK(failure.description.find(line) != std::string::npos);
  CHECK(explore(p).seen.what == verdict::outcome::convicted);
}

// They reach hand-overs (S2), hints (S5) and refusals (S6): an order too weak for each is seen.
TEST_CASE("random programs convict the core with a weak order", "[random][control]") {
  for (const char* weak : {"claim=relaxed", "word_again=relaxed", "look_ended=relaxed"}) {
    INFO(weak);
    const auto changes = parse_orders(weak);
    REQUIRE(changes.has_value());
    const auto result = check_silently([&] { return conviction(*any_program(), *changes); });
    REQUIRE(result.is<rc::detail::FailureResult>());
    const auto& failure = result.get<rc::detail::FailureResult>();
    INFO(failure.description);
    const program p = shrunk_program(failure);
    CHECK(size_of(p) <= 8);
    CHECK(explore(p, *changes).seen.what == verdict::outcome::convicted);
  }
}

// Linked once more to the core that carries the faults of model/caiman/faults, which is a test of
// its own; of the core that ships, with nothing to put in force, this fails. Each fault lies on the
// way of one operation alone, so what convicts it has that operation, however small.
TEST_CASE("random programs convict faults of tails and of trims", "[carries-faults]") {
  const auto [fault, what] =
      GENERATE(table<const char*, kind>({{"tail-unhinted", kind::cut},
                                         {"tail-by-store", kind::cut},
                                         {"trim-without-bracket", kind::trim},
                                         {"trim-by-store", kind::trim}}));
  INFO(fault);
  REQUIRE(caiman_client().mutants.put_in_force(fault));
  const auto result = check_silently([] { return conviction(*any_program()); });
  REQUIRE(result.is<rc::detail::FailureResult>());
  const auto& failure = result.get<rc::detail::FailureResult>();
  INFO(failure.description);
  const program p = shrunk_program(failure);
  CHECK(has(p, what));
  CHECK(size_of(p) <= 8);
  CHECK(explore(p).seen.what == verdict::outcome::convicted);
}

// Those of S6, `announcement-taken-back` and `spared-unsaid`, take one in some thousand programs:
// what a night is for.
TEST_CASE("random programs convict faults of the announced pop", "[carries-faults]") {
  const std::string fault = GENERATE("flag-not-raised-again", "flag-lowered-without-look");
  INFO(fault);
  REQUIRE(caiman_client().mutants.put_in_force(fault));
  const auto result =
      check_silently([] { return conviction(*any_program(draw_at_hand)); }, 3, 1000);
  REQUIRE(result.is<rc::detail::FailureResult>());
  const auto& failure = result.get<rc::detail::FailureResult>();
  INFO(failure.description);
  const program p = shrunk_program(failure);
  CHECK(p.announced);
  CHECK(size_of(p) <= 16);
  CHECK(explore(p).seen.what == verdict::outcome::convicted);
}

TEST_CASE("a generated program that fails does so again", "[random][control]") {
  const auto programs = any_program(draw_textbook);
  rc::Random random(1);
  unsigned convicted = 0;
  for (unsigned n = 0; n < 50; ++n) {
    const program p = programs(random.split(), rc::kNominalSize).value();
    INFO(to_string(p));
    const outcome once = explore(p);
    const outcome again = explore(p);
    CHECK(once.seen.what == again.seen.what);
    CHECK(once.seen.property == again.seen.property);
    CHECK(once.seen.text == again.seen.text);
    CHECK(once.seen.executions == again.seen.executions);
    CHECK(once.seen.state == again.seen.state);
    if (once.seen.what == verdict::outcome::convicted) ++convicted;
  }
  CHECK(convicted > 10);
}

}  // namespace
}  // namespace caiman::model
