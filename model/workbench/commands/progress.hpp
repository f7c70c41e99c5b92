// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// progress.hpp: one line on a terminal, nothing in a log
// ---------------------------------------------------------------------------------------------
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string_view>

namespace caiman::model {

class progress {
 public:
  explicit progress(std::size_t total) : total_(total), terminal_(isatty(STDERR_FILENO) == 1) {}

  /// One more is done; says what it was, how far it is, and about how long still.
  void step(std::string_view what) {
    ++done_;
    if (!terminal_) return;
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start_;
    const double left =
        spent.count() / static_cast<double>(done_) * static_cast<double>(total_ - done_);
    fmt::print(stderr, "\r\033[K{}/{}  about {:.0f} s left  {}", done_, total_, left, what);
    std::fflush(stderr);
  }
  void clear() const {
    if (terminal_) fmt::print(stderr, "\r\033[K");
  }

 private:
  std::size_t total_;
  std::size_t done_ = 0;
  bool terminal_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace caiman::model
