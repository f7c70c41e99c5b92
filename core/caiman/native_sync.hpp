// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// native_sync.hpp: the policy that ships
//
// std::atomic, the orders of orders.hpp as constants, and a pool of thread slots: a thread takes a
// slot at its first call, on any buddy, and gives it back when it ends.
//
// There is a pool for each shared object, since nothing else is certain. Whether two objects of a
// process share an inline variable depends on visibility, on how they were linked or loaded, and on
// the compiler, and may differ from variable to variable. So the pool, and what a thread remembers
// of its slot there, are hidden: every object has its own, always. A buddy remembers the pool of
// the object that built it. Code of that object finds the thread's slot with one compare and one
// load; code of another one asks through a function pointer beside the pool. Either way a thread
// has one slot in one pool, and no two threads have the same.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <atomic>
#include <bit>
#include <cstdint>

#include "caiman/detail/attributes.hpp"
#include "caiman/detail/closing.hpp"
#include "caiman/detail/os.hpp"
#include "caiman/detail/raise.hpp"
#include "caiman/protocol/slots.hpp"
#include "caiman/sync.hpp"

namespace caiman::inline v0 {

namespace detail {

/// What the buddies of one shared object have in common.
template <class Sync>
struct slot_source {
  protocol::slot_pool<Sync> pool;
  unsigned (*ask)() noexcept;       // the calling thread's slot, for code of any object
  std::atomic<std::size_t>& built;  // what uses this source
};

template <class Sync>
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): what this is about
[[gnu::__visibility__("hidden")]] constinit inline slot_source<Sync> own_slots{
    protocol::slot_pool<Sync>(Sync::exclusive_slots, Sync::exclusive_slots), &Sync::thread_slot,
    built_here};

/// The part of a policy that says who has which slot: `Exclusive` threads of the process have one
/// each.
template <class Sync, unsigned Exclusive>
struct thread_slots {  // NOLINT(bugprone-crtp-constructor-accessibility): a policy has no objects
  /// Threads beyond this number share one slot: right, but with read-modify-writes as counters.
  static constexpr unsigned exclusive_slots = Exclusive;
  /// Whose slots a buddy uses: the pool of the shared object that built it.
  class home;
  /// Whether this is code of the shared object that `of` names. Wait-free.
  CAIMAN_HOT static bool is_own(const home& of) noexcept { return of.from_ == &own_slots<Sync>; }
  /// In such code the calling thread's slot, or the shared one if it has none yet; kept times
  /// `slot_scale`, the distance of the slots of a buddy, since to multiply takes time. Wait-free.
  [[gnu::__visibility__("hidden")]] static unsigned scaled_slot() noexcept { return scaled_slot_; }
  /// See scaled_slot.
  static constexpr unsigned slot_scale = 1024;
  /// The calling thread's slot; takes one at the first call. Lock-free then, and the C library may
  /// take a few bytes of the heap to know of the thread's end; wait-free from then on.
  CAIMAN_HOT static unsigned thread_slot(const home& of) noexcept {
    return is_own(of) ? thread_slot() : of.from_->ask();
  }
  /// No slot of this turn or a later one was ever taken, as far as the caller can know. Wait-free.
  static unsigned slots_seen(const home& of) noexcept { return of.from_->pool.seen(); }
  /// The same for the buddies that this shared object builds.
  [[gnu::__visibility__("hidden")]] static unsigned thread_slot() noexcept {
    const unsigned slot = scaled_slot_ / slot_scale;
    return slot != exclusive_slots || asked_ ? slot : assign();
  }

 private:
  [[gnu::__visibility__("hidden")]] CAIMAN_COLD static unsigned assign() noexcept;

  static constexpr unsigned shared = exclusive_slots * slot_scale;
  // NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): one per thread
  [[gnu::__visibility__("hidden")]] static thread_local constinit inline unsigned scaled_slot_ =
      shared;
  [[gnu::__visibility__("hidden")]] static thread_local constinit inline bool asked_ = false;
  // NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)
};

/// Counted, so that an object that is closed knows whether anything is left of what it built. All
/// may be called by any threads at once; wait-free.
template <class Sync, unsigned Exclusive>
class thread_slots<Sync, Exclusive>::home {
 public:
  /// This object's.
  home() noexcept : home(own_slots<Sync>) {}
  /// The same object's.
  home(const home& other) noexcept : home(*other.from_) {}
  home& operator=(const home&) = delete;
  /// One less.
  ~home() { from_->built.fetch_sub(1, std::memory_order_relaxed); }

 private:
  friend thread_slots;
  explicit home(slot_source<Sync>& from) noexcept : from_(&from) {
    from.built.fetch_add(1, std::memory_order_relaxed);
  }
  slot_source<Sync>* from_;
};

template <class Sync, unsigned Exclusive>
CAIMAN_COLD unsigned thread_slots<Sync, Exclusive>::assign() noexcept {
  struct owner {
    unsigned slot = own_slots<Sync>.pool.take();
    owner() noexcept = default;
    owner(const owner&) = delete;
    owner& operator=(const owner&) = delete;
    ~owner() {
      own_slots<Sync>.pool.give(slot);
      scaled_slot_ = shared;  // destructors of other thread_locals may still come
    }
  };
  static thread_local owner mine;
  asked_ = true;
  scaled_slot_ = mine.slot * slot_scale;
  return mine.slot;
}

}  // namespace detail

/// std::atomic, and slots of threads that are the process's. All may be called by any threads at
/// once.
struct native_sync : detail::thread_slots<native_sync, 63> {
  /// What the core synchronises with.
  template <class T>
  using atomic = std::atomic<T>;
  /// Natively nobody looks for races.
  template <class T>
  using plain = T;
  /// A counter that decides nothing.
  using statistic = std::atomic<std::uint64_t>;

  /// Looks of a failing search before it says `contended`.
  static constexpr unsigned look_again_bound = 256;

  /// Entries of a stack that there is memory for.
  static constexpr unsigned stack_room = 16;
  /// Entries of a stack that are used.
  static constexpr unsigned stack_depth = 16;
  /// Orders below this one have stacks.
  static constexpr unsigned stack_orders = 8;
  /// Whether pops are announced (stacks.hpp): without a locked instruction, where the system has
  /// the fence for it and nobody drains.
  static constexpr bool announced_pop = true;
  // A fence of the system takes as long as some 10,000 pops gain at worst, and 500 at best.
  /// After how many pops by exchange an owner looks whether somebody still drains.
  static constexpr unsigned calm_pops = 1000;

  /// The order that orders.hpp has for a site.
  static constexpr std::memory_order order(protocol::site at) noexcept {
    return protocol::shipped_order(at);
  }

  /// The owner's half of the asymmetric fence: no instruction, only no reordering by the compiler.
  static void light_fence() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }
  /// The half of who drains, or closes a ledger: every running thread of the process passes a full
  /// fence. If a filter of system calls refuses it after it was granted, it is a sleep, long enough
  /// for what other threads have stored to be seen, and works no more.
  static void heavy_fence() noexcept {
    if (detail::os::fence_all()) return;
    refused_.store(true, std::memory_order_relaxed);
    detail::os::nap(10'000'000);
  }
  /// Asked once per process. Where the kernel, or a filter of system calls, says no, it is no.
  static bool heavy_fence_works() noexcept {
    static const bool works = detail::os::prepare_fence_all() && detail::os::fence_all();
    return works && !refused_.load(std::memory_order_relaxed);
  }

  /// A peer that has begun a move is usually a few instructions from its end; if it is not, it has
  /// lost its core and only the scheduler can help.
  static void pause(unsigned round) noexcept {
    if (round >= 4) detail::os::yield();
  }

  // Not std::atomic's wait: g++ 12 has it spin, yield, and then sleep beside all who wait for any
  // word of 64 bits.
  /// In the kernel, while the lower half of the cell is that of `value`.
  static void sleep(std::atomic<std::uint64_t>& cell, std::uint64_t value) noexcept {
    detail::os::sleep_while(lower_half(cell), static_cast<std::uint32_t>(value));
  }
  /// Of those that sleep the one of the highest priority.
  static void wake(std::atomic<std::uint64_t>& cell) noexcept {
    detail::os::wake_one(lower_half(cell));
  }
  /// Sleeps for 50 us, then 100 us, and so on up to 1.6 ms: giving the processor up would let
  /// nobody of a lower priority run.
  static void rest(unsigned round) noexcept { detail::os::nap(50'000L << (round < 5 ? round : 5)); }

  /// Only a misuse that release() could not see can break an invariant: no build may go on then.
  static void invariant(bool ok, const char* message) noexcept {
    if (!ok) [[unlikely]]
      detail::abort_for_invariant(message);
  }

  /// Ends the program, with one line that names the block.
  [[gnu::__noreturn__]] static void misuse(const char* what, unsigned order,
                                           std::uint64_t index) noexcept {
    detail::abort_for_misuse(what, order, index);
  }

 private:
  static std::uint32_t* lower_half(std::atomic<std::uint64_t>& cell) noexcept {
    static_assert(sizeof(cell) == sizeof(std::uint64_t));
    return reinterpret_cast<std::uint32_t*>(&cell) +
           (std::endian::native == std::endian::big ? 1 : 0);
  }
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): one per shared object
  [[gnu::__visibility__("hidden")]] static constinit inline std::atomic<bool> refused_{false};
};

/// The same by a name that says how it pops, whatever the default is.
struct announced_pop_sync : native_sync {
  /// See owner_stacks.
  static constexpr bool announced_pop = true;
};

/// The same with pops that are exchanges always, for arenas in which no request may wait for a
/// system call.
struct exchange_pop_sync : native_sync {
  /// See owner_stacks.
  static constexpr bool announced_pop = false;
};

/// The tree alone: no stacks.
struct tree_only_sync : native_sync {
  /// No memory for stacks.
  static constexpr unsigned stack_room = 0;
  /// No stacks.
  static constexpr unsigned stack_depth = 0;
};

/// The same with a place of its own for each of `Slots` threads: 127, 255, 511 or 1023. A buddy of
/// this policy has a KiB of metadata for each of them, and who drains, or is told "full", looks at
/// as many as there were threads. Threads take these slots beside those of native_sync.
template <unsigned Slots>
struct wide_sync : native_sync, detail::thread_slots<wide_sync<Slots>, Slots> {
  static_assert(Slots > 64 && Slots < 1024 && (Slots & (Slots + 1)) == 0);
  /// What says who has which slot.
  using own_slots = detail::thread_slots<wide_sync, Slots>;
  // Both bases have slots; these are the ones that count.
  using own_slots::exclusive_slots;
  using own_slots::is_own;
  using own_slots::scaled_slot;
  using own_slots::slot_scale;
  using own_slots::slots_seen;
  using own_slots::thread_slot;
  /// See there.
  using home = typename own_slots::home;
};

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
