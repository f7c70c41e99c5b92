// SPDX-License-Identifier: MIT
// The bounded queue of many producers and consumers.
// Dmitry Vyukov: Bounded MPMC queue, 1024cores, 2010.
// Its push and pop that give up are no linearizable queue: a pop finds nothing while the producer
// of the first item is late, although a later one is done. So those that wait are compared here.
// Fault 1: push stores the sequence relaxed. Fault 2: pop does.
// Fault 3: push and pop give up, and are judged as a linearizable queue all the same.
#include <array>
#include <atomic>
#include <caiman-model/check.hpp>
#include <optional>

#include "specs.hpp"

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class queue {
 public:
  static constexpr unsigned capacity = 2;

  queue() {
    for (unsigned i = 0; i < capacity; ++i) cells_[i].sequence.store(i, relaxed);
  }
  bool try_push(int v) {
    unsigned at = push_.load(relaxed);
    for (;;) {
      cell& c = cells_[at % capacity];
      const int ahead = static_cast<int>(c.sequence.load(acquire) - at);
      if (ahead < 0) return false;
      if (ahead > 0) {
        at = push_.load(relaxed);
      } else if (push_.compare_exchange_weak(at, at + 1, relaxed)) {
        c.value = v;
        c.sequence.store(at + 1, FAULT == 1 ? relaxed : release);
        return true;
      }
    }
  }
  std::optional<int> try_pop() {
    unsigned at = pop_.load(relaxed);
    for (;;) {
      cell& c = cells_[at % capacity];
      const int ahead = static_cast<int>(c.sequence.load(acquire) - (at + 1));
      if (ahead < 0) return {};
      if (ahead > 0) {
        at = pop_.load(relaxed);
      } else if (pop_.compare_exchange_weak(at, at + 1, relaxed)) {
        const int v = c.value;
        c.sequence.store(at + capacity, FAULT == 2 ? relaxed : release);
        return v;
      }
    }
  }
  void push(int v) {
    while (!try_push(v)) m::this_thread::yield();
  }
  int pop() {
    for (;;) {
      if (const auto v = try_pop()) return *v;
      m::this_thread::yield();
    }
  }

 private:
  struct cell {
    Atom<unsigned> sequence{0};
    m::plain<int> value{0};
  };
  std::array<cell, capacity> cells_;
  Atom<unsigned> push_{0};
  Atom<unsigned> pop_{0};
};

using tested = queue<m::atomic>;
int judged_as_a_queue(int argc, char** argv) {
  using spec = gallery::bounded_queue_spec<tested::capacity>;
  return m::check<tested, spec>(
      argc, argv, m::operation("try_push", &tested::try_push, &spec::push, m::any_of(1, 2)),
      m::operation("try_pop", &tested::try_pop, &spec::pop));
}
struct run {
  tested items;
  std::array<int, 3> got{};
};
int main(int argc, char** argv) {
  if (FAULT == 3) return judged_as_a_queue(argc, argv);
  return m::check_program<run>(
      argc, argv, m::thread([](run& r) {
        r.items.push(1);
        r.items.push(2);
      }),
      m::thread([](run& r) {
        r.items.push(3);
        r.got[2] = r.items.pop();
      }),
      m::thread([](run& r) {
        r.got[0] = r.items.pop();
        r.got[1] = r.items.pop();
      }),
      m::after([](run& r) {
        const auto [a, b, c] = r.got;
        m::require(a + b + c == 6 && a * b * c == 6, "each item is popped once");
        m::require(a != 2 || b != 1, "the items of one producer keep their order");
      }));
}
