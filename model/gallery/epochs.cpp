// SPDX-License-Identifier: MIT
// A pointer that is swapped under readers who write only a word of their own.
// Paul McKenney, John Slingwine: Read-Copy Update, 1998; in user space by Mathieu Desnoyers et al.,
// 2012; with epochs by Keir Fraser: Practical Lock-Freedom, 2004.
// Fault 1: the reader's epoch is announced without the fence.
// Fault 2: the reader leaves relaxed, so nothing orders its reads before the delete.
// Fault 3: the writer looks at the epochs without a fence after the swap.
// Fault 4: the announcement has its fence and is relaxed, which C++17 allowed and C++20 does not:
// who reads it knows nothing of the reads before it.
#include <array>
#include <atomic>
#include <caiman-model/check.hpp>

#include "specs.hpp"

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class shared_value {
  static constexpr unsigned outside = 0;

 public:
  ~shared_value() { delete now_.load(relaxed); }
  int read() {
    auto& mine = readers_[m::this_thread::index()];
    const unsigned epoch = epoch_.load(relaxed);
    mine.store(epoch, FAULT == 4 ? relaxed : release);
    if (FAULT != 1) m::atomic_thread_fence(seq_cst);
    const int v = *now_.load(acquire);
    mine.store(outside, FAULT == 2 ? relaxed : release);
    return v;
  }
  void write(int v) {
    m::plain<int>* const old = now_.exchange(new m::plain<int>(v), acq_rel);
    if (FAULT != 3) m::atomic_thread_fence(seq_cst);
    const unsigned over = epoch_.fetch_add(1, relaxed);
    for (auto& reader : readers_) {
      for (;;) {
        const unsigned in = reader.load(acquire);
        if (in == outside || in > over) break;
        m::this_thread::yield();
      }
    }
    delete old;
  }

 private:
  Atom<m::plain<int>*> now_{new m::plain<int>(0)};
  Atom<unsigned> epoch_{1};
  std::array<Atom<unsigned>, 6> readers_{};
};

int main(int argc, char** argv) {
  using tested = shared_value<m::atomic>;
  using spec = gallery::register_spec;
  return m::check<tested, spec>(
      argc, argv, m::operation("write", &tested::write, &spec::write, m::any_of(1, 2)),
      m::operation("read", &tested::read, &spec::read));
}
