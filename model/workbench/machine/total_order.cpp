// SPDX-License-Identifier: MIT
#include "machine/total_order.hpp"

#include <utility>

namespace caiman::model::machine {
namespace {

std::uint32_t at(const std::vector<std::uint32_t>& all, std::uint32_t i,
                 std::uint32_t otherwise) noexcept {
  return i < all.size() ? all[i] : otherwise;
}

}  // namespace

total_order::event& total_order::add(const view& now, unsigned thread) {
  if (used_ == events_.size()) events_.emplace_back();
  event& e = events_[used_++];
  e.is_fence = false;
  e.thread = thread;
  e.step = now.steps[thread];
  e.before.reset();
  e.seen.clear();
  e.read.clear();
  e.made.clear();
  return e;
}

/// Whether an access of `store` is coherence-ordered before the next one.
bool total_order::is_earlier(memory& of, std::uint32_t store, bool writes, const touch& next) {
  const std::uint32_t rank = of[next.location].messages[store].rank;
  switch (next.what) {
    case touch::kind::reads:
      return writes ? rank <= next.rank : rank < next.rank;
    case touch::kind::writes:
      return rank < next.rank;
    case touch::kind::changes:
      return rank <= next.rank;
  }
  return false;
}

total_order::set total_order::with_all_before(const set& these) const {
  set all = these;
  for (std::size_t i = 0; i < used_; ++i) {
    if (these[i]) all |= events_[i].before;
  }
  return all;
}

total_order::set total_order::fences_before(const view& now) const {
  set all;
  for (std::size_t i = 0; i < used_; ++i) {
    if (events_[i].is_fence && knows(now, events_[i])) all.set(i);
  }
  return all;
}

total_order::set total_order::earlier(memory& of, const view& now, const touch& next) const {
  set all;
  for (std::size_t i = 0; i < used_; ++i) {
    const event& e = events_[i];
    bool before = knows(now, e);
    if (!before && e.is_fence) {
      const std::uint32_t read = at(e.read, next.location, none);
      const std::uint32_t made = at(e.made, next.location, none);
      before = (read != none && is_earlier(of, read, false, next)) ||
               (made != none && is_earlier(of, made, true, next));
    } else if (!before && e.location == next.location) {
      before = is_earlier(of, e.store, e.writes, next);
    }
    if (before) all.set(i);
  }
  return all;
}

/// What the next access is coherence-ordered before.
total_order::set total_order::later(memory& of, const touch& next) const {
  set all;
  for (std::size_t i = 0; i < used_; ++i) {
    const event& e = events_[i];
    if (!e.is_fence && e.location != next.location) continue;
    const std::uint32_t store = e.is_fence ? at(e.seen, next.location, 0) : e.store;
    const std::uint32_t rank = of[next.location].messages[store].rank;
    if (next.what == touch::kind::writes ? rank >= next.rank : rank > next.rank) all.set(i);
  }
  return all;
}

bool total_order::allows(memory& of, const view& now, const touch& next) const {
  if (used_ == 0) return true;
  const set after = later(of, next);
  if (after.none()) return true;
  set first = fences_before(now);
  if (next.seq_cst) first |= earlier(of, now, next);
  return (with_all_before(first) & after).none();
}

void total_order::done(memory& of, const view& now, unsigned thread, const touch& next) {
  const bool writes = next.what != touch::kind::reads;
  last_is_event_ = false;
  last_location_ = next.location;
  if (writes && used_ > 0) last_now_.steps = now.steps;
  if (used_ == 0 && !next.seq_cst) return;
  const std::uint32_t read =
      of[next.location].order[next.what == touch::kind::writes ? next.rank - 1 : next.rank];
  const set after = later(of, next);
  set first = fences_before(now);
  if (next.seq_cst && !is_execution()) {
    set before = with_all_before(earlier(of, now, next));
    const std::size_t self = used_;
    event& e = add(now, thread);
    e.location = next.location;
    e.store = read;
    e.writes = writes;
    e.before = before;
    first.set(self);
    last_is_event_ = writes;
  }
  if (after.any() && first.any()) {
    const set all = with_all_before(first);
    for (std::size_t i = 0; i < used_; ++i) {
      if (after[i]) events_[i].before |= all;
    }
    for (std::size_t i = 0; i < used_; ++i) {
      if ((events_[i].before & after).any()) events_[i].before |= all;
    }
  }
  if (next.what != touch::kind::writes) note_after_fences(of, now, next.location, read, false);
}

void total_order::wrote(memory& of, std::uint32_t store) {
  if (used_ == 0) return;
  if (std::exchange(last_is_event_, false)) events_[used_ - 1].store = store;
  note_after_fences(of, last_now_, last_location_, store, true);
}

void total_order::note_after_fences(memory& of, const view& now, std::uint32_t location,
                                    std::uint32_t store, bool made) {
  for (std::size_t i = 0; i < used_; ++i) {
    event& e = events_[i];
    if (!e.is_fence || !knows(now, e)) continue;
    auto& oldest = made ? e.made : e.read;
    if (oldest.size() <= location) oldest.resize(location + 1, none);
    const auto& messages = of[location].messages;
    std::uint32_t& known = oldest[location];
    if (known == none || messages[store].rank < messages[known].rank) known = store;
  }
}

void total_order::fence(memory& of, const view& now, unsigned thread) {
  if (is_execution()) return;
  set before;
  for (std::size_t i = 0; i < used_; ++i) {
    const event& e = events_[i];
    bool earlier = knows(now, e);
    const auto known = [&](std::uint32_t location) {
      return of[location].messages[now.at(location)].rank;
    };
    if (!earlier && !e.is_fence) {
      const std::uint32_t rank = of[e.location].messages[e.store].rank;
      earlier = e.writes ? rank <= known(e.location) : rank < known(e.location);
    }
    for (std::uint32_t x = 0; !earlier && e.is_fence && x < now.seen.size(); ++x) {
      const std::uint32_t read = at(e.read, x, none);
      const std::uint32_t made = at(e.made, x, none);
      earlier = (read != none && of[x].messages[read].rank < known(x)) ||
                (made != none && of[x].messages[made].rank <= known(x));
    }
    if (earlier) before.set(i);
  }
  before = with_all_before(before);
  event& e = add(now, thread);
  e.is_fence = true;
  e.before = before;
  e.seen = now.seen;
}

}  // namespace caiman::model::machine
