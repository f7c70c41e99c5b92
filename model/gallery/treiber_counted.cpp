// SPDX-License-Identifier: MIT
// A stack of nodes that are used again, with a count beside the top.
// R. Kent Treiber: Systems Programming: Coping with Parallelism, 1986.
// Fault 1: the count stays as it is. A pop that was interrupted takes a top that has meanwhile been
// popped and pushed again (ABA), and puts a node on top that is in use elsewhere.
// Fault 2: push publishes its node relaxed.
#include <array>
#include <atomic>
#include <caiman-model/check.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "specs.hpp"

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class stack {
  static constexpr std::uint32_t none = 0;
  struct node {
    m::plain<int> value;
    Atom<std::uint32_t> next{none};
  };
  struct top {
    std::uint32_t index;
    std::uint32_t count;
  };

 public:
  void push(int v) {
    const std::uint32_t mine = take();
    nodes_[mine].value = v;
    top seen = top_.load(relaxed);
    do {
      nodes_[mine].next.store(seen.index, relaxed);
    } while (!top_.compare_exchange_weak(seen, after(seen, mine), FAULT == 2 ? relaxed : release,
                                         relaxed));
  }
  std::optional<int> pop() {
    top seen = top_.load(acquire);
    for (;;) {
      if (seen.index == none) return {};
      const std::uint32_t next = nodes_[seen.index].next.load(relaxed);
      if (top_.compare_exchange_weak(seen, after(seen, next), acquire, acquire)) break;
    }
    const int v = nodes_[seen.index].value;
    spare_[m::this_thread::index()].push_back(seen.index);
    return v;
  }

 private:
  static top after(top seen, std::uint32_t index) {
    return {index, FAULT == 1 ? seen.count : seen.count + 1};
  }
  /// A node that this thread has popped, the oldest first, or one that was never used.
  std::uint32_t take() {
    auto& spare = spare_[m::this_thread::index()];
    if (spare.empty()) return unused_.fetch_add(1, relaxed);
    const std::uint32_t index = spare.front();
    spare.erase(spare.begin());
    return index;
  }
  Atom<top> top_{top{none, 0}};
  Atom<std::uint32_t> unused_{1};
  std::array<node, 24> nodes_;
  std::array<std::vector<std::uint32_t>, 6> spare_;
};

int main(int argc, char** argv) {
  using tested = stack<m::atomic>;
  using spec = gallery::stack_spec;
  return m::check<tested, spec>(
      argc, argv, m::operation("push", &tested::push, &spec::push, m::any_of(1, 2)),
      m::operation("pop", &tested::pop, &spec::pop), m::start_full(3), m::threads(2));
}
