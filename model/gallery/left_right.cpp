// SPDX-License-Identifier: MIT
// Two copies, of which readers see one while the writer changes the other.
// Pedro Ramalhete, Andreia Correia: Left-Right: A Concurrency Control Technique with Wait-Free
// Population Oblivious Reads, 2013.
// Fault 1: the reader arrives with acquire and release only. Fault 2: it departs relaxed.
// Fault 3: the writer does not wait for the readers of the old version.
#include <array>
#include <atomic>
#include <caiman-model/check.hpp>
#include <mutex>

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class left_right {
 public:
  int read() {
    const unsigned version = version_.load();
    readers_[version].fetch_add(1, FAULT == 1 ? acq_rel : seq_cst);
    const int v = copies_[side_.load()];
    readers_[version].fetch_sub(1, FAULT == 2 ? relaxed : release);
    return v;
  }
  void add(int n) {
    const std::lock_guard held(writers_);
    const unsigned side = side_.load(relaxed);
    copies_[1 - side] = copies_[1 - side] + n;
    side_.store(1 - side);
    const unsigned version = version_.load(relaxed);
    await(1 - version);
    version_.store(1 - version);
    if (FAULT != 3) await(version);
    copies_[side] = copies_[side] + n;
  }

 private:
  void await(unsigned version) {
    while (readers_[version].load() != 0) m::this_thread::yield();
  }
  m::mutex writers_;
  Atom<unsigned> side_{0};
  Atom<unsigned> version_{0};
  std::array<Atom<int>, 2> readers_{};
  std::array<m::plain<int>, 2> copies_{};
};

struct spec {
  int sum = 0;
  void add(int n) { sum += n; }
  int read() const { return sum; }
  bool operator==(const spec&) const = default;
};

int main(int argc, char** argv) {
  using tested = left_right<m::atomic>;
  return m::check<tested, spec>(argc, argv,
                                m::operation("add", &tested::add, &spec::add, m::any_of(1, 2)),
                                m::operation("read", &tested::read, &spec::read));
}
