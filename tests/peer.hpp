// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// peer.hpp: a second thread that does what it is told, and only then
//
// A slot belongs to a thread, so what one thread leaves in its stacks for another to find takes two
// threads, though never two at a time. A peer runs one action after the other, each to its end
// while the caller waits; it keeps its slot until it is destroyed.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace caiman::testing {

class peer {
 public:
  peer() : thread_([this] { work(); }) {}
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;
  ~peer() {
    run(nullptr);
    thread_.join();
  }

  /// Runs `act` on the peer's thread and returns when it is done. It must not throw.
  void run(const std::function<void()>& act) {
    std::unique_lock lock(guard_);
    act_ = &act;
    turn_.notify_all();
    turn_.wait(lock, [this] { return act_ == nullptr; });
  }

 private:
  void work() {
    std::unique_lock lock(guard_);
    for (bool more = true; more;) {
      turn_.wait(lock, [this] { return act_ != nullptr; });
      more = static_cast<bool>(*act_);
      if (more) (*act_)();
      act_ = nullptr;
      turn_.notify_all();
    }
  }

  std::mutex guard_;
  std::condition_variable turn_;
  const std::function<void()>* act_ = nullptr;
  std::thread thread_;  // last: it starts with everything else in place
};

}  // namespace caiman::testing
