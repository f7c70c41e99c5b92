// SPDX-License-Identifier: MIT
#include "engine/crash.hpp"

#include <sys/time.h>

#include <array>
#include <csignal>
#include <cstdint>

#include "engine/execution.hpp"

namespace caiman::model {
namespace {

constexpr std::array<int, 6> caught{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGVTALRM};
/// Of processor time without an atomic access; an access takes less than a microsecond.
constexpr unsigned seconds_at_most = 3;

/// What the clock saw last, and for how many seconds it has been so.
struct standstill {
  std::uint64_t executions = 0;
  std::uint64_t accesses = 0;
  unsigned seconds = 0;
};

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): of the one watch
alignas(16) std::array<std::byte, std::size_t{256} * 1024> stack_of_handlers;
standstill seen_last;
/// Of whoever caught before: a fuzzer has handlers of its own.
std::array<struct sigaction, caught.size()> before;
stack_t stack_before;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void unwatch() {
  for (std::size_t i = 0; i < caught.size(); ++i) sigaction(caught[i], &before[i], nullptr);
  sigaltstack(&stack_before, nullptr);
}

[[noreturn]] void end_as_if_unwatched(int signal) {
  unwatch();
  std::raise(signal);
  std::_Exit(1);  // not reached
}

// Relacy leaves a fibre by a jump, which may as well start here: the handlers block no signal.
void on_crash(int signal) {
  execution& ex = current_execution();
  if (ex.runs()) ex.fail(no_crash, text_of_signal(signal));
  end_as_if_unwatched(signal);
}

void on_tick(int signal) {
  execution& ex = current_execution();
  const bool same = ex.executions() == seen_last.executions && ex.accesses() == seen_last.accesses;
  seen_last = {ex.executions(), ex.accesses(), same && ex.runs() ? seen_last.seconds + 1 : 0};
  if (seen_last.seconds == seconds_at_most) {
    ex.note_endless();
    ex.fail(no_crash, text_of_signal(signal));
  }
  if (seen_last.seconds > seconds_at_most) end_as_if_unwatched(signal);
}

void watch() {
  stack_t stack{};
  stack.ss_sp = stack_of_handlers.data();
  stack.ss_size = stack_of_handlers.size();
  sigaltstack(&stack, &stack_before);
  for (std::size_t i = 0; i < caught.size(); ++i) {
    struct sigaction how {};
    how.sa_handler = caught[i] == SIGVTALRM ? on_tick : on_crash;
    how.sa_flags = SA_ONSTACK | SA_NODEFER | SA_RESTART;
    sigaction(caught[i], &how, &before[i]);
  }
}

void tick_every(long seconds) {
  const itimerval every{{seconds, 0}, {seconds, 0}};
  setitimer(ITIMER_VIRTUAL, &every, nullptr);
}

}  // namespace

crash_watch::crash_watch() {
  seen_last = {};
  watch();
  tick_every(1);
}

crash_watch::~crash_watch() {
  tick_every(0);
  unwatch();
}

const char* text_of_signal(int signal) noexcept {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV: it touched memory that is not there";
    case SIGBUS:
      return "SIGBUS: it touched memory that is not there";
    case SIGFPE:
      return "SIGFPE: it divided by zero";
    case SIGILL:
      return "SIGILL: it ran into what is no instruction";
    case SIGABRT:
      return "SIGABRT: something under it called abort";
    case SIGVTALRM:
      return "it runs on and on, and no atomic access comes by";
    default:
      return "it was ended by a signal";
  }
}

}  // namespace caiman::model
