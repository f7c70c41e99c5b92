// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// small_stack.hpp: one owner stack, and two blocks
//
// The stacks of the core for one slot and one order, with room for both blocks. Beside them lies a
// plain cell per block, written by its owner, so that a missing edge is a data race.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "genmc_sync.hpp"
// then the core
#include "caiman/protocol/stacks.hpp"

namespace caiman::genmc {

/// Such stacks; pops are announced, or exchanges.
template <class Sync, bool Announced>
struct stack_sync : Sync {
  static constexpr unsigned stack_room = 2;
  static constexpr unsigned stack_depth = 2;
  static constexpr unsigned stack_orders = 1;
  static constexpr bool announced_pop = Announced;
};

/// No block.
inline constexpr std::size_t nothing = ~std::size_t{0};

/// The stack with its blocks, 0 and 1. A global of it is all zero; build() makes it.
template <class Sync, bool Announced = true>
class small_stack {
 public:
  using sync = stack_sync<Sync, Announced>;
  using stacks = owner_stacks<sync>;
  static_assert(nothing == stacks::nothing);

  /// Before any thread starts. Empty.
  void build() noexcept { in_memory().build(); }
  stacks in_memory() noexcept { return stacks(memory_); }

  /// Who has the block writes to it.
  std::size_t own(std::size_t block) noexcept {
    if (block != nothing) ++payload_[block];
    return block;
  }

  // ---- the owner's side ----

  std::size_t pop() noexcept {
    std::size_t block = nothing;
    if (!in_memory().pop_top(0, block)) block = in_memory().pop_below(0);
    return own(block);
  }
  void push(std::size_t block) noexcept {
    (void)own(block);
    const bool fits = in_memory().push_again(0, block) || in_memory().push(0, block);
    assert(fits);
    (void)fits;
    look();
  }
  /// The owner looks at his flag, when it is time.
  void look() noexcept { in_memory().look_at_times(); }

  // ---- a drainer's side ----

  /// Whoever comes raises the flag, with a fence if it needs one.
  void come() noexcept {
    if (!Announced || in_memory().raise_flag()) return;
    sync::heavy_fence();
    in_memory().pass_fence();
  }
  /// Takes what there is, and goes. A place for each block, which says `nothing` so far.
  void take_and_leave(std::size_t* taken) noexcept {
    for (std::uint32_t i = in_memory().reach(0, false); i > 0; --i) {
      const std::size_t block = own(in_memory().take(0, i));
      if (block != nothing) *taken++ = block;
    }
    if (Announced) in_memory().leave_flag();
  }

  // ---- in the end ----

  /// Each of both blocks was taken once, by those who say so here, or is still there.
  template <std::size_t Count>
  void expect_one_owner_each(const std::size_t (&taken)[Count]) noexcept {
    unsigned times[2];
    times[0] = times[1] = 0;
    for (const std::size_t each : taken) {
      if (each != nothing) ++times[each];
    }
    for (std::size_t left = pop(); left != nothing; left = pop()) ++times[left];
    assert(times[0] == 1 && times[1] == 1);
  }

 private:
  alignas(128) std::byte memory_[stacks::bytes()];
  unsigned payload_[2];
};

}  // namespace caiman::genmc
