// SPDX-License-Identifier: MIT
#include "commands/pool.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>

namespace caiman::model {
namespace {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): set by the handler
volatile std::sig_atomic_t interrupted = 0;
void note_interrupt(int /*signal*/) { interrupted = 1; }

using clock = std::chrono::steady_clock;

struct running {
  std::size_t index;
  pid_t pid;
  int pipe;
  clock::time_point start;
  std::string output;
};

bool start(const std::vector<std::string>& command, std::size_t index,
           std::vector<running>& active) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  const pid_t pid = fork();
  if (pid < 0) {
    close(ends[0]);
    close(ends[1]);
    return false;
  }
  if (pid == 0) {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    dup2(ends[1], STDOUT_FILENO);
    std::vector<char*> arguments;
    // execv takes char* for historical reasons and changes nothing.
    for (const std::string& word : command) {
      arguments.push_back(const_cast<char*>(word.c_str()));  // NOLINT(*-const-cast)
    }
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(ends[1]);
  active.push_back({index, pid, ends[0], clock::now(), {}});
  return true;
}

/// Reads what is there; true when the job has closed its end.
bool drain(running& job) {
  std::array<char, 65536> chunk{};
  const ssize_t n = read(job.pipe, chunk.data(), chunk.size());
  if (n < 0) return errno != EINTR && errno != EAGAIN;
  job.output.append(chunk.data(), static_cast<std::size_t>(n));
  return n == 0;
}

job_result finish(running& job) {
  close(job.pipe);
  int status = 0;
  while (waitpid(job.pid, &status, 0) < 0 && errno == EINTR) {
  }
  const std::chrono::duration<double> took = clock::now() - job.start;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return {code != 127, code, took.count(), std::move(job.output)};
}

/// Waits for a job that was told to end, and has it say what it found; one that takes too long for
/// that is ended.
job_result hear_out(running& job, clock::time_point until) {
  for (bool open = true; open;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
    pollfd wait{job.pipe, POLLIN, 0};
    if (left.count() <= 0) {
      kill(job.pid, SIGKILL);
      open = false;
    } else if (poll(&wait, 1, static_cast<int>(left.count())) > 0) {
      open = !drain(job);
    }
  }
  return finish(job);
}

void end_all(std::vector<running>& active,
             const std::function<void(std::size_t, job_result)>& done) {
  const auto until = clock::now() + std::chrono::seconds(2);
  for (const running& job : active) kill(job.pid, SIGTERM);
  for (running& job : active) {
    job_result result = hear_out(job, until);
    if (result.exit_code >= 0) done(job.index, std::move(result));
  }
  active.clear();
}

}  // namespace

bool is_crash(int signal) noexcept {
  switch (signal) {
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGABRT:
    case SIGTRAP:
    case SIGVTALRM:
      return true;
    default:
      return false;
  }
}

bool run_jobs(const std::vector<std::vector<std::string>>& commands, unsigned at_once,
              const std::function<void(std::size_t, job_result)>& done,
              const std::function<bool(std::size_t)>& wanted) {
  std::signal(SIGINT, note_interrupt);
  std::signal(SIGTERM, note_interrupt);
  std::vector<running> active;
  std::size_t next = 0;
  while (next < commands.size() || !active.empty()) {
    while (next < commands.size() && active.size() < at_once) {
      const bool chosen = !wanted || wanted(next);
      if (chosen && !start(commands[next], next, active)) done(next, {});
      ++next;
    }
    if (active.empty()) break;  // the last ones were not wanted
    std::vector<pollfd> waits;
    for (const running& job : active) waits.push_back({job.pipe, POLLIN, 0});
    const bool lost = poll(waits.data(), waits.size(), 500) < 0 && errno != EINTR;
    if (interrupted != 0 || lost) {
      end_all(active, done);
      return false;
    }
    for (std::size_t i = active.size(); i-- > 0;) {
      if (waits[i].revents == 0 || !drain(active[i])) continue;
      const std::size_t index = active[i].index;
      job_result result = finish(active[i]);
      active.erase(active.begin() + static_cast<std::ptrdiff_t>(i));
      // A terminal interrupts all of us, and the job may have been the first to hear of it.
      if (result.exit_code == -SIGINT) interrupted = 1;
      done(index, std::move(result));
    }
  }
  return interrupted == 0;
}

}  // namespace caiman::model
