// SPDX-License-Identifier: MIT
// Ctrl-C ends a search after the execution that runs; what was found is kept.
#pragma once

namespace caiman::model::machine {

bool asked_to_stop() noexcept;

/// While it lives, the first Ctrl-C asks, and a second one ends the program.
class stop_on_interrupt {
 public:
  stop_on_interrupt();
  stop_on_interrupt(const stop_on_interrupt&) = delete;
  stop_on_interrupt& operator=(const stop_on_interrupt&) = delete;
  ~stop_on_interrupt();
};

}  // namespace caiman::model::machine
