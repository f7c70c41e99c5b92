// SPDX-License-Identifier: MIT
#include "machine/machine.hpp"

#include <algorithm>
#include <bit>
#include <exception>
#include <utility>

#include "machine/entry.hpp"

namespace caiman::model::machine {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
bool user_code_runs = false;

machine_state& the_machine() {
  // It stays: what is freed when the program ends asks whose it was.
  static machine_state& only = *new machine_state;
  return only;
}

machine_state::user_code::user_code() noexcept : was_(std::exchange(user_code_runs, true)) {}
machine_state::user_code::~user_code() { user_code_runs = was_; }

machine_state::machine_state() {
  for (unsigned t = 0; t < most_threads; ++t) {
    fibres_[t] = std::make_unique<fibre>(&job, this, t);
  }
}
machine_state::~machine_state() = default;

// ---- one execution -----------------------------------------------------------------------------

fault machine_state::run(play& what, unsigned threads, chooser& by, bool recorded) {
  what_ = &what;
  by_ = &by;
  threads_ = threads;
  recorded_ = recorded;
  made_ = {};
  found_ = {};
  ++execution_;
  memory_.clear();
  total_.clear();
  heap_.clear();
  plains_used_ = 0;
  refs_.clear();
  for (actor& a : actors_) {
    a.now.steps.fill(0);
    a.now.seen.clear();
    a.pending.steps.fill(0);
    a.pending.seen.clear();
    a.has_fence = a.fresh = a.weak_failed = false;
    a.last = {};
    a.operation = -1;
    a.sleeps_on = none;
    a.changes_seen = 0;
    a.spins.clear();
    a.thrown = {};
  }
  ready_ = waiting_ = asleep_ = idle_ = 0;
  changes_ = steps_ = time_ = 0;
  any_access_ = false;
  phase_ = phase::set_up;
  current_ = main_thread;
  actors_[main_thread].now.steps[main_thread] = 1;
  const fibre::exceptions outside = put_away_exceptions();
  runs_ = true;
  fibre::jump(home_, *fibres_[main_thread]);
  runs_ = false;
  user_code_runs = false;
  put_back_exceptions(outside);
  return found_;
}

void machine_state::job(void* context, unsigned index) {
  static_cast<machine_state*>(context)->run_job(index);
}

void machine_state::run_job(unsigned index) {
  try {
    if (index == main_thread) {
      if (phase_ == phase::set_up) {
        what_->set_up();
      } else {
        what_->end();
      }
    } else {
      what_->thread(index);
    }
  } catch (const std::exception& thrown) {
    stop("exception", std::string("an operation lets an exception out: ") + thrown.what());
  } catch (...) {
    stop("exception", "an operation lets an exception out");
  }
  if (index != main_thread) return leave_to_next();
  if (phase_ == phase::end || threads_ == 0) return fibres_[main_thread]->rest(home_);
  // The threads know all that was set up.
  phase_ = phase::threads;
  for (unsigned t = 0; t < threads_; ++t) {
    actors_[t].now = actors_[main_thread].now;
    actors_[t].now.steps[t] = 1;
    actors_[t].pending = actors_[t].now;
  }
  ready_ = (1U << threads_) - 1;
  const unsigned first = by_->thread(ready_, none);
  current_ = first;
  fibre::jump(fibres_[main_thread]->here(), *fibres_[first]);
}

/// A thread has ended.
void machine_state::leave_to_next() {
  const unsigned me = current_;
  ready_ &= ~(1U << me);
  idle_ = 0;
  ++changes_;
  actors_[me].thrown = put_away_exceptions();
  unsigned next = main_thread;
  if ((ready_ | waiting_ | asleep_) != 0) {
    next = next_after_block();
  } else {
    phase_ = phase::end;
    actor& last = actors_[main_thread];
    for (unsigned t = 0; t < threads_; ++t) memory_.join(last.now, actors_[t].now);
    for (std::uint32_t id = 0; id < memory_.size(); ++id) {
      memory_.see(last.now, id, memory_[id].order.back());
    }
  }
  current_ = next;
  put_back_exceptions(actors_[next].thrown);
  fibre::jump(fibres_[me]->here(), *fibres_[next]);
}

void machine_state::stop(std::string property, std::string text) {
  user_code_runs = false;
  looks_ = false;
  found_ = {std::move(property), std::move(text)};
  if (recorded_) {
    const std::uint32_t id = note(found_.property + ": " + found_.text);
    if (made_.lost_at == no_event) made_.lost_at = id;
  }
  // Whoever is in the middle of something stays there for ever.
  for (unsigned t = 0; t < most_threads; ++t) {
    if (t == current_ || t == main_thread || t < threads_) fibres_[t]->forget();
  }
  fibre::leave(home_);
}

// ---- who goes on -------------------------------------------------------------------------------

void machine_state::switch_to(unsigned thread) {
  if (thread == current_) return;
  const unsigned me = current_;
  actors_[me].thrown = put_away_exceptions();
  current_ = thread;
  put_back_exceptions(actors_[thread].thrown);
  fibre::jump(fibres_[me]->here(), *fibres_[thread]);
}

/// Others may go first.
void machine_state::turn(const place& at) {
  any_access_ = true;
  actors_[current_].last = at;
  if (phase_ == phase::threads) {
    if (++steps_ > most.steps) {
      stop("no end",
           "the threads have made " + std::to_string(most.steps) +
               " steps and have not come to an end: " + where_they_wait(ready_ | waiting_));
    }
    switch_to(by_->thread(ready_, current_));
  }
  step(at);
}

/// One more step of the thread that runs.
void machine_state::step(const place& at) {
  ++all_steps_;
  actor& me = actors_[current_];
  me.last = at;
  ++me.now.steps[current_];
  if (me.operation < 0) return;
  span& s = spans_[static_cast<std::size_t>(me.operation)];
  if (s.begun) return;
  s.begun = true;
  s.known = me.now.steps;
  s.begin_time = ++time_;
}

std::string machine_state::where_they_wait(unsigned which) const {
  std::string all;
  for (unsigned t = 0; t < threads_; ++t) {
    if ((which >> t & 1) == 0) continue;
    all += (all.empty() ? "thread " : ", thread ") + std::to_string(t) + " at " +
           line_of(actors_[t].last);
  }
  return all;
}

/// Who runs when the one that runs cannot.
unsigned machine_state::next_after_block() {
  if (ready_ == 0 && waiting_ != 0) {
    // Perhaps what they wait for is there and they have not seen it yet.
    if (++idle_ > 2) {
      stop("waits for ever",
           "nobody is left to change what is waited for: " + where_they_wait(waiting_ | asleep_));
    }
    for (unsigned t = 0; t < threads_; ++t) {
      if ((waiting_ >> t & 1) != 0) actors_[t].fresh = true;
    }
    ready_ = std::exchange(waiting_, 0);
  }
  if (ready_ == 0) {
    stop("deadlock", "all threads that have not ended sleep: " + where_they_wait(asleep_));
  }
  return by_->thread(ready_, none);
}

void machine_state::wait_for_others() {
  if (phase_ != phase::threads) {
    stop("waits for ever",
         "there is nobody else who could change what " + line_of(actors_[current_].last) +
             " waits for: " + (phase_ == phase::set_up ? "the set-up" : "the end") + " runs alone");
  }
  const unsigned bit = 1U << current_;
  ready_ &= ~bit;
  waiting_ |= bit;
  by_->waits(current_);
  if (++steps_ > most.steps) {
    stop("no end", "the threads wait for each other and do not come to an end: " +
                       where_they_wait(ready_ | waiting_));
  }
  switch_to(next_after_block());
}

void machine_state::block_on(std::uint32_t location) {
  if (phase_ != phase::threads) {
    stop("deadlock", "there is nobody to wake what sleeps at " + line_of(actors_[current_].last));
  }
  const unsigned bit = 1U << current_;
  ready_ &= ~bit;
  asleep_ |= bit;
  actors_[current_].sleeps_on = location;
  switch_to(next_after_block());
}

void machine_state::bell_wake(std::uint32_t location, bool all) {
  unsigned sleepers = 0;
  for (unsigned t = 0; t < threads_; ++t) {
    if ((asleep_ >> t & 1) != 0 && actors_[t].sleeps_on == location) sleepers |= 1U << t;
  }
  if (sleepers == 0) return;
  if (!all) sleepers = 1U << by_->thread(sleepers, none);
  asleep_ &= ~sleepers;
  ready_ |= sleepers;
  idle_ = 0;
  for (unsigned t = 0; t < threads_; ++t) {
    if ((sleepers >> t & 1) == 0) continue;
    actors_[t].sleeps_on = none;
    // Whoever is woken sees what the other one knew of it.
    memory_.see(actors_[t].now, location, actors_[current_].now.at(location));
  }
}

/// Something has another value now: who waits may look again.
void machine_state::changed() {
  ++changes_;
  idle_ = 0;
  if (waiting_ != 0) {
    for (unsigned t = 0; t < threads_; ++t) {
      if ((waiting_ >> t & 1) != 0) actors_[t].fresh = false;
    }
    ready_ |= std::exchange(waiting_, 0);
  }
  actors_[current_].fresh = false;
  if (what_->looks() && phase_ == phase::threads) look_around();
}

void machine_state::look_around() {
  looks_ = true;
  const char* wrong = what_->look();
  looks_ = false;
  if (wrong != nullptr) stop("invariant", wrong);
}

/// Whether this thread goes round in a loop that reads the same again and changes nothing.
bool machine_state::note_repeat(std::uint32_t location, std::uint64_t value, const place& at) {
  constexpr std::uint32_t most_rounds = 6;
  actor& me = actors_[current_];
  if (me.changes_seen != changes_) {
    me.changes_seen = changes_;
    me.spins.clear();
  }
  for (spin& s : me.spins) {
    if (s.location != location || s.value != value || s.line != at.line()) continue;
    if (++s.times < most_rounds) return false;
    me.spins.clear();
    waits_without_yield.insert(line_of(at));
    me.fresh = true;
    return true;
  }
  me.spins.push_back({location, value, at.line(), 1});
  return false;
}

// ---- operations --------------------------------------------------------------------------------

void machine_state::begin_operation(int index) {
  actor& me = actors_[current_];
  me.operation = index;
  me.spins.clear();
  me.weak_failed = false;
  spans_[static_cast<std::size_t>(index)] = {};
  spans_[static_cast<std::size_t>(index)].thread = current_;
  if (recorded_) {
    const auto i = static_cast<std::size_t>(index);
    if (made_.operations.size() <= i) made_.operations.resize(i + 1);
    made_.operations[i].thread = current_ == main_thread ? no_thread : static_cast<int>(current_);
    made_.operations[i].text = what_->operation_text(index);
  }
}

void machine_state::end_operation(const std::string* result) {
  actor& me = actors_[current_];
  span& s = spans_[static_cast<std::size_t>(me.operation)];
  if (!s.begun) step(me.last);
  s.ended = true;
  s.end_step = me.now.steps[current_];
  s.end_time = ++time_;
  if (recorded_) {
    made_.operations[static_cast<std::size_t>(me.operation)].result =
        result != nullptr && !result->empty() ? *result : "done";
    looks_ = true;
    std::string state = what_->state_text();
    looks_ = false;
    if (!state.empty()) note("state: " + state);
  }
  me.operation = -1;
  idle_ = 0;
}

void machine_state::check_leaks() {
  const block* left = heap_.any_live();
  if (left == nullptr) return;
  stop("leak", std::to_string(heap_.live()) + " blocks are never freed; the first has " +
                   std::to_string(left->size) + " bytes and was made by " + who(left->made.thread) +
                   " " + where(left->made));
}

}  // namespace caiman::model::machine
