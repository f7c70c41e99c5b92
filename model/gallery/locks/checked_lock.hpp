// SPDX-License-Identifier: MIT
// A number that a lock protects, and the two tests of a lock.
#pragma once

#include <caiman-model/check.hpp>
#include <mutex>

#include "../specs.hpp"

namespace gallery {

namespace m = caiman::model;

template <class Lock>
struct counter {
  Lock lock;
  m::plain<int> value{0};
  int next() {
    const std::lock_guard held(lock);
    const int v = value;
    value = v + 1;
    return v;
  }
};

/// Of a lock that anybody may take.
template <class Lock>
int check_lock(int argc, char** argv) {
  return m::check<counter<Lock>, counter_spec>(
      argc, argv, m::operation("next", &counter<Lock>::next, &counter_spec::next));
}

/// Of a lock that two threads take by their numbers.
template <class Lock>
int check_lock_of_two(int argc, char** argv) {
  struct numbered {
    Lock lock;
    m::plain<int> value{0};
    void add(unsigned me) {
      lock.lock(me);
      value = value + 1;
      lock.unlock(me);
    }
  };
  return m::check_program<numbered>(argc, argv, m::thread([](numbered& n) {
                                      n.add(0);
                                      n.add(0);
                                    }),
                                    m::thread([](numbered& n) { n.add(1); }),
                                    m::after([](numbered& n) { return n.value == 3; }));
}

}  // namespace gallery
