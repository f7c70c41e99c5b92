// SPDX-License-Identifier: MIT
#include "stack_story.hpp"

#include <fmt/format.h>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

namespace caiman::proof {
namespace {

using nlohmann::json;

std::vector<term> terms_of(const stacks_state& now) {
  std::vector<term> all{now.token, now.mine, now.theirs};
  for (const one_slot& slot : now.slots) {
    all.insert(all.end(), {slot.flag, slot.drainers, slot.passed});
    for (const one_stack& in : slot.orders) {
      all.insert(all.end(), {in.height, in.live_height(), in.announced, in.taken, in.unseen,
                             in.note, in.reach, in.my_reach});
      all.insert(all.end(), in.entries.begin(), in.entries.end());
    }
  }
  return all;
}

// The values of those, one after the other.
class values {
 public:
  explicit values(const std::vector<std::uint64_t>& of) : at_(of.begin()) {}
  std::uint64_t next() { return *at_++; }

 private:
  std::vector<std::uint64_t>::const_iterator at_;
};

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

json state_text(const std::vector<std::uint64_t>& found, const stacks_state& now) {
  json lines = json::array();
  if (found.empty()) return lines;
  values all(found);
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

std::string told(const story& so_far, const term& claim, const stacks_state& now) {
  return so_far.told(claim, terms_of(now), [&](const std::vector<std::uint64_t>& found) {
    return json{{"log2_fanout", 6},
                {"levels", 1},
                {"words", json::array()},
                {"notes", state_text(found, now)}};
  });
}

}  // namespace caiman::proof
