// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// rehearsal.hpp: which small concurrent programs are right
//
// Programs that are made up (random_programs.cpp, the fuzz target) must be right by construction: a
// set-up asks only for what must be there, a release names a request of its own thread.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "caiman-model/program.hpp"

namespace caiman::model {

/// Goes through a program without running it, and tells what is known of the next step.
class rehearsal {
 public:
  explicit rehearsal(unsigned max_order) : max_order_(max_order), free_(1U << max_order) {}

  /// A request of `order` must be served. Without releases the free blocks of a best-fit buddy are
  /// all of different orders, so enough min blocks are enough. After a release, whatever lies
  /// where: a live block takes a place from at most so many blocks of `order`.
  bool must_fit(unsigned order) const {
    if (!released_) return free_ >= 1U << order;
    unsigned touched = 0;
    for (const auto& requests : of_) {
      for (const auto& r : requests) {
        if (r.live) touched += r.order > order ? 1U << (r.order - order) : 1U;
      }
    }
    return touched < 1U << (max_order_ - order);
  }
  bool must_fail(unsigned order) const { return free_ < 1U << order; }

  bool can_release(unsigned thread, unsigned which) const {
    return which < of_[thread].size() && of_[thread][which].live;
  }
  std::vector<unsigned> live(unsigned thread) const {
    std::vector<unsigned> found;
    for (unsigned i = 0; i < of_[thread].size(); ++i) {
      if (of_[thread][i].live) found.push_back(i);
    }
    return found;
  }

  // A step whose outcome is known. False if it is not.
  bool set_up(const setup_step& step) {
    if (step.op.what == operation::kind::release) {
      if (!can_release(step.thread, step.op.arg)) return false;
      request& r = of_[step.thread][step.op.arg];
      r.live = false;
      free_ += 1U << r.order;
      released_ = true;
      return true;
    }
    const bool fails = step.op.what == operation::kind::must_fail;
    if (step.op.arg > max_order_ || !(fails ? must_fail(step.op.arg) : must_fit(step.op.arg))) {
      return false;
    }
    of_[step.owner].push_back({step.op.arg, !fails});
    if (!fails) free_ -= 1U << step.op.arg;
    return true;
  }
  // A step of a thread: a request may be served or not, a release must name an unreleased one.
  bool operate(unsigned thread, operation op) {
    if (op.what != operation::kind::release) {
      of_[thread].push_back({op.arg, true});
      return op.arg <= max_order_;
    }
    if (!can_release(thread, op.arg)) return false;
    of_[thread][op.arg].live = false;
    return true;
  }

 private:
  struct request {
    unsigned order;
    bool live;
  };
  unsigned max_order_;
  unsigned free_;  // min blocks, during the set-up
  bool released_ = false;
  std::array<std::vector<request>, 3> of_;
};

inline bool is_right(const program& p) {
  rehearsal so_far(p.max_order);
  bool right = true;
  for (const setup_step& step : p.setup) right = right && so_far.set_up(step);
  for (unsigned t = 0; t < p.threads.size(); ++t) {
    for (const operation op : p.threads[t]) right = right && so_far.operate(t, op);
  }
  return right;
}

}  // namespace caiman::model
