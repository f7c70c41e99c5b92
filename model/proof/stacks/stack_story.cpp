// SPDX-License-Identifier: MIT
#include "stack_story.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace caiman::proof {
namespace {

using nlohmann::json;

// Terms that are asked for first, and then taken in the same order.
class values {
 public:
  void ask(const term& of) { asked_.push_back(of); }
  bool find(const term& claim) {
    found_ = known::here().counterexample(claim, asked_);
    return found_.size() == asked_.size();
  }
  std::uint64_t next() { return found_[at_++]; }

 private:
  std::vector<term> asked_;
  std::vector<std::uint64_t> found_;
  std::size_t at_ = 0;
};

void ask_state(values& all, const stacks_state& now) {
  for (const term& each : {now.token, now.mine, now.theirs}) all.ask(each);
  for (const one_slot& slot : now.slots) {
    for (const term& each : {slot.flag, slot.drainers, slot.passed}) all.ask(each);
    for (const one_stack& in : slot.orders) {
      for (const term& each : {in.height, in.live_height(), in.announced, in.taken, in.unseen,
                               in.note, in.reach, in.my_reach})
        all.ask(each);
      for (const term& each : in.entries) all.ask(each);
    }
  }
}

std::string stack_text(values& all, const one_stack& in) {
  std::string text = fmt::format("height {}", all.next());
  text += fmt::format(", live {}", all.next());
  for (const char* what : {", announced", ", taken", ", unseen"})
    text += all.next() != 0 ? what : "";
  for (const char* what : {"note", "reach of others", "my reach"})
    text += fmt::format(", {} {}", what, all.next());
  text += ", entries";
  for (std::size_t i = 0; i < in.entries.size(); ++i) text += fmt::format(" {}", all.next());
  return text;
}

json state_text(values& all, const stacks_state& now) {
  json lines = json::array();
  std::string token = fmt::format("the token is {}", all.next());
  for (const char* where : {", in my hand", ", in a hand of others"})
    token += all.next() != 0 ? where : "";
  lines.push_back(token);
  for (std::size_t s = 0; s < now.slots.size(); ++s) {
    const one_slot& slot = now.slots[s];
    std::string text =
        fmt::format("slot {}{}: flag {:#x}", s, slot.is_mine ? ", mine" : "", all.next());
    text += fmt::format(", drainers {}{}", all.next(), slot.am_there ? " and I" : "");
    lines.push_back(text + (all.next() != 0 ? ", a fence was passed" : ""));
    for (std::size_t o = 0; o < slot.orders.size(); ++o)
      lines.push_back(fmt::format("slot {} order {}: {}", s, o, stack_text(all, slot.orders[o])));
  }
  return lines;
}

}  // namespace

std::string name_of(const stack_spot& at) {
  switch (at.is) {
    case stack_spot::kind::flag:
      return fmt::format("flag of slot {}", at.slot);
    case stack_spot::kind::head:
      return fmt::format("head of slot {} order {}", at.slot, at.order);
    case stack_spot::kind::entry:
      return fmt::format("entry {} of slot {} order {}", at.i, at.slot, at.order);
    case stack_spot::kind::fence:
      return "every running thread";
    case stack_spot::kind::outside:
      return "no cell of the stacks";
    case stack_spot::kind::block:
      break;
  }
  return fmt::format("block {} of order {}", at.i, at.order);
}

void stack_story::begin(const std::string& call) {
  call_ = call;
  steps_.clear();
}
void stack_story::access(const std::string& site, const std::string& kind, const stack_spot& at) {
  steps_.push_back({site, kind, at, {}});
}
void stack_story::saw(const term& before, const term& after) {
  steps_.back().seen = {before, after};
}

std::string stack_story::told(const term& claim, const stacks_state& now, std::size_t room) const {
  values all;
  ask_state(all, now);
  for (const step& each : steps_) {
    if (!each.seen) continue;
    all.ask(each.seen->first);
    all.ask(each.seen->second);
  }
  const bool is_state = all.find(claim);
  json story = {{"call", call_}, {"log2_fanout", 6}, {"levels", 1}, {"words", json::array()}};
  story["notes"] = is_state ? state_text(all, now) : json::array();
  json steps = json::array();
  for (const step& each : steps_) {
    json one = {{"site", each.site}, {"kind", each.kind}, {"object", name_of(each.at)}};
    if (each.seen && is_state) {
      one["before"] = std::to_string(all.next());
      one["after"] = std::to_string(all.next());
    }
    steps.push_back(std::move(one));
  }
  // Of a long one the end.
  for (story["steps"] = steps; story.dump().size() > room && !steps.empty(); story["steps"] = steps)
    steps.erase(steps.begin());
  return story.dump();
}

}  // namespace caiman::proof
