// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// pingpong.hpp: how far apart are two processors?
//
// Two threads bounce one atomic word; a round trip moves its cache line there and back. On virtual
// machines this flips between 50 to 110 ns ("near", siblings of one core) and 370 to 680 ns
// ("far"), and every figure for two threads flips with it. So whatever prints such a figure prints
// this too. Relies on the affinity calls of Linux to keep the two threads on two processors.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

namespace caiman::stress {

namespace detail {

/// The first two processors this process may use; fewer when there are fewer.
inline std::vector<int> two_processors() {
  std::vector<int> found;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return found;
  for (int cpu = 0; cpu < CPU_SETSIZE && found.size() < 2; ++cpu) {
    if (CPU_ISSET(static_cast<unsigned>(cpu), &allowed)) found.push_back(cpu);
  }
  return found;
}

inline void stay_on(int cpu) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<unsigned>(cpu), &only);
  pthread_setaffinity_np(pthread_self(), sizeof only, &only);
}

/// Waits for `wanted`, then answers with the next number; yields when the peer is not running.
inline void answer(std::atomic<unsigned>& ball, unsigned wanted) {
  constexpr unsigned spins_before_yield = 20000;
  for (unsigned spins = 0; ball.load(std::memory_order_acquire) != wanted; ++spins) {
    if (spins >= spins_before_yield) std::this_thread::yield();
  }
  ball.store(wanted + 1, std::memory_order_release);
}

inline double one_round_ns(const std::vector<int>& cpus, unsigned trips) {
  alignas(128) std::atomic<unsigned> ball{0};
  std::chrono::steady_clock::duration took{};
  std::thread ping([&] {
    stay_on(cpus[0]);
    for (unsigned i = 0; i < 100; ++i) answer(ball, 2 * i);  // both are awake and in place now
    const auto start = std::chrono::steady_clock::now();
    for (unsigned i = 0; i < trips; ++i) answer(ball, 200 + 2 * i);
    took = std::chrono::steady_clock::now() - start;
  });
  std::thread pong([&] {
    stay_on(cpus[1]);
    for (unsigned i = 0; i < 100 + trips; ++i) answer(ball, 2 * i + 1);
  });
  ping.join();
  pong.join();
  return std::chrono::duration<double, std::nano>(took).count() / trips;
}

}  // namespace detail

/// Nanoseconds per round trip between two processors, the median of `rounds`; nothing when the
/// process may use only one. Takes about rounds * trips * 1 us at worst when the machine is idle.
inline std::optional<double> ping_pong_ns(unsigned rounds = 9, unsigned trips = 2000) {
  const std::vector<int> cpus = detail::two_processors();
  if (cpus.size() < 2 || rounds == 0 || trips == 0) return std::nullopt;
  std::vector<double> times;
  for (unsigned i = 0; i < rounds; ++i) times.push_back(detail::one_round_ns(cpus, trips));
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

/// A round trip of so many nanoseconds or more is "far": between the two states, in equal ratio to
/// what was seen of both.
inline constexpr double far_from_ns = 250;

constexpr std::string_view distance_word(double round_trip_ns) {
  return round_trip_ns < far_from_ns ? "near" : "far";
}

}  // namespace caiman::stress
