// SPDX-License-Identifier: MIT
// The queue of Maged Michael and Michael Scott, 1996, whose nodes hazard pointers protect (2004).
// Fault 1: the head is not read again after its successor is protected, which may be gone then.
// Fault 2: no fence orders a hazard before the second look.
// Fault 3: pop does not help the tail on, so the head passes it, and a push finds a deleted node.
// The link to a new node could be relaxed: the fence of the hazard before it releases as well.
#include <atomic>
#include <caiman-model/check.hpp>
#include <optional>

#include "hazards.hpp"
#include "specs.hpp"

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;
using gallery::hazard_fault;

template <template <class> class Atom = std::atomic>
class queue {
  struct node {
    m::plain<int> value{0};
    Atom<node*> next{nullptr};
  };

 public:
  queue() {
    node* const first = new node;
    head_.store(first, relaxed);
    tail_.store(first, relaxed);
  }
  ~queue() {
    while (pop()) {
    }
    delete head_.load(relaxed);
  }
  void push(int v) {
    node* const mine = new node{v, nullptr};
    for (;;) {
      node* tail = hazards_.protect(0, tail_);
      node* next = tail->next.load(acquire);
      if (next != nullptr) {
        tail_.compare_exchange_strong(tail, next, release, relaxed);
      } else if (tail->next.compare_exchange_strong(next, mine, release, relaxed)) {
        tail_.compare_exchange_strong(tail, mine, release, relaxed);
        break;
      }
    }
    hazards_.clear(0);
  }
  std::optional<int> pop() {
    std::optional<int> v;
    for (;;) {
      node* head = hazards_.protect(0, head_);
      node* tail = tail_.load(acquire);
      node* const next = hazards_.protect(1, head->next);
      if (FAULT != 1 && head_.load(acquire) != head) continue;
      if (next == nullptr) break;
      if (FAULT != 3 && head == tail) {
        tail_.compare_exchange_strong(tail, next, release, relaxed);
        continue;
      }
      v = next->value;
      if (head_.compare_exchange_strong(head, next, release, relaxed)) {
        hazards_.clear(0);
        hazards_.clear(1);
        hazards_.retire(head);
        return v;
      }
    }
    hazards_.clear(0);
    hazards_.clear(1);
    return {};
  }

 private:
  Atom<node*> head_{nullptr};
  Atom<node*> tail_{nullptr};
  gallery::hazards<node, 2, Atom> hazards_{FAULT == 2 ? hazard_fault::no_fence
                                                      : hazard_fault::none};
};

int main(int argc, char** argv) {
  using tested = queue<m::atomic>;
  using spec = gallery::queue_spec;
  return m::check<tested, spec>(argc, argv,
                                m::operation("push", &tested::push, &spec::push, m::any_of(1, 2)),
                                m::operation("pop", &tested::pop, &spec::pop), m::operations(3));
}
