// SPDX-License-Identifier: MIT
#include "structures/stopping.hpp"

#include <csignal>

namespace caiman::model::machine {
namespace {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a signal handler writes it
volatile std::sig_atomic_t asked = 0;

void ask(int signal) {
  if (asked != 0) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  asked = 1;
}

}  // namespace

bool asked_to_stop() noexcept { return asked != 0; }

stop_on_interrupt::stop_on_interrupt() {
  asked = 0;
  std::signal(SIGINT, ask);
  std::signal(SIGTERM, ask);
}

stop_on_interrupt::~stop_on_interrupt() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace caiman::model::machine
