// SPDX-License-Identifier: MIT
// Double-checked initialization.
// Douglas Schmidt, Tim Harrison: Double-Checked Locking, 1996; what is wrong with it without
// orders: Scott Meyers, Andrei Alexandrescu: C++ and the Perils of Double-Checked Locking, 2004.
// Fault 1: the pointer is published relaxed. Fault 2: it is read relaxed.
// Fault 3: it is not checked again under the lock.
#include <atomic>
#include <caiman-model/check.hpp>
#include <mutex>

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class once {
 public:
  ~once() { delete made_.load(relaxed); }
  int get() {
    m::plain<int>* it = made_.load(FAULT == 2 ? relaxed : acquire);
    if (it == nullptr) {
      const std::lock_guard held(lock_);
      if (FAULT != 3) it = made_.load(relaxed);
      if (it == nullptr) {
        it = new m::plain<int>(42);
        made_.store(it, FAULT == 1 ? relaxed : release);
      }
    }
    return *it;
  }

 private:
  Atom<m::plain<int>*> made_{nullptr};
  m::mutex lock_;
};

struct spec {
  int get() const { return 42; }
  bool operator==(const spec&) const = default;
};

int main(int argc, char** argv) {
  using tested = once<m::atomic>;
  return m::check<tested, spec>(argc, argv, m::operation("get", &tested::get, &spec::get));
}
