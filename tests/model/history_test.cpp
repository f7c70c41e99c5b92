// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// history_test.cpp: the judge of refusals has teeth
//
// `explainable` decides every S6 verdict. Here it meets histories made by hand, right ones and
// wrong ones, in pairs that differ in one thing: a release more, a block less, one operation known
// to have come before another. Then it is compared with all permutations, which is what it means.
// ---------------------------------------------------------------------------------------------
#include "engine/history.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>
#include <catch2/catch.hpp>

namespace caiman::model {
namespace {

using what = record::kind;

// The records that came before one, as a set of their numbers.
constexpr record_set after(std::initializer_list<unsigned> records) {
  record_set set = 0;
  for (const unsigned r : records) set |= record_set{1} << r;
  return set;
}

record granted(unsigned order, std::size_t index, record_set earlier = 0) {
  return {what::granted, order, blocks_of(order, index), earlier};
}
record released(unsigned order, std::size_t index, record_set earlier = 0) {
  return {what::released, order, blocks_of(order, index), earlier};
}
record refused(unsigned order, record_set earlier = 0) {
  return {what::refused, order, 0, earlier};
}

constexpr unsigned four_blocks = 2;  // the order of an arena of four min blocks
constexpr unsigned all_blocks = 5;   // of the largest one

bool explainable(block_set free, std::initializer_list<record> records,
                 unsigned max_order = four_blocks) {
  history h;
  h.clear(free, max_order);
  for (const record& r : records) h.add(r);
  REQUIRE(h.size() == records.size());
  REQUIRE_FALSE(h.overflown());
  return h.explainable();
}

TEST_CASE("nothing happened, or one thing alone", "[history]") {
  CHECK(explainable(0b1111, {}));
  CHECK(explainable(0, {}));
  CHECK(explainable(0b1111, {granted(2, 0)}));
  CHECK(explainable(0b0001, {granted(0, 0)}));
  CHECK_FALSE(explainable(0b0001, {granted(0, 1)}));
  CHECK(explainable(0b1110, {released(0, 0)}));
  CHECK_FALSE(explainable(0b1111, {released(0, 0)}));
}

TEST_CASE("grants may not overlap", "[history]") {
  CHECK(explainable(0b1111, {granted(0, 0), granted(0, 1), granted(1, 1)}));
  CHECK_FALSE(explainable(0b1111, {granted(0, 0), granted(0, 0)}));
  CHECK_FALSE(explainable(0b1111, {granted(1, 0), granted(0, 1)}));
  CHECK_FALSE(explainable(0b1111, {granted(2, 0), granted(0, 3)}));
  CHECK_FALSE(explainable(0b0111, {granted(1, 1)}));  // half of it is live
}

TEST_CASE("a block may be granted again after its release, not before", "[history]") {
  const record first = granted(0, 0);
  const record back = released(0, 0, after({0}));
  CHECK(explainable(0b1111, {first, back, granted(0, 0)}));
  CHECK(explainable(0b1111, {first, back, granted(0, 0, after({1}))}));
  // The second grant was known before the release began.
  CHECK_FALSE(explainable(0b1111, {first, released(0, 0, after({0, 2})), granted(0, 0)}));
  CHECK_FALSE(explainable(0b1111, {first, back, granted(0, 0), granted(0, 0)}));
}

TEST_CASE("a release must be of live blocks", "[history]") {
  CHECK_FALSE(explainable(0b0000, {released(0, 0), released(0, 0)}));
  CHECK_FALSE(explainable(0b0000, {released(1, 0), released(0, 1)}));
  CHECK_FALSE(explainable(0b0001, {released(1, 0)}));  // half of it is free
  CHECK(explainable(0b0000, {released(0, 0), granted(0, 0), released(0, 0)}));
}

TEST_CASE("a refusal needs a moment without room", "[history]") {
  CHECK(explainable(0b0000, {refused(0)}));
  CHECK_FALSE(explainable(0b1111, {refused(0)}));
  CHECK_FALSE(explainable(0b1000, {refused(0)}));
  CHECK(explainable(0b0110, {refused(1)}));  // two free blocks, but no buddies
  CHECK_FALSE(explainable(0b1100, {refused(1)}));
  CHECK(explainable(0b0111, {refused(2)}));
  CHECK_FALSE(explainable(0b1111, {refused(2)}));
}

TEST_CASE("room is looked for in the whole arena and nowhere else", "[history]") {
  constexpr unsigned largest = 5;
  CHECK_FALSE(explainable(0xffffffff, {refused(5)}, largest));
  CHECK(explainable(0x7fffffff, {refused(5)}, largest));
  CHECK_FALSE(explainable(0x80000000, {refused(0)}, largest));
  CHECK_FALSE(explainable(0xffff0000, {refused(4)}, largest));
  CHECK(explainable(0x00ffff00, {refused(4)}, largest));
  CHECK(explainable(0b10, {refused(0)}, 0));  // block 1 is not in an arena of one block
}

TEST_CASE("a grant at the same time explains a refusal, an earlier release ends that",
          "[history]") {
  CHECK(explainable(0b0001, {granted(0, 0), refused(0)}));
  CHECK_FALSE(explainable(0b0011, {granted(0, 0), refused(0)}));
  CHECK_FALSE(explainable(0b0001, {granted(0, 0, after({1})), refused(0)}));
  const record back = released(0, 0, after({0}));
  CHECK(explainable(0b0001, {granted(0, 0), back, refused(0)}));
  CHECK(explainable(0b0001, {granted(0, 0), back, refused(0, after({0}))}));
  CHECK_FALSE(explainable(0b0001, {granted(0, 0), back, refused(0, after({0, 1}))}));
}

// The same answers, judged by happens-before (nothing ordered the release before the refusal) and
// by real time (it had ended when the request began).
TEST_CASE("a pending release explains a refusal, a finished one does not", "[history]") {
  CHECK(explainable(0b0000, {released(0, 0), refused(0)}));
  CHECK_FALSE(explainable(0b0000, {released(0, 0), refused(0, after({0}))}));
  CHECK(explainable(0b0000, {released(1, 0), released(1, 1), refused(2, after({0}))}));
  CHECK_FALSE(explainable(0b0000, {released(1, 0), released(1, 1), refused(2, after({0, 1}))}));
}

// Two free blocks stand apart from the live one: taken first and given back after, or the other
// way round.
TEST_CASE("a hole that moves is no hole that was filled", "[history]") {
  CHECK(explainable(0b0010, {granted(0, 1), released(0, 0, after({0})), refused(0)}));
  CHECK_FALSE(explainable(0b0010, {released(0, 0), granted(0, 1, after({0})), refused(0)}));
}

// Fault 1 of the trial: a release is pending, a part of what it gives is taken already, and the
// taker is then told that the rest is not there.
TEST_CASE("a release that is partly reused has happened", "[history]") {
  const record pending = released(2, 0);
  CHECK_FALSE(explainable(0b0000, {pending, granted(0, 0), refused(1, after({1}))}));
  CHECK(explainable(0b0000, {pending, granted(0, 0), refused(1)}));
  CHECK(explainable(0b0000, {pending, granted(0, 0), refused(2, after({1}))}));
}

TEST_CASE("each refusal needs a moment of its own", "[history]") {
  // Thread 0 fills the arena and empties it; thread 1 is refused twice, in between it is served.
  const record take = granted(2, 0);
  const record back = released(2, 0, after({0}));
  CHECK(explainable(0b1111, {take, back, refused(0), refused(0, after({2}))}));
  CHECK_FALSE(explainable(0b1111, {take, back, refused(0), granted(0, 0, after({2})),
                                   released(0, 0, after({3})), refused(0, after({4}))}));
}

// ---- the table of records ------------------------------------------------------------------

/// One thread takes min block 0 and gives it back, `count` records long.
void fill(history& h, std::size_t count) {
  h.clear(blocks_of(all_blocks, 0), all_blocks);
  for (std::size_t i = 0; i < count; ++i) {
    const record_set earlier = (record_set{1} << i) - 1;
    h.add(i % 2 == 0 ? granted(0, 0, earlier) : released(0, 0, earlier));
  }
}

TEST_CASE("the table holds 48 records and judges them", "[history]") {
  STATIC_REQUIRE(history::most == 48);
  history h;
  fill(h, history::most);
  CHECK(h.size() == history::most);
  CHECK_FALSE(h.overflown());
  CHECK(h.explainable());

  fill(h, history::most - 1);
  h.add(granted(0, 0, (record_set{1} << (history::most - 1)) - 1));
  CHECK_FALSE(h.overflown());
  CHECK_FALSE(h.explainable());
}

TEST_CASE("one record more is not forgotten", "[history]") {
  history h;
  fill(h, history::most);
  CHECK_FALSE(h.any_refused());

  SECTION("it is counted as too many") {
    h.add(granted(0, 0));
    CHECK(h.overflown());
    CHECK(h.size() == history::most);
    CHECK_FALSE(h.any_refused());
  }
  // The engine asks for a judgement only where there was a refusal: it must hear of this one.
  SECTION("a refusal beyond the table is still a refusal") {
    h.add(refused(0));
    CHECK(h.overflown());
    CHECK(h.any_refused());
  }
  SECTION("and a new execution starts afresh") {
    h.add(refused(0));
    h.clear(0b1111, four_blocks);
    CHECK_FALSE(h.overflown());
    CHECK_FALSE(h.any_refused());
    CHECK(h.size() == 0);
    CHECK(h.explainable());
    h.add(refused(0));
    CHECK(h.any_refused());
    CHECK_FALSE(h.explainable());
  }
}

// ---- against all permutations --------------------------------------------------------------

bool has_room(block_set free, unsigned order) {
  for (std::size_t i = 0; i < (std::size_t{4} >> order); ++i) {
    if ((free & blocks_of(order, i)) == blocks_of(order, i)) return true;
  }
  return false;
}

bool is_sequence(block_set free, const std::vector<record>& records,
                 const std::vector<unsigned>& sequence) {
  record_set done = 0;
  for (const unsigned n : sequence) {
    const record& r = records[n];
    if ((r.earlier & ~done) != 0) return false;
    done |= record_set{1} << n;
    switch (r.what) {
      case what::granted:
        if ((free & r.blocks) != r.blocks) return false;
        free &= ~r.blocks;
        break;
      case what::released:
        if ((free & r.blocks) != 0) return false;
        free |= r.blocks;
        break;
      case what::refused:
        if (has_room(free, r.order)) return false;
        break;
    }
  }
  return true;
}

bool some_permutation_explains(block_set free, const std::vector<record>& records) {
  std::vector<unsigned> sequence(records.size());
  std::iota(sequence.begin(), sequence.end(), 0U);
  do {
    if (is_sequence(free, records, sequence)) return true;
  } while (std::next_permutation(sequence.begin(), sequence.end()));
  return false;
}

unsigned up_to(unsigned most) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0U, most + 1));
}

std::vector<record> any_records() {
  std::vector<record> records(1 + up_to(5));
  for (unsigned n = 0; n < records.size(); ++n) {
    record& r = records[n];
    r.what = *rc::gen::element(what::granted, what::refused, what::released);
    r.order = up_to(2);
    r.blocks = r.what == what::refused ? 0 : blocks_of(r.order, up_to((4U >> r.order) - 1));
    const unsigned some = up_to((1U << n) - 1);
    r.earlier = some & up_to((1U << n) - 1);  // few, or nothing is explainable
  }
  return records;
}

TEST_CASE("explainable means that some sequence explains it", "[history]") {
  unsigned yes = 0;
  unsigned no = 0;
  rc::detail::TestParams params;
  params.maxSuccess = 3000;
  rc::detail::TestListenerAdapter silent;
  const auto property = [&] {
    const block_set free = up_to(15);
    const std::vector<record> records = any_records();
    history h;
    h.clear(free, four_blocks);
    for (const record& r : records) h.add(r);
    const bool explained = some_permutation_explains(free, records);
    ++(explained ? yes : no);
    RC_ASSERT(h.explainable() == explained);
  };
  const auto result =
      rc::detail::checkTestable(property, rc::detail::TestMetadata{}, params, silent,
                                std::unordered_map<std::string, rc::detail::Reproduce>{});
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  INFO(text.str());
  CHECK(result.is<rc::detail::SuccessResult>());
  CHECK(yes > 100);
  CHECK(no > 100);
}

}  // namespace
}  // namespace caiman::model
