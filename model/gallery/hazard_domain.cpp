// SPDX-License-Identifier: MIT
// A value behind a pointer that writers swap, under the hazard domain of hazards.hpp.
// Maged Michael: Hazard Pointers: Safe Memory Reclamation for Lock-Free Objects, 2004.
// Faults 1 to 4: those of gallery::hazard_fault.
#include <atomic>
#include <caiman-model/check.hpp>

#include "hazards.hpp"
#include "specs.hpp"

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class shared_value {
 public:
  ~shared_value() { delete now_.load(relaxed); }
  int read() {
    const int v = *hazards_.protect(0, now_);
    hazards_.clear(0);
    return v;
  }
  void write(int v) { hazards_.retire(now_.exchange(new m::plain<int>(v), acq_rel)); }

 private:
  Atom<m::plain<int>*> now_{new m::plain<int>(0)};
  gallery::hazards<m::plain<int>, 1, Atom> hazards_{static_cast<gallery::hazard_fault>(FAULT)};
};

int main(int argc, char** argv) {
  using tested = shared_value<m::atomic>;
  using spec = gallery::register_spec;
  return m::check<tested, spec>(
      argc, argv, m::operation("write", &tested::write, &spec::write, m::any_of(1, 2)),
      m::operation("read", &tested::read, &spec::read));
}
