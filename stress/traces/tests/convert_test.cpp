// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// convert_test.cpp: records in any order become a trace that makes sense
//
// Records by hand, for each thing that a recording can bring. Relies on Catch2 v2; main is in
// tests/unit/main.cpp.
// ---------------------------------------------------------------------------------------------
#include "../recording/convert.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "made_up.hpp"

namespace {

using caiman::traces::byte_list;
using caiman::traces::byte_view;
using caiman::traces::complaint_about;
using caiman::traces::conversion;
using caiman::traces::convert;
using caiman::traces::given_back;
using caiman::traces::mapped_vector;
using caiman::traces::raw_head;
using caiman::traces::raw_kind;
using caiman::traces::raw_record;
using caiman::traces::raw_records;
using caiman::traces::selection;
using caiman::traces::shrunk;
using caiman::traces::taken;
using caiman::traces::trace_event;
using Catch::Matchers::Contains;

constexpr auto got = raw_kind::allocated;
constexpr auto gave = raw_kind::released;
constexpr auto from = raw_kind::resized_from;
constexpr auto to = raw_kind::resized_to;
constexpr std::uint64_t too_large = (1U << 20U) + 1;

conversion converted(std::initializer_list<raw_record> records, const selection& chosen = {}) {
  auto made = convert(mapped_vector<raw_record>(records), "made-up", chosen);
  REQUIRE(made);
  CHECK_FALSE(complaint_about(made->result));
  return *made;
}

mapped_vector<trace_event> events(std::initializer_list<trace_event> expected) { return expected; }

byte_list file_of(const raw_head& head, std::initializer_list<raw_record> records) {
  byte_list file(sizeof head + records.size() * sizeof(raw_record));
  std::memcpy(file.data(), &head, sizeof head);
  if (records.size() > 0) {
    std::memcpy(file.data() + sizeof head, records.begin(), records.size() * sizeof(raw_record));
  }
  return file;
}

}  // namespace

// {number, address, bytes, thread, kind}

TEST_CASE("records are put in order, blocks and threads are numbered as they come") {
  const auto made = converted(
      {{9, 0x20, 0, 7, gave}, {3, 0x10, 100, 7, got}, {5, 0x20, 0, 4, got}, {8, 0x10, 0, 4, gave}});
  CHECK(made.result.name == "made-up");
  CHECK(made.result.threads == 2);
  // A request of nothing is one of one byte.
  CHECK(made.result.events ==
        events({taken(0, 100), taken(1, 1), given_back(1, 0), given_back(0, 1)}));
  CHECK(made.records == 4);
  CHECK(made.unknown_releases + made.lost_releases + made.result.left_out == 0);
}

TEST_CASE("an address that is handed out again is another block") {
  const auto made = converted(
      {{1, 0x10, 8, 0, got}, {2, 0x10, 0, 0, gave}, {3, 0x10, 9, 0, got}, {4, 0x10, 0, 0, gave}});
  CHECK(made.result.events ==
        events({taken(0, 8), given_back(0, 0), taken(0, 9), given_back(0, 1)}));
}

TEST_CASE("a realloc takes the new block and then gives back the old one") {
  // In place and to another address; another thread gets the old address in between.
  const auto made = converted({{1, 0x10, 8, 0, got},
                               {2, 0x10, 0, 0, from},
                               {3, 0x10, 16, 0, to},
                               {4, 0x10, 0, 0, from},
                               {5, 0x10, 99, 1, got},
                               {6, 0x20, 32, 0, to}});
  CHECK(made.result.events == events({taken(0, 8), taken(0, 16), given_back(0, 0), taken(1, 99),
                                      taken(0, 32), given_back(0, 1)}));
  CHECK(made.result.resized == 2);
  CHECK(made.lost_releases == 0);
}

TEST_CASE("what is too large is left out, and counted") {
  const auto made = converted({{1, 0x10, too_large, 0, got},
                               {2, 0x20, too_large - 1, 0, got},
                               {3, 0x10, 0, 0, gave},
                               {4, 0x20, 0, 0, from},
                               {5, 0x30, too_large, 0, to},  // grows out of the trace
                               {6, 0x30, 0, 0, from},
                               {7, 0x40, 50, 0, to}});  // and back into it
  CHECK(made.result.events == events({taken(0, too_large - 1), given_back(0, 0), taken(0, 50)}));
  CHECK(made.result.left_out == 2);
  CHECK(made.result.resized == 1);
  CHECK(made.unknown_releases == 0);
}

TEST_CASE("a realloc to less shrinks the block, where that is asked for") {
  // To another address, whose old one another thread gets in between; in place, and to as much.
  const std::initializer_list<raw_record> records{
      {1, 0x10, 900, 0, got}, {2, 0x10, 0, 1, from}, {3, 0x10, 50, 2, got},
      {4, 0x20, 300, 1, to},  {5, 0x20, 0, 0, from}, {6, 0x20, 299, 0, to},
      {7, 0x20, 0, 0, from},  {8, 0x20, 299, 0, to}, {9, 0x20, 0, 0, gave}};
  const auto made = converted(records, {.shrinkings = true});
  CHECK(made.result.events ==
        events({taken(0, 900), taken(1, 50), shrunk(2, 0, 300), shrunk(0, 0, 299), taken(0, 299),
                given_back(0, 0), given_back(0, 2)}));
  CHECK(made.result.resized == 1);
  CHECK(made.lost_releases == 0);
  CHECK(converted(records).result.resized == 3);
  // What was lost is made up for here, too; and the events may be at their end.
  CHECK(converted({{1, 0x10, 90, 0, got},
                   {2, 0x20, 8, 0, got},
                   {3, 0x10, 0, 0, from},
                   {4, 0x20, 80, 0, to}},
                  {.shrinkings = true})
            .result.events ==
        events({taken(0, 90), taken(0, 8), given_back(0, 1), shrunk(0, 0, 80)}));
  CHECK(converted({{1, 0x10, 90, 0, got},
                   {2, 0x20, 8, 0, got},
                   {3, 0x10, 0, 0, from},
                   {4, 0x20, 80, 0, to}},
                  {.most_events = 3, .shrinkings = true})
            .result.events == events({taken(0, 90), taken(0, 8), given_back(0, 1)}));
}

TEST_CASE("requests of other sizes are left out with their releases, and counted") {
  const selection chosen{.least_bytes = 200, .most_bytes = 300, .shrinkings = true};
  const auto made = converted({{1, 0x10, 199, 0, got},
                               {2, 0x20, 200, 0, got},
                               {3, 0x30, 300, 0, got},
                               {4, 0x40, 301, 0, got},
                               {5, 0x10, 0, 0, gave},
                               {6, 0x40, 0, 0, from},  // into the sizes: a request
                               {7, 0x40, 250, 0, to},
                               {8, 0x20, 0, 0, from},  // out of them by shrinking: it stays
                               {9, 0x20, 10, 0, to},
                               {10, 0x30, 0, 0, from},  // out of them by growing: it is released
                               {11, 0x30, 400, 0, to},
                               {12, 0x20, 0, 0, gave},
                               {13, 0x30, 0, 0, gave},
                               {14, 0x50, too_large, 0, got}},
                              chosen);
  CHECK(made.result.events == events({taken(0, 200), taken(0, 300), taken(0, 250), shrunk(0, 0, 10),
                                      given_back(0, 1), given_back(0, 0)}));
  CHECK(made.other_sizes == 3);
  CHECK(made.result.left_out == 1);
  CHECK(made.result.resized == 1);
  CHECK(made.unknown_releases + made.lost_releases == 0);
}

TEST_CASE("a recording with holes gives a trace without") {
  const auto made = converted({{1, 0x10, 0, 0, gave},  // allocated before the recording
                               {2, 0x20, 8, 0, got},
                               {4, 0x20, 9, 1, got},   // its release was lost
                               {5, 0x30, 0, 1, from},  // a realloc of a block of before
                               {6, 0x40, 10, 1, to}});
  CHECK(made.result.events == events({taken(0, 8), given_back(1, 0), taken(1, 9), taken(1, 10)}));
  CHECK(made.unknown_releases == 2);
  CHECK(made.lost_releases == 1);
}

TEST_CASE("a trace ends where it was told to") {
  const std::initializer_list<raw_record> records{
      {1, 0x10, 8, 0, got}, {2, 0x10, 0, 0, from}, {3, 0x20, 16, 0, to}, {4, 0x20, 9, 1, got}};
  CHECK(converted(records, {.most_events = 1}).result.events == events({taken(0, 8)}));
  CHECK(converted(records, {.most_events = 2}).result.events ==
        events({taken(0, 8), taken(0, 16)}));
  const auto made = converted(records, {.most_events = 4});
  // The fourth is the release that was lost; there is no room for what came with it.
  CHECK(made.result.events ==
        events({taken(0, 8), taken(0, 16), given_back(0, 0), given_back(1, 1)}));
  CHECK(made.result.threads == 2);
}

TEST_CASE("two records with one number are refused") {
  const auto made = convert({{1, 0x10, 8, 0, got}, {1, 0x20, 8, 1, got}}, "made-up", {});
  REQUIRE_FALSE(made);
  CHECK(made.error() == "two records have the number 1");
}

TEST_CASE("a file that is no recording is refused") {
  const raw_head head;
  const byte_list whole = file_of(head, {{1, 0x10, 8, 0, got}, {2, 0x10, 0, 0, gave}});
  REQUIRE(raw_records(whole));
  CHECK(raw_records(whole)->size() == 2);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    if (length >= sizeof head && (length - sizeof head) % sizeof(raw_record) == 0) continue;
    CAPTURE(length);
    CHECK_FALSE(raw_records(byte_view(whole).first(length)));
  }
  CHECK_THAT(raw_records(file_of({.magic = 1}, {})).error(), Contains("not a recording"));
  for (const std::uint32_t kind : {0U, 5U}) {
    const auto file = file_of(head, {{1, 0x10, 8, 0, static_cast<raw_kind>(kind)}});
    CHECK_THAT(raw_records(file).error(), Contains("which there is not"));
  }
}
