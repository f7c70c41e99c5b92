// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// machine.hpp: up to 256 virtual threads, each on a core of its own, in one thread of the system
//
// Each thread has a clock, and the one whose clock is behind acts next. An access takes as long as
// it does on a processor, roughly: a hit, a locked instruction, a line that comes from another
// core. A line serves one who wants it after the other. So threads meet as they would if they
// really ran at once, and the same seed gives the same run, access by access. Memory is
// sequentially consistent. Relies on Boost.Context for the stacks.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <vector>

#include "lines.hpp"

namespace caiman::scale {

/// In nanoseconds. What is counted depends on them only in so far as they decide who meets whom.
struct prices {
  std::uint64_t hit = 1;
  std::uint64_t rmw = 5;
  std::uint64_t transfer = 50;
  std::uint64_t fence = 2000;  ///< membarrier
  std::uint64_t wake = 2000;   ///< Of a thread that sleeps in the kernel.
};

class machine {
 public:
  /// 1 to 256 threads. There is one machine at a time.
  machine(unsigned threads, std::uint64_t seed, prices costs = {});
  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;
  ~machine();

  /// The one that there is.
  static machine& only() noexcept { return *only_; }

  /// Runs `body(thread)` on all threads to the end. Throws what they throw, and std::runtime_error
  /// where all that are left sleep.
  void run(const std::function<void(unsigned)>& body);

  unsigned thread_count() const noexcept { return static_cast<unsigned>(threads_.size()); }
  /// Who acts; 0 outside run(), where nothing is counted.
  unsigned current() const noexcept { return current_; }
  lines& memory() noexcept { return memory_; }
  std::uint64_t fences() const noexcept { return fences_; }
  /// Of the slowest thread, since counting began.
  std::uint64_t elapsed() const noexcept { return latest_ - counting_since_; }
  /// The slot that a thread has in the one buddy that there is.
  unsigned& slot() noexcept { return threads_[current_].slot; }
  static constexpr unsigned no_slot = ~0U;

  // ---- for the thread that acts ----------------------------------------------------------------

  /// Waits for the thread's turn, then counts and pays an access, which the caller does next.
  void touch(const void* address, access how);
  /// From here on accesses are counted and nothing else: no lines, no turns. For one thread.
  void only_count() noexcept {
    only_counts_ = true;
    memory_.forget_counts();
  }
  /// Lets time pass.
  void think(std::uint64_t ns);
  /// A random number below `bound`, of the thread's own.
  std::uint64_t below(std::uint64_t bound);
  /// All threads meet; from then on things are counted.
  void meet();
  void fence();
  /// Until somebody wakes those that sleep at this address, one for each wake.
  void sleep_at(const void* address);
  void wake_at(const void* address);

 private:
  struct fibre;  // hides Boost
  struct thread {
    std::unique_ptr<fibre> on;
    std::mt19937_64 random;
    std::uint64_t clock = 0;
    const void* sleeps_at = nullptr;
    unsigned slot = no_slot;
  };
  struct turn {
    std::uint64_t clock;
    std::uint64_t number;  // who came first is first
    unsigned thread;
    friend bool operator<(const turn& a, const turn& b) noexcept {
      return a.clock != b.clock ? a.clock > b.clock : a.number > b.number;
    }
  };

  bool is_running() const noexcept { return running_; }
  void make_ready(unsigned which);
  void leave();
  void wait_for_turn();
  void spend(std::uint64_t ns) noexcept;

  static machine* only_;
  prices costs_;
  lines memory_;
  std::vector<thread> threads_;
  std::priority_queue<turn> ready_;
  std::vector<unsigned> met_;
  std::exception_ptr thrown_;
  std::uint64_t turns_ = 0;
  std::uint64_t fences_ = 0;
  std::uint64_t latest_ = 0;
  std::uint64_t counting_since_ = 0;
  unsigned current_ = 0;
  bool running_ = false;
  bool only_counts_ = false;
};

}  // namespace caiman::scale
