// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// child.hpp: what a program does at its end, watched from outside
//
// A wrong release ends the program, and a filter of system calls cannot be taken off again: both
// happen in a child process. The parent makes the situation and forks; the child inherits it, acts
// and leaves by _exit. It takes no part in the run of the tests and writes no core file.
// Relies on POSIX (fork, pipe, waitpid) and Catch2 v2.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <utility>

#include "caiman/buddy.hpp"

#include <catch2/catch.hpp>

#if defined(CAIMAN_COVERAGE)
extern "C" {
#include <gcov.h>  // it does not say so itself
}
#endif

namespace child {

inline constexpr const char* free_already = "it is free already, wholly or in part";
inline constexpr const char* no_such_order = "there is no such order";
inline constexpr const char* no_such_index = "there is no such index";
inline constexpr const char* released_twice = "it was released twice";

/// How a child process ended.
struct ending {
  int signal;        // 0: none
  int exit_code;     // -1: none
  std::string said;  // on stderr
};

inline std::string read_all(int from) {
  std::string text;
  char part[256];
  for (ssize_t n = read(from, part, sizeof part); n > 0; n = read(from, part, sizeof part)) {
    text.append(part, static_cast<std::size_t>(n));
  }
  return text;
}

/// Without the line that an emulator of processors (qemu-user) adds when a signal ends its program.
inline std::string without_emulator(std::string said) {
  const auto at = said.rfind("qemu: uncaught target signal ");
  if (at != std::string::npos && said.find('\n', at) == said.size() - 1) said.erase(at);
  return said;
}

/// Where coverage is measured, what a child has counted is written before it ends: neither abort
/// nor _exit does.
inline void write_coverage() {
#if defined(CAIMAN_COVERAGE)
  __gcov_dump();
#endif
}
inline void write_coverage_and_abort(int /*signal*/) {
  write_coverage();
  std::signal(SIGABRT, SIG_DFL);
  std::raise(SIGABRT);
}

/// Runs `act` in a child process; one that comes back from it ends with exit code 0.
template <class Act>
ending in_child(const Act& act) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit no_core{0, 0};
#if defined(CAIMAN_COVERAGE)
    const auto on_abort = write_coverage_and_abort;
#else
    const auto on_abort = SIG_DFL;
#endif
    if (setrlimit(RLIMIT_CORE, &no_core) != 0 || dup2(ends[1], STDERR_FILENO) < 0 ||
        std::signal(SIGABRT, on_abort) == SIG_ERR) {  // Catch2 would report the signal as its own
      _exit(99);
    }
    close(ends[0]);
    close(ends[1]);
    act();
    write_coverage();
    _exit(0);
  }
  close(ends[1]);
  ending end{0, -1, read_all(ends[0])};
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
    end.said = without_emulator(std::move(end.said));
  }
  if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
  return end;
}

/// The one line that a wrong release says.
inline std::string complaint(caiman::block b, const char* why) {
  return "caiman: release of block {order " + std::to_string(b.order) + ", index " +
         std::to_string(b.index) + "}: " + why + "\n";
}

/// That `act` ends the program with the line that names `b`.
template <class Act>
void check_ends_with(caiman::block b, const char* why, const Act& act) {
  INFO("order " << b.order << ", index " << b.index);
  const auto end = in_child(act);
  CHECK(end.signal == SIGABRT);
  CHECK(end.said == complaint(b, why));
}

/// The same where it is not told which of two blocks is named.
template <class Act>
void check_ends_with_one_of(std::pair<caiman::block, caiman::block> blocks, const char* why,
                            const Act& act) {
  const auto end = in_child(act);
  CHECK(end.signal == SIGABRT);
  INFO("said: " << end.said);
  CHECK((end.said == complaint(blocks.first, why) || end.said == complaint(blocks.second, why)));
}

/// That `act` comes back and says nothing.
template <class Act>
void check_quiet(const Act& act) {
  const auto end = in_child(act);
  CHECK(end.signal == 0);
  CHECK(end.exit_code == 0);
  CHECK(end.said.empty());
}

template <class Buddy>
void check_caught(Buddy& tree, const char* why, std::initializer_list<caiman::block> wrong) {
  for (const caiman::block& b : wrong) check_ends_with(b, why, [&] { tree.release(b); });
}

template <class Buddy>
void check_legal(Buddy& tree, std::initializer_list<caiman::block> right) {
  for (const caiman::block& b : right) {
    INFO("order " << b.order << ", index " << b.index);
    check_quiet([&] { tree.release(b); });
  }
}

}  // namespace child
