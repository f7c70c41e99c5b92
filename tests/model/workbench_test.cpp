// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// workbench_test.cpp: a client that is not the core, from its subject to the page
//
// One word that is published with an order of a table and a value behind it: with the order that
// ships nothing is wrong, with a relaxed one there is a race, which must become a verdict, a trace,
// a text, a page and a replay. It runs where the core is absent, too (workbench_alone.sh).
// ---------------------------------------------------------------------------------------------
#include "caiman-model/checked_atomic.hpp"
// Relacy first.
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "audit/code_text.hpp"
#include "caiman-model/client.hpp"
#include "caiman-model/part.hpp"
#include "commands/command.hpp"
#include "commands/plan.hpp"
#include "commands/replay.hpp"
#include "trace/page.hpp"
#include "trace/show_text.hpp"
#include "trace/trace.hpp"

namespace caiman::model {
namespace {

/// The order of a row in this run.
std::memory_order order_of_row(std::size_t row) noexcept {
  sites_touched.set(row);
  return with_site(settings.orders.at(row), row);
}

/// C0 publishes, C1 reads what was published, C2 waits for it without end.
class letter final : public part {
 public:
  explicit letter(const world_spec& /*spec*/) {}
  void operate(unsigned /*thread*/, const operation& op, unsigned /*owner*/) override {
    if (op.arg == 0) {
      text_.store(7);
      sent_.store(1, order_of_row(0));
    } else if (op.arg == 2) {
      while (sent_.load(order_of_row(1)) == 0) {
      }
    } else if (sent_.load(order_of_row(1)) == 1 && text_.load() != 7) {
      report_fault("S1", "another letter");
    }
  }
  finding quiescent_fault() override { return {}; }
  std::string name_of(const void* address) const override {
    return address == &sent_ ? "flag" : "text";
  }

 private:
  checked_atomic<std::uint64_t> sent_;
  checked_plain<unsigned> text_{0U};
};

part* make_letter(subject_kind which, const world_spec& spec, void* storage, std::size_t size) {
  if (which != subject_kind::structure || sizeof(letter) > size) return nullptr;
  return ::new (storage) letter(spec);
}

const client letters{
    .title = "letters",
    .make_part = make_letter,
    .sites = {{"send", std::memory_order_release}, {"receive", std::memory_order_acquire}}};
constexpr std::string_view sent_once = "core=structure : ; C0 | C1";

std::vector<outcome> search_with(std::string_view orders, std::string_view program = sent_once) {
  use_client(letters);
  const auto p = parse_program(program);
  const auto changes = parse_orders(orders);
  REQUIRE(p.has_value());
  REQUIRE(changes.has_value());
  return run_plan(*p, parse_plan("random:500@shipped,full:5000@shipped").value(), 0, {}, *changes,
                  {{"a letter", "letters"}, true});
}

}  // namespace

TEST_CASE("the orders of a client pass as they ship, to the end of a full search", "[workbench]") {
  const auto results = search_with("");
  REQUIRE(results.size() == 2);
  CHECK(results[0].seen.what == verdict::outcome::passed);
  CHECK(results[1].seen.what == verdict::outcome::passed);
  CHECK(results[1].seen.exhausted);
}

TEST_CASE("a weaker order of a client is convicted, shown, and shown again", "[workbench]") {
  for (const char* const orders : {"send=relaxed", "receive=relaxed"}) {
    INFO(orders);
    const outcome last = search_with(orders).back();
    REQUIRE(last.seen.what == verdict::outcome::convicted);
    CHECK(last.seen.property == "S2");
    const auto read = parse_trace(last.trace.dump());
    REQUIRE(read.has_value());
    CHECK(last.trace.at("replay").get<std::string>().find("--orders '" + std::string(orders)) !=
          std::string::npos);
    CHECK(text_of(last.trace).find("[receive ") != std::string::npos);
    CHECK(page_of(last.trace).find("a letter") != std::string::npos);
    const auto again = replay_here(*read);
    REQUIRE(again.has_value());
    CHECK(again->same);
  }
}

TEST_CASE("a livelock is cut, says so, and is shown again", "[workbench]") {
  use_client(letters);
  for (const char* const searches : {"random:5@shipped", "full:5@shipped"}) {
    INFO(searches);
    const auto p = parse_program("core=structure : ; C2 | C2");
    REQUIRE(p.has_value());
    const plan asked = parse_plan(searches).value();
    const outcome last = run_plan(*p, asked, 0, {}).back();
    REQUIRE(last.seen.what == verdict::outcome::convicted);
    CHECK(last.seen.property == "L1");
    const auto& events = last.trace.at("events");
    REQUIRE(events.size() == most_events + 1);
    CHECK(events.back().at("kind") == "note");
    CHECK(events.back().at("text").get<std::string>().starts_with("the trace is cut here: "));
    CHECK(text_of(last.trace).find("more events are not shown") != std::string::npos);
    CHECK(last.trace.at("replay").get_ref<const std::string&>().size() < 500);
    CHECK((last.seen.state.size() < 4096) ==
          (last.trace.at("replay").get<std::string>().find("--state") != std::string::npos));
    // Without a state it is found once more, by the same search.
    CHECK(run_plan(*p, asked, 0, {}).back().seen.state == last.seen.state);
    const auto read = parse_trace(last.trace.dump());
    REQUIRE(read.has_value());
    CHECK(replay_here(*read).value().same);
  }
}

TEST_CASE("a client has the subjects and the sites that it has, and no others", "[workbench]") {
  use_client(letters);
  CHECK_FALSE(parse_orders("claim=relaxed").has_value());
  CHECK(search_with("", "fanout=2 order=1 : ; A0 | A0").back().seen.property == "model");
  CHECK(search_with("", "core=litmus : ; F0 | E0").back().seen.property == "model");
}

TEST_CASE("code is the same whatever is said around it", "[workbench]") {
  CHECK(code_in("int a = 1;  // one\n/* two\n */ a();") == "int a=1;a();");
  CHECK(code_in("int\n  a;") == code_in("int a ;"));
  CHECK(code_in("inta;") != code_in("int a;"));
  CHECK(code_in("a(1'000); // it's") == "a(1'000);");
  CHECK(code_in("f(\"// no comment \\\" nor this //\");") ==
        "f(\"// no comment \\\" nor this //\");");
  CHECK(code_in("c == '\"'; // \"") == "c=='\"';");
  CHECK(code_in("a(); b();") != code_in("b(); a();"));
  CHECK(code_in("/* never ends").empty());
  CHECK(code_in("\"neither does this").starts_with("\""));

  client with_table = letters;
  with_table.audit.table_row = R"(\{(\w+), (\w+),)";
  use_client(with_table);
  const std::string row = R"({send, release, "why"}; int n;)";
  CHECK(code_beside_orders(row) == code_beside_orders(R"({send, relaxed, "or not"}; int n;)"));
  CHECK(code_beside_orders(row) != code_beside_orders(R"({sent, release, "why"}; int n;)"));
  CHECK(code_beside_orders(row) != code_beside_orders(R"({send, release, "why"}; int m;)"));
  use_client(letters);
}

TEST_CASE("a control is run by the program that has its fault", "[workbench]") {
  client built = letters;
  built.mutants = {"mutants", "many", [](std::string_view name) { return name == "mine"; },
                   nullptr};
  use_client(built);
  const control mutant{"m", "S1", "", {}};
  const control specimen{"mine", "S1", "", {}};
  const control orders{"o", "S1", "", {}, "send=relaxed"};
  const control together{"t", "S1", "", {}, {}, true};
  using words = std::vector<std::string>;
  CHECK(checker_of(mutant, "/b/check") == words{"/b/mutants/m"});
  CHECK(checker_of(mutant, "/b/mutants/m") == words{"/b/mutants/m"});
  CHECK(checker_of(specimen, "/b/check") == words{"/b/check"});
  CHECK(checker_of(orders, "/b/check") == words{"/b/check"});
  CHECK(checker_of(together, "/b/check") == words{"/b/mutants/many", "--fault", "t"});
  CHECK_FALSE(put_fault_in_force("t"));
  use_client(letters);
}

TEST_CASE("a quick look at what ships goes deep in some of its executions", "[workbench]") {
  const auto has = [](level how_much, care how, std::string_view search) {
    return to_string(plan_for(how_much, 2, how, 2)).find(search) != std::string::npos;
  };
  CHECK(has(level::quick, care::usual, "pct4:5000@shipped"));  // some orders need so many
  CHECK_FALSE(has(level::quick, care::usual, "pct4:5000@seq_cst"));
  CHECK_FALSE(has(level::quick, care::less, "pct"));
  CHECK(has(level::deep, care::usual, "pct3:200000@shipped"));
  CHECK(has(level::deep, care::usual, "pct5:200000@shipped"));
}

}  // namespace caiman::model
