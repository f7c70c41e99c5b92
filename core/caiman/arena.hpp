// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// arena.hpp: memory in blocks of any power of two
//
// A handle, and two ways to make one: over memory of its own, or over a region of the caller's.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <utility>
#include <vector>

#include "caiman/buffer.hpp"
#include "caiman/detail/arena_state.hpp"
#include "caiman/detail/attributes.hpp"
#include "caiman/error.hpp"
#include "caiman/geometry.hpp"
#include "caiman/metrics.hpp"
#include "caiman/region.hpp"
#include "caiman/waiters.hpp"

namespace caiman::inline v0 {

namespace detail {
struct arena_insides;
struct room_request;
}
template <class Arena, class... Size>
class async_arena;
class async_buddy_arena;
class buddy_arena_builder;
class region_arena_builder;

/// How the caller's region is to be cut.
struct buddy_hint {
  /// Blocks of at least so many bytes, rounded up to a power of two.
  [[nodiscard]] static constexpr buddy_hint min_alloc(std::size_t bytes) noexcept {
    return buddy_hint{bytes};
  }
  std::size_t smallest;  ///< Bytes as asked for, not rounded yet.
};

/// An arena whose pages nobody has touched yet. Its owner decides which thread pays for that,
/// and on which NUMA node they lie.
template <class Arena>
class unfaulted {
 public:
  /// Touches every page on this thread, or on as many as the builder was told, which may take long,
  /// and gives the arena. Blocking, O(pages). Once; then there is only an empty handle left to
  /// give.
  [[nodiscard]] Arena fault_pages() && {
    arena_.fault(prefault_);
    return std::move(arena_);
  }
  /// Gives the arena as it is: the first use of each page pays for it. Wait-free.
  [[nodiscard]] Arena into_inner() && noexcept { return std::move(arena_); }

 private:
  friend class buddy_arena_builder;
  friend class fixed_arena_builder;
  unfaulted(Arena arena, detail::prefaulting how) noexcept
      : arena_(std::move(arena)), prefault_(how) {}

  Arena arena_;
  detail::prefaulting prefault_;
};

/// A handle on an arena; copies share it, and all of them may be used by any threads at once. The
/// arena ends, and its region is given back, once, when the last handle, buffer and bytes of it
/// have gone. A handle is empty by default, and when it was moved from: it refuses every request,
/// and its sizes are 0.
class buddy_arena {
 public:
  /// Of no arena. Wait-free.
  buddy_arena() noexcept = default;
  /// Over memory of its own. Nothing is built before `build()`. Wait-free.
  [[nodiscard]] static buddy_arena_builder builder(buddy_geometry geometry) noexcept;
  /// Over `len` bytes of the caller's memory from `p` on. All whole min blocks of its aligned part
  /// are used, the rest is left alone; nothing of the arena's own is kept in it. `give_back` is
  /// called with `p` and `len` when the arena has ended, by whichever thread ends it. Nothing is
  /// built before `build()`. Wait-free.
  [[nodiscard]] static region_arena_builder from_region(std::byte* p, std::size_t len,
                                                        buddy_hint hint,
                                                        region_release give_back = {}) noexcept;

  /// A buffer of at least `len` bytes: in the smallest block that holds them. `len` 0 asks for the
  /// smallest block there is. It shows its whole block, or, with a geometry made by `nearest` or
  /// `fit`, exactly `len` bytes. Errors: request_too_large above the largest block, arena_full,
  /// contended (see buddy::allocate). Thread-safe, lock-free and without heap, wait-free where
  /// buddy::allocate is; O(1) in the common case. An arena that zeroes cold memory first touches
  /// it: O(len) then.
  [[nodiscard]] std::expected<buffer, alloc_error> allocate(std::size_t len) const noexcept {
    detail::arena_state* const home = home_.get();
    if (home == nullptr || len >= home->served_below()) [[unlikely]] {
      const auto got = detail::arena_state::take_for(home, len);
      if (!got.ok) return std::unexpected(got.why);
      return buffer::of(home, {home->order_for(len), got.index}, home->shown_for(len));
    }
    return buffer::taken(home, home->order_for(len), home->shown_for(len));
  }

  /// Bytes in all. Wait-free, O(1).
  [[nodiscard]] std::size_t total_size() const noexcept { return home_ ? home_->total() : 0; }
  /// Bytes of the smallest block. Wait-free, O(1).
  [[nodiscard]] std::size_t min_block_size() const noexcept {
    return home_ ? home_->plan().unit : 0;
  }
  /// Order of the largest block. Wait-free, O(1).
  [[nodiscard]] unsigned max_order() const noexcept {
    return home_ ? home_->tree().max_order() : 0;
  }
  /// Where the first block lies; blocks are aligned to their size as far as this is. Wait-free,
  /// O(1).
  [[nodiscard]] const std::byte* base() const noexcept { return home_ ? home_->base() : nullptr; }

  // ---- observers: thread-safe, exact when no other call runs; they tidy, which is not free ------

  /// What it has done, and how it stands. Lock-free, without heap, O(slots + words).
  [[nodiscard]] arena_metrics metrics() const noexcept {
    if (!home_) return {};
    const auto books = home_->books().sum();
    const auto merges = home_->tree().counts();
    const auto largest = home_->tree().largest_free_order();
    const auto details = home_->details();
    const std::size_t live = home_->total() - home_->tree().free_min_blocks() * home_->plan().unit;
    std::uint64_t handed_out = 0;
    for (unsigned k = 0; k <= max_order(); ++k) handed_out += details.taken[k] * home_->size_of(k);
    return {.allocations_ok = books.taken,
            .allocations_failed = books.failures,
            .frees = books.returned,
            .frozen = books.frozen,
            .spills = books.spills,
            .splits = merges.splits,
            .coalesces = merges.coalesces,
            .bytes_reserved = home_->total(),
            .bytes_live = live,
            .largest_free_block = largest ? home_->size_of(*largest) : 0,
            .contended = books.contended,
            .timeouts = books.timeouts,
            .waiters = home_->room() != nullptr ? home_->room()->waiting() : 0,
            .bytes_live_peak = home_->most_live(live),
            .bytes_requested = details.asked,
            .bytes_handed_out = handed_out,
            .allocations_by_order = details.taken};
  }
  /// Whether the `index`-th block of `order` is a maximal free block. Out of range: false.
  /// Lock-free, O(words).
  [[nodiscard]] bool is_block_free(unsigned order, std::size_t index) const noexcept {
    return home_ && home_->tree().is_free({order, index});
  }
  /// How many maximal free blocks of `order` there are. Lock-free, O(words).
  [[nodiscard]] std::size_t free_block_count(unsigned order) const noexcept {
    return home_ ? home_->tree().free_count(order) : 0;
  }
  /// What is free and what is live, by address. O(min blocks), and on the heap. Throws
  /// std::bad_alloc.
  [[nodiscard]] std::vector<extent> occupancy() const {
    return home_ ? extents_of(home_->tree(), home_->plan().units) : std::vector<extent>{};
  }

  // ---- memory that goes back to the system ------------------------------------------------------

  /// Gives the pages of free memory back to the system, but for `keep_free` bytes of it, and says
  /// how many bytes that were. Blocks are taken for a moment, at most a MiB at once (or one
  /// smallest block), and put back; of what is kept, the smallest come first. Of a region of the
  /// caller's it asks the builder's `on_trim`, and is 0 without one. Thread-safe, without heap,
  /// lock-free but for the system; O(pages of what is free + words). No request fails because of
  /// it: one that finds nothing else waits until the piece is back that is away.
  std::size_t trim(std::size_t keep_free = 0) const noexcept {
    return home_ ? home_->trim(keep_free) : 0;
  }
  /// How many bytes of its memory, free or live, are in main memory now, as the system says; of
  /// part of a huge page all. Thread-safe; a system call for each 512 pages.
  [[nodiscard]] std::size_t resident_bytes() const noexcept {
    return home_ ? detail::resident_part(home_->base(), home_->total()) : 0;
  }

  /// Whether both are handles on one arena. Wait-free, O(1).
  friend bool operator==(const buddy_arena& a, const buddy_arena& b) noexcept {
    return a.home_.get() == b.home_.get();
  }

 private:
  template <class Arena, class... Size>
  friend class async_arena;
  friend class buddy_arena_builder;
  friend class region_arena_builder;
  friend struct detail::arena_insides;
  template <class Arena>
  friend class unfaulted;

  explicit buddy_arena(detail::arena_state* adopted) noexcept : home_(adopted) {}
  void fault(detail::prefaulting how) const noexcept {
    if (home_) home_->fault(how);
  }

  /// Of one that waits (async.hpp).
  static detail::room_request request_of(detail::arena_state& home, std::size_t len) noexcept;
  detail::arena_handle home_;
};

/// Every setter returns the builder. Not thread-safe; may build several arenas.
class buddy_arena_builder {
 public:
  /// What buddy_arena::builder calls.
  explicit buddy_arena_builder(buddy_geometry geometry) noexcept : geometry_(geometry) {}

  /// Buffers that are written past their capacity move to the heap.
  buddy_arena_builder& auto_spill() noexcept {
    spills_ = true;
    return *this;
  }
  /// Whom to tell of each spill; nobody by default, and with an empty hook. All arenas that the
  /// builder builds share the hook. Throws std::bad_alloc.
  buddy_arena_builder& on_spill(spill_hook hook) {
    on_spill_ = detail::shared_hook(std::move(hook));
    return *this;
  }
  /// What a block holds when it is handed out; by default `uninit`.
  buddy_arena_builder& init(init_policy policy) noexcept {
    init_ = policy;
    return *this;
  }
  /// Counts more than every arena does: allocations by order, bytes asked for, and a peak that
  /// needs no observer (arena_metrics). A pair of calls takes about three times as many
  /// instructions, and the arena 25 KiB more; without it nothing.
  buddy_arena_builder& detailed_metrics() noexcept {
    details_ = true;
    return *this;
  }
  /// The arena also calls trim() itself, as the policy has it: in a release, which then takes as
  /// long as trim() does. An arena that nobody gives back to trims nothing. Not by default.
  buddy_arena_builder& auto_trim(trim_policy policy = {}) noexcept {
    auto_trim_ = detail::trim_times(policy);
    return *this;
  }
  /// How far apart the bytes lie that `build` writes so that no page is missing later, and how many
  /// threads do it at once (0: one for each processor that this thread may run on; where the system
  /// has no thread, this one does its part). By default `page_size::automatic()`, and this thread
  /// alone: a GiB takes half a second to ten, as the system finds memory.
  buddy_arena_builder& prefault(page_size pages, unsigned threads = 1) noexcept {
    prefault_ = {pages, threads};
    return *this;
  }
  /// The same by all processors. Pages then lie on the NUMA nodes of whoever came first.
  buddy_arena_builder& prefault_parallel() noexcept { return prefault(page_size::automatic(), 0); }
  /// `build` touches nothing: the first use of each page pays for it.
  buddy_arena_builder& lazy() noexcept { return prefault(page_size::unknown()); }
  /// Whether huge pages may back the memory; by default `system`. `never` lets the base be aligned
  /// to the page only, but for what the geometry asks for.
  buddy_arena_builder& huge_pages(huge_page_policy policy) noexcept {
    huge_ = policy;
    return *this;
  }

  /// Maps the memory, touches its pages as asked, and makes the metadata. Blocking: heap and
  /// operating system; O(min blocks / 64), and the pages. Errors: out_of_memory;
  /// size_overflow when size and alignment pass SIZE_MAX together; invalid_geometry for more than
  /// 2^32 min blocks.
  [[nodiscard]] std::expected<buddy_arena, build_error> build() const noexcept {
    return make(prefault_);
  }
  /// The same, but touches no page yet.
  [[nodiscard]] std::expected<unfaulted<buddy_arena>, build_error> build_unfaulted()
      const noexcept {
    auto made = make({page_size::unknown()});
    if (!made) return std::unexpected(made.error());
    return unfaulted<buddy_arena>(*std::move(made), prefault_);
  }
  /// The same as `build`, with a place for requests that wait for room, served by fair_waiters.
  /// Defined in async.hpp.
  [[nodiscard]] std::expected<async_buddy_arena, build_error> build_async() const noexcept;
  /// With a policy of the caller's, which becomes the arena's.
  template <buddy_waiter Waiters>
  [[nodiscard]] auto build_async_with(Waiters waiters) const noexcept
      -> std::expected<async_buddy_arena, build_error>;

 private:
  [[nodiscard]] std::expected<buddy_arena, build_error> make(
      detail::prefaulting how) const noexcept {
    const std::size_t units = geometry_.total_size() / geometry_.min_block_size();
    if (units > std::size_t{1} << buddy<>::largest_max_order) {
      return std::unexpected(build_error::invalid_geometry);
    }
    auto memory = detail::region::map(geometry_.total_size(), geometry_.alignment(), huge_);
    if (!memory) return std::unexpected(memory.error());
    memory->fault(how);
    const auto made = detail::arena_state::make({.unit = geometry_.min_block_size(),
                                                 .units = units,
                                                 .caps = geometry_.caps_capacity(),
                                                 .spills = spills_,
                                                 .init = init_,
                                                 .cold = false,  // the system's pages are zero
                                                 .details = details_,
                                                 .auto_trim = auto_trim_},
                                                *memory);
    if (!made) return std::unexpected(made.error());
    (*made)->tell_of_spills(on_spill_);
    return buddy_arena(*made);
  }

  buddy_geometry geometry_;
  bool spills_ = false;
  std::shared_ptr<spill_hook> on_spill_{};
  init_policy init_ = init_policy::uninit;
  bool details_ = false;
  detail::trim_times auto_trim_{};
  detail::prefaulting prefault_{};
  huge_page_policy huge_ = huge_page_policy::system;
};

/// Over the caller's memory, which it never touches itself. Not thread-safe. It is moved with its
/// region: of one that was moved from nothing can be built (null_region).
class region_arena_builder {
 public:
  /// What buddy_arena::from_region calls.
  region_arena_builder(std::byte* p, std::size_t len, buddy_hint hint,
                       region_release give_back) noexcept
      : offer_(p, len, std::move(give_back)), hint_(hint) {}

  /// As buddy_arena_builder::auto_spill.
  region_arena_builder& auto_spill() noexcept {
    spills_ = true;
    return *this;
  }
  /// As buddy_arena_builder::on_spill.
  region_arena_builder& on_spill(spill_hook hook) {
    on_spill_ = detail::shared_hook(std::move(hook));
    return *this;
  }
  /// What a block holds when it is handed out; by default `uninit`. With `zero` the region's memory
  /// is zeroed piece by piece, before its first use.
  region_arena_builder& init(init_policy policy) noexcept {
    init_ = policy;
    return *this;
  }

  /// As buddy_arena_builder::detailed_metrics.
  region_arena_builder& detailed_metrics() noexcept {
    details_ = true;
    return *this;
  }
  /// What trim() of the arena asks to give memory of the region back (trim_hook); nothing by
  /// default, and with an empty hook. Throws std::bad_alloc.
  region_arena_builder& on_trim(trim_hook hook) {
    on_trim_ = detail::shared_hook(std::move(hook));
    return *this;
  }
  /// As buddy_arena_builder::auto_trim; without `on_trim` nothing goes.
  region_arena_builder& auto_trim(trim_policy policy = {}) noexcept {
    auto_trim_ = detail::trim_times(policy);
    return *this;
  }

  /// Where blocks begin: at multiples of `alignment` (bytes, a power of two), which raises the
  /// smallest block to it. By default 1; blocks are aligned to their size up to the page anyway, as
  /// far as that costs no block.
  region_arena_builder& with_alignment(std::size_t alignment) noexcept {
    alignment_ = alignment;
    return *this;
  }
  /// As with buddy_geometry::nearest, a buffer shows exactly the bytes asked for, not its block.
  region_arena_builder& nearest() noexcept {
    caps_ = true;
    return *this;
  }

  /// Once: the arena takes the region over. Blocking, for the metadata, O(min blocks / 64). Errors:
  /// invalid_alignment, null_region, region_too_small, invalid_geometry (smallest block of 0
  /// bytes), size_overflow (one past 2^63), out_of_memory; then the region stays the caller's, and
  /// the release function is not called.
  [[nodiscard]] std::expected<buddy_arena, build_error> build() noexcept {
    if (!std::has_single_bit(alignment_)) return std::unexpected(build_error::invalid_alignment);
    if (offer_.start == nullptr) return std::unexpected(build_error::null_region);
    if (hint_.smallest == 0) return std::unexpected(build_error::invalid_geometry);
    if (hint_.smallest > std::bit_floor(SIZE_MAX)) {
      return std::unexpected(build_error::size_overflow);
    }
    const std::size_t unit = (std::max)(std::bit_ceil(hint_.smallest), alignment_);
    const std::size_t total = largest_total(unit);
    if (total == 0) return std::unexpected(build_error::region_too_small);
    std::byte* const base = offer_.start + padding(alignment_for(unit, total));
    auto memory =
        detail::region::lent(base, total, offer_.start, offer_.length, std::move(offer_.release));
    const auto made = detail::arena_state::make({.unit = unit,
                                                 .units = total / unit,
                                                 .caps = caps_,
                                                 .spills = spills_,
                                                 .init = init_,
                                                 .cold = true,
                                                 .details = details_,
                                                 .auto_trim = auto_trim_},
                                                memory);
    if (!made) {
      offer_.release = memory.disown();
      return std::unexpected(made.error());
    }
    offer_.start = nullptr;
    (*made)->trims().tell(on_trim_);
    (*made)->tell_of_spills(on_spill_);
    return buddy_arena(*made);
  }
  /// The same, once, with a place for requests that wait for room, served by fair_waiters; and on
  /// an error the region stays the caller's as well. Defined in async.hpp.
  [[nodiscard]] std::expected<async_buddy_arena, build_error> build_async() noexcept;
  /// With a policy of the caller's, which becomes the arena's.
  template <buddy_waiter Waiters>
  [[nodiscard]] auto build_async_with(Waiters waiters) noexcept
      -> std::expected<async_buddy_arena, build_error>;

 private:
  /// Bytes up to the next multiple of a power of two.
  [[nodiscard]] std::size_t padding(std::size_t alignment) const noexcept {
    return -reinterpret_cast<std::uintptr_t>(offer_.start) & (alignment - 1);
  }
  /// 0 if not one block fits. At most 2^32 blocks.
  [[nodiscard]] std::size_t largest_total(std::size_t unit) const noexcept {
    const std::size_t lost = padding(least_alignment(unit));
    if (lost >= offer_.length || offer_.length - lost < unit) return 0;
    const std::size_t blocks = (offer_.length - lost) / unit;
    return (std::min)(blocks, std::size_t{1} << buddy<>::largest_max_order) * unit;
  }
  /// Of the smallest blocks up to the page, and what was asked for.
  [[nodiscard]] std::size_t least_alignment(std::size_t unit) const noexcept {
    return (std::max)((std::min)(unit, page_size::automatic().bytes()), alignment_);
  }
  /// Blocks are aligned to their size up to the page, as far as that costs no block.
  [[nodiscard]] std::size_t alignment_for(std::size_t unit, std::size_t total) const noexcept {
    const std::size_t page = page_size::automatic().bytes();
    std::size_t alignment = least_alignment(unit);
    while (alignment < (std::min)(page, total) && padding(2 * alignment) <= offer_.length - total) {
      alignment *= 2;
    }
    return alignment;
  }

  detail::region_offer offer_;
  buddy_hint hint_;
  std::size_t alignment_ = 1;
  bool caps_ = false;
  bool spills_ = false;
  std::shared_ptr<spill_hook> on_spill_{};
  std::shared_ptr<trim_hook> on_trim_{};
  detail::trim_times auto_trim_{};
  init_policy init_ = init_policy::uninit;
  bool details_ = false;
};

inline buddy_arena_builder buddy_arena::builder(buddy_geometry geometry) noexcept {
  return buddy_arena_builder(geometry);
}

inline region_arena_builder buddy_arena::from_region(std::byte* p, std::size_t len, buddy_hint hint,
                                                     region_release give_back) noexcept {
  return {p, len, hint, std::move(give_back)};
}

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
