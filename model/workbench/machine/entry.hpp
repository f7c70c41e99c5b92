// SPDX-License-Identifier: MIT
// While the machine works, the heap is the program's own: what it notes outlives the execution.
#pragma once

#include <utility>

#include "machine/machine.hpp"

namespace caiman::model::machine {

class machine_state::entry {
 public:
  entry() noexcept : was_(std::exchange(user_code_runs, false)) {}
  entry(const entry&) = delete;
  entry& operator=(const entry&) = delete;
  ~entry() { user_code_runs = was_; }

 private:
  bool was_;
};

}  // namespace caiman::model::machine
