// ---------------------------------------------------------------------------------------------
// ledger.hpp: who has what of an arena, and who ends it
//
// An arena ends when its last handle and its last block have gone, in whatever order and on
// whatever threads. A reference count per block on one shared word would be a cache line that every
// thread writes, so each thread slot has a line of its own: blocks taken, blocks returned. While
// there are handles, nobody adds them up.
//
// The last handle closes the ledger: it marks every line closed, with the same read-modify-write
// that reads how much was returned there, and then knows what is still out. A return is one
// read-modify-write of the own line, as the last thing that a release does with the arena; if it
// meets the mark, its block is one of those still out, and it counts itself off the rest. Whoever
// brings the rest to zero ends the arena: exactly one does, since every return is either in the sum
// or counts itself off, and it touches nothing that is gone, since its own block kept the arena.
//
// The same idea as a per-CPU reference count that is "killed" into one atomic count (Linux,
// percpu-refcount), with the mark in every counter instead of a grace period.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>

#include "caiman/sync.hpp"

namespace caiman {

/// The books of one arena. All may be called by any threads at once; no heap.
template <sync_policy Sync>
class ledger {
 public:
  /// A counter that decides who ends the arena.
  using cell = typename Sync::template atomic<std::uint64_t>;
  /// A counter that decides nothing.
  using statistic = typename Sync::statistic;

  ledger() noexcept = default;
  ledger(const ledger&) = delete;
  ledger& operator=(const ledger&) = delete;
  ~ledger() = default;

  // ---- handles: one to begin with --------------------------------------------------------------

  /// One more handle, by somebody who has one. Wait-free.
  void add_handle() noexcept { handles_.fetch_add(1, Sync::order(site::handle_add)); }

  /// One less. True if nothing is left of the arena but its memory: then the caller must end it,
  /// else it must not touch it again. Wait-free; O(slots) for the last handle.
  [[nodiscard]] bool drop_handle() noexcept {
    return handles_.fetch_add(~std::uint64_t{0}, Sync::order(site::handle_drop)) == 1 &&  // (9)
           close();
  }

  // ---- blocks --------------------------------------------------------------------------------

  /// A block was taken, through a handle. Wait-free.
  void took() noexcept {
    const unsigned slot = Sync::thread_slot();
    cell& taken = lines_[slot].taken;
    if (slot == Sync::exclusive_slots) [[unlikely]] {
      taken.fetch_add(1, Sync::order(site::ledger_count));
    } else {
      taken.store(taken.load(Sync::order(site::ledger_count)) + 1, Sync::order(site::ledger_count));
    }
  }

  /// A block was returned, and the caller touches the arena no more, unless this says true: then it
  /// must end the arena. Wait-free.
  [[nodiscard]] bool gave() noexcept {
    // (9) releases all that the caller did with the arena
    const std::uint64_t before =
        lines_[Sync::thread_slot()].returned.fetch_add(one, Sync::order(site::ledger_gave));
    if ((before & closed) == 0) [[likely]]
      return false;
    return rest_.fetch_add(~std::uint64_t{0}, Sync::order(site::ledger_rest)) == 1;  // (9)
  }

  // ---- statistics: exact when no other call runs ---------------------------------------------

  /// A request was refused. Wait-free.
  void failed() noexcept { tally(&line::failures); }
  /// A buffer became bytes. Wait-free.
  void froze() noexcept { tally(&line::frozen); }
  /// A buffer moved to the heap. Wait-free.
  void spilled() noexcept { tally(&line::spills); }

  /// Sums over all lines.
  struct counts {
    std::uint64_t taken,  ///< Blocks handed out.
        returned,         ///< Blocks that came back.
        failures,         ///< Requests refused.
        frozen,           ///< Buffers that became bytes.
        spills;           ///< Buffers that moved to the heap.
  };
  /// Adds up all lines. Wait-free, O(slots).
  [[nodiscard]] counts sum() const noexcept {
    counts all{};
    for (const line& each : lines_) {
      all.taken += each.taken.load(Sync::order(site::observe));
      all.returned += each.returned.load(Sync::order(site::observe)) / one;
      all.failures += each.failures.load(std::memory_order_relaxed);
      all.frozen += each.frozen.load(std::memory_order_relaxed);
      all.spills += each.spills.load(std::memory_order_relaxed);
    }
    return all;
  }

 private:
  static constexpr std::uint64_t closed = 1;
  static constexpr std::uint64_t one = 2;

  // Two lines of the cache, since some processors fetch them in pairs.
  struct alignas(128) line {
    cell taken{0};
    cell returned{0};  // in units of `one`, and the mark
    statistic failures{0};
    statistic frozen{0};
    statistic spills{0};
  };

  /// The last handle has gone: nothing will be taken any more.
  bool close() noexcept {
    std::uint64_t out = 0;
    for (line& each : lines_) {
      // (9) acquires what the returns on this line did
      out -= each.returned.fetch_or(closed, Sync::order(site::ledger_close)) / one;
      out += each.taken.load(Sync::order(site::ledger_count));
    }
    // Until this addition the rest is below zero, by what was returned meanwhile, or zero.
    return rest_.fetch_add(out, Sync::order(site::ledger_rest)) + out == 0;  // (9)
  }

  void tally(statistic line::*what) noexcept {
    const unsigned slot = Sync::thread_slot();
    statistic& count = lines_[slot].*what;
    if (slot == Sync::exclusive_slots) [[unlikely]] {
      count.fetch_add(1, std::memory_order_relaxed);
    } else {
      count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
  }

  line lines_[Sync::exclusive_slots + 1];
  alignas(128) cell handles_{1};
  cell rest_{0};
};

}  // namespace caiman
