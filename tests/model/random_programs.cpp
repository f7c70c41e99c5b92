// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// random_programs.cpp: programs that nobody thought of
//
// RapidCheck makes small concurrent programs, the engine explores each, and any conviction fails
// the property. RapidCheck then shrinks the program, by the steps at `smaller`, and prints it as
// one line that ./ci/verify takes. A program is run from seed 0, so the line finds the same
// execution again.
//
// Every program is right by construction: a set-up asks only for what must be there (`rehearsal`),
// a release or a cut names a request of its own thread. Nothing is marked "must succeed" in a
// thread, since the history check finds every refusal with room by itself.
//
// RC_PARAMS="max_success=..." sets how many programs; "seed=..." repeats a run. Relacy leaks some
// 40 KiB a search, three a program, so that a few thousand programs are enough for one process.
// ---------------------------------------------------------------------------------------------
#include "caiman-model/program.hpp"
#include "caiman_client.hpp"
#include "commands/plan.hpp"
#include "engine/engine.hpp"
#include "rehearsal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
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

// ---- making one ----------------------------------------------------------------------------

unsigned up_to(unsigned most) { return *rc::gen::inRange(0U, most + 1); }

// Half of the requests are for the smallest blocks, which make the most of a small arena.
unsigned any_order(unsigned max_order) { return up_to(1) == 0 ? 0 : up_to(max_order); }

unsigned any_of(const std::vector<unsigned>& some) {
  return some[up_to(static_cast<unsigned>(some.size()) - 1)];
}

// A block gives its end back; nothing where no block has one.
std::optional<operation> any_cut(const rehearsal& so_far, const program& p, unsigned thread) {
  if (p.core == subject_kind::textbook) return std::nullopt;
  const auto large = so_far.large(thread);
  if (large.empty()) return std::nullopt;
  const unsigned which = any_of(large);
  return operation{kind::cut, which, 1 + up_to(so_far.kept(thread, which) - 2)};
}

std::optional<setup_step> any_setup_step(const rehearsal& so_far, const program& p,
                                         unsigned threads) {
  const unsigned thread = up_to(threads - 1);
  const unsigned owner = up_to(1) == 0 ? thread : up_to(threads - 1);
  const auto live = so_far.live(thread);
  const unsigned choice = up_to(8);
  if (choice < 2 && !live.empty()) {
    return setup_step{thread, {kind::release, any_of(live)}, thread};
  }
  if (choice == 8 && p.core != subject_kind::textbook) {
    const operation trim{kind::trim, up_to(p.max_order)};
    return setup_step{thread, any_cut(so_far, p, thread).value_or(trim), thread};
  }
  const unsigned order = any_order(p.max_order);
  if (choice > 5 && so_far.must_fail(order)) {
    return setup_step{thread, {kind::must_fail, order}, owner};
  }
  if (!so_far.must_fit(order)) return std::nullopt;
  return setup_step{thread, {kind::take, order}, owner};
}

operation any_operation(const rehearsal& so_far, const program& p, unsigned thread) {
  const auto live = so_far.live(thread);
  const unsigned choice = up_to(15);
  if (choice == 0 && p.core != subject_kind::textbook) return {kind::trim, up_to(p.max_order)};
  if (choice < 4) {
    if (const auto op = any_cut(so_far, p, thread)) return *op;
  }
  if (choice < 9 || live.empty()) return {kind::take, any_order(p.max_order)};
  return {kind::release, any_of(live)};
}

program draw(subject_kind core) {
  program p;
  p.core = core;
  p.log2_fanout = 1 + up_to(2);
  p.max_order = 1 + up_to(3);
  const unsigned use = up_to(5);
  p.slots = use == 0 ? slot_use::shared : use == 1 ? slot_use::pooled : slot_use::own;
  if (p.slots == slot_use::pooled) p.pool = 1 + up_to(2);
  const unsigned threads = up_to(2) == 0 ? 3 : 2;
  if (core == subject_kind::buddy && up_to(3) == 0) {
    p.blocks = (1U << p.max_order) + 1 + up_to((1U << p.max_order) - 2);
  }
  rehearsal so_far(p);
  for (unsigned steps = up_to(8); steps > 0; --steps) {
    if (const auto step = any_setup_step(so_far, p, threads)) {
      so_far.set_up(*step);
      p.setup.push_back(*step);
    }
  }
  p.threads.resize(threads);
  for (unsigned t = 0; t < threads; ++t) {
    for (unsigned steps = 1 + up_to(3); steps > 0; --steps) {
      const operation op = any_operation(so_far, p, t);
      if (so_far.operate(t, op)) p.threads[t].push_back(op);
    }
  }
  return p;
}

// ---- making one smaller --------------------------------------------------------------------

std::size_t size_of(const program& p) {
  std::size_t operations = p.setup.size();
  for (const auto& ops : p.threads) operations += ops.size();
  return operations;
}

// Without the n-th request of a thread and what becomes of it.
program without_request(program p, unsigned thread, unsigned n) {
  unsigned seen = 0;
  const auto goes = [&](unsigned actor, const operation& op, unsigned owner) {
    if (is_of_block(op)) return actor == thread && op.arg == n;
    return is_request(op) && owner == thread && seen++ == n;
  };
  std::erase_if(p.setup, [&](const setup_step& s) { return goes(s.thread, s.op, s.owner); });
  std::erase_if(p.threads[thread], [&](const operation& op) { return goes(thread, op, thread); });
  const auto renumber = [n](operation& op) {
    if (is_of_block(op) && op.arg > n) --op.arg;
  };
  for (setup_step& s : p.setup) {
    if (s.thread == thread) renumber(s.op);
  }
  for (operation& op : p.threads[thread]) renumber(op);
  return p;
}

unsigned requests_of(const program& p, unsigned thread) {
  const auto steps = std::count_if(p.setup.begin(), p.setup.end(), [&](const setup_step& s) {
    return is_request(s.op) && s.owner == thread;
  });
  const auto ops = std::count_if(p.threads[thread].begin(), p.threads[thread].end(),
                                 [](const operation& op) { return is_request(op); });
  return static_cast<unsigned>(steps + ops);
}

program without_thread(program p, unsigned thread) {
  while (requests_of(p, thread) > 0) p = without_request(p, thread, 0);
  std::erase_if(p.setup,
                [=](const setup_step& s) { return s.op.what == kind::trim && s.thread == thread; });
  p.threads.erase(p.threads.begin() + thread);
  for (setup_step& s : p.setup) {
    if (s.thread == thread) s.thread = s.owner;  // it took the block for another
    if (s.thread > thread) --s.thread;
    if (s.owner > thread) --s.owner;
  }
  return p;
}

program without_setup(program p) {
  std::erase_if(p.setup, [](const setup_step& s) { return s.op.what == kind::trim; });
  for (unsigned t = 0; t < p.threads.size(); ++t) {
    program alone = p;
    for (auto& ops : alone.threads) ops.clear();
    for (unsigned n = requests_of(alone, t); n > 0; --n) p = without_request(p, t, 0);
  }
  return p;
}

// Every operation of the program, to change it in a copy.
template <class Change>
void with_each_operation(const program& p, Change change) {
  for (std::size_t i = 0; i < p.setup.size(); ++i) {
    change([i](program& q) -> operation& { return q.setup[i].op; });
  }
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    for (std::size_t i = 0; i < p.threads[t].size(); ++i) {
      change([t, i](program& q) -> operation& { return q.threads[t][i]; });
    }
  }
}

// Two blocks of the set-up that only fill the arena do so as one of twice the size.
void add_joined_setup(const program& p, std::vector<program>& all) {
  std::vector<unsigned> requests(p.threads.size(), 0);
  for (std::size_t i = 0; i < p.setup.size(); ++i) {
    const setup_step& step = p.setup[i];
    if (!is_request(step.op)) continue;
    const unsigned n = requests[step.owner]++;
    for (std::size_t j = 0; j < i; ++j) {
      if (p.setup[j].op != step.op || step.op.what != kind::take) continue;
      all.push_back(p);
      ++all.back().setup[j].op.arg;
      all.back() = without_request(all.back(), step.owner, n);
    }
  }
}

// Half of the arena, of about the same kind.
void halve(program& p) {
  --p.max_order;
  p.blocks = p.blocks / 2 > 1U << p.max_order ? p.blocks / 2 : 0;
}

void add_fewer_operations(const program& p, std::vector<program>& all) {
  for (unsigned t = 0; p.threads.size() > 2 && t < p.threads.size(); ++t) {
    all.push_back(without_thread(p, t));
  }
  all.push_back(without_setup(p));
  for (unsigned t = 0; t < p.threads.size(); ++t) {
    all.push_back(p);
    all.back().threads[t].clear();
  }
  for (unsigned t = 0; t < p.threads.size(); ++t) {
    for (unsigned n = requests_of(p, t); n-- > 0;) {
      all.push_back(without_request(p, t, n));
      if (p.max_order > 1) {  // a block that only filled up half of the arena
        all.push_back(all.back());
        halve(all.back());
      }
    }
  }
  add_joined_setup(p, all);
  for (std::size_t i = 0; i < p.setup.size(); ++i) {
    if (is_request(p.setup[i].op)) continue;
    all.push_back(p);
    all.back().setup.erase(all.back().setup.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    for (std::size_t i = 0; i < p.threads[t].size(); ++i) {
      if (is_request(p.threads[t][i])) continue;
      all.push_back(p);
      auto& ops = all.back().threads[t];
      ops.erase(ops.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

void add_simpler_ones(const program& p, std::vector<program>& all) {
  program q = p;
  if (p.max_order > 1) {
    halve(q);
    all.push_back(q);
    with_each_operation(p, [&](auto in) {  // and what no longer fits, or all of it, smaller too
      operation& op = in(q);
      if (!is_of_block(op) && op.arg > 0) --op.arg;
      if (op.keep > 1) op.keep /= 2;
    });
    all.push_back(q);
  }
  if (p.blocks != 0) {
    all.push_back(p);
    all.back().blocks = 0;
    all.push_back(p);
    --all.back().blocks;
  }
  if (p.log2_fanout > 1) {
    all.push_back(p);
    --all.back().log2_fanout;
  }
  if (p.slots != slot_use::own) {
    all.push_back(p);
    all.back().slots = slot_use::own;
    all.back().pool = 0;
  }
  with_each_operation(p, [&](auto in) {
    q = p;
    operation& op = in(q);
    unsigned& number = op.what == kind::cut ? op.keep : op.arg;
    const unsigned least = op.what == kind::cut ? 1 : 0;
    if (op.what == kind::release || number == least) return;
    --number;
    all.push_back(q);
    if (number == least) return;
    number = least;
    all.push_back(q);
  });
  for (std::size_t i = 0; i < p.setup.size(); ++i) {
    if (p.setup[i].thread == p.setup[i].owner) continue;
    all.push_back(p);
    all.back().setup[i].thread = p.setup[i].owner;
  }
}

// What a failing program is tried as next; the first that fails too is taken, and so on.
std::vector<program> smaller(const program& p) {
  std::vector<program> all;
  add_fewer_operations(p, all);
  add_simpler_ones(p, all);
  std::erase_if(all, [&](const program& q) { return q == p || !is_right(q); });
  return all;
}

// Of any size at once: the programs are small, and a short run shall meet them all.
rc::Gen<program> any_program(bool textbook = false) {
  const auto drawn =
      rc::gen::resize(rc::kNominalSize, rc::gen::exec([textbook] {
                        return draw(textbook ? subject_kind::textbook : subject_kind::buddy);
                      }));
  return [=](const rc::Random& random, int size) {
    return rc::shrinkable::shrinkRecur(drawn(random, size).value(), [](const program& q) {
      return rc::seq::fromContainer(smaller(q));
    });
  };
}

// ---- the property --------------------------------------------------------------------------

// Short ones: many programs looked at briefly find more than few looked at for long.
const plan& searches() {
  static const plan all =
      parse_plan("random:150@shipped,bound1:250@shipped,random:50@seq_cst").value();
  return all;
}

outcome explore(const program& p, const order_changes& changes = {}) {
  return run_plan(p, searches(), 0, {}, changes).back();
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
rc::detail::TestResult check_silently(Property property) {
  rc::detail::TestParams params;
  params.seed = 1;  // a control must not depend on luck
  params.maxSuccess = 200;
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
  const auto result = check_silently([&] {
    const program p = *any_program();
    cuts += has(p, kind::cut) ? 1 : 0;
    trims += has(p, kind::trim) ? 1 : 0;
    sizes += p.blocks != 0 ? 1 : 0;
    RC_ASSERT(is_right(p));
    RC_ASSERT(parse_program(to_string(p)).value() == p);
    for (const program& q : smaller(p)) {
      RC_ASSERT(is_right(q));
      RC_ASSERT(size_of(q) <= size_of(p));
      RC_ASSERT(parse_program(to_string(q)).value() == q);
    }
  });
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  INFO(text.str());
  CHECK(result.is<rc::detail::SuccessResult>());
  CHECK(cuts > 40);  // of 200
  CHECK(trims > 40);
  CHECK(sizes > 25);
}

TEST_CASE("no random program convicts the core", "[random]") {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  if (params.maxSuccess == rc::detail::TestParams{}.maxSuccess) params.maxSuccess = 1500;
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

// ---- controls ------------------------------------------------------------------------------

TEST_CASE("random programs convict the textbook specimen, with a small one", "[random][control]") {
  const auto result = check_silently([] { return conviction(*any_program(true)); });
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

TEST_CASE("a generated program that fails does so again", "[random][control]") {
  const auto programs = any_program(true);
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
