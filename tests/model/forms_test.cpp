// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// forms_test.cpp: two questions have one form if they differ in the names of variables, and else
// not
//
// What the proof (model/proof) keeps of a question is its form, so two that share one share an
// answer. Each pair below that must not share one differs in one thing that a form has to hold.
// ---------------------------------------------------------------------------------------------
#include "proof/solver/forms.hpp"

#include <cstdint>
#include <initializer_list>

#include <catch2/catch.hpp>

namespace caiman::proof {
namespace {

z3::context& all() {
  static z3::context one;
  return one;
}

z3::expr number(const char* name, unsigned bits = 8) { return all().bv_const(name, bits); }

fingerprint question(std::initializer_list<z3::expr> terms, std::uint64_t kind = 0) {
  question_form whole(kind);
  for (const z3::expr& each : terms) whole.add(form_of(each));
  return whole.whole();
}

const z3::expr x = number("x");
const z3::expr y = number("y");
const z3::expr u = number("u");
const z3::expr v = number("v");

TEST_CASE("the names of variables make no difference", "[forms]") {
  CHECK(question({x + y == 3, z3::ult(x, y)}) == question({u + v == 3, z3::ult(u, v)}));
  CHECK(question({x + y == 3, z3::ult(x, y)}) == question({y + x == 3, z3::ult(y, x)}));
  CHECK(form_of(x + y == 3).variables.size() == 2);
}

TEST_CASE("all else makes one", "[forms]") {
  CHECK_FALSE(question({x + y == 3}) == question({x - y == 3}));  // a function
  CHECK_FALSE(question({x == 3}) == question({x == 4}));          // a number
  CHECK_FALSE(question({x.extract(3, 0) == 3}) == question({x.extract(4, 1) == 3}));
  CHECK_FALSE(question({x == y}) == question({number("a", 16) == number("b", 16)}));
  CHECK_FALSE(question({x == y}) == question({x == x + 0}));
  CHECK_FALSE(question({x + y == x}) == question({x + y == y}));                  // within a term
  CHECK_FALSE(question({x == y, x == 3}) == question({x == y, y == 3}));          // between terms
  CHECK_FALSE(question({x == 3, y == 4}) == question({y == 4, x == 3, x == 3}));  // how many
  CHECK_FALSE(question({(x + y) + u == 3}) == question({x + (y + u) == 3}));      // where
  CHECK_FALSE(question({x == 3}, 0) == question({x == 3}, 1));                    // what is asked
}

TEST_CASE("what is blind takes variables for one another", "[forms]") {
  question_form::is_blind() = true;
  CHECK(question({x == y, x == 3}) == question({x == y, y == 3}));
  question_form::is_blind() = false;
}

TEST_CASE("a table finds what was put there", "[forms]") {
  shared_table table;
  const fingerprint some = question({x == 3});
  CHECK_FALSE(table.find(some));
  CHECK(table.put(some, 7));
  CHECK(table.find(some) == 7);
  fingerprint half = some;
  ++half.second;
  CHECK_FALSE(table.find(half));
  CHECK(table.put(half, 8));
  CHECK(table.find(half) == 8);
  CHECK(table.find(some) == 7);
}

}  // namespace
}  // namespace caiman::proof
