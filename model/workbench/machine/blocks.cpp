// SPDX-License-Identifier: MIT
// Everything that is not atomic: plain variables, locks, and the heap.
#include <algorithm>

#include "machine/entry.hpp"
#include "machine/machine.hpp"

namespace caiman::model::machine {

void machine_state::race(const char* what, const place& here, unsigned other, const doing& earlier,
                         const char* did, std::uint32_t event) {
  if (recorded_) {
    made_.race_first = event;
    made_.race_second = static_cast<std::uint32_t>(made_.events.size()) - 1;
    made_.lost_at = made_.race_second;
  }
  stop("data race", who(current_) + " " + what + " " + where(now(here)) +
                        ", and nothing orders that after " + who(other) + ", which " + did + " " +
                        where(earlier));
}

// ---- plain variables ---------------------------------------------------------------------------

machine_state::plain_record& machine_state::record_of(plain_state& of, const void* object,
                                                      const place& here) {
  use_block(object, here, "uses");
  if (of.execution != execution_ || of.location >= plains_used_) {
    if (heap::holds(object)) {
      stop("heap", who(current_) + " uses a variable " + where(now(here)) +
                       " in memory where none was made");
    }
    of.execution = execution_;
    of.location = static_cast<std::uint32_t>(plains_used_);
    if (plains_used_ == plains_.size()) plains_.emplace_back();
    plains_[plains_used_++] = {};
  }
  return plains_[of.location];
}

void machine_state::plain_begin(plain_state& of, const void* object, const place& here) {
  const entry inside;
  use_block(object, here, "makes a variable in");
  step(here);
  of.execution = execution_;
  of.location = static_cast<std::uint32_t>(plains_used_);
  if (plains_used_ == plains_.size()) plains_.emplace_back();
  plain_record& r = plains_[plains_used_++];
  r = {};
  r.writer = current_;
  r.written = actors_[current_].now.steps[current_];
  r.written_at = now(here);
  if (recorded_) {
    r.event = last_plain_ =
        event_of(event_kind::build, object, here, std::memory_order_relaxed, -1);
  }
}

void machine_state::plain_read(plain_state& of, const void* object, const place& here) {
  const entry inside;
  if (looks_) return;
  plain_record& r = record_of(of, object, here);
  step(here);
  actor& me = actors_[current_];
  any_access_ = true;
  if (recorded_) {
    last_plain_ = event_of(event_kind::plain_read, object, here, std::memory_order_relaxed, -1);
    made_.events[last_plain_].reads_from = r.event;
    r.read_event[current_] = last_plain_;
  }
  if (me.now.steps[r.writer] < r.written) {
    race("reads", here, r.writer, r.written_at, "wrote it", r.event);
  }
  r.read[current_] = me.now.steps[current_];
  r.read_at[current_] = now(here);
}

void machine_state::plain_write(plain_state& of, const void* object, const place& here) {
  const entry inside;
  plain_record& r = record_of(of, object, here);
  step(here);
  actor& me = actors_[current_];
  any_access_ = true;
  if (recorded_) {
    last_plain_ = event_of(event_kind::plain_write, object, here, std::memory_order_relaxed, -1);
    event& e = made_.events[last_plain_];
    e.has_before = r.event != no_event && made_.events[r.event].has_after;
    if (e.has_before) e.before = made_.events[r.event].after;
  }
  if (me.now.steps[r.writer] < r.written) {
    race("writes", here, r.writer, r.written_at, "wrote it", r.event);
  }
  for (unsigned t = 0; t < most_threads; ++t) {
    if (me.now.steps[t] < r.read[t]) {
      race("writes", here, t, r.read_at[t], "reads it", recorded_ ? r.read_event[t] : no_event);
    }
  }
  r.writer = current_;
  r.written = me.now.steps[current_];
  r.written_at = now(here);
  r.read.fill(0);
  if (recorded_) r.event = last_plain_;
}

void machine_state::plain_value(std::uint64_t value) noexcept {
  if (recorded_ && !looks_ && last_plain_ != no_event) told(last_plain_, value);
}

// ---- locks -------------------------------------------------------------------------------------

void machine_state::lock(lock_state& of, const place& here, bool only_try, bool* got) {
  const entry inside;
  turn(here);
  const std::uint32_t id = at(of.word, here);
  if (memory_.newest(id).value == current_ + 1) {
    stop("deadlock", who(current_) + " locks at " + line_of(here) + " what it holds already");
  }
  while (memory_.newest(id).value != 0) {
    *got = false;
    if (only_try) return;
    block_on(id);
  }
  *got = true;
  const std::uint32_t read = memory_[id].order.back();
  memory_.see(actors_[current_].now, id, read);
  acquire_from(memory_[id].messages[read], std::memory_order_acquire);
  const auto rank = static_cast<std::uint32_t>(memory_[id].order.size());
  const std::uint32_t made = put(id, rank, current_ + 1, std::memory_order_acquire, read);
  if (recorded_) {
    write_event(event_kind::lock, of.word, here, std::memory_order_acquire, -1, made, read);
  }
  ++changes_;
}

void machine_state::unlock(lock_state& of, const place& here) {
  const entry inside;
  turn(here);
  const std::uint32_t id = at(of.word, here);
  if (memory_.newest(id).value != current_ + 1) {
    stop("misuse", who(current_) + " unlocks at " + line_of(here) + " what it does not hold");
  }
  const auto rank = static_cast<std::uint32_t>(memory_[id].order.size());
  const std::uint32_t made = put(id, rank, 0, std::memory_order_release, none);
  if (recorded_) {
    write_event(event_kind::unlock, of.word, here, std::memory_order_release, -1, made, none);
  }
  bell_wake(id, true);
  changed();
}

void machine_state::sleep(cell& bell, lock_state& held, const place& here) {
  const entry inside;
  unlock(held, here);
  block_on(at(bell, here));
  bool got = false;
  lock(held, here, false, &got);
}

void machine_state::signal(cell& bell, bool all, const place& here) {
  const entry inside;
  turn(here);
  bell_wake(at(bell, here), all);
}

// ---- the heap ----------------------------------------------------------------------------------

void machine_state::use_block(const void* object, const place& here, const char* what) {
  if (!heap::holds(object)) return;
  block* b = heap_.around(object);
  if (b == nullptr || !b->live) {
    const std::string use = who(current_) + " " + what + " memory " + where(now(here));
    if (b == nullptr) stop("heap", use + " that nobody has");
    stop("use after free", use + " that " + who(b->freed.thread) + " freed " + where(b->freed));
  }
  b->used[current_] = actors_[current_].now.steps[current_];
  b->used_at[current_] = now(here);
}

void* machine_state::take(std::size_t bytes, std::size_t alignment) {
  const entry inside;
  alignment = std::max(alignment, heap::granule);
  const bool again =
      heap_.could_reuse(bytes, alignment) && (phase_ != phase::threads || by_->value(2) == 0);
  block* b = heap_.take(bytes, alignment, again);
  if (b == nullptr) return nullptr;
  b->made = now({});
  if (recorded_) {
    note("new: " + std::to_string(bytes) + " bytes" + (again ? ", which were freed before" : ""));
  }
  return b->start;
}

void machine_state::give_back(void* memory) {
  const entry inside;
  if (!runs_) return;  // an object that outlived its execution
  block* b = heap_.around(memory);
  actor& me = actors_[current_];
  if (b == nullptr || b->start != memory) {
    stop("heap", who(current_) + " frees " + where(now({})) + " what is no block");
  }
  if (!b->live) {
    stop("double free", who(current_) + " frees " + where(now({})) + " what " +
                            who(b->freed.thread) + " freed " + where(b->freed));
  }
  step(me.last);
  if (recorded_) note("delete: " + std::to_string(b->size) + " bytes");
  for (unsigned t = 0; t < most_threads; ++t) {
    if (me.now.steps[t] < b->used[t]) {
      race("frees memory", {}, t, b->used_at[t], "uses it", no_event);
    }
  }
  if (!refs_.empty()) {
    std::erase_if(refs_, [&](const auto& ref) {
      const auto* byte = static_cast<const std::byte*>(ref.first);
      return byte >= b->start && byte < b->start + b->size;
    });
  }
  b->freed = now({});
  heap_.free(*b);
}

}  // namespace caiman::model::machine
