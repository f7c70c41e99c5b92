// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// own_heap.hpp: memory that is no choice of the search
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman-model/relacy.hpp"

namespace caiman::model {

/// While it lives, the heap is the program's own. Relacy's would be one more choice to search: when
/// what was freed is handed out again.
class own_heap {
 public:
  own_heap() { ++off(); }
  own_heap(const own_heap&) = delete;
  own_heap& operator=(const own_heap&) = delete;
  ~own_heap() { --off(); }

 private:
  struct open : rl::context {
    static constexpr int rl::context::*off = &open::disable_alloc_;
  };
  static int& off() { return rl::ctx().*open::off; }
};

}  // namespace caiman::model
