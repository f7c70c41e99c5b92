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
// Where the system has a fence that one thread orders for all (sync.hpp), and nobody waits, a
// return needs no read-modify-write: the dear half is the last handle's, once. A return stores the
// new count of its own line, and in it that its thread is here; then it looks whether the ledger is
// closed, and then it says that its thread has gone. The last handle closes, has every thread pass
// a fence, and adds up. So of any return either the count is in that sum, or its look sees that the
// ledger is closed, and then it adds up as well, behind a read-modify-write that all who add up
// pass: the last of these has seen all. That taken and returned are equal is true for ever once
// somebody has seen it, and the first one to say so ends the arena. Several lines may still have
// somebody there who will only say that it has gone: the lines stay until nobody is, on a list if
// need be, and nobody waits for that (arena_state.hpp). What hangs on the fence is only that
// somebody ends it.
//
// A waiter (waiting.hpp) marks every line "awaited" in the first of the two ways. Then nothing that
// a release did can be missed: of the two read-modify-writes of a line, the return's and the
// mark's, one comes first, so either the search behind the mark finds the block, or the return
// meets the mark and looks after the waiters. Without waiters that costs a release nothing; one
// that would know before it releases, so as to go past the stacks (turnover.hpp), pays a load. A
// return that meets this mark is not done yet, so it counts as still out until it says served():
// with the marks taken away again, the number of such returns is known and added to what the
// closing takes for out.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>
#include <cstdint>

#include "caiman/detail/attributes.hpp"
#include "caiman/protocol/slots.hpp"
#include "caiman/protocol/sum_type.hpp"
#include "caiman/sync.hpp"

namespace caiman::inline v0::detail {

using protocol::balance_t;
using protocol::site;
using protocol::sum_t;

/// What the thread that returned a block has to do next.
enum class duty : unsigned char {
  none,  ///< Nothing; the arena may be gone.
  end,   ///< End the arena: nobody has anything of it any more.
  serve  ///< Look after those who wait for room, then say served(). The arena is there till then.
};

/// The line that threads share whose slot is not at hand, times Sync::slot_scale.
template <sync_policy Sync>
inline constexpr unsigned shared_line{Sync::exclusive_slots * Sync::slot_scale};
/// The line where the calling thread counts, of lines for threads that have their slots at `home`:
/// its own, or the shared one if it has no slot yet or would have to ask; as scaled_slot() has it.
/// Wait-free.
template <sync_policy Sync>
[[nodiscard]] unsigned line_at_hand(const typename Sync::home& home) noexcept {
  return Sync::is_own(home) ? Sync::scaled_slot() : shared_line<Sync>;
}
/// Adds to a statistic of that line. Wait-free.
template <sync_policy Sync, class Count>
void add_to(unsigned scaled, Count& count, std::uint64_t what) noexcept {
  if (scaled == shared_line<Sync>) [[unlikely]] {
    count.fetch_add(what, std::memory_order_relaxed);
  } else {
    count.store(count.load(std::memory_order_relaxed) + what, std::memory_order_relaxed);
  }
}

/// The books of one arena. All may be called by any threads at once; no heap.
template <sync_policy Sync>
class ledger {
 public:
  /// A counter that decides who ends the arena.
  using cell = typename Sync::template atomic<sum_t>;
  /// A counter that decides nothing.
  using statistic = typename Sync::statistic;

  /// Threads count where they have their slots: at `from`.
  explicit ledger(const typename Sync::home& from) noexcept
      : light_(Sync::heavy_fence_works()), home_(from) {}
  ledger(const ledger&) = delete;
  ledger& operator=(const ledger&) = delete;
  ~ledger() = default;

  // ---- handles: one to begin with --------------------------------------------------------------

  /// One more handle, by somebody who has one. Wait-free.
  void add_handle() noexcept { handles_.fetch_add(1, Sync::order(site::handle_add)); }

  /// Whether returns are stores. Wait-free.
  [[nodiscard]] bool is_light() const noexcept { return light_; }
  /// From now on they are read-modify-writes, for waiters' sake; before anything else.
  void mark_returns() noexcept { light_ = false; }

  /// One less. True if nothing is left of the arena but its memory: then the caller must end it,
  /// else it must not touch it again. Wait-free; O(slots) for the last handle.
  [[nodiscard]] bool drop_handle() noexcept {
    return handles_.fetch_add(~std::uint64_t{0}, Sync::order(site::handle_drop)) == 1 &&  // (9)
           (light_ ? close_lightly() : close());
  }

  // ---- blocks --------------------------------------------------------------------------------

  /// A block was taken, through a handle. Wait-free.
  CAIMAN_COLD void took() noexcept {
    const unsigned slot = slot_at_hand();
    if (slot == Sync::exclusive_slots) [[unlikely]] {
      lines_[slot].taken.fetch_add(1, Sync::order(site::ledger_count));
    } else {
      count_taken(lines_[slot]);
    }
  }
  /// The same by a thread that has a slot of its own at hand: Sync::scaled_slot().
  CAIMAN_HOT void took(unsigned scaled) noexcept { count_taken(line_of(scaled)); }

  /// Whether somebody waits for room, as far as the own line shows yet: a hint, which may be late
  /// either way. What must not be missed gave() says. Wait-free.
  [[nodiscard]] bool seems_awaited() const noexcept {
    const cell& returned = lines_[slot_at_hand()].returned;
    return (returned.load(Sync::order(site::ledger_look)) & awaited) != 0;
  }
  /// Whether somebody waits for room, of a caller who gave some back and has a block yet: like
  /// gave(), it cannot be missed, but returns nothing. Wait-free.
  [[nodiscard]] bool is_awaited() noexcept {
    if (light_) return false;
    // (9) (11) a read-modify-write of the line, for the order of those
    return (lines_[slot_at_hand()].returned.fetch_add(0, Sync::order(site::ledger_gave)) &
            awaited) != 0;
  }
  /// gave() where is_light(), by a thread that has a slot of its own at hand: Sync::scaled_slot().
  /// False if the ledger is closed: then gave_late() has the answer.
  [[nodiscard]] CAIMAN_HOT bool gave_at_once(unsigned scaled) noexcept {
    cell& returned = line_of(scaled).returned;
    const sum_t now = returned.load(Sync::order(site::ledger_count)) + light_one;
    returned.store(now + here, Sync::order(site::ledger_return));          // (9) (13)
    Sync::light_fence();                                                   // (13)
    if (closed_.load(Sync::order(site::ledger_closed)) != 0) [[unlikely]]  // (13)
      return false;
    returned.store(now, Sync::order(site::ledger_left));  // (14) the last touch
    return true;
  }
  /// What is left of gave() then. Wait-free, O(slots).
  [[nodiscard]] duty gave_late(unsigned scaled) noexcept {
    return gave_late(line_of(scaled).returned);
  }
  /// Whether nobody is on any line any more: then these may go. Wait-free, O(slots).
  [[nodiscard]] bool is_quiet() const noexcept {
    if (!light_) return true;  // a return is one read-modify-write, and has touched its line
    sum_t all = 0;
    for (const line& each : lines_) all |= each.returned.load(Sync::order(site::ledger_quiet));
    return all % light_one == 0;  // (14)
  }
  /// A block was returned, and the caller touches the arena no more, unless the answer says so.
  /// Wait-free.
  [[nodiscard]] duty gave() noexcept {
    if (light_) return gave_lightly(lines_[slot_at_hand()]);
    // (9) (11) releases all that the caller did with the arena
    const sum_t before =
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
    sum_t before = 0;
    for (line& each : lines_) {
      // (11) acquires what the returns on this line did
      before += each.returned.fetch_or(awaited, Sync::order(site::ledger_await)) / one;
    }
    count_met(~before + 1);
  }
  /// No more. Wait-free, O(slots).
  void await_no_more() noexcept {
    sum_t after = 0;
    for (line& each : lines_) {
      after += each.returned.fetch_and(~awaited, Sync::order(site::ledger_calm)) / one;
    }
    count_met(after);
  }

  // ---- statistics: exact when no other call runs ---------------------------------------------

  /// A request was refused. Wait-free.
  CAIMAN_COLD void failed() noexcept { tally(&line::failures); }
  /// One that was refused was `contended`. Wait-free.
  void met_contention() noexcept { tally(&line::contended); }
  /// One that was refused had waited until its time was up, or it was stopped. Wait-free.
  void gave_up() noexcept { tally(&line::timeouts); }
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
        spills,           ///< Buffers that moved to the heap.
        contended,        ///< Of those refused, those that were contended.
        timeouts;         ///< Of those refused, those that had waited.
  };
  /// Adds up all lines. Wait-free, O(slots).
  [[nodiscard]] counts sum() const noexcept {
    counts all{};
    for (const line& each : lines_) {
      all.taken += each.taken.load(Sync::order(site::observe));
      all.returned += each.returned.load(Sync::order(site::observe)) / (light_ ? light_one : one);
      all.failures += each.failures.load(std::memory_order_relaxed);
      all.frozen += each.frozen.load(std::memory_order_relaxed);
      all.spills += each.spills.load(std::memory_order_relaxed);
      all.contended += each.contended.load(std::memory_order_relaxed);
      all.timeouts += each.timeouts.load(std::memory_order_relaxed);
    }
    if (light_)
      all.returned = all.taken - static_cast<std::uint64_t>(out_of(all.taken, all.returned));
    return all;
  }

  /// How many blocks are out of so many taken, if so many were returned by stores: that is a count
  /// which starts again at zero, each 2^40 returns of a line. Right for fewer than 2^39 blocks out.
  [[nodiscard]] static balance_t out_of(sum_t taken, sum_t returned) noexcept {
    return static_cast<balance_t>((taken - returned) * light_one) /
           static_cast<balance_t>(light_one);
  }

 private:
  static constexpr std::uint64_t closed = 1;
  static constexpr std::uint64_t awaited = 2;
  static constexpr std::uint64_t one = 4;
  // Where returns are stores nobody marks a line, and below the count is how many threads are on
  // it: one at most, but for the line that is shared, and so many threads no system has. The count
  // is on top, so that it starts again at zero and changes nothing else (out_of).
  static constexpr std::uint64_t here = 4;
  static constexpr std::uint64_t light_one = std::uint64_t{1} << 24;

  // Two lines of the cache, since some processors fetch them in pairs.
  struct alignas(128) line {
    cell taken{0};
    cell returned{0};  // in units of `one` and the marks, or of `light_one` and who is `here`
    statistic failures{0};
    statistic frozen{0};
    statistic spills{0};
    statistic contended{0};
    statistic timeouts{0};
  };

  line& line_of(unsigned scaled) noexcept {
    constexpr std::size_t size = sizeof(line);
    void* const at =
        reinterpret_cast<std::byte*>(lines_) + protocol::scaled<size, Sync::slot_scale>(scaled);
    return *static_cast<line*>(at);
  }
  CAIMAN_HOT static void count_taken(line& own) noexcept {
    own.taken.store(own.taken.load(Sync::order(site::ledger_count)) + 1,
                    Sync::order(site::ledger_count));
  }

  // ---- by stores -----------------------------------------------------------------------------

  /// On any line, which may be the one that several share.
  CAIMAN_COLD duty gave_lightly(line& at) noexcept {
    at.returned.fetch_add(light_one + here, Sync::order(site::ledger_return));  // (9) (13)
    Sync::light_fence();                                                        // (13)
    if (closed_.load(Sync::order(site::ledger_closed)) != 0) return gave_late(at.returned);  // (13)
    leave(at.returned);
    return duty::none;
  }
  /// The ledger is closed, and the caller is on this line.
  CAIMAN_COLD duty gave_late(cell& returned) noexcept {
    const bool ends = settles();
    leave(returned);
    return ends ? duty::end : duty::none;
  }
  /// The caller is on this line no more.
  static void leave(cell& returned) noexcept {
    returned.fetch_add(~here + 1, Sync::order(site::ledger_left));  // (14) the last touch
  }
  bool close_lightly() noexcept {
    cell& own = lines_[slot_at_hand()].returned;
    own.fetch_add(here, Sync::order(site::ledger_count));
    closed_.store(1, Sync::order(site::ledger_shut));  // (13)
    Sync::heavy_fence();                               // (13)
    const bool ends = settles();
    leave(own);
    return ends;
  }
  /// True for the first one that finds all returned.
  bool settles() noexcept {
    rest_.fetch_add(1, Sync::order(site::ledger_rest));  // (9) before the sum, one after the other
    sum_t taken = 0;
    sum_t returned = 0;
    for (line& each : lines_) {
      taken += each.taken.load(Sync::order(site::ledger_count));
      returned += each.returned.load(Sync::order(site::ledger_sum)) / light_one;  // (9)
    }
    return out_of(taken, returned) == 0 && ended_.exchange(1, Sync::order(site::ledger_count)) == 0;
  }

  // ---- by read-modify-writes -----------------------------------------------------------------

  /// A block less of those that were out when the ledger was closed.
  duty count_off() noexcept {
    return rest_.fetch_add(~std::uint64_t{0}, Sync::order(site::ledger_rest)) == 1
               ? duty::end  // (9)
               : duty::none;
  }

  /// By one thread at a time. The closing one comes after all of them: each of those who waited had
  /// a handle, and the marks went before it did.
  void count_met(sum_t returns) noexcept {
    met_.store(met_.load(Sync::order(site::ledger_met)) + returns, Sync::order(site::ledger_met));
  }

  /// The last handle has gone: nothing will be taken any more, and nobody waits.
  bool close() noexcept {
    sum_t out = met_.load(Sync::order(site::ledger_met));
    for (line& each : lines_) {
      // (9) acquires what the returns on this line did
      out -= each.returned.fetch_or(closed, Sync::order(site::ledger_close)) / one;
      out += each.taken.load(Sync::order(site::ledger_count));
    }
    // Until this addition the rest is below zero, by what was returned meanwhile, or zero.
    return rest_.fetch_add(out, Sync::order(site::ledger_rest)) + out == 0;  // (9)
  }

  [[nodiscard]] unsigned slot_at_hand() const noexcept {
    return line_at_hand<Sync>(home_) / Sync::slot_scale;
  }

  void tally(statistic line::*what) noexcept {
    const unsigned scaled = line_at_hand<Sync>(home_);
    add_to<Sync>(scaled, line_of(scaled).*what, 1);
  }

  // A thread whose slot is not at hand counts on the line that further threads share: all know it
  // for one that takes read-modify-writes, and it is marked as all are.
  line lines_[Sync::exclusive_slots + 1];
  alignas(128) cell closed_{0};  // for returns that are stores
  bool light_;
  alignas(128) cell handles_{1};
  cell ended_{0};
  cell rest_{0};
  cell met_{0};  // returns that met the mark `awaited`, all told, while it is not there
  [[no_unique_address]] typename Sync::home home_;
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
