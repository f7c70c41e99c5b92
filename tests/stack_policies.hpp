// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stack_policies.hpp: policies with stacks, as the tests need them
//
// Each kind of pop by name, whatever ships; and what is laid over it: slots that one thread takes
// in turn, a depth that is set at run time, an action between the two sides of the announced pop.
// And the faults that the checks of stacks must see.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <functional>
#include <utility>

#include "caiman/native_sync.hpp"

namespace caiman::testing {

struct announced_sync : native_sync {
  static constexpr bool announced_pop = true;
  static constexpr unsigned calm_pops = 2;  // so that flags go up and down in a short test, too
};
struct exchange_sync : native_sync {
  static constexpr bool announced_pop = false;
};

/// As deep as a policy may ask for.
template <class Base>
struct deepest : Base {
  static constexpr unsigned stack_room = 64;
  static constexpr unsigned stack_depth = stack_room;
};

/// One thread that plays several, one whole call at a time: each seat is a slot of its own, the
/// last one the shared slot.
template <class Base>
struct seated : Base {
  static constexpr unsigned exclusive_slots = 3;
  static constexpr unsigned shared_seat = exclusive_slots;
  static unsigned& seat() noexcept {
    static unsigned now = 0;
    return now;
  }
  struct home {};
  static constexpr bool is_own(home) noexcept { return true; }
  static constexpr unsigned slot_scale = 1;
  static unsigned scaled_slot() noexcept { return seat(); }
  static unsigned thread_slot(home = {}) noexcept { return seat(); }
  static unsigned slots_seen(home = {}) noexcept { return exclusive_slots; }
};

/// With a depth that is set before the buddy is built.
template <class Base>
struct shallow : Base {
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): the policy has no objects
  static inline unsigned stack_depth = Base::stack_room;
};

/// Acts once, where an owner has announced a pop and not yet looked whether anyone drains.
template <class Base>
struct interrupted : Base {
  static std::function<void()>& at_announcement() {
    static std::function<void()> act;
    return act;
  }
  static void light_fence() noexcept {
    if (const auto act = std::exchange(at_announcement(), nullptr)) act();
    Base::light_fence();
  }
};

/// On a machine without the asymmetric fence, where nobody may call it.
template <class Base>
struct fenceless : Base {
  static bool heavy_fence_works() noexcept { return false; }
  static void heavy_fence() noexcept { Base::invariant(false, "a fence that does not work"); }
};

/// A fault: nobody drains.
template <class Base>
struct undrained : Base {
  static unsigned slots_seen(const typename Base::home& /*of*/) noexcept { return 0; }
};

}  // namespace caiman::testing
