// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stack_checks.cpp: which calls at the stacks are checked, at which depths
//
// A name is call/depth/which: announced pops, pops by exchange, or announced pops where the heavy
// fence does not work. Compiled without optimisation (states.hpp), and with access to what is
// private.
// ---------------------------------------------------------------------------------------------
#include "stack_checks.hpp"

#include "solver/states.hpp"
#include "stack_calls.hpp"

namespace caiman::proof {
namespace {

template <class Calls, class Call>
void add(checks& all, const std::string& name, Call body) {
  all.push_back({name, "", [body](const effort& limits) {
                   Calls calls;
                   return explore(limits, [&] {
                     set_stack_begin(__builtin_frame_address(0));
                     body(calls);
                   });
                 }});
}

template <class Calls>
void add_calls(checks& all, const std::string& where) {
  const auto owner = [&](const std::string& call, auto body) {
    add<Calls>(all, call + where, body);
  };
  owner("built", [](auto& calls) { calls.built(); });
  owner("hence", [](auto& calls) { calls.at_rest(); });
  owner("push", [](auto& calls) { calls.push(); });
  owner("push_again", [](auto& calls) { calls.push_again(); });
  owner("push_twice", [](auto& calls) { calls.push_again_wrongly(true); });
  owner("push_no_block", [](auto& calls) { calls.push_again_wrongly(false); });
  owner("forget", [](auto& calls) { calls.forget(); });
  owner("holds_live", [](auto& calls) { calls.holds_what_is_live(); });
  owner("holds_kept", [](auto& calls) { calls.holds_what_is_kept(); });
  owner("pop_top", [](auto& calls) { calls.pop_top(); });
  owner("pop_below", [](auto& calls) { calls.pop_below(); });
}

// Of one foreign slot, of the own one alone, of both; by another thread that has a slot.
template <class Calls>
void add_drains(checks& all, const std::string& where, bool both) {
  add<Calls>(all, "drain" + where + "/foreign", [](auto& calls) { calls.drain(1, 1); });
  add<Calls>(all, "drain" + where + "/own", [](auto& calls) { calls.drain(1, 0); });
  if (both) add<Calls>(all, "drain" + where + "/both", [](auto& calls) { calls.drain(2, 0); });
}

template <unsigned Depth>
void add_depth(checks& all) {
  const std::string depth = "/d" + std::to_string(Depth);
  add_calls<stack_calls<Depth, 1, true>>(all, depth + "/announced");
  add_calls<stack_calls<Depth, 1, false>>(all, depth + "/exchanged");
  add_calls<stack_calls<Depth, 1, true, false>>(all, depth + "/fenceless");
  add_drains<stack_calls<Depth, 1, true>>(all, depth + "/announced", Depth < 3);
  add_drains<stack_calls<Depth, 1, false>>(all, depth + "/exchanged", Depth < 3);
  add_drains<stack_calls<Depth, 1, true, false>>(all, depth + "/fenceless", false);
}

}  // namespace

void add_stack_checks(checks& all) {
  add_depth<1>(all);
  add_depth<2>(all);
  add_depth<3>(all);
  add_depth<4>(all);
  add_drains<stack_calls<1, 2, true>>(all, "/d1o2/announced", false);
}

}  // namespace caiman::proof
