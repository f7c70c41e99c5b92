// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// slots.hpp: what a buddy keeps per thread
//
// A thread owns a slot, so its counters are plain stores and its hints stay in its own cache
// lines. The number of slots is bounded by the policy; threads beyond it share the last one, with
// read-modify-writes. The counters serve the proof of "full": a search that failed compares what
// had ended before it with what had begun after it. They only grow, and begun >= ended at every
// instant, so equal sums mean that no move was open at any time in between.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>

#include "caiman/protocol/stacks.hpp"
#include "caiman/protocol/word_type.hpp"
#include "caiman/sync.hpp"

namespace caiman::inline v0::protocol {

/// Counts of logical buddy levels walked down and up.
struct merge_counts {
  std::uint64_t splits;     ///< Levels walked down.
  std::uint64_t coalesces;  ///< Levels walked up.
};

/// The slot that is handed out as number `turn`, from 0 on, of `exclusive` ones: each has its turn.
/// Slots of neighbouring turns lie four apart where there are enough of them, a page with the
/// stacks of native_sync: processors fetch ahead, up to the end of the page, beyond the lines that
/// a thread works on, and what lies there must not be what another thread writes all the time.
/// O(1).
constexpr unsigned slot_of_turn(unsigned turn, unsigned exclusive) noexcept {
  const auto bits = static_cast<unsigned>(32 - std::countl_zero(exclusive));
  if (bits < 3 || !std::has_single_bit(exclusive + 1U)) return turn;
  return (turn << 2 | turn >> (bits - 2)) & exclusive;
}
/// The turn of a slot: the other way round. O(1).
constexpr unsigned turn_of_slot(unsigned slot, unsigned exclusive) noexcept {
  const auto bits = static_cast<unsigned>(32 - std::countl_zero(exclusive));
  if (bits < 3 || !std::has_single_bit(exclusive + 1U)) return slot;
  return (slot >> 2 | slot << (bits - 2)) & exclusive;
}

/// A set of slots.
template <sync_policy Sync>
class slot_set {
 public:
  /// One more; the shared slot is in no set.
  void add(unsigned slot) noexcept { words_[slot / 64] |= std::uint64_t{1} << slot % 64; }
  /// Whether none is in it.
  bool empty() const noexcept {
    std::uint64_t all = 0;
    for (const std::uint64_t word : words_) all |= word;
    return all == 0;
  }
  /// Calls for each, the lowest first.
  template <class F>
  void for_each(F f) const noexcept {
    for (unsigned i = 0; i < words; ++i) {
      for (std::uint64_t rest = words_[i]; rest != 0; rest &= rest - 1) {
        f(i * 64 + static_cast<unsigned>(std::countr_zero(rest)));
      }
    }
  }

  /// Of a bit for each slot.
  static constexpr unsigned words = (Sync::exclusive_slots + 63) / 64;

 private:
  std::uint64_t words_[words]{};
};

/// Hands slot numbers to threads: of the free ones that whose turn is first, or the shared one when
/// none is left. Thread-safe; take is lock-free, O(slots / 64), give is wait-free.
template <sync_policy Sync>
class slot_pool {
 public:
  /// Slots 0 to `exclusive` - 1 are free, at most as many as a slot_set has bits; `shared` is what
  /// is handed out after that.
  constexpr explicit slot_pool(unsigned exclusive, unsigned shared) noexcept
      : exclusive_(exclusive), shared_(shared) {}

  /// A slot for the calling thread. Lock-free.
  unsigned take() noexcept {
    for (unsigned first = 0; first < exclusive_; first += 64) {
      cell& taken = taken_[first / 64];
      const std::uint64_t others = exclusive_ - first < 64 ? ~0ULL << (exclusive_ - first) : 0;
      std::uint64_t now = taken.load(Sync::order(site::slot_look));
      while ((now | others) != ~0ULL) {
        const auto turn = static_cast<unsigned>(std::countr_one(now));
        // (6) acquires what the slot's last owner gave back
        if (taken.compare_exchange_strong(now, now | 1ULL << turn, Sync::order(site::slot_take),
                                          Sync::order(site::slot_look))) {
          note_seen(first + turn + 1);
          return slot_of_turn(first + turn, exclusive_);
        }
      }
    }
    return shared_;
  }

  /// Gives a slot back; nothing of the thread's may use it any more. Wait-free.
  void give(unsigned slot) noexcept {
    if (slot == shared_) return;
    const unsigned turn = turn_of_slot(slot, exclusive_);
    taken_[turn / 64].fetch_and(~(1ULL << turn % 64), Sync::order(site::slot_give));  // (6)
  }

  /// No slot of this turn or a later one was ever taken, as far as the caller can know.
  unsigned seen() const noexcept {
    return static_cast<unsigned>(seen_.load(Sync::order(site::slots_seen)));  // (4)
  }

 private:
  using cell = typename Sync::template atomic<std::uint64_t>;

  void note_seen(std::uint64_t turns) noexcept {
    const auto order = Sync::order(site::slots_seen);  // (4)
    std::uint64_t seen = seen_.load(order);
    while (seen < turns && !seen_.compare_exchange_strong(seen, turns, order, order)) {
    }
  }

  unsigned exclusive_;
  unsigned shared_;
  cell taken_[slot_set<Sync>::words]{};  // a bit per turn
  cell seen_{0};
};

/// `Size` times a number that is kept times `Scale`; both are powers of two. O(1).
template <std::size_t Size, std::size_t Scale>
constexpr std::size_t scaled(std::size_t number) noexcept {
  return Size >= Scale ? number * (Size / Scale) : number / (Scale / Size);
}

/// The counters of one slot: one cache line. The slot's hints, one per order, and its stacks follow
/// in lines of their own.
template <sync_policy Sync>
struct slot_counters {
  /// A counter that proves "full".
  using cell = typename Sync::template atomic<std::uint64_t>;
  /// There are at most 2^31 words. Half the room leaves all of a slot with stacks in 1 KiB; where
  /// there are none, the full width spares conversions.
  using hint_type =
      std::conditional_t<owner_stacks<Sync>::orders != 0, std::uint32_t, std::uint64_t>;
  /// The word last used for an order.
  using hint_cell = typename Sync::template atomic<hint_type>;
  /// Orders 0 to 32.
  static constexpr unsigned most_orders = 33;
  /// Where the hints begin, in bytes.
  static constexpr std::size_t hints_offset = 64 * ((6 * sizeof(cell) + 8 + 63) / 64);
  /// Where the stacks begin, in bytes.
  static constexpr std::size_t stacks_offset =
      hints_offset + 64 * ((most_orders * sizeof(hint_cell) + 63) / 64);

  /// `several`: whether the slot is the shared one.
  explicit slot_counters(bool several) noexcept : shared(several) {}
  /// So many bytes behind the start of the slot.
  std::byte* at(std::size_t offset) noexcept { return reinterpret_cast<std::byte*>(this) + offset; }
  /// The hints, one per order.
  hint_cell* hints() noexcept {
    return std::launder(static_cast<hint_cell*>(static_cast<void*>(at(hints_offset))));
  }
  /// The stacks of the slot.
  owner_stacks<Sync> stacks() noexcept { return owner_stacks<Sync>(at(stacks_offset)); }

  cell begun{0};                          ///< Moves: splits, climbs, sweeps, clearings of a hint
  cell ended{0};                          ///< Of these moves.
  cell releases{0};                       ///< Counted when block and hints are in place
  typename Sync::statistic splits{0};     ///< See merge_counts.
  typename Sync::statistic coalesces{0};  ///< See merge_counts.
  typename Sync::statistic rescans{0};    ///< How often a search looked again.
  const bool shared;                      ///< By several threads: counters need read-modify-writes
};

/// The calling thread's view of its slot: one pointer, passed by value.
template <sync_policy Sync>
class slot_ref {
 public:
  /// A counter that proves "full".
  using cell = typename Sync::template atomic<std::uint64_t>;
  /// How a word's number is kept.
  using hint_type = typename slot_counters<Sync>::hint_type;
  /// No word was used yet.
  static constexpr std::size_t no_word = ~hint_type{0};

  /// A view of the slot with these counters.
  explicit slot_ref(slot_counters<Sync>& counters) noexcept : counters_(&counters) {}

  /// The word this thread last used for an order, or `no_word`.
  std::size_t word_hint(unsigned order) const noexcept {
    return static_cast<std::size_t>(counters_->hints()[order].load(Sync::order(site::word_hint)));
  }
  /// Remembers it. Wait-free.
  void word_hint(unsigned order, std::size_t word) const noexcept {
    counters_->hints()[order].store(static_cast<hint_type>(word), Sync::order(site::word_hint));
  }

  /// Whether several threads own this slot.
  bool shared() const noexcept { return counters_->shared; }
  /// The stacks of the slot.
  owner_stacks<Sync> stacks() const noexcept { return counters_->stacks(); }

  /// A move begins; see move_bracket. Wait-free.
  void begin_move() const noexcept { bump(counters_->begun, site::move_begin); }  // (4)
  /// It has ended. Wait-free.
  void end_move() const noexcept { bump(counters_->ended, site::move_end); }  // (4)
  /// A block and its hints are in place. Wait-free.
  void count_release() const noexcept { bump(counters_->releases, site::count_release); }  // (5)
  /// The same for a thread that owns its slot alone. (5)
  void count_own_release() const noexcept {
    add(counters_->releases, 1U, Sync::order(site::own_count), Sync::order(site::count_release));
  }
  /// Both at once, for the common release into the tree.
  void count_release(unsigned coalesces) const noexcept {
    if (counters_->shared) [[unlikely]] {
      count_coalesces(coalesces);
      count_release();
      return;
    }
    add(counters_->coalesces, coalesces, std::memory_order_relaxed, std::memory_order_relaxed);
    count_own_release();
  }

  /// Levels walked down. Wait-free.
  void count_splits(unsigned n) const noexcept { tally(counters_->splits, n); }
  /// Levels walked up. Wait-free.
  void count_coalesces(count_t n) const noexcept { tally(counters_->coalesces, n); }
  /// A search looks again. Wait-free.
  void count_rescan() const noexcept { tally(counters_->rescans, 1U); }

 private:
  void bump(cell& count, site at) const noexcept {
    if (counters_->shared) [[unlikely]] {
      count.fetch_add(1, Sync::order(at));
    } else {
      add(count, 1U, Sync::order(site::own_count), Sync::order(at));
    }
  }
  template <class Number>
  void tally(typename Sync::statistic& count, Number n) const noexcept {
    const auto order = std::memory_order_relaxed;  // a statistic has no other
    if (counters_->shared) [[unlikely]] {
      count.fetch_add(n, order);
    } else {
      add(count, n, order, order);
    }
  }
  /// By the only thread that stores to it.
  template <class Cell, class Number>
  static void add(Cell& count, Number n, std::memory_order look, std::memory_order set) noexcept {
    count.store(count.load(look) + n, set);
  }

  slot_counters<Sync>* counters_;
};

/// Bracket around a move between words. Opened by the first `open()`, closed on destruction: a
/// pass that moves nothing must open none, or two failing searches would disturb each other.
template <sync_policy Sync>
class move_bracket {
 public:
  /// Closed as yet.
  explicit move_bracket(slot_ref<Sync> me) noexcept : me_(me) {}
  move_bracket(const move_bracket&) = delete;
  move_bracket& operator=(const move_bracket&) = delete;
  ~move_bracket() {
    if (open_) me_.end_move();  // (4) after everything that the move published
  }
  /// Opens it, if it is not open. Wait-free.
  void open() noexcept {
    if (!open_) me_.begin_move();  // (4) before the move's first RMW
    open_ = true;
  }

 private:
  slot_ref<Sync> me_;
  bool open_ = false;
};

/// All slots of one buddy, over memory that the buddy owns.
template <sync_policy Sync>
class slot_table {
 public:
  /// A counter that proves "full".
  using cell = typename Sync::template atomic<std::uint64_t>;
  /// The counters of one slot.
  using counters = slot_counters<Sync>;
  /// The word last used for an order.
  using hint_cell = typename counters::hint_cell;
  /// How many slots there are, with the shared one.
  static constexpr unsigned count = Sync::exclusive_slots + 1;

  /// Bytes of one slot: counters, a hint per order, stacks, each in lines of their own. The same
  /// for every max_order, and a power of two: to find a slot is a shift.
  static constexpr std::size_t stride =
      std::bit_ceil(counters::stacks_offset + owner_stacks<Sync>::bytes());
  /// Bytes of all slots.
  static constexpr std::size_t bytes() noexcept { return count * stride; }

  static_assert(sizeof(counters) <= counters::hints_offset);

  /// Over `bytes()` bytes at `memory`. One thread; O(slots).
  slot_table(std::byte* memory, unsigned max_order) noexcept
      : memory_(memory), home_(), orders_(max_order + 1) {
    for (unsigned slot = 0; slot < count; ++slot) {
      auto* made = ::new (static_cast<void*>(memory_ + slot * stride))
          counters(slot == Sync::exclusive_slots);
      for (unsigned order = 0; order < orders_; ++order) {
        ::new (static_cast<void*>(made->hints() + order))
            hint_cell(static_cast<typename counters::hint_type>(slot_ref<Sync>::no_word));
      }
      if (Sync::stack_depth != 0) made->stacks().build();  // of the shared slot: always empty
    }
  }
  slot_table(const slot_table&) = delete;
  slot_table& operator=(const slot_table&) = delete;
  ~slot_table() {
    for (unsigned slot = 0; slot < count; ++slot) {
      if (Sync::stack_depth != 0) stacks(slot).destroy();
      for (unsigned order = 0; order < orders_; ++order)
        counters_of(slot).hints()[order].~hint_cell();
      counters_of(slot).~counters();
    }
  }

  /// What hands out the slots.
  const typename Sync::home& home() const noexcept { return home_; }
  /// The number of the calling thread's slot; it takes one if it has none.
  unsigned my_number() const noexcept { return Sync::thread_slot(home_); }
  /// No exclusive slot of this turn or a later one was ever used, as far as the caller can know.
  unsigned seen() const noexcept { return Sync::slots_seen(home_); }
  /// Whether the caller need not ask for its slot. Never more than a compare.
  bool are_own() const noexcept { return Sync::is_own(home_); }
  /// The calling thread's slot; it takes one if it has none.
  slot_ref<Sync> mine() const noexcept {
    if (are_own()) {
      const unsigned slot = Sync::scaled_slot();
      if (slot != Sync::exclusive_slots * Sync::slot_scale) [[likely]]
        return at_scaled(slot);
    }
    return slot_ref<Sync>(counters_of(my_number()));
  }
  /// Where are_own(): the same for a thread that has called before; the shared slot, whose stacks
  /// are empty, for one that is new here.
  slot_ref<Sync> at_hand() const noexcept { return at_hand(Sync::scaled_slot()); }
  /// The same of who has asked already.
  slot_ref<Sync> at_hand(unsigned scaled) const noexcept { return at_scaled(scaled); }

  /// The slot that further threads share, for who has none yet.
  slot_ref<Sync> shared() const noexcept {
    return slot_ref<Sync>(counters_of(Sync::exclusive_slots));
  }

  /// The stacks of any slot.
  owner_stacks<Sync> stacks(unsigned slot) const noexcept { return counters_of(slot).stacks(); }
  /// The counters of any slot, for checks. Not part of the stable surface.
  counters& counted(unsigned slot) const noexcept { return counters_of(slot); }

  /// What a failing search compares; acquire, so that what was counted can be found.
  std::uint64_t ended() const noexcept { return sum(&counters::ended, site::look_ended); }  // (4)
  /// Sum of the moves begun; read after the search. Wait-free, O(slots).
  std::uint64_t begun() const noexcept { return sum(&counters::begun, site::look_begun); }  // (4)
  /// Sum of the releases counted. Wait-free, O(slots). (5)
  std::uint64_t releases() const noexcept { return sum(&counters::releases, site::look_releases); }

  /// Whether the owner of `slot` is inside a move; exact only for a thread that stands still.
  bool moving(unsigned slot) const noexcept {
    const auto order = Sync::order(site::observe);
    return counters_of(slot).begun.load(order) != counters_of(slot).ended.load(order);
  }

  /// Sums over all slots. Wait-free, O(slots).
  merge_counts counts() const noexcept {
    return {sum(&counters::splits, site::observe), sum(&counters::coalesces, site::observe)};
  }
  /// Sum over all slots. Wait-free, O(slots).
  std::uint64_t rescans() const noexcept { return sum(&counters::rescans, site::observe); }

 private:
  counters& counters_of(unsigned slot) const noexcept { return counters_at(slot * stride); }
  counters& counters_at(std::size_t offset) const noexcept {
    return *std::launder(static_cast<counters*>(static_cast<void*>(memory_ + offset)));
  }
  slot_ref<Sync> at_scaled(std::size_t slot) const noexcept {
    return slot_ref<Sync>(counters_at(scaled<stride, Sync::slot_scale>(slot)));
  }
  template <class Member>
  std::uint64_t sum(Member counters::*what, site at) const noexcept {
    const unsigned turns = seen();
    std::uint64_t total = (counters_of(Sync::exclusive_slots).*what).load(Sync::order(at));
    for (unsigned turn = 0; turn < turns; ++turn) {
      const unsigned slot = slot_of_turn(turn, Sync::exclusive_slots);
      total += (counters_of(slot).*what).load(Sync::order(at));
    }
    return total;
  }

  std::byte* memory_;
  [[no_unique_address]] typename Sync::home home_{};
  unsigned orders_;
};

}  // namespace caiman::v0::protocol

#endif  // CAIMAN_REQUIREMENTS_MET
