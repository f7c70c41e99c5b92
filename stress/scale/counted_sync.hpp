// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// counted_sync.hpp: policies under which every access of the core is counted
//
// Made of the policies that ship, with all that they say of stacks, slots and looks: only the
// atomics are others, which tell the machine of each access, and the fences, and where a thread's
// slot comes from. The slots themselves are handed out by the pool that ships.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include <caiman/buddy.hpp>
#include <caiman/sequential_sync.hpp>

#include "machine.hpp"

namespace caiman::scale {

/// The member interface of std::atomic over a bare T, as large as T. Where it is not `Locked`, a
/// read-modify-write is a plain one.
template <class T, bool Locked = true>
class counted {
 public:
  constexpr counted() noexcept = default;
  constexpr explicit counted(T value) noexcept : value_(value) {}
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() = default;

  T load(std::memory_order order) const {
    touch(access::load);
    return value_.load(order);
  }
  void store(T value, std::memory_order order) {
    touch(access::store);
    value_.store(value, order);
  }
  T exchange(T value, std::memory_order order) {
    touch(changes);
    return value_.exchange(value, order);
  }
  T fetch_add(T n, std::memory_order order) {
    touch(changes);
    return value_.fetch_add(n, order);
  }
  T fetch_sub(T n, std::memory_order order) { return fetch_add(static_cast<T>(T{} - n), order); }
  T fetch_or(T n, std::memory_order order) {
    touch(changes);
    return value_.fetch_or(n, order);
  }
  T fetch_and(T n, std::memory_order order) {
    touch(changes);
    return value_.fetch_and(n, order);
  }
  /// A processor takes the line to write it, whether it then writes or not.
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                               std::memory_order failure) {
    touch(changes);
    return value_.compare_exchange_strong(expected, desired, success, failure);
  }

 private:
  static constexpr access changes = Locked ? access::rmw : access::store;
  void touch(access how) const { machine::only().touch(this, how); }

  sequential_sync::atomic<T> value_{};
};

/// A policy that ships, counted. `Slots` are owned by a thread each.
template <class Base, unsigned Slots = Base::exclusive_slots>
struct counted_sync : Base {
  template <class T>
  using atomic = counted<T>;
  using statistic = counted<std::uint64_t>;
  static constexpr unsigned exclusive_slots = Slots;

  static void light_fence() noexcept {}
  static void heavy_fence() { machine::only().fence(); }
  static bool heavy_fence_works() noexcept { return true; }

  class home;
  static bool is_own(const home& /*of*/) noexcept { return true; }
  static constexpr unsigned slot_scale = 1;
  static unsigned scaled_slot() noexcept {
    const unsigned slot = machine::only().slot();
    return slot == machine::no_slot ? exclusive_slots : slot;
  }
  static unsigned thread_slot(const home& of) noexcept {
    unsigned& slot = machine::only().slot();
    if (slot == machine::no_slot) slot = of.take();
    return slot;
  }
  static unsigned slots_seen(const home& of) noexcept { return of.seen(); }

  static void pause(unsigned round) { machine::only().think(round < 4 ? 10 : 500); }
};

template <class Base, unsigned Slots>
class counted_sync<Base, Slots>::home {
 public:
  home() : pool_(std::make_unique<place>()) {
    machine::only().memory().name(pool_.get(), sizeof(place), object::pool);
  }
  unsigned take() const noexcept { return pool_->pool.take(); }
  unsigned seen() const noexcept { return pool_->pool.seen(); }

 private:
  struct alignas(64) place {
    protocol::slot_pool<counted_sync> pool{Slots, Slots};
  };
  std::unique_ptr<place> pool_;
};

/// The core for one thread at a time, counted: what a lock is put around.
struct counted_sequential : sequential_sync {
  template <class T>
  using atomic = counted<T, false>;
  using statistic = counted<std::uint64_t, false>;
};

static_assert(sync_policy<counted_sync<native_sync>>);
static_assert(sync_policy<counted_sequential>);

}  // namespace caiman::scale
