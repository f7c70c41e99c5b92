// SPDX-License-Identifier: MIT
// Treiber's stack, whose nodes hazard pointers protect.
// Maged Michael: Hazard Pointers: Safe Memory Reclamation for Lock-Free Objects, 2004, figure 7.
// Fault 1: the top is not read again after the hazard is published.
// Fault 2: no fence orders the hazard before that second look.
// Fault 3: the hazard is published relaxed, which C++17 allowed and C++20 does not.
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

template <template <class> class Atom = std::atomic>
class stack {
  struct node {
    m::plain<int> value;
    m::plain<node*> next;
  };

 public:
  ~stack() {
    while (pop()) {
    }
  }
  void push(int v) {
    node* const mine = new node{v, nullptr};
    node* seen = top_.load(relaxed);
    do {
      mine->next = seen;
    } while (!top_.compare_exchange_weak(seen, mine, release, relaxed));
  }
  std::optional<int> pop() {
    node* seen = nullptr;
    do {
      seen = hazards_.protect(0, top_);
      if (seen == nullptr) return {};
    } while (!top_.compare_exchange_strong(seen, seen->next, acquire, relaxed));
    const int v = seen->value;
    hazards_.clear(0);
    hazards_.retire(seen);
    return v;
  }

 private:
  Atom<node*> top_{nullptr};
  gallery::hazards<node, 1, Atom> hazards_{static_cast<gallery::hazard_fault>(FAULT)};
};

int main(int argc, char** argv) {
  using tested = stack<m::atomic>;
  using spec = gallery::stack_spec;
  return m::check<tested, spec>(argc, argv,
                                m::operation("push", &tested::push, &spec::push, m::any_of(1, 2)),
                                m::operation("pop", &tested::pop, &spec::pop));
}
