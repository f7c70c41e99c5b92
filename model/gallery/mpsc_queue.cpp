// SPDX-License-Identifier: MIT
// The queue of many producers and one consumer that is linked backwards.
// Dmitry Vyukov: Non-intrusive MPSC node-based queue, 1024cores, 2010.
// A pop may find nothing while an earlier push is not linked yet, although a later one is done; so
// the pop that waits is compared here.
// Fault 1: the link is relaxed. Fault 2: the exchange is relaxed.
// Fault 3: the new node is linked before it is exchanged.
#include <array>
#include <atomic>
#include <caiman-model/check.hpp>
#include <optional>
#include <utility>

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class queue {
  struct node {
    m::plain<int> value{0};
    Atom<node*> next{nullptr};
  };

 public:
  queue() {
    first_ = new node;
    last_.store(first_, relaxed);
  }
  ~queue() {
    while (pop()) {
    }
    delete first_;
  }
  void push(int v) {
    node* const mine = new node{v, nullptr};
    if (FAULT == 3) {
      last_.load(acquire)->next.store(mine, release);
      last_.store(mine, release);
    } else {
      node* const before = last_.exchange(mine, FAULT == 2 ? relaxed : acq_rel);
      before->next.store(mine, FAULT == 1 ? relaxed : release);
    }
  }
  std::optional<int> pop() {
    node* const next = first_->next.load(acquire);
    if (next == nullptr) return {};
    delete std::exchange(first_, next);
    return next->value;
  }

 private:
  node* first_;
  Atom<node*> last_{nullptr};
};

struct run {
  queue<m::atomic> items;
  int pop() {
    for (;;) {
      if (const auto v = items.pop()) return *v;
      m::this_thread::yield();
    }
  }
};

int main(int argc, char** argv) {
  return m::check_program<run>(argc, argv, m::thread([](run& r) {
                                 r.items.push(1);
                                 r.items.push(2);
                               }),
                               m::thread([](run& r) { r.items.push(3); }), m::thread([](run& r) {
                                 const std::array got{r.pop(), r.pop(), r.pop()};
                                 int last = 0;
                                 for (const int v : got) {
                                   if (v == 3) continue;
                                   m::require(v == last + 1, "the items of a producer keep order");
                                   last = v;
                                 }
                                 m::require(last == 2, "all of them come");
                               }));
}
