// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// blocking.hpp: for structures that block, or wait in a loop
//
// m::mutex is a Lockable, so std::lock_guard and std::unique_lock take it. A loop that waits for
// another thread should say m::this_thread::yield(): the thread then runs again when another one
// has changed something.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <mutex>

#include "accesses.hpp"

namespace caiman::model {

class mutex {
 public:
  mutex(const place& at = place::current()) { machine::begin(state_.word, at); }  // NOLINT
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;
  ~mutex() { machine::end(state_.word); }
  void lock(const place& at = place::current()) { machine::lock(state_, at); }
  bool try_lock(const place& at = place::current()) { return machine::try_lock(state_, at); }
  void unlock(const place& at = place::current()) { machine::unlock(state_, at); }

 private:
  friend class condition_variable;
  machine::lock_state state_;
};

class condition_variable {
 public:
  condition_variable(const place& at = place::current()) { machine::begin(bell_, at); }  // NOLINT
  condition_variable(const condition_variable&) = delete;
  condition_variable& operator=(const condition_variable&) = delete;
  ~condition_variable() { machine::end(bell_); }
  void wait(std::unique_lock<mutex>& held, const place& at = place::current()) {
    machine::sleep(bell_, held.mutex()->state_, at);
  }
  template <class Condition>
  void wait(std::unique_lock<mutex>& held, Condition until, const place& at = place::current()) {
    while (!until()) wait(held, at);
  }
  void notify_one(const place& at = place::current()) { machine::signal(bell_, false, at); }
  void notify_all(const place& at = place::current()) { machine::signal(bell_, true, at); }

 private:
  machine::cell bell_;
};

namespace this_thread {
inline void yield(const place& at = place::current()) { machine::yield(at); }
/// 0 for the first thread of the scenario, and so on: for structures with a slot per thread, since
/// a thread_local is one for all of them here.
inline unsigned index() noexcept { return machine::thread_index(); }
}  // namespace this_thread

/// What a check says when it fails, in place of an assert.
inline void require(bool holds, const char* text, const place& at = place::current()) {
  if (!holds) machine::fail(text, at);
}

}  // namespace caiman::model
