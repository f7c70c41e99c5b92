// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// program_test.cpp: programs as text
//
// A failure is worth what its line is worth: what to_string writes, parse_program must read back
// unchanged. What a person types is checked here too: every error has a message of one line that
// says what is wrong, and no text, however hostile, does anything else.
// ---------------------------------------------------------------------------------------------
#include "caiman-model/program.hpp"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <rapidcheck.h>
#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "caiman_client.hpp"

namespace caiman::model {
namespace {

using kind = operation::kind;

// The error of a text that is no program; "parsed" if it is one.
std::string error_of(std::string_view text) {
  const auto p = parse_program(text);
  return p ? "parsed" : p.error();
}

// A message that may go to a terminal: one line, not endless, and nothing but printable characters.
bool is_one_line(const std::string& message) {
  return message.starts_with("program: ") && message.size() < 160 &&
         std::all_of(message.begin(), message.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string repeated(std::string_view what, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += what;
  return all;
}

TEST_CASE("every part of a program is read", "[program]") {
  const auto p = parse_program(
      "fanout=4 order=3 slots=pool:2 stop=1:40 looks=7 core=textbook : "
      "0A1 1M0>2 2X3 0F0 ; A0M1X2F0 | F10 | ");
  REQUIRE(p.has_value());
  CHECK(p->log2_fanout == 2);
  CHECK(p->max_order == 3);
  CHECK(p->slots == slot_use::pooled);
  CHECK(p->pool == 2);
  CHECK(p->stops);
  CHECK(p->stop_thread == 1);
  CHECK(p->stop_most == 40);
  CHECK(p->looks == 7);
  CHECK(p->core == subject_kind::textbook);
  const std::vector<setup_step> setup{{0, {kind::take, 1}, 0},
                                      {1, {kind::must_take, 0}, 2},
                                      {2, {kind::must_fail, 3}, 2},
                                      {0, {kind::release, 0}, 0}};
  CHECK(p->setup == setup);
  const std::vector<std::vector<operation>> threads{
      {{kind::take, 0}, {kind::must_take, 1}, {kind::must_fail, 2}, {kind::release, 0}},
      {{kind::release, 10}},
      {}};
  CHECK(p->threads == threads);
}

TEST_CASE("a buddy has any number of min blocks, of which the order is said", "[program]") {
  const auto p = parse_program("fanout=4 order=3 blocks=11 : ; A3 | A0");
  REQUIRE(p.has_value());
  CHECK(p->blocks == 11);
  CHECK(p->min_blocks() == 11);
  CHECK(p->root_order() == 4);
  CHECK(sizes_of(*p).blocks == 11);
  CHECK(to_string(*p) == "fanout=4 order=3 blocks=11 : ; A3 | A0");
  const auto power = parse_program("fanout=4 order=3 : ; A3 | A0").value();
  CHECK(power.min_blocks() == 8);
  CHECK(power.root_order() == 3);
  for (const char* wrong : {"order=3 blocks=8", "order=3 blocks=16", "order=3 blocks=7",
                            "order=5 blocks=33", "order=0 blocks=2"}) {
    INFO(wrong);
    CHECK(error_of(std::string(wrong) + " : ; A0 | A0") ==
          "program: blocks are more than 2^order and less than twice as many, at most 32");
  }
  CHECK(error_of("order=2 blocks=0 : ; A0 | A0") != "parsed");
  CHECK(error_of("order=2 blocks=6 : ; A3 | A0") == "program: order too large");
  CHECK(error_of("core=textbook order=2 blocks=6 : ; A0 | A0") ==
        "program: only the buddy has blocks=");
}

TEST_CASE("a trim has an order, and the buddy alone has it", "[program]") {
  const auto p = parse_program("fanout=4 order=3 : 0G3 ; G1A0 | A0");
  REQUIRE(p.has_value());
  CHECK(p->setup == std::vector<setup_step>{{0, {kind::trim, 3}, 0}});
  CHECK(p->threads[0] == std::vector<operation>{{kind::trim, 1}, {kind::take, 0}});
  CHECK(to_string(*p) == "fanout=4 order=3 : 0G3 ; G1A0 | A0");
  CHECK(error_of("order=2 : ; G3 | A0") == "program: order too large");
  CHECK(error_of("core=arena : ; G0 | A0") == "program: this core has no such operation");
}

TEST_CASE("what is left out has a default", "[program]") {
  const auto p = parse_program(": ; A0 | A0");
  REQUIRE(p.has_value());
  CHECK(p->log2_fanout == 1);
  CHECK(p->max_order == 2);
  CHECK(p->slots == slot_use::own);
  CHECK_FALSE(p->stops);
  CHECK(p->looks == program::plenty_of_looks);
  CHECK(p->core == subject_kind::buddy);
  CHECK(p->init == memory::any);
  CHECK(p->setup.empty());
  CHECK(to_string(*p) == "fanout=2 order=2 : ; A0 | A0");
  // Of an option that is given twice, nothing is left of the first.
  const auto twice = parse_program("slots=pool:2 slots=shared : ; A0 | A0");
  REQUIRE(twice);
  CHECK(parse_program(to_string(*twice)) == *twice);
}

TEST_CASE("a part has its own operations, and no arena to describe", "[program]") {
  const auto p = parse_program("core=ledger slots=shared : 0A0>1 0H>1 ; DF0 | A0HD");
  REQUIRE(p.has_value());
  CHECK(p->is_part());
  CHECK(p->core == subject_kind::ledger);
  const std::vector<setup_step> setup{{0, {kind::take, 0}, 1}, {0, {kind::add, 0}, 1}};
  CHECK(p->setup == setup);
  const std::vector<std::vector<operation>> threads{
      {{kind::drop, 0}, {kind::release, 0}}, {{kind::take, 0}, {kind::add, 0}, {kind::drop, 0}}};
  CHECK(p->threads == threads);
  CHECK(to_string(*p) == "core=ledger slots=shared : 0A0>1 0H>1 ; DF0 | A0HD");
  const auto cold = parse_program("core=cold order=3 : ; W0W3 | W2");
  REQUIRE(cold.has_value());
  CHECK(to_string(*cold) == "core=cold order=3 : ; W0W3 | W2");
  const auto zero = parse_program("init=zero : ; A0 | A0");
  REQUIRE(zero.has_value());
  CHECK_FALSE(zero->is_part());
  CHECK(to_string(*zero) == "fanout=2 order=2 init=zero : ; A0 | A0");
}

TEST_CASE("a program that waits has a policy", "[program]") {
  const auto p = parse_program("core=waiting waiters=stack order=1 stacks=2 : 0A0 ; F0 | E1F0D");
  REQUIRE(p.has_value());
  CHECK(p->core == subject_kind::waiting);
  CHECK(p->policy == waiters::stack);
  CHECK(p->threads[1][0] == operation{kind::wait, 1});
  CHECK(to_string(*p) == "core=waiting order=1 stacks=2 waiters=stack : 0A0 ; F0 | E1F0D");
  CHECK(parse_program("core=waiting : ; E0 | A0")->policy == waiters::fair);
  CHECK(parse_program("core=waiting : ; P0 | A0")->threads[0][0] == operation{kind::borrow, 0});
  const auto limited = parse_program("core=waiting : ; L0 | R0");
  CHECK(limited->threads[0][0] == operation{kind::wait_until, 0});
  CHECK(limited->threads[1][0] == operation{kind::refuse, 0});
  CHECK(to_string(*limited) == "core=waiting : ; L0 | R0");
  CHECK_FALSE(parse_program("core=waiting : ; L0 | R2"));
  CHECK_FALSE(parse_program("core=ledger : ; P0 | A0"));
  CHECK_FALSE(parse_program("core=waiting waiters=none : ; E0 | A0"));
  CHECK_FALSE(parse_program("core=ledger waiters=fifo : ; A0 | D"));
  CHECK_FALSE(parse_program("core=waiting order=4 : ; E0 | A0"));
  CHECK_FALSE(parse_program("core=waiting order=1 : ; E2 | A0"));
  CHECK_FALSE(parse_program("core=arena : ; E0 | A0"));
  CHECK_FALSE(parse_program("core=litmus : ; A0 | E0"));
}

// Only two steps of the set-up need a space: a step begins with a digit, and may end with one.
TEST_CASE("space is free between the parts", "[program]") {
  const auto p = parse_program("fanout=2 order=2 slots=shared : 0A1 1A0>0 ; A0F0 | M0");
  REQUIRE(p.has_value());
  CHECK(parse_program("fanout=2order=2slots=shared:0A1 1A0>0;A0F0|M0") == p);
  CHECK(parse_program("\n fanout=2\t order=2 slots=shared\n:\n0A1\n1A0>0 ;\n A0 F0\n|\nM0 \n ") ==
        p);
}

// ---- any program at all, whether or not it makes sense to run ------------------------------

unsigned up_to(unsigned most) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0U, most + 1));
}

kind any_kind(subject_kind core) {
  switch (core) {
    case subject_kind::arena:
    case subject_kind::ledger:
      return *rc::gen::element(kind::take, kind::release, kind::add, kind::drop);
    case subject_kind::shares:
      return *rc::gen::element(kind::add, kind::drop);
    case subject_kind::cold:
      return kind::warm;
    default:
      return *rc::gen::element(kind::take, kind::must_take, kind::must_fail, kind::release);
  }
}

operation any_operation(const program& p) {
  const kind what = any_kind(p.core);
  if (what == kind::release) return {what, up_to(999)};
  if (what == kind::warm) return {what, up_to((1U << p.max_order) / 2 - 1)};
  return {what, what == kind::add || what == kind::drop || p.core == subject_kind::ledger
                    ? 0
                    : up_to(p.max_order)};
}

program any_program() {
  program p;
  p.core = *rc::gen::element(subject_kind::buddy, subject_kind::textbook, subject_kind::arena,
                             subject_kind::ledger, subject_kind::shares, subject_kind::cold);
  p.log2_fanout = p.core == subject_kind::arena ? 1 : 1 + up_to(2);
  p.max_order = p.core == subject_kind::cold ? 1 + up_to(4) : up_to(5);
  if (p.core == subject_kind::buddy) {
    p.init = *rc::gen::element(memory::any, memory::zero, memory::cold);
  }
  p.slots = *rc::gen::element(slot_use::own, slot_use::shared, slot_use::pooled);
  if (p.slots == slot_use::pooled) p.pool = 1 + up_to(2);
  p.threads.resize(2 + up_to(1));
  const auto threads = static_cast<unsigned>(p.threads.size());
  p.stops = up_to(1) == 1;
  if (p.stops) p.stop_thread = up_to(threads - 1);
  if (p.stops) p.stop_most = 1 + up_to(998);
  p.looks = up_to(1) == 1 ? 1 + up_to(998) : program::plenty_of_looks;
  for (unsigned n = up_to(16); n > 0; --n) {
    setup_step step{up_to(threads - 1), any_operation(p), 0};
    step.owner = step.op.what == kind::release ? step.thread : up_to(threads - 1);
    p.setup.push_back(step);
  }
  for (auto& ops : p.threads) {
    for (unsigned n = up_to(16); n > 0; --n) ops.push_back(any_operation(p));
  }
  return p;
}

TEST_CASE("what is written is read back", "[program]") {
  rc::prop("the same program and the same text", [] {
    const program p = any_program();
    const std::string text = to_string(p);
    const auto again = parse_program(text);
    RC_ASSERT(again.has_value());
    RC_ASSERT((*again == p));
    RC_ASSERT(to_string(*again) == text);
  });
}

// ---- errors --------------------------------------------------------------------------------

struct wrong {
  std::string_view text;
  std::string_view message;  // a part of it
};

void check_errors(std::initializer_list<wrong> all) {
  for (const wrong& w : all) {
    const std::string error = error_of(w.text);
    INFO(w.text << " -> " << error);
    CHECK(error.find(w.message) != std::string::npos);
    CHECK(is_one_line(error));
  }
}

TEST_CASE("what is not written as a program is named", "[program]") {
  check_errors({
      {"", "expected fanout="},
      {"   ", "expected fanout="},
      {"fanout=4 order=3", "expected fanout="},
      {"fanout=4 order=3 0A1 ; A0 | A0", "at '0A1 ; A0"},
      {"fanout=", "expected fanout="},
      {"fanout=x : ; A0 | A0", "at 'x : ; A0"},
      {"fanout=-2 : ; A0 | A0", "at '-2"},
      {"fanout=+2 : ; A0 | A0", "at '+2"},
      {"fanout=3 : ; A0 | A0", "expected fanout="},
      {"Fanout=2 : ; A0 | A0", "at 'Fanout=2"},
      {"slots=none : ; A0 | A0", "at 'slots=none"},
      {"slots=pool : ; A0 | A0", "at 'slots=pool"},
      {"slots=pool: : ; A0 | A0", "expected fanout="},
      {"stop=1 : ; A0 | A0", "expected fanout="},
      {"stop=1:x : ; A0 | A0", "at 'x :"},
      {"core=mine : ; A0 | A0", "at 'mine"},
      {"core=buddy : ; A0 | A0", "at 'buddy"},
      {"init=one : ; A0 | A0", "at 'one"},
      {"core=ledger : 0H0 ; D | D", "in the set-up"},
      {"core=cold : ; W | W0", "at ' | W0"},
      {"what=1 : ; A0 | A0", "at 'what=1"},
      {":", "in the set-up"},
      {": 0A1", "in the set-up"},
      {": A1 ; A0 | A0", "at 'A1 ;"},
      {": 0B1 ; A0 | A0", "at 'B1 ;"},
      {": 0A ; A0 | A0", "in the set-up at ' ; A0"},
      {": 0A1> ; A0 | A0", "in the set-up"},
      {": 0A1>x ; A0 | A0", "at 'x ;"},
      {": ; A0 | B0", "expected an operation or '|' at 'B0'"},
      {": ; A0 || A | A0", "expected an operation or '|' at ' | A0'"},
      {": ; a0 | A0", "at 'a0 |"},
      {": ; A0 | A-1", "at '-1'"},
      {": ; A0 | A0 ; A0", "at '; A0'"},
      {": ; A0 | A0 # done", "at '# done'"},
  });
}

TEST_CASE("what cannot be run is named", "[program]") {
  check_errors({
      {"fanout=1 : ; A0 | A0", "fanout must be 2, 4 or 8"},
      {"fanout=16 : ; A0 | A0", "fanout must be 2, 4 or 8"},
      {"order=6 : ; A0 | A0", "order must be at most 5"},
      {": ;", "2 or 3 threads"},
      {": ; A0", "2 or 3 threads"},
      {": ; A0 | A0 | A0 | A0", "2 or 3 threads"},
      {"slots=pool:0 : ; A0 | A0", "1 to 3 slots"},
      {"slots=pool:4 : ; A0 | A0", "1 to 3 slots"},
      {"core=ledger slots=pool:7 : ; A0 | A0", "1 to 3 slots"},
      {"looks=0 : ; A0 | A0", "looks again at least once"},
      {"stop=2:9 : ; A0 | A0", "no such thread to stop"},
      {"stop=0:0 : ; A0 | A0", "stop"},
      {": 2A0 ; A0 | A0", "no such thread in the set-up"},
      {": 0A0>2 ; A0 | A0", "no such thread in the set-up"},
      {": 0A3 ; A0 | A0", "order too large"},
      {": 0X3 ; A0 | A0", "order too large"},
      {": ; A0 | M3", "order too large"},
      {": ; A0 | H", "no such operation"},
      {": 0W0 ; A0 | A0", "no such operation"},
      {"core=textbook init=zero : ; A0 | A0", "only the buddy has init="},
      {"core=ledger init=cold : ; D | D", "only the buddy has init="},
      {"core=arena fanout=4 : ; A1 | D", "core=arena has fan-out 2"},
      {"core=arena : ; A3 | D", "order too large"},
      {"core=ledger : ; A1 | D", "blocks of a ledger have no order"},
      {"core=ledger : ; M0 | D", "no such operation"},
      {"core=shares : ; A0 | D", "no such operation"},
      {"core=cold : ; W0 | W2", "no such block to warm"},
      {"core=cold order=0 : ; W0 | W0", "no such block to warm"},
  });
  CHECK(error_of(": ; " + repeated("A0", 17) + " | A0").find("16 operations") != std::string::npos);
  CHECK(error_of(": ; " + repeated("A0", 16) + " | A0") == "parsed");
  CHECK(error_of(": " + repeated("0A0 ", 17) + "; | ").find("16 steps") != std::string::npos);
  CHECK(error_of(": " + repeated("0A0 ", 16) + "; | ") == "parsed");
}

TEST_CASE("numbers too large for anything are refused, not wrapped", "[program]") {
  for (const char* number : {"1000", "4294967296", "4294967298", "18446744073709551618",
                             "99999999999999999999999999999999999999"}) {
    const std::string n = number;
    for (const std::string& text :
         {"fanout=" + n + " : ; A0 | A0", "order=" + n + " : ; A0 | A0",
          "slots=pool:" + n + " : ; A0 | A0", "looks=" + n + " : ; A0 | A0",
          "stop=" + n + ":1 : ; A0 | A0", "stop=0:" + n + " : ; A0 | A0", ": " + n + "A0 ; A0 | A0",
          ": 0A" + n + " ; A0 | A0", ": 0A0>" + n + " ; A0 | A0", ": ; A" + n + " | A0",
          ": ; F" + n + " | A0"}) {
      const std::string error = error_of(text);
      INFO(text << " -> " << error);
      CHECK(error.find("expected") != std::string::npos);
      CHECK(is_one_line(error));
    }
  }
  CHECK(error_of(": ; F999 | F0") == "parsed");  // names no block, so it does nothing
}

TEST_CASE("hostile text gets a message and nothing else", "[program]") {
  const std::string nul(1, '\0');
  for (const std::string& text :
       {nul, nul + ": ; A0 | A0", ": ; A0 |" + nul + " A0", ": ; A0" + nul, "fanout=" + nul + "2",
        std::string(": ; A0 | A\xff"), std::string(": ; \x1b[2J A0 | A0"),
        std::string(": ; A0 ?\n\nPASS\n"), std::string("%s%n{}{:99} : ; A0 | A0"),
        repeated("9", 1'000'000), repeated(" ", 1'000'000), repeated("fanout=2 ", 200'000),
        ": " + repeated("0A0 ", 500'000), ": ; " + repeated("|", 1'000'000),
        ": ; " + repeated("A0", 500'000), "fanout=2 : ; A0 | A0" + repeated("x", 1'000'000)}) {
    const std::string error = error_of(text);
    INFO(text.substr(0, 40) << " -> " << error);
    CHECK(error != "parsed");
    CHECK(is_one_line(error));
  }
}

bool is_program_or_error(const std::string& text) {
  const auto p = parse_program(text);
  return p ? parse_program(to_string(*p)) == p : is_one_line(p.error());
}

TEST_CASE("any text is a program or an error", "[program]") {
  rc::prop("of these characters", [] {
    const auto text = *rc::gen::container<std::string>(
        rc::gen::elementOf(std::string("fanout=2:;|AMXFHDW01239> slotpkcre.\n\t\1\x7f")));
    RC_ASSERT(is_program_or_error(text));
  });
  rc::prop("a program with one character changed", [] {
    std::string text = to_string(any_program());
    text[up_to(static_cast<unsigned>(text.size()) - 1)] = *rc::gen::arbitrary<char>();
    RC_ASSERT(is_program_or_error(text));
  });
}

TEST_CASE("every scenario is a program that reads back", "[program]") {
  CHECK(scenarios().size() > 40);
  for (const scenario& s : scenarios()) {
    INFO(s.name << ": " << s.program);
    const auto p = parse_program(s.program);
    REQUIRE(p.has_value());
    const std::string text = to_string(*p);
    const auto again = parse_program(text);
    REQUIRE(again.has_value());
    CHECK(*again == *p);
    CHECK(to_string(*again) == text);
  }
}

}  // namespace
}  // namespace caiman::model
