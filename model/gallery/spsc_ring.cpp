// SPDX-License-Identifier: MIT
// The ring of one producer and one consumer.
// Leslie Lamport: Specifying Concurrent Program Modules, 1983.
// Fault 1: the tail is stored relaxed, so the consumer may read a cell before its value is there.
// Fault 2: the head is stored relaxed, so the producer may overwrite a cell that is still read.
// Fault 3: the answers "full" and "empty" are judged as those of a linearizable queue. They are
// not: each side may see the other's index late, as in store buffering. That takes seq_cst.
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
class ring {
 public:
  static constexpr unsigned capacity = 2;

  bool push(int v) {
    const unsigned tail = tail_.load(relaxed);
    if (tail - head_.load(acquire) == capacity) return false;
    cells_[tail % capacity] = v;
    tail_.store(tail + 1, FAULT == 1 ? relaxed : release);
    return true;
  }
  std::optional<int> pop() {
    const unsigned head = head_.load(relaxed);
    if (head == tail_.load(acquire)) return {};
    const int v = cells_[head % capacity];
    head_.store(head + 1, FAULT == 2 ? relaxed : release);
    return v;
  }

 private:
  Atom<unsigned> head_{0};
  Atom<unsigned> tail_{0};
  std::array<m::plain<int>, capacity> cells_;
};

using tested = ring<m::atomic>;
int judged_as_a_queue(int argc, char** argv) {
  using spec = gallery::bounded_queue_spec<tested::capacity>;
  return m::check<tested, spec>(
      argc, argv, m::operation("push", &tested::push, &spec::push, m::any_of(1, 2)).one_thread(),
      m::operation("pop", &tested::pop, &spec::pop).one_thread());
}
int main(int argc, char** argv) {
  if (FAULT == 3) return judged_as_a_queue(argc, argv);
  constexpr int items = 4;
  return m::check_program<tested>(argc, argv, m::thread([](tested& r) {
                                    for (int v = 0; v < items; ++v) {
                                      while (!r.push(v)) m::this_thread::yield();
                                    }
                                  }),
                                  m::thread([](tested& r) {
                                    for (int v = 0; v < items; ++v) {
                                      std::optional<int> got;
                                      while (!(got = r.pop())) m::this_thread::yield();
                                      m::require(*got == v, "the items come in order");
                                    }
                                  }));
}
