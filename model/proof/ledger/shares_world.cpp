// SPDX-License-Identifier: MIT
#include "ledger/shares_world.hpp"

#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

namespace caiman::proof {
namespace {

constexpr unsigned bits = 32;
term number_of(std::uint64_t value) { return constant(value & 0xffff'ffff, bits); }

}  // namespace

shares_world& shares_world::here() {
  static shares_world one;
  return one;
}
bool& shares_world::is_left_out() {
  static bool left_out = false;
  return left_out;
}

void shares_world::begin(const std::string& name, int gets) {
  story_.begin(name);
  where_.clear();
  gets_ = gets;
  has_written_ = false;
  mine_ = number_of(1);
  others_ = known::here().fresh("others_shares", bits);
}

// A share that somebody else has may go, or become more; from none come none.
void shares_world::others_run() {
  known& here = known::here();
  const term before = others_;
  others_ = here.fresh("others_shares", bits);
  count_ = here.fresh("count", bits);
  here.assume(z3::implies(before == number_of(0), others_ == number_of(0)));
  here.assume(z3::ult(others_, number_of(std::uint64_t{1} << 30)));  // add() ends the program first
  if (!is_left_out()) here.assume(count_ == mine_ + others_);
  if (!here.can(count_ == here.fresh("any", bits)))
    throw std::logic_error("the clauses allow no state");
}

void shares_world::must_hold() {
  must_follow(mine_ + others_ != number_of(0) || has_written_, "it is touched after its end");
  if (is_left_out()) return;
  const term all = mine_ + others_;
  must_follow(all == number_of(0) || count_ == all, "shares");
}

term shares_world::load() {
  count_access();
  others_run();
  story_.access(name_of(site_), "load", "the count");
  story_.saw(count_, count_);
  must_hold();
  return count_;
}

term shares_world::write(const char* kind, const term& operand, bool adds) {
  count_access();
  others_run();
  const term found = count_;
  must_follow(mine_ + others_ != number_of(0), "it is touched after its end");
  count_ = adds ? found + operand : operand;
  story_.access(name_of(site_), kind, "the count");
  story_.saw(found, count_);
  if (!has_written_) mine_ = mine_ + number_of(static_cast<std::uint64_t>(gets_));
  has_written_ = true;
  must_hold();
  return found;
}

// One that wrote was the last if nobody has one now; one that did not has its share still, and is
// the last if nobody else has one now, or ever will.
void shares_world::must_be_last(bool told) {
  where_ = "the end";
  if (!has_written_) {
    if (!told) fail("a share is dropped and stays");
    others_run();
  }
  must_follow(
      (others_ == number_of(0)) == truth(told),
      told ? "a drop is told that it was the last, and is not" : "the last drop is not told so");
}
void shares_world::must_be_sole(bool told) {
  where_ = "the end";
  if (has_written_) fail("a look writes");
  if (told) others_run();
  must_follow(!truth(told) || others_ == number_of(0), "a share is taken for the only one");
}

void shares_world::must_begin(const term& first) {
  begin("a block that was just frozen", 0);
  where_ = "the beginning";
  must_follow(first == number_of(1), "shares");
}

void shares_world::must_follow(const term& claim, const std::string& what) {
  must(claim, what.c_str(), [&] {
    const std::vector<std::pair<std::string, term>> named{
        {"shares of the call", mine_}, {"shares of others", others_}, {"the count", count_}};
    const std::string site = name_of(site_);
    return finding{what, where_.empty() ? site : where_, told(story_, claim, named)};
  });
}

}  // namespace caiman::proof
