// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// waiting.hpp: a replay that does not wait, and a test that does not for ever
// ---------------------------------------------------------------------------------------------
#pragma once

#include <chrono>
#include <thread>

namespace caiman::traces {

// The fault of a replay that lets its threads run as they like.
struct no_waiting {
  template <class Ready>
  static void until(Ready ready) {
    ready();
  }
};

// A test that waits for something ends all the same when it never comes.
template <class Ready>
void wait_at_most(std::chrono::milliseconds patience, Ready ready) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!ready() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

}  // namespace caiman::traces
