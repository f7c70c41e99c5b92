// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// ended.hpp: arenas that have ended, but whose last thread may not have noticed
//
// A thread that was stopped right behind its last return (ledger.hpp) still has a word of an
// arena's to write when the arena has ended and its memory has gone. Nobody waits for it: the rest
// of the arena stays on a list of its shared object, until another arena is built or ends there,
// or the object is closed. Not part of the public surface.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <atomic>

namespace caiman::inline v0::detail {

/// What has ended, linked by `next_ended`; `books().is_quiet()` says whether it may go. All may be
/// called by any threads at once; lock-free, O(what is there).
template <class State>
class ended_list {
 public:
  constexpr ended_list() noexcept = default;
  ended_list(const ended_list&) = delete;
  ended_list& operator=(const ended_list&) = delete;
  /// When the shared object is closed, before that looks at what is left (closing.hpp).
  ~ended_list() { sweep(); }

  /// The list has it from now on.
  void keep(State* one) noexcept {
    one->next_ended = first_.load();
    while (!first_.compare_exchange_weak(one->next_ended, one)) {
    }
  }
  /// Deletes what may go.
  void sweep() noexcept {
    if (first_.load(std::memory_order_relaxed) == nullptr) [[likely]]
      return;
    State* one = first_.exchange(nullptr);
    while (one != nullptr) {
      State* const next = one->next_ended;
      if (one->books().is_quiet()) {
        delete one;
      } else {
        keep(one);
      }
      one = next;
    }
  }

 private:
  // Pushed one by one and taken all at once. Seq_cst, since no scenario runs it: acq_rel would do.
  std::atomic<State*> first_{nullptr};
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
