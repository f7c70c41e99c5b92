// SPDX-License-Identifier: MIT
// A ring for one producer and one consumer (Lamport, 1983), and the test that checks it.
#include <caiman-model/check.hpp>

namespace m = caiman::model;

template <template <class> class Atom = std::atomic>
class queue {
 public:
  bool push(int value) {
    const unsigned tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == 2) return false;
    cells_[tail % 2].write(value);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  std::optional<int> pop() {
    const unsigned head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return {};
    const int value = cells_[head % 2].read();
    head_.store(head + 1, std::memory_order_release);
    return value;
  }

 private:
  Atom<unsigned> head_{0};
  Atom<unsigned> tail_{0};
  m::plain<int> cells_[2];
};

struct queue_spec {
  std::deque<int> items;
  // It judges the answer: the ring may refuse a value although its consumer has just made room.
  bool push(int value, bool taken) {
    if (taken) items.push_back(value);
    return items.size() <= 2;
  }
  std::optional<int> pop() {
    if (items.empty()) return {};
    const int value = items.front();
    items.pop_front();
    return value;
  }
  bool operator==(const queue_spec&) const = default;
};

int main(int argc, char** argv) {
  using checked = queue<m::atomic>;
  return m::check<checked, queue_spec>(
      argc, argv,
      m::operation("push", &checked::push, &queue_spec::push, m::any_of(1, 2, 3)).one_thread(),
      m::operation("pop", &checked::pop, &queue_spec::pop).one_thread());
}
