// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// pool.hpp: runs jobs as processes, a few at a time
//
// Relacy is not reentrant, leaks a little per run, and a fault of what is under check may well
// crash: so every job is a process of its own, and a crash is a verdict.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace caiman::model {

struct job_result {
  bool started = false;
  int exit_code = -1;  // or minus the signal that ended it
  double seconds = 0;
  std::string output;
};

/// Whether a signal is one that a program brings upon itself; the others come from outside.
bool is_crash(int signal) noexcept;

/// Runs `commands`, at most `at_once` at a time; calls `done(index, result)` as each one ends. One
/// that `wanted(index)` says no to when its turn comes is left out.
/// False if it was interrupted (SIGINT, SIGTERM): running jobs are ended, and those that have found
/// something by then say it; the rest is not started.
bool run_jobs(const std::vector<std::vector<std::string>>& commands, unsigned at_once,
              const std::function<void(std::size_t, job_result)>& done,
              const std::function<bool(std::size_t)>& wanted = {});

}  // namespace caiman::model
