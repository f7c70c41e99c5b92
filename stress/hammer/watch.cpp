// Time, progress and standstill; see watch.hpp.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "watch.hpp"

namespace caiman::stress {

watch::watch(crew& over)
    : crew_(over),
      terminal_(isatty(STDERR_FILENO) == 1),
      thread_([this](const std::stop_token& stop) { look(stop); }) {}

void watch::look(const std::stop_token& stop) {
  constexpr std::chrono::milliseconds glance{10};
  constexpr unsigned glances_per_line = 20;
  for (unsigned glances = 0; !stop.stop_requested(); ++glances) {
    look_once();
    if (terminal_ && glances % glances_per_line == 0) show_progress();
    std::this_thread::sleep_for(glance);
  }
  if (terminal_) fmt::print(stderr, "\r\033[K");
}

void watch::look_once() {
  const auto now = clock::now();
  if (now - start_ >= std::chrono::duration<double>(crew_.chosen.seconds)) {
    crew_.time_up.store(true, std::memory_order_relaxed);
  }
  const std::uint64_t moved = beats();
  if (moved != last_beats_) {
    last_beats_ = moved;
    last_move_ = now;
  } else if (now - last_move_ > std::chrono::duration<double>(crew_.chosen.patience)) {
    report_standstill();
  }
}

std::uint64_t watch::beats() const {
  std::uint64_t sum = crew_.checks.load(std::memory_order_relaxed);
  for (const slot& place : crew_.slots) sum += place.beats.load(std::memory_order_relaxed);
  return sum;
}

void watch::show_progress() const {
  const double passed = std::chrono::duration<double>(clock::now() - start_).count();
  fmt::print(stderr, "\r\033[Khammer: {} calls, {:.0f} s left", last_beats_,
             std::max(0.0, crew_.chosen.seconds - passed));
}

void watch::report_standstill() const {
  for (const slot& place : crew_.slots) {
    const call doing = place.doing.load(std::memory_order_relaxed);
    if (doing == call::none) continue;
    fmt::print("hammer: thread {} has not come back from {} of order {}\n", place.id,
               doing == call::allocate ? "allocate" : "release",
               place.doing_order.load(std::memory_order_relaxed));
  }
  fmt::print("hammer: no call returned for {} s\nrerun: {}\nFAIL\n", crew_.chosen.patience,
             command_line(crew_.chosen));
  std::fflush(stdout);
  std::_Exit(EXIT_FAILURE);
}

}  // namespace caiman::stress
