// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// sync.hpp: the shim between the core and what it synchronises with
//
// Everything in the core that two threads can touch goes through a policy, a template parameter
// and never a macro, so that the production core, the sequential core and the core under the model
// checker are one source and live in one program. Three policies:
//
//   native_sync      std::atomic; what ships                        (native_sync.hpp)
//   sequential_sync  no atomics: one thread, or a lock around it    (sequential_sync.hpp)
//   checked_sync     every access goes through the Relacy detector  (model/, not in the core)
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "caiman/orders.hpp"

namespace caiman::inline v0 {

/// What the core asks of a policy.
///  - `atomic<T>`: the member interface of std::atomic, every order given.
///  - `plain<T>`: a variable whose races the policy may find; a bare T natively.
///  - `statistic`: a 64-bit number with load, store and fetch_add that no step of the protocol
///    depends on: a count, or marks by which misuse is seen. A policy need not take its accesses
///    for steps.
///  - `order(site)`: the memory order of a site.
///  - `exclusive_slots`: how many threads can own a slot; slot number `exclusive_slots` is the one
///    that all further threads share. `home`: what hands out the slots of a buddy, made and
///    remembered by the buddy; threads have slots of their own for each. `thread_slot(home)`: the
///    calling thread's slot there, the same number for as long as the thread keeps it, whatever
///    code it runs. `is_own(home)`: whether the calling code need not ask for it; then
///    `scaled_slot()` is the same times `slot_scale`, a power of two, or the shared one for a
///    thread that has not called yet; never more than a load. `slots_seen(home)`: no exclusive slot
///    whose turn (slots.hpp) is this number or a later one was ever used by a thread whose writes
///    the caller has seen.
///  - `look_again_bound`: how often a failing search looks again before it says `contended`;
///    `pause(round)`: called between two looks, lets the others run.
///  - `stack_depth`: how many released blocks of an order a slot keeps at hand (stacks.hpp), 0 for
///    none; `stack_room`: a constant, at least that, what there is memory for; `stack_orders`: for
///    which orders, from 0 up. `announced_pop`: pops without a locked instruction, which takes
///    `light_fence()` on the owner's side and `heavy_fence()` on the drainer's, and `calm_pops`,
///    after how many pops by exchange an owner looks whether drainers still come; while
///    `heavy_fence_works()` says no, pops are exchanges all the same, and returns of an arena are
///    read-modify-writes (detail/ledger.hpp, where the heavy fence stands at the arena's end).
///  - `touch(waiter)`, if there is one: called before a waiter's fields are read or written, which
///    only one thread at a time may do (waiting.hpp).
///  - `invariant(bool, message)`: an internal invariant. `misuse(what, order, index)`: does not
///    return.
template <class S>
concept sync_policy = requires(std::uint64_t n, std::memory_order o, bool b, const char* text,
                               unsigned u, typename S::template atomic<std::uint64_t>& a,
                               typename S::statistic& count, const typename S::home& from) {
  { a.load(o) } -> std::same_as<std::uint64_t>;
  { a.compare_exchange_strong(n, n, o, o) } -> std::same_as<bool>;
  { a.fetch_or(n, o) } -> std::same_as<std::uint64_t>;
  { a.exchange(n, o) } -> std::same_as<std::uint64_t>;
  a.store(n, o);
  typename S::template plain<std::uint64_t>;
  { count.load(o) } -> std::same_as<std::uint64_t>;
  count.store(n, o);
  { count.fetch_add(n, o) } -> std::same_as<std::uint64_t>;
  { S::order(protocol::site::claim) } -> std::same_as<std::memory_order>;
  { S::exclusive_slots } -> std::convertible_to<unsigned>;
  { S::look_again_bound } -> std::convertible_to<unsigned>;
  { S::thread_slot(from) }
  noexcept->std::same_as<unsigned>;
  { S::is_own(from) }
  noexcept->std::same_as<bool>;
  { S::scaled_slot() }
  noexcept->std::same_as<unsigned>;
  { S::slot_scale } -> std::convertible_to<unsigned>;
  { S::slots_seen(from) }
  noexcept->std::same_as<unsigned>;
  { S::stack_depth } -> std::convertible_to<unsigned>;
  requires S::stack_room <= 64 && (S::stack_room == 0 || S::stack_orders >= 1);
  { S::announced_pop } -> std::convertible_to<bool>;
  { S::calm_pops } -> std::convertible_to<unsigned>;
  { S::heavy_fence_works() } -> std::same_as<bool>;
  S::light_fence();
  S::heavy_fence();
  S::pause(u);
  S::invariant(b, text);
  S::misuse(text, u, n);
};

/// A policy with which threads may wait for each other, whatever their priorities: what waiting.hpp
/// asks for.
///  - `sleep(cell, value)`: until somebody wakes those that sleep on this cell, or for no reason at
///    all; not at all if the cell does not hold `value`, which is asked and begun as one.
///  - `wake(cell)`: one of them, if there is one.
///  - `rest(round)`: called between two attempts that another thread is in the way of; lets it run.
///    `round` counts from 0.
template <class S>
concept sleep_policy = sync_policy<S> &&
    requires(std::uint64_t n, unsigned u, typename S::template atomic<std::uint64_t>& a) {
  S::sleep(a, n);
  S::wake(a);
  S::rest(u);
};

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
