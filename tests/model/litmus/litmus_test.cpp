// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// litmus_test.cpp: what each engine shows of C++20, a row for programs that differ in orders alone
//
// The table of docs/memory-model.md is what this prints: a cell that changes is a failure,
// whichever way. The machine must show what C++20 allows, and nothing else; what it does not show
// is marked here.
// ---------------------------------------------------------------------------------------------
#include "litmus.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>

#include "programs.hpp"

namespace {

using namespace litmus;  // NOLINT(google-build-using-namespace)

constexpr bool allowed = true;
constexpr bool forbidden = false;

/// Who shows it, besides what C++20 says.
enum class engines : unsigned char { all, not_machine };

struct row {
  std::string test;    // as in the row above, if empty
  std::string orders;  // what the programs have in common
  bool cpp20;
  std::vector<program> programs;
  engines who = engines::all;
};

std::vector<row> reads_after_writes() {
  return {
      {"SB, store buffering",
       "anything less than seq_cst on both sides",
       allowed,
       {sb(rlx, rlx), sb(rel, acq), sb(sc, acq), sb(rel, sc)}},
      {"", "all seq_cst", forbidden, {sb(sc, sc)}},
      {"SB with fences", "seq_cst fences on both sides", forbidden, {sb(rlx, rlx, sc, sc)}},
      {"",
       "one of them weaker",
       allowed,
       {sb(rlx, rlx, sc, acq_rel), sb(rlx, rlx, acq_rel, acq_rel)}},
      {"SB, accesses against a seq_cst fence", "all seq_cst", forbidden, {sb_half_fenced(sc)}},
      {"", "a store that releases", allowed, {sb_half_fenced(rel)}},
      {"SB where read-modify-writes read", "acq_rel, sums", allowed, {sb_sums(rlx, acq_rel)}},
      {"", "acq_rel, exchanges", allowed, {sb_exchanges(rlx, acq_rel)}},
      {"", "seq_cst", forbidden, {sb_sums(sc, sc), sb_exchanges(sc, sc)}},
      {"R, a write against a read", "relaxed, release", allowed, {r(rlx, rlx), r(rel, acq)}},
      {"", "seq_cst", forbidden, {r(sc, sc)}},
      {"RWC, seq_cst loads against a fence", "", forbidden, {rwc(sc, sc)}},
      {"", "acquire loads, or a weaker fence", allowed, {rwc(acq, sc), rwc(sc, acq_rel)}},
  };
}

std::vector<row> what_is_passed_on() {
  return {
      {"MP, message passing",
       "release and acquire, seq_cst",
       forbidden,
       {mp(rel, acq), mp(sc, sc)}},
      {"", "either side weaker", allowed, {mp(rlx, rlx), mp(rel, rlx), mp(rlx, acq)}},
      {"MP with fences",
       "release, acquire, acq_rel, seq_cst on their sides",
       forbidden,
       {mp(rlx, rlx, rel, acq), mp(rlx, rlx, acq_rel, acq_rel), mp(rlx, rlx, sc, sc)}},
      {"",
       "a fence of the wrong kind, or on one side",
       allowed,
       {mp(rlx, rlx, acq, acq), mp(rlx, rlx, rel, rel), mp(rlx, rlx, rlx, acq),
        mp(rlx, rlx, rel, rlx)}},
      {"MP, a relaxed store after the release, same thread",
       "C++11 forbids it",
       allowed,
       {mp_stored_again()}},
      {"MP, a relaxed read-modify-write in between", "", forbidden, {mp_changed()}},
      {"MP, the data seq_cst and the flag relaxed", "", allowed, {mp_data(rlx, rlx, sc)}},
      {"", "a seq_cst fence between the reads", allowed, {mp_data(rlx, sc, rlx)}},
      {"S, a write after what was read",
       "relaxed, release",
       allowed,
       {s(rlx, rlx, rlx), s(rlx, rel, rlx)}},
      {"", "release and acquire", forbidden, {s(rlx, rel, acq)}},
      {"", "the data seq_cst and the flag relaxed", allowed, {s(sc, rlx, rlx)}},
      {"WRC, what is read and passed on", "relaxed", allowed, {wrc(rlx, rlx)}},
      {"", "release and acquire", forbidden, {wrc(rel, acq)}},
      {"ISA2, two seq_cst fences and a thread between them", "relaxed", allowed, {isa2(rlx, rlx)}},
      {"", "release and acquire", forbidden, {isa2(rel, acq)}},
      {"IRIW, two readers of two writers", "release and acquire", allowed, {iriw(rel, acq)}},
      {"", "seq_cst", forbidden, {iriw(sc, sc)}},
  };
}

std::vector<row> orders_of_writes() {
  return {
      {"2+2W, two writers of two objects",
       "relaxed, release",
       allowed,
       {two_writers(rlx), two_writers(rel)}},
      {"", "seq_cst", forbidden, {two_writers(sc)}},
      {"CoRR, a value and then an older one", "relaxed", forbidden, {corr()}},
      {"", "relaxed, two readers of two writers", forbidden, {corr_twice()}},
      {"a value one store back", "relaxed", allowed, {old(3)}},
      {"a value two to four stores back", "relaxed", allowed, {old(0), old(1), old(2)}},
      {"a failing compare-exchange reads an old value",
       "relaxed",
       allowed,
       {failing_change(rlx, rlx)}},
      {"", "relaxed, after an acquire", forbidden, {failing_change(rel, acq)}},
      {"a weak compare-exchange fails for no reason", "", allowed, {change(true)}},
      {"a strong one", "", forbidden, {change(false)}},
      {"what comes between a read-modify-write and what it reads",
       "relaxed",
       forbidden,
       {two_sums(), sum_and_store()}},
      {"LB, load buffering", "relaxed", allowed, {lb()}, engines::not_machine},
  };
}

/// What an engine shows of all programs of a row alike.
bool shown(const row& of, bool (*shows)(const program&)) {
  const bool first = shows(of.programs.front());
  for (const program& p : of.programs) REQUIRE(shows(p) == first);
  return first;
}

/// Set in italics where it is not what C++20 says.
std::string cell_of(const row& of, bool seen) {
  const std::string word = seen ? "shown" : "not";
  return seen == of.cpp20 ? word : "*" + word + "*";
}

std::string line_of(const row& of) {
  INFO(of.test << ", " << of.orders);
  const bool machine = shown(of, machine_shows);
  CHECK(machine == (of.cpp20 && of.who != engines::not_machine));
  const std::string orders = of.orders.empty() ? "" : " " + of.orders;
  return "| " + of.test + (of.test.empty() ? "|" : " |") + orders + " | " +
         (of.cpp20 ? "allowed" : "forbidden") + " | " + cell_of(of, machine) + " | " +
         cell_of(of, shown(of, relacy_shows)) + " | " + cell_of(of, shown(of, ours_shows)) + " |\n";
}

std::string page() {
  const char* name = std::getenv("MEMORY_MODEL_PAGE");  // NOLINT(concurrency-mt-unsafe): one thread
  REQUIRE(name != nullptr);
  const std::ifstream in(name);
  REQUIRE(in);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("The table of the page is what the engines show", "[litmus]") {
  std::string table =
      "| test | orders | C++20 | machine | Relacy | ours |\n|---|---|---|---|---|---|\n";
  for (const auto& part : {reads_after_writes(), what_is_passed_on(), orders_of_writes()}) {
    for (const row& of : part) table += line_of(of);
  }
  const std::string text = page();
  const bool same = text.find("\n\n" + table + "\n") != std::string::npos;
  if (!same) std::cout << table;  // as it belongs into the page
  CHECK(same);
  CHECK(text.find("\n\n" + table + "| ") == std::string::npos);  // and no row more
}
