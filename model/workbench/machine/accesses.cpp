// SPDX-License-Identifier: MIT
// Atomic accesses: who goes on, which value is seen, where a store stands.
#include <algorithm>
#include <array>

#include "machine/entry.hpp"
#include "machine/machine.hpp"

namespace caiman::model::machine {
namespace {

constexpr bool is_seq_cst(std::memory_order o) noexcept { return o == std::memory_order_seq_cst; }

event_kind kind_of(access what) noexcept {
  switch (what) {
    case access::load:
      return event_kind::load;
    case access::store:
      return event_kind::store;
    case access::exchange:
      return event_kind::exchange;
    case access::fetch_add:
      return event_kind::fetch_add;
    case access::fetch_sub:
      return event_kind::fetch_sub;
    case access::fetch_or:
      return event_kind::fetch_or;
    case access::fetch_and:
      return event_kind::fetch_and;
    case access::fetch_xor:
      return event_kind::fetch_xor;
    case access::cas:
      return event_kind::cas;
  }
  return event_kind::note;
}

/// Ranks to choose from, the newest first.
struct candidates {
  static constexpr unsigned most = 64;
  std::array<std::uint32_t, most> ranks{};
  unsigned count = 0;
  void add(std::uint32_t rank) noexcept {
    if (count < most) ranks[count++] = rank;
  }
};

}  // namespace

void machine_state::begin(cell& of, const place& here) {
  const entry inside;
  use_block(&of, here, "makes an atomic in");
  step(here);
  actor& me = actors_[current_];
  of.execution = execution_;
  of.location = memory_.add(of.first, current_, me.now.steps[current_], here);
  if (recorded_) write_event(event_kind::build, of, here, std::memory_order_relaxed, -1, 0, none);
}

void machine_state::end(cell& of) {
  const entry inside;
  if (of.execution == execution_ && of.location < memory_.size())
    memory_[of.location].alive = false;
}

void machine_state::refuse_order(site_kind kind, std::memory_order order, const place& here) {
  const auto& may = orders_of(kind);
  if (order == std::memory_order_consume) return;  // taken as acquire
  if (std::find(may.begin(), may.end(), order) != may.end()) return;
  stop("misuse", std::string(kind == site_kind::store ? "a store has no " : "a load has no ") +
                     std::string(name_of_order(order)) + ", at " + line_of(here));
}

/// The location of an object, which must be there.
std::uint32_t machine_state::at(cell& of, const place& here) {
  use_block(&of, here, "uses");
  if (of.execution != execution_) {
    if (heap::holds(&of)) {
      stop("heap", who(current_) + " uses an atomic " + where(now(here)) +
                       " in memory where none was made");
    }
    of.execution = execution_;
    of.location = memory_.add(of.first, main_thread, 0, here);
    return of.location;
  }
  const location& l = memory_[of.location];
  if (!l.alive) {
    stop("heap", who(current_) + " uses an atomic " + where(now(here)) +
                     " after its end; it was made at " + line_of(l.where));
  }
  if (actors_[current_].now.steps[l.maker] < l.made) {
    race("uses an atomic", here, l.maker, {l.maker, -1, l.where, {}}, "made it", no_event);
  }
  return of.location;
}

std::uint32_t machine_state::pick(std::uint32_t id, std::memory_order order, bool attach,
                                  bool* stale) {
  location& l = memory_[id];
  actor& me = actors_[current_];
  const auto newest = static_cast<std::uint32_t>(l.order.size()) - 1;
  std::uint32_t low = memory_.floor(me.now, id, is_seq_cst(order) && total_.is_execution());
  if (l.old_reads[current_] >= most_old_reads) low = newest;
  if (phase_ != phase::threads || me.fresh || looks_) low = newest;
  touch next{id, newest, attach ? touch::kind::changes : touch::kind::reads, is_seq_cst(order)};
  candidates may;
  for (std::uint32_t rank = newest + 1; rank-- > low;) {
    next.rank = rank;
    if (attach && !memory_.is_open(id, rank + 1)) continue;
    if (rank == newest || total_.allows(memory_, me.now, next)) may.add(rank);
  }
  next.rank = may.ranks[by_->value(may.count)];
  if (phase_ == phase::threads && !looks_) total_.done(memory_, me.now, current_, next);
  *stale = next.rank != newest;
  l.old_reads[current_] = *stale ? l.old_reads[current_] + 1 : 0;
  return l.order[next.rank];
}

void machine_state::acquire_from(const message& m, std::memory_order order) {
  if (m.released == none) return;
  actor& me = actors_[current_];
  memory_.join(acquires(order) ? me.now : me.pending, memory_.kept(m.released));
}

void machine_state::seen_by_seq_cst(std::uint32_t id, std::uint32_t store,
                                    std::memory_order order) {
  if (!is_seq_cst(order)) return;
  location& l = memory_[id];
  if (l.messages[store].rank > l.messages[l.seq_cst].rank) l.seq_cst = store;
}

std::uint32_t machine_state::put(std::uint32_t id, std::uint32_t rank, std::uint64_t value,
                                 std::memory_order order, std::uint32_t read) {
  actor& me = actors_[current_];
  const std::uint32_t store = memory_.insert(id, rank, value, read != none);
  memory_.see(me.now, id, store);
  std::uint32_t released = none;
  if (releases(order)) {
    released = memory_.keep(me.now);
  } else if (me.has_fence) {
    released = memory_.keep(me.fenced);
  }
  // A read-modify-write goes on with the release sequence that it reads from.
  if (read != none) {
    const std::uint32_t carried = memory_[id].messages[read].released;
    if (released == none) {
      released = carried;
    } else if (carried != none) {
      memory_.join(memory_.kept(released), memory_.kept(carried));
    }
  }
  memory_[id].messages[store].released = released;
  seen_by_seq_cst(id, store, order);
  return store;
}

std::uint64_t machine_state::load(cell& of, std::memory_order written, const place& here) {
  if (looks_) return memory_.newest(at(of, here)).value;
  const entry inside;
  refuse_order(site_kind::load, written, here);
  const std::uint32_t site = sites.find(here, site_kind::load, access::load, written);
  const std::memory_order order = sites[site].in_force;
  turn(here);
  for (;;) {
    const std::uint32_t id = at(of, here);
    bool stale = false;
    const std::uint32_t store = pick(id, order, false, &stale);
    const message& m = memory_[id].messages[store];
    const std::uint64_t value = m.value;
    memory_.see(actors_[current_].now, id, store);
    if (recorded_)
      read_event(event_kind::load, of, here, order, static_cast<int>(site), store, stale);
    acquire_from(m, order);
    seen_by_seq_cst(id, store, order);
    if (!note_repeat(id, value, here)) return value;
    wait_for_others();
    step(here);
  }
}

void machine_state::store(cell& of, std::uint64_t value, std::memory_order written,
                          const place& here) {
  const entry inside;
  refuse_order(site_kind::store, written, here);
  const std::uint32_t site = sites.find(here, site_kind::store, access::store, written);
  const std::memory_order order = sites[site].in_force;
  turn(here);
  const std::uint32_t id = at(of, here);
  location& l = memory_[id];
  const auto last = static_cast<std::uint32_t>(l.order.size());
  const std::uint64_t before = memory_.newest(id).value;
  candidates may;
  may.add(last);
  if (phase_ == phase::threads) {
    const view& now = actors_[current_].now;
    const std::uint32_t low = memory_.floor(now, id, is_seq_cst(order) && total_.is_execution());
    touch next{id, last, touch::kind::writes, is_seq_cst(order)};
    for (std::uint32_t rank = last; rank-- > low + 1;) {
      next.rank = rank;
      if (memory_.is_open(id, rank) && total_.allows(memory_, now, next)) may.add(rank);
    }
  }
  const std::uint32_t rank = may.ranks[by_->value(may.count)];
  if (phase_ == phase::threads) {
    total_.done(memory_, actors_[current_].now, current_,
                {id, rank, touch::kind::writes, is_seq_cst(order)});
  }
  const std::uint32_t made = put(id, rank, value, order, none);
  if (phase_ == phase::threads) total_.wrote(memory_, made);
  if (recorded_)
    write_event(event_kind::store, of, here, order, static_cast<int>(site), made, none);
  if (value != before || rank != last) changed();
}

std::uint64_t machine_state::change_value(cell& of, access what, change how, std::uint64_t operand,
                                          std::memory_order written, const place& here) {
  const entry inside;
  const std::uint32_t site = sites.find(here, site_kind::rmw, what, written);
  const std::memory_order order = sites[site].in_force;
  turn(here);
  for (;;) {
    const std::uint32_t id = at(of, here);
    bool stale = false;
    const std::uint32_t read = pick(id, order, true, &stale);
    const message from = memory_[id].messages[read];
    memory_.see(actors_[current_].now, id, read);
    acquire_from(from, order);
    const std::uint64_t value = how(from.value, operand);
    const std::uint32_t made = put(id, memory_[id].messages[read].rank + 1, value, order, read);
    if (phase_ == phase::threads) total_.wrote(memory_, made);
    if (recorded_) write_event(kind_of(what), of, here, order, static_cast<int>(site), made, read);
    if (value != from.value) {
      changed();
      return from.value;
    }
    if (!note_repeat(id, value, here)) return from.value;
    wait_for_others();
    step(here);
  }
}

/// Which store a compare-exchange reads: one of that value, if its own can follow at once, or
/// another, and it fails.
touch machine_state::pick_exchange(std::uint32_t id, std::uint64_t expected, std::memory_order won,
                                   std::memory_order lost) {
  location& l = memory_[id];
  actor& me = actors_[current_];
  const auto newest = static_cast<std::uint32_t>(l.order.size()) - 1;
  const bool sees_all =
      phase_ == phase::threads && !me.fresh && l.old_reads[current_] < most_old_reads;
  const auto way = [&](std::uint32_t rank) {
    const bool equal = l.messages[l.order[rank]].value == expected;
    return touch{id, rank, equal ? touch::kind::changes : touch::kind::reads,
                 is_seq_cst(equal ? won : lost)};
  };
  candidates may;
  for (std::uint32_t older = 0; older <= (sees_all ? newest : 0); ++older) {
    const std::uint32_t rank = newest - older;
    const touch next = way(rank);
    if (rank < memory_.floor(me.now, id, next.seq_cst && total_.is_execution())) continue;
    if (next.what == touch::kind::changes && !memory_.is_open(id, rank + 1)) continue;
    if (rank == newest || total_.allows(memory_, me.now, next)) may.add(rank);
  }
  const std::uint32_t rank = may.ranks[by_->value(may.count)];
  l.old_reads[current_] = rank != newest ? l.old_reads[current_] + 1 : 0;
  return way(rank);
}

/// A weak one may fail for no reason: once in an operation, and where nothing newer is there.
bool machine_state::fails_for_nothing(const touch& next) {
  actor& me = actors_[current_];
  if (phase_ != phase::threads || me.fresh || me.weak_failed) return false;
  if (next.rank + 1 != memory_[next.location].order.size()) return false;
  return me.weak_failed = by_->value(2) == 1;
}

bool machine_state::compare_exchange(cell& of, exchange_of& what, const place& here) {
  const entry inside;
  refuse_order(site_kind::failure, what.failure, here);
  const std::uint32_t site =
      sites.find(here, site_kind::rmw, access::cas, what.success, what.failure);
  const std::memory_order won = sites[site].in_force;
  const std::memory_order lost = sites[site + 1].in_force;
  turn(here);
  const std::uint32_t id = at(of, here);
  touch next = pick_exchange(id, what.expected, won, lost);
  if (next.what == touch::kind::changes && what.weak && fails_for_nothing(next)) {
    next.what = touch::kind::reads;
    next.seq_cst = is_seq_cst(lost);
  }
  const bool done = next.what == touch::kind::changes;
  actor& me = actors_[current_];
  if (phase_ == phase::threads) total_.done(memory_, me.now, current_, next);
  const std::uint32_t read = memory_[id].order[next.rank];
  const message from = memory_[id].messages[read];
  memory_.see(me.now, id, read);
  acquire_from(from, done ? won : lost);
  if (done) {
    const std::uint32_t made = put(id, next.rank + 1, what.desired, won, read);
    if (phase_ == phase::threads) total_.wrote(memory_, made);
    if (recorded_) write_event(event_kind::cas, of, here, won, static_cast<int>(site), made, read);
    if (what.desired != from.value) changed();
    return true;
  }
  seen_by_seq_cst(id, read, lost);
  ++sites[site + 1].times;
  if (recorded_) {
    const bool stale = next.rank + 1 != memory_[id].order.size();
    read_event(event_kind::cas_failed, of, here, lost, static_cast<int>(site) + 1, read, stale);
  }
  what.expected = from.value;
  if (note_repeat(id, from.value, here)) wait_for_others();
  return false;
}

void machine_state::wait(cell& of, std::uint64_t old, std::memory_order order, const place& here) {
  while (load(of, order, here) == old) {
    const entry inside;
    const std::uint32_t id = at(of, here);
    // As a futex does, the value is compared once more before the thread sleeps.
    if (memory_.newest(id).value == old) {
      block_on(id);
    } else {
      actors_[current_].fresh = true;
    }
    actors_[current_].spins.clear();
  }
}

void machine_state::notify(cell& of, bool all, const place& here) {
  const entry inside;
  turn(here);
  bell_wake(at(of, here), all);
}

void machine_state::fence(std::memory_order written, const place& here) {
  const entry inside;
  const std::uint32_t site = sites.find(here, site_kind::fence, access::load, written);
  const std::memory_order order = sites[site].in_force;
  if (looks_) return;
  turn(here);
  actor& me = actors_[current_];
  if (recorded_) event_of(event_kind::fence, nullptr, here, order, static_cast<int>(site));
  if (acquires(order)) memory_.join(me.now, me.pending);
  if (is_seq_cst(order) && phase_ == phase::threads) {
    if (total_.is_execution()) {
      for (std::uint32_t id = 0; id < memory_.size(); ++id) {
        memory_.see(me.now, id, memory_[id].seq_cst);
        memory_.see(me.now, id, memory_.fences.at(id));
      }
    }
    for (std::uint32_t id = 0; id < memory_.size(); ++id) {
      memory_.see(memory_.fences, id, me.now.at(id));
    }
    total_.fence(memory_, me.now, current_);
  }
  if (releases(order)) {
    me.fenced = me.now;
    me.has_fence = true;
  }
}

void machine_state::yield(const place& here) {
  const entry inside;
  actors_[current_].last = here;
  actors_[current_].spins.clear();
  any_access_ = true;
  if (phase_ == phase::threads) return wait_for_others();
  if (++idle_ > 100) wait_for_others();
}

std::uint64_t machine_state::newest(cell& of) {
  return of.execution == execution_ ? memory_.newest(of.location).value : of.first;
}

cell& machine_state::cell_at(void* object, std::uint64_t value_now) {
  const entry inside;
  auto& known = refs_[object];
  if (known == nullptr) {
    known = std::make_unique<cell>();
    known->first = value_now;
    known->execution = execution_;
    known->location = memory_.add(value_now, main_thread, 0, place::current());
  }
  use_block(object, actors_[current_].last, "uses");
  return *known;
}

}  // namespace caiman::model::machine
