// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stack_accesses.cpp: what an access does to who has the token
//
// A thread takes what it exchanges out of an entry; an owner also what he lowers the height over,
// and his announced top once he finds the flag down. He gives what he stores into the entry above
// the height, or raises the height over.
// ---------------------------------------------------------------------------------------------
#include "stack_world.hpp"

namespace caiman::proof {
namespace {

constexpr unsigned announced_bit = 31;
constexpr unsigned fenced_bit = 32;

// As the core has it in memory.
term head_of(const one_stack& in, const term& announced) {
  const term high = z3::concat(z3::ite(announced, constant(1, 1), constant(0, 1)),
                               z3::concat(constant(0, 23), in.height));
  return z3::concat(in.note, high);
}

}  // namespace

term stack_world::token_of(std::uint64_t number) {
  const std::optional<term> token = tokens_.of(number);
  if (!token) fail("a number that no token has");
  return *token;
}

void stack_world::take(const stack_spot& at, const term& token) {
  if (is_of_token(at)) now_.mine = (now_.mine || token == now_.token).simplify();
}
void stack_world::give(const stack_spot& at, const term& token, const term& condition) {
  if (is_of_token(at)) now_.mine = (now_.mine && !(condition && token == now_.token)).simplify();
}

// His stores are seen, since he has written something that nobody sees before them.
void stack_world::all_is_seen(one_slot& slot) {
  for (one_stack& in : slot.orders) in.unseen = truth(false);
}

// ---- heads -----------------------------------------------------------------------------------

std::uint64_t stack_world::load_head(const stack_spot& at, const call_state& state) {
  if (may_cut_) cut_if_met(state, at);
  begin_access("load", at);
  one_slot& slot = slot_of(at);
  one_stack& in = stack_of(at);
  const term seen = slot.is_mine ? in.announced : in.announced && !in.unseen;
  const term whole = head_of(in, seen);
  story_.saw(whole, whole);
  const bool announced = decide(seen);
  const std::uint64_t height = value_of(in.height);
  const std::uint64_t note = tokens_.number_of(in.note);
  if (slot.is_mine) {
    in.height = height_of(static_cast<unsigned>(height));
  } else if (!now_.announces || slot.am_there) {
    in.my_reach = height_of(static_cast<unsigned>(announced && height != 0 ? height - 1 : height));
    end_access();
  }
  return note << 32 | std::uint64_t{announced} << announced_bit | height;
}

void stack_world::store_head(const stack_spot& at, std::uint64_t value) {
  begin_access("store", at);
  one_slot& slot = slot_of(at);
  one_stack& in = stack_of(at);
  if (!slot.is_mine) fail("a head is written by a thread that is not its owner");
  const std::uint64_t height = value & ((std::uint64_t{1} << announced_bit) - 1);
  if (height > is_.depth + 1) fail("a height that cannot be");
  // Others may have gone by it.
  for (unsigned i = 1; i <= height && i <= is_.depth; ++i) {
    const term is_there = in.height == height_of(i) && in.entry(i) != constant(0, 32);
    must_follow(!(in.announced && !in.taken && is_there), "an announcement is taken back");
  }
  const term whole = head_of(in, in.announced);
  const term old_live = in.live_height();
  for (unsigned i = 1; i <= is_.depth; ++i) {
    const term was_live = z3::ule(height_of(i), old_live);
    if (i <= height) {
      give(at, in.entry(i), !was_live);
    } else if (is_of_token(at)) {
      now_.mine = (now_.mine || (was_live && in.entry(i) == now_.token)).simplify();
    }
  }
  all_is_seen(slot);
  in.height = height_of(static_cast<unsigned>(height));
  in.announced = truth((value >> announced_bit & 1) != 0);
  in.note = token_of(value >> 32);
  in.pushed = in.taken = truth(false);
  if (in.announced.is_true()) in.unseen = known::here().fresh_truth("unseen");
  story_.saw(whole, head_of(in, in.announced));
  end_access();
}

// ---- entries ---------------------------------------------------------------------------------

std::uint32_t stack_world::load_entry(const stack_spot& at, const call_state& state) {
  if (may_cut_) cut_if_met(state, at);
  begin_access("load", at);
  const term entry = stack_of(at).entry(at.i);
  story_.saw(entry, entry);
  return tokens_.number_of(entry);
}

void stack_world::store_entry(const stack_spot& at, std::uint32_t value) {
  begin_access("store", at);
  one_slot& slot = slot_of(at);
  one_stack& in = stack_of(at);
  if (!slot.is_mine && value != 0) fail("an entry is filled by a thread that is not its owner");
  const term token = token_of(value);
  story_.saw(in.entry(at.i), token);
  const term is_live = z3::ule(height_of(at.i), in.live_height());
  const term pushes = truth(slot.is_mine && value != 0) && !in.announced && !in.pushed &&
                      in.height + height_of(1) == height_of(at.i);
  give(at, token, is_live || pushes);
  in.entry(at.i) = token;
  in.pushed = (in.pushed || pushes).simplify();
  if (slot.is_mine) all_is_seen(slot);
  end_access();
}

std::uint32_t stack_world::exchange_entry(const stack_spot& at, std::uint32_t value) {
  begin_access("exchange", at);
  one_slot& slot = slot_of(at);
  one_stack& in = stack_of(at);
  if (value != 0) fail("an entry is filled by an exchange");
  const term before = in.entry(at.i);
  story_.saw(before, constant(0, 32));
  const std::uint32_t number = tokens_.number_of(before);
  take(at, before);
  in.entry(at.i) = constant(0, 32);
  if (slot.is_mine) all_is_seen(slot);
  end_access();
  return number;
}

// ---- the flag --------------------------------------------------------------------------------

word stack_world::load_flag(const stack_spot& at) {
  begin_access("load", at);
  one_slot& slot = slot_of(at);
  story_.saw(slot.flag, slot.flag);
  const term is_down = slot.flag == constant(0, 64);
  for (unsigned order = 0; slot.is_mine && now_.announces && order < is_.orders; ++order) {
    one_stack& in = slot.orders[order];
    const term takes = (in.announced && is_down && !in.taken).simplify();
    for (unsigned i = 1; i <= is_.depth && order == now_.order; ++i) {
      const term is_it = in.height == height_of(i) && in.entry(i) == now_.token;
      now_.mine = (now_.mine || (takes && is_it)).simplify();
    }
    in.taken = (in.taken || takes).simplify();
  }
  end_access();
  return word(slot.flag);
}

void stack_world::set_flag(const stack_spot& at, const term& from, const term& to) {
  one_slot& slot = slot_of(at);
  story_.saw(from, to);
  slot.flag = to.simplify();
  if (site_ == protocol::site::drain_raise) {
    if (slot.am_there) fail("a drainer raises a flag twice");
    slot.am_there = true;
    slot.i_passed = bit(from, fenced_bit);
  }
  if (site_ == protocol::site::drain_leave) {
    slot.am_there = false;
    slot.i_passed = truth(false);
    for (one_stack& in : slot.orders) in.my_reach = height_of(0);
  }
  slot.passed = (slot.passed && slot.flag != constant(0, 64)).simplify();
  if (slot.is_mine) all_is_seen(slot);
  end_access();
}

void stack_world::store_flag(const stack_spot& at, const word& value) {
  begin_access("store", at);
  set_flag(at, slot_of(at).flag, value.low());
}

bool stack_world::compare_exchange_flag(const stack_spot& at, word& expected, const word& desired) {
  if (choose(2) == 0) {
    begin_access("cas", at);
    const term flag = slot_of(at).flag;
    const term equal = flag == expected.low();
    if (!known::here().can(equal)) end_path(path_end::cannot);
    known::here().assume(equal);
    set_flag(at, flag, desired.low());
    return true;
  }
  begin_access("cas_failed", at);
  // Of what it finds nothing is assumed, not even that it differs.
  const term flag = slot_of(at).flag;
  story_.saw(flag, flag);
  expected = word(flag);
  return false;
}

word stack_world::add_to_flag(const stack_spot& at, const word& value) {
  begin_access("fetch_add", at);
  const term flag = slot_of(at).flag;
  set_flag(at, flag, flag + value.low());
  return word(flag);
}

word stack_world::set_in_flag(const stack_spot& at, const word& mask) {
  begin_access("fetch_or", at);
  const term flag = slot_of(at).flag;
  set_flag(at, flag, flag | mask.low());
  return word(flag);
}

void stack_world::heavy_fence() {
  if (!is_.fences_work) return;
  begin_access("fence", {stack_spot::kind::fence, 0, 0, 0});
  for (one_slot& slot : now_.slots) {
    all_is_seen(slot);
    if (!slot.am_there) continue;
    slot.passed = slot.i_passed = truth(true);
  }
  end_access();
}

// ---- the tree --------------------------------------------------------------------------------

void stack_world::give_to_tree(unsigned order, std::size_t index) {
  const stack_spot at{stack_spot::kind::block, 0, order, static_cast<unsigned>(index)};
  begin_access("cas", at);
  const term token = token_of(index + 1);
  if (!is_of_token(at)) return;
  const term is_it = token == now_.token;
  must_follow(z3::implies(is_it, now_.mine), "the tree gets what the thread does not hold");
  now_.mine = (now_.mine && !is_it).simplify();
  now_.theirs = (now_.theirs || is_it).simplify();
  end_access();
}

}  // namespace caiman::proof
