// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// chooser.hpp: who goes on, and which of the values that it may see a load sees
//
// All that an execution leaves open is asked of a chooser, as a number below a limit; the numbers
// that it gave are the execution, and replay it. 0 is always the plain choice: the thread that runs
// goes on, a load sees the newest value, a store stands last.
//
//   random   every choice is drawn, from the seed and the number of the execution
//   pct      threads have priorities, which fall at a few drawn steps (Burckhardt, Kothari,
//            Musuvathi, Nagarakatte: A Randomized Scheduler with Probabilistic Guarantees of
//            Finding Bugs, ASPLOS 2010): a fault that needs `bound` switches in an execution of k
//            steps of n threads is met with a chance of at least 1 / (n k^(bound - 1))
//   bound    a walk through all executions with at most `bound` switches away from a thread that
//            could go on
//   full     a walk through all
//   again    replays
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "machine/memory.hpp"

namespace caiman::model::machine {

enum class method : unsigned char { random, pct, bound, full, again };

struct way {
  method how = method::random;
  unsigned bound = 2;
  std::uint64_t seed = 1;
};

class chooser {
 public:
  void start(const way& how);
  /// To replay these.
  void start_again(std::vector<std::uint16_t> choices);

  /// Before each execution. Of a walk: false where there is none left.
  bool begin();
  /// A thread out of those in `ready`, a bit each. `at` is who runs, if it is ready.
  unsigned thread(unsigned ready, unsigned at);
  /// A number below `limit`.
  unsigned value(unsigned limit);
  /// Its thread waits for others.
  void waits(unsigned thread) noexcept {
    if (how_.how == method::pct) priority_[thread] = --lowest_;
  }

  /// Of this execution.
  const std::vector<std::uint16_t>& choices() const noexcept { return taken_; }
  unsigned switches() const noexcept { return switches_; }
  /// A walk has come to its end.
  bool ended() const noexcept { return ended_; }
  /// Replayed choices that did not fit.
  bool lost() const noexcept { return lost_; }
  unsigned longest() const noexcept { return longest_; }

 private:
  std::uint32_t draw() noexcept;
  unsigned choose(unsigned limit);
  unsigned by_priority(unsigned ready, unsigned at);

  way how_;
  std::uint64_t execution_ = 0;
  std::uint64_t random_ = 0;
  std::vector<std::uint16_t> taken_;
  std::vector<std::uint16_t> limits_;
  std::vector<std::uint16_t> given_;  // to replay, or where the walk is
  unsigned switches_ = 0;
  unsigned step_ = 0;
  unsigned longest_ = 16;
  bool ended_ = false;
  bool lost_ = false;
  unsigned keeps_ = 1;  // of random: one draw in so many switches
  std::array<long, most_threads> priority_{};
  long lowest_ = 0;
  std::array<unsigned, 16> falls_{};
};

}  // namespace caiman::model::machine
