// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// scenarios_test.cpp: scenarios are read, refused, and invented as the operations allow
// ---------------------------------------------------------------------------------------------
#include <catch2/catch.hpp>

#include <string>

#include "caiman-model/check.hpp"
#include "structures/scenario.hpp"
#include "structures/trial.hpp"

namespace m = caiman::model;
using namespace caiman::model::machine;

namespace {

struct count_spec {
  int n = 0;
  int next() { return n++; }
  bool operator==(const count_spec&) const = default;
};
struct right_count {
  m::atomic<int> n{0};
  int next() { return n.fetch_add(1); }
};
void add_next(tested_of<right_count, count_spec>& of) {
  of.add(m::operation("next", &right_count::next, &count_spec::next));
}

}  // namespace

TEST_CASE("scenarios are read as they are written, and refused in one line", "[structures]") {
  tested_of<right_count, count_spec> of;
  add_next(of);
  of.add(m::operation(
             "add", [](right_count& c, int n) { c.n += n; }, m::range(1, 3))
             .one_thread());
  for (const char* text :
       {"next() | next()", "next(), add(2) ; next(), next() | add(3) | next()"}) {
    const auto s = parse_scenario(text, of);
    REQUIRE(s);
    CHECK(to_string(*s, of) == text);
  }
  for (const char* text :
       {"", "next(", "next() | ", "next() next()", "pop()", "add(4)", "; | ;", "add(1) | add(2)",
        "next() | next() | next() | next() | next() | next()"}) {
    INFO(text);
    CHECK_FALSE(parse_scenario(text, of));
  }
}

TEST_CASE("invented scenarios keep to what an operation allows", "[structures]") {
  tested_of<right_count, count_spec> of;
  add_next(of);
  of.add(m::operation("one", [](right_count& c) { c.n += 1; }).one_thread());
  of.add(m::operation("two", [](right_count& c) { c.n += 1; }).threads(2));
  of.add(m::threads(2, 5));
  of.add(m::operations(6));
  bool some = false;
  for (unsigned n = 0; n < 500; ++n) {
    const scenario s = invent(of, 3, n);
    REQUIRE(parse_scenario(to_string(s, of), of));
    CHECK(s.threads.size() <= 5);
    some = some || s.threads.size() == 5;
  }
  CHECK(some);
}

TEST_CASE("operations of one role share their thread", "[structures]") {
  const auto add = [](right_count& c) { c.n += 1; };
  tested_of<right_count, count_spec> of;
  of.add(m::operation("push", add).one_thread("owner"));
  of.add(m::operation("steal", add));
  of.add(m::operation("take", add).one_thread("owner"));
  CHECK(parse_scenario("push(), take() | steal() | steal()", of));
  const auto torn = parse_scenario("push() | take()", of);
  REQUIRE_FALSE(torn);
  CHECK(torn.error() == "only one thread may be 'owner'");
  bool both = false;
  for (unsigned n = 0; n < 500; ++n) {
    const std::string text = to_string(invent(of, 3, n), of);
    REQUIRE(parse_scenario(text, of));
    both =
        both || (text.find("push") != std::string::npos && text.find("take") != std::string::npos);
  }
  CHECK(both);
}

TEST_CASE("choices are written short and read again", "[structures]") {
  const std::vector<std::uint16_t> choices{0, 0, 0, 2, 1, 1, 0, 3};
  CHECK(choices_text(choices) == "0*3 2 1*2 0 3");
  CHECK(parse_choices(choices_text(choices)) == choices);
  CHECK(choices_text({1, 0, 0}) == "1");
  for (const char* wrong : {"x", "1*", "1*9999999", "-1", "99999", "1 *2"}) {
    INFO(wrong);
    CHECK_FALSE(parse_choices(wrong));
  }
}
