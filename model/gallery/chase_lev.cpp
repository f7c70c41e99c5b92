// SPDX-License-Identifier: MIT
// The deque of David Chase and Yossi Lev, 2005, with the orders of Nhat Minh Lê, Antoniu Pop,
// Albert Cohen and Francesco Zappa Nardelli: Correct and Efficient Work-Stealing for Weak Memory
// Models, 2013, without the growing of its array. Fault 1: take has no seq_cst fence, so the last
// item is given twice. Fault 2: steal has none. Fault 3: push publishes without its release fence.
#include <array>
#include <atomic>
#include <caiman-model/check.hpp>
#include <deque>
#include <optional>

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class deque {
  static constexpr int capacity = 8;

 public:
  void push(int v) {
    const int b = bottom_.load(relaxed);
    items_[static_cast<unsigned>(b % capacity)].store(v, relaxed);
    if (FAULT != 3) m::atomic_thread_fence(release);
    bottom_.store(b + 1, relaxed);
  }
  std::optional<int> take() {
    const int b = bottom_.load(relaxed) - 1;
    bottom_.store(b, relaxed);
    if (FAULT != 1) m::atomic_thread_fence(seq_cst);
    int t = top_.load(relaxed);
    std::optional<int> v;
    if (t <= b) v = items_[static_cast<unsigned>(b % capacity)].load(relaxed);
    if (t < b) return v;
    if (t == b && !top_.compare_exchange_strong(t, t + 1, seq_cst, relaxed)) v.reset();
    bottom_.store(b + 1, relaxed);
    return v;
  }
  std::optional<int> steal() {
    for (;;) {
      int t = top_.load(acquire);
      if (FAULT != 2) m::atomic_thread_fence(seq_cst);
      const int b = bottom_.load(acquire);
      if (t >= b) return {};
      const int v = items_[static_cast<unsigned>(t % capacity)].load(relaxed);
      if (top_.compare_exchange_strong(t, t + 1, seq_cst, relaxed)) return v;
    }
  }

 private:
  Atom<int> top_{0};
  Atom<int> bottom_{0};
  std::array<Atom<int>, capacity> items_;
};

struct spec {
  std::deque<int> items;
  void push(int v) { items.push_back(v); }
  std::optional<int> take() {
    if (items.empty()) return {};
    const int v = items.back();
    items.pop_back();
    return v;
  }
  std::optional<int> steal() {
    if (items.empty()) return {};
    const int v = items.front();
    items.pop_front();
    return v;
  }
  bool operator==(const spec&) const = default;
};

int main(int argc, char** argv) {
  using tested = deque<m::atomic>;
  return m::check<tested, spec>(
      argc, argv,
      m::operation("push", &tested::push, &spec::push, m::any_of(1, 2)).one_thread("owner"),
      m::operation("take", &tested::take, &spec::take).one_thread("owner"),
      m::operation("steal", &tested::steal, &spec::steal));
}
