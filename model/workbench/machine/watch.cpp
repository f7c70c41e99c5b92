// SPDX-License-Identifier: MIT
// A structure that crashes, aborts or computes for ever is convicted, and the search goes on: the
// fibre that did it is left where it is.
#include <sys/mman.h>
#include <sys/time.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "machine/machine.hpp"

namespace caiman::model::machine {
namespace {

constexpr int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr std::size_t stack_bytes = std::size_t{64} << 10;
constexpr unsigned most_ticks = 5;  // seconds without a step

struct watch {
  struct sigaction before[std::size(crashes)] = {};
  struct sigaction alarm_before = {};
  stack_t stack_before = {};
  void* stack = nullptr;
  std::uint64_t last_steps = 0;
  unsigned ticks = 0;
};
watch& the_watch() {
  static watch only;
  return only;
}

const char* name_of_signal(int signal) noexcept {
  switch (signal) {
    case SIGSEGV:
      return "it uses an address that is none (SIGSEGV)";
    case SIGBUS:
      return "it uses memory that is not there (SIGBUS)";
    case SIGFPE:
      return "it divides by zero (SIGFPE)";
    case SIGILL:
      return "it comes to where no code is (SIGILL)";
    default:
      return "it aborts";
  }
}

void crashed(int signal) {
  machine_state& all = the_machine();
  if (all.runs() && std::exchange(user_code_runs, false)) all.crash(name_of_signal(signal));
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void tick(int /*signal*/) {
  machine_state& all = the_machine();
  watch& w = the_watch();
  if (!all.runs() || !user_code_runs || all.all_steps() != w.last_steps) {
    w.ticks = 0;
    w.last_steps = all.all_steps();
    return;
  }
  if (++w.ticks < most_ticks) return;
  w.ticks = 0;
  user_code_runs = false;
  all.stop("no end", "an operation goes on and on without an access");
}

}  // namespace

crash_guard::crash_guard() {
  watch& w = the_watch();
  w.stack = mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stack_t own{};
  own.ss_sp = w.stack;
  own.ss_size = stack_bytes;
  sigaltstack(&own, &w.stack_before);
  struct sigaction on = {};
  on.sa_handler = crashed;
  on.sa_flags = SA_ONSTACK | SA_NODEFER;
  for (std::size_t i = 0; i < std::size(crashes); ++i) sigaction(crashes[i], &on, &w.before[i]);
  on.sa_handler = tick;
  on.sa_flags = SA_ONSTACK | SA_NODEFER | SA_RESTART;
  sigaction(SIGALRM, &on, &w.alarm_before);
  const itimerval each{{1, 0}, {1, 0}};
  setitimer(ITIMER_REAL, &each, nullptr);
}

crash_guard::~crash_guard() {
  watch& w = the_watch();
  const itimerval never{};
  setitimer(ITIMER_REAL, &never, nullptr);
  sigaction(SIGALRM, &w.alarm_before, nullptr);
  for (std::size_t i = 0; i < std::size(crashes); ++i) sigaction(crashes[i], &w.before[i], nullptr);
  sigaltstack(&w.stack_before, nullptr);
  munmap(w.stack, stack_bytes);
}

}  // namespace caiman::model::machine

// NOLINTBEGIN(readability-identifier-naming,clang-diagnostic-reserved-identifier): of glibc
/// What assert calls: in an operation a fault like others, with its words.
// it
extern "C" void __assert_fail(const char* what, const char* file, unsigned line,
                              const char* function) noexcept {
  auto& all = caiman::model::machine::the_machine();
  if (all.runs()) {
    caiman::model::machine::user_code_runs = false;
    std::string_view name = file;
    if (const auto slash = name.rfind('/'); slash != std::string_view::npos) {
      name.remove_prefix(slash + 1);
    }
    all.stop("check", "an assertion fails: " + std::string(what) + ", at " + std::string(name) +
                          ":" + std::to_string(line));
  }
  std::fprintf(stderr, "%s:%u: %s: Assertion '%s' failed.\n", file, line, function, what);
  std::abort();
}
// NOLINTEND(readability-identifier-naming,clang-diagnostic-reserved-identifier)
