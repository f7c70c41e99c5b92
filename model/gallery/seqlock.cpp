// SPDX-License-Identifier: MIT
// A sequence lock: readers write nothing and look twice.
// Hans-J. Boehm: Can Seqlocks Get Along with Programming Language Memory Models? 2012.
// Fault 1: the reader has no acquire fence before it reads the sequence again.
// Fault 2: the writer has no release fence after it made the sequence odd.
#include <atomic>
#include <caiman-model/check.hpp>

#include "specs.hpp"

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class seqlock {
 public:
  void write(int v) {
    const unsigned s = sequence_.load(relaxed);
    sequence_.store(s + 1, relaxed);
    if (FAULT != 2) m::atomic_thread_fence(release);
    low_.store(v, relaxed);
    high_.store(v * 10, relaxed);
    sequence_.store(s + 2, release);
  }
  int read() const {
    for (;;) {
      const unsigned before = sequence_.load(acquire);
      const int low = low_.load(relaxed);
      const int high = high_.load(relaxed);
      if (FAULT != 1) m::atomic_thread_fence(acquire);
      if (before % 2 == 0 && sequence_.load(relaxed) == before) return high + low;
      m::this_thread::yield();
    }
  }

 private:
  Atom<unsigned> sequence_{0};
  Atom<int> low_{0};
  Atom<int> high_{0};
};

struct spec : gallery::register_spec {
  int read() const { return value * 11; }
};

int main(int argc, char** argv) {
  using tested = seqlock<m::atomic>;
  return m::check<tested, spec>(
      argc, argv, m::operation("write", &tested::write, &spec::write, m::any_of(1, 2)).one_thread(),
      m::operation("read", &tested::read, &spec::read));
}
