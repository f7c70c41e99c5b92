// ---------------------------------------------------------------------------------------------
// watch.hpp: the clock and the heartbeats
//
// It tells the threads when the time is up, shows progress on a terminal (nothing in a log), and
// ends the program with exit code 1 when no call has returned for longer than the patience allows:
// a thread that never comes back cannot be joined, so nobody else could report it.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <thread>

#include "crew.hpp"

namespace caiman::stress {

class watch {
 public:
  explicit watch(crew& over);

 private:
  using clock = std::chrono::steady_clock;

  void look(const std::stop_token& stop);
  void look_once();
  std::uint64_t beats() const;
  void show_progress() const;
  [[noreturn]] void report_standstill() const;

  crew& crew_;
  clock::time_point start_ = clock::now();
  clock::time_point last_move_ = start_;
  std::uint64_t last_beats_ = 0;
  bool terminal_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace caiman::stress
