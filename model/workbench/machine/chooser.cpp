// SPDX-License-Identifier: MIT
#include "machine/chooser.hpp"

#include <algorithm>
#include <bit>
#include <span>

namespace caiman::model::machine {

void chooser::start(const way& how) {
  how_ = how;
  execution_ = 0;
  given_.clear();
  taken_.clear();
  limits_.clear();
  ended_ = false;
  lost_ = false;
  longest_ = 16;
}

void chooser::start_again(std::vector<std::uint16_t> choices) {
  start({method::again, 0, 0});
  given_ = std::move(choices);
}

std::uint32_t chooser::draw() noexcept {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return static_cast<std::uint32_t>(random_ >> 16);
}

bool chooser::begin() {
  const bool walks = how_.how == method::bound || how_.how == method::full;
  if (walks && execution_ > 0) {
    // The last choice that had another one left takes it.
    while (!taken_.empty() && taken_.back() + 1U >= limits_.back()) {
      taken_.pop_back();
      limits_.pop_back();
    }
    if (taken_.empty()) {
      ended_ = true;
      return false;
    }
    given_ = taken_;
    ++given_.back();
  }
  longest_ = std::max(longest_, step_);
  ++execution_;
  taken_.clear();
  limits_.clear();
  switches_ = 0;
  step_ = 0;
  if (how_.how != method::random && how_.how != method::pct) return true;
  // Neighbours must not begin alike (splitmix64).
  std::uint64_t mixed = how_.seed * 0x9e3779b97f4a7c15U + execution_ * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  random_ = (mixed ^ (mixed >> 31)) | 1;
  keeps_ = 1U << draw() % 3;
  if (how_.how != method::pct) return true;
  for (long& p : priority_) p = draw();
  lowest_ = 0;
  // In every second execution the switches lie close together: what a peer must not do between two
  // steps of a thread takes a few steps, however long the execution is.
  const bool close = draw() % 2 == 0;
  unsigned last = 0;
  for (unsigned i = 0; i < std::min<std::size_t>(how_.bound, falls_.size()); ++i) {
    falls_[i] = close ? last += 1 + draw() % (1U << draw() % 6) : 1 + draw() % longest_;
  }
  return true;
}

unsigned chooser::choose(unsigned limit) {
  unsigned chosen = 0;
  const std::size_t i = taken_.size();
  if (i < given_.size()) {
    chosen = given_[i];
    if (chosen >= limit) {
      lost_ = true;
      chosen = 0;
    }
  } else if (how_.how == method::random || how_.how == method::pct) {
    chosen = draw() % limit;
  }
  taken_.push_back(static_cast<std::uint16_t>(chosen));
  limits_.push_back(static_cast<std::uint16_t>(limit));
  return chosen;
}

unsigned chooser::value(unsigned limit) {
  if (limit < 2) return 0;
  const bool draws = how_.how == method::random || how_.how == method::pct;
  if (draws && draw() % 2 == 0) {  // half of them are the plain choice
    taken_.push_back(0);
    limits_.push_back(static_cast<std::uint16_t>(limit));
    return 0;
  }
  return choose(limit);
}

unsigned chooser::by_priority(unsigned ready, unsigned at) {
  const auto falls = std::span(falls_).first(std::min<std::size_t>(how_.bound, falls_.size()));
  if (at != none && std::ranges::find(falls, step_) != falls.end()) priority_[at] = --lowest_;
  auto best = static_cast<unsigned>(std::countr_zero(ready));
  for (unsigned t = best + 1; t < most_threads; ++t) {
    if ((ready >> t & 1) != 0 && priority_[t] > priority_[best]) best = t;
  }
  return best;
}

unsigned chooser::thread(unsigned ready, unsigned at) {
  ++step_;
  const auto count = static_cast<unsigned>(std::popcount(ready));
  const bool runs = at != none && (ready >> at & 1) != 0;
  if (count == 1) return static_cast<unsigned>(std::countr_zero(ready));
  // The one that runs is 0, the others follow by their number.
  const auto nth = [&](unsigned n) {
    if (runs && n == 0) return at;
    unsigned left = ready & ~(runs ? 1U << at : 0U);
    for (unsigned skip = runs ? n - 1 : n; skip > 0; --skip) left &= left - 1;
    return static_cast<unsigned>(std::countr_zero(left));
  };
  const auto place_of = [&](unsigned t) {
    for (unsigned n = 0; n < count; ++n) {
      if (nth(n) == t) return n;
    }
    return 0U;
  };
  unsigned limit = count;
  if (how_.how == method::bound && runs && switches_ >= how_.bound) limit = 1;
  unsigned chosen = 0;
  if (how_.how == method::pct || (how_.how == method::random && runs && draw() % keeps_ != 0)) {
    const unsigned t = how_.how == method::pct ? by_priority(ready, runs ? at : none) : at;
    chosen = place_of(t);
    taken_.push_back(static_cast<std::uint16_t>(chosen));
    limits_.push_back(static_cast<std::uint16_t>(limit));
  } else {
    chosen = choose(limit);
  }
  if (runs && chosen != 0) ++switches_;
  return nth(chosen);
}

}  // namespace caiman::model::machine
