// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stacks_property.cpp: with stacks, too, the buddy agrees with a set of free min blocks
//
// The property is agreement.hpp's. Which block a request gets is the stacks' choice, all else is
// not: what lies there, in the own slot or in that of a peer that stands still, is free, and a
// request that finds nothing elsewhere must have it. The control runs the same test where nobody
// drains, and asserts that it fails.
// ---------------------------------------------------------------------------------------------
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "../stack_policies.hpp"
#include "agreement.hpp"

namespace {

using namespace caiman::property;
using caiman::testing::announced_sync;
using caiman::testing::exchange_sync;
using caiman::testing::undrained;

template <class Sync>
std::unique_ptr<arena> make_threaded(geometry g) {
  return std::make_unique<threaded_arena>(make_arena<Sync>(g));
}

}  // namespace

TEST_CASE("on one thread", "[stacks]") {
  require_property("announced pops", make_arena<announced_sync>);
  require_property("exchange pops", make_arena<exchange_sync>);
}

TEST_CASE("with slots that take turns", "[stacks]") {
  require_property("announced pops, hopping", make_arena<hopping<announced_sync>>);
  require_property("exchange pops, hopping", make_arena<hopping<exchange_sync>>);
}

TEST_CASE("with threads that take turns", "[stacks][threads]") {
  require_property("announced pops, threads", make_threaded<announced_sync>, 500);
  require_property("exchange pops, threads", make_threaded<exchange_sync>, 500);
}

TEST_CASE("but not where nobody drains", "[stacks][control]") {
  for (const maker& make :
       {maker(make_arena<undrained<exchange_sync>>), maker(make_arena<undrained<announced_sync>>),
        maker(make_arena<undrained<hopping<exchange_sync>>>),
        maker(make_threaded<undrained<exchange_sync>>)}) {
    const auto result = try_property(make);
    REQUIRE(result.is<rc::detail::FailureResult>());
    const auto& failure = result.get<rc::detail::FailureResult>();
    INFO(failure.description);
    CHECK(!failure.counterExample.empty());
  }
}

TEST_CASE("and the same few sequences pass where they do", "[stacks][control]") {
  for (const maker& make :
       {maker(make_arena<exchange_sync>), maker(make_arena<announced_sync>),
        maker(make_arena<hopping<exchange_sync>>), maker(make_threaded<exchange_sync>)}) {
    CHECK(try_property(make).is<rc::detail::SuccessResult>());
  }
}
