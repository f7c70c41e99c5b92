// SPDX-License-Identifier: MIT
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
// meets the mark, its block is one of those still out, and it counts itself off the rest. What
// brings the rest to zero ends the arena: exactly one does, since every return is either in the sum
// or counts itself off, and it touches nothing that is gone, since its own block kept the arena.
//
// The same idea as a per-CPU reference count that is "killed" into one atomic count (Linux,
// percpu-refcount), with the mark in every counter instead of a grace period.
//
// A waiter (waiting.hpp) marks every line "awaited" in the same way. Then nothing that a
// release did can be missed: of the two read-modify-writes of a line, the return's and the mark's,
// one comes first, so either the search behind the mark finds the block, or the return meets the
// mark and looks after the waiters. Without waiters that costs a release nothing; one that would
// know before it releases, so as to go past the stacks (turnover.hpp), pays a load. A return that
// meets this mark is not done yet, so it counts as still out until it says served(): with the marks
// taken away again, the number of such returns is known and added to what the closing takes for
// out.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>
#include <cstdint>

#include "caiman/sync.hpp"

namespace caiman::inline v0::detail {

using protocol::site;

/// What the thread that returned a block has to do next.
enum class duty : unsigned char {
  none,  ///< Nothing; the arena may be gone.
  end,   ///< End the arena: nobody has anything of it any more.
  serve  ///< Look after those who wait for room, then say served(). The arena is there till then.
};

/// The books of one arena. All may be called by any threads at once; no heap.
template <sync_policy Sync>
class ledger {
 public:
  /// A counter that decides who ends the arena.
  using cell = typename Sync::template atomic<std::uint64_t>;
  /// A counter that decides nothing.
  using statistic = typename Sync::statistic;

  /// Threads count where they have their slots: at `from`.
  explicit ledger(const typename Sync::home& from) noexcept : home_(from) {}
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
    const unsigned slot = slot_at_hand();
    cell& taken = lines_[slot].taken;
    if (slot == Sync::exclusive_slots) [[unlikely]] {
      taken.fetch_add(1, Sync::order(site::ledger_count));
    } else {
      taken.store(taken.load(Sync::order(site::ledger_count)) + 1, Sync::order(site::ledger_count));
    }
  }

  /// Whether somebody waits for room, as far as the own line shows yet: a hint, which may be late
  /// either way. What must not be missed gave() says. Wait-free.
  [[nodiscard]] bool seems_awaited() const noexcept {
    const cell& returned = lines_[slot_at_hand()].returned;
    return (returned.load(Sync::order(site::ledger_look)) & awaited) != 0;
  }
  /// Whether somebody waits for room, of a caller who gave some back and has a block yet: like
  /// gave(), it cannot be missed, but returns nothing. Wait-free.
  [[nodiscard]] bool is_awaited() noexcept {
    // (9) (11) a read-modify-write of the line, for the order of those
    return (lines_[slot_at_hand()].returned.fetch_add(0, Sync::order(site::ledger_gave)) &
            awaited) != 0;
  }
  /// A block was returned, and the caller touches the arena no more, unless the answer says so.
  /// Wait-free.
  [[nodiscard]] duty gave() noexcept {
    // (9) (11) releases all that the caller did with the arena
    const std::uint64_t before =
        lines_[slot_at_hand()].returned.fetch_add(one, Sync::order(site::ledger_gave));
    if ((before & (closed | awaited)) == 0) [[likely]]
      return duty::none;
    return (before & awaited) != 0 ? duty::serve : count_off();
  }
  /// Those who wait are looked after: a return that was `awaited` is over, or ends the arena.
  /// Wait-free.
  [[nodiscard]] duty served() noexcept { return count_off(); }

  // ---- waiters: by one thread at a time, while somebody who has a handle waits -----------------

  /// From now on returns are `awaited`; whatever was returned before, the caller has seen.
  /// Wait-free, O(slots).
  void await() noexcept {
    std::uint64_t before = 0;
    for (line& each : lines_) {
      // (11) acquires what the returns on this line did
      before += each.returned.fetch_or(awaited, Sync::order(site::ledger_await)) / one;
    }
    count_met(~before + 1);
  }
  /// No more. Wait-free, O(slots).
  void await_no_more() noexcept {
    std::uint64_t after = 0;
    for (line& each : lines_) {
      after += each.returned.fetch_and(~awaited, Sync::order(site::ledger_calm)) / one;
    }
    count_met(after);
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
  static constexpr std::uint64_t awaited = 2;
  static constexpr std::uint64_t one = 4;

  // Two lines of the cache, since some processors fetch them in pairs.
  struct alignas(128) line {
    cell taken{0};
    cell returned{0};  // in units of `one`, and the marks
    statistic failures{0};
    statistic frozen{0};
    statistic spills{0};
  };

  /// A block less of those that were out when the ledger was closed.
  duty count_off() noexcept {
    return rest_.fetch_add(~std::uint64_t{0}, Sync::order(site::ledger_rest)) == 1
               ? duty::end  // (9)
               : duty::none;
  }

  /// By one thread at a time. The closing one comes after all of them: each of those who waited had
  /// a handle, and the marks went before it did.
  void count_met(std::uint64_t returns) noexcept {
    met_.store(met_.load(Sync::order(site::ledger_met)) + returns, Sync::order(site::ledger_met));
  }

  /// The last handle has gone: nothing will be taken any more, and nobody waits.
  bool close() noexcept {
    std::uint64_t out = met_.load(Sync::order(site::ledger_met));
    for (line& each : lines_) {
      // (9) acquires what the returns on this line did
      out -= each.returned.fetch_or(closed, Sync::order(site::ledger_close)) / one;
      out += each.taken.load(Sync::order(site::ledger_count));
    }
    // Until this addition the rest is below zero, by what was returned meanwhile, or zero.
    return rest_.fetch_add(out, Sync::order(site::ledger_rest)) + out == 0;  // (9)
  }

  /// The calling thread's slot, or the shared one if it has none yet or would have to ask.
  [[nodiscard]] unsigned slot_at_hand() const noexcept {
    return Sync::is_own(home_) ? Sync::scaled_slot() / Sync::slot_scale : Sync::exclusive_slots;
  }

  void tally(statistic line::*what) noexcept {
    const unsigned slot = slot_at_hand();
    statistic& count = lines_[slot].*what;
    if (slot == Sync::exclusive_slots) [[unlikely]] {
      count.fetch_add(1, std::memory_order_relaxed);
    } else {
      count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
  }

  // A thread whose slot is not at hand counts on the line that further threads share: all know it
  // for one that takes read-modify-writes, and it is marked as all are.
  line lines_[Sync::exclusive_slots + 1];
  alignas(128) cell handles_{1};
  cell rest_{0};
  cell met_{0};  // returns that met the mark `awaited`, all told, while it is not there
  [[no_unique_address]] typename Sync::home home_;
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
