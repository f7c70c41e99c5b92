// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// fixed_arena.hpp: slots of one size
//
// The same core, asked for order 0 only, over slots of any size and number: for programs whose
// buffers are all alike, without the rounding to powers of two.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <bit>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <utility>
#include <vector>

#include "caiman/arena.hpp"
#include "caiman/waiters.hpp"

namespace caiman::inline v0 {

class async_fixed_arena;
class fixed_arena_builder;
class fixed_region_builder;

/// How the caller's region is to be cut: into so many slots, or into slots of so many bytes.
struct slot_spec {
  /// So many slots, each as large as fits.
  [[nodiscard]] static constexpr slot_spec count(std::size_t n) noexcept { return {n, 0}; }
  /// Slots of so many bytes, as many as fit.
  [[nodiscard]] static constexpr slot_spec size(std::size_t bytes) noexcept { return {0, bytes}; }
  std::size_t slot_count;  ///< 0: as many as fit
  std::size_t slot_bytes;  ///< 0: as large as fit
};

/// A handle on an arena of slots; what is said of `buddy_arena` holds here, too.
class fixed_arena {
 public:
  /// Of no arena. Wait-free.
  fixed_arena() noexcept = default;
  /// `slot_count` slots of at least `slot_capacity` bytes, in memory of its own.
  [[nodiscard]] static fixed_arena_builder with_slot_capacity(std::size_t slot_count,
                                                              std::size_t slot_capacity) noexcept;
  /// `slot_count` slots that hold `total` bytes together: each of `total / slot_count` bytes,
  /// rounded up.
  [[nodiscard]] static fixed_arena_builder with_arena_capacity(std::size_t slot_count,
                                                               std::size_t total) noexcept;
  /// Over the caller's memory; see buddy_arena::from_region.
  [[nodiscard]] static fixed_region_builder from_region(std::byte* p, std::size_t len,
                                                        slot_spec spec,
                                                        region_release give_back = {}) noexcept;

  /// A buffer that shows a whole slot. Errors: arena_full, contended. All else as
  /// buddy_arena::allocate.
  [[nodiscard]] std::expected<buffer, alloc_error> allocate() const noexcept {
    detail::arena_state* const home = home_.get();
    if (home == nullptr) [[unlikely]]
      return std::unexpected(alloc_error::request_too_large);
    if (home->served_below() != 0) [[likely]]
      return buffer::taken(home, 0, home->plan().unit);
    const auto got = home->take_rarely(0, home->plan().unit);
    if (!got.ok) return std::unexpected(got.why);
    return buffer::of(home, {0, got.index}, home->plan().unit);
  }

  /// How many slots there are, free or not. Wait-free, O(1).
  [[nodiscard]] std::size_t slot_count() const noexcept { return home_ ? home_->plan().units : 0; }
  /// Bytes of a slot, rounded to the alignment. Wait-free, O(1).
  [[nodiscard]] std::size_t slot_capacity() const noexcept {
    return home_ ? home_->plan().unit : 0;
  }
  /// Where the first slot lies. Wait-free, O(1).
  [[nodiscard]] const std::byte* base() const noexcept { return home_ ? home_->base() : nullptr; }

  /// What it has done, and how it stands. Thread-safe; exact when no other call runs. Lock-free,
  /// without heap, O(slots of threads + words).
  [[nodiscard]] fixed_metrics metrics() const noexcept {
    if (!home_) return {};
    const auto books = home_->books().sum();
    const std::size_t free = home_->tree().free_min_blocks();
    const std::size_t live = home_->total() - free * home_->plan().unit;
    return {.allocations_ok = books.taken,
            .allocations_failed = books.failures,
            .frees = books.returned,
            .frozen = books.frozen,
            .spills = books.spills,
            .bytes_reserved = home_->total(),
            .bytes_live = live,
            .slots_free = free,
            .contended = books.contended,
            .timeouts = books.timeouts,
            .waiters = home_->room() != nullptr ? home_->room()->waiting() : 0,
            .bytes_live_peak = home_->most_live(live)};
  }

  /// What is free and what is live, by address, in slots: an extent of order k is 2^k of them.
  /// heap_picture draws it, told `slot_capacity()` for the smallest block. O(slots), and on the
  /// heap. Throws std::bad_alloc.
  [[nodiscard]] std::vector<extent> occupancy() const {
    return home_ ? extents_of(home_->tree(), home_->plan().units) : std::vector<extent>{};
  }

  /// As buddy_arena::trim: whole pages of neighbouring free slots, in pieces of a power of two of
  /// slots.
  std::size_t trim(std::size_t keep_free = 0) const noexcept {
    return home_ ? home_->trim(keep_free) : 0;
  }
  /// As buddy_arena::resident_bytes.
  [[nodiscard]] std::size_t resident_bytes() const noexcept {
    return home_ ? detail::resident_part(home_->base(), home_->total()) : 0;
  }

  /// Whether both are handles on one arena.
  friend bool operator==(const fixed_arena& a, const fixed_arena& b) noexcept {
    return a.home_.get() == b.home_.get();
  }

 private:
  template <class Arena, class... Size>
  friend class async_arena;
  friend class fixed_arena_builder;
  friend class fixed_region_builder;
  template <class Arena>
  friend class unfaulted;

  explicit fixed_arena(detail::arena_state* adopted) noexcept : home_(adopted) {}
  void fault(detail::prefaulting how) const noexcept {
    if (home_) home_->fault(how);
  }

  detail::arena_handle home_;
};

namespace detail {

/// What both builders are told.
struct slot_options {
  std::size_t alignment = 1;
  bool spills = false;
  std::shared_ptr<spill_hook> on_spill{};
  std::shared_ptr<trim_hook> on_trim{};
  trim_times auto_trim{};
  init_policy init = init_policy::uninit;
  bool details = false;

  /// On an error `memory` is as it was. Errors: out_of_memory.
  [[nodiscard]] std::expected<arena_state*, build_error> make(region& memory, std::size_t count,
                                                              std::size_t capacity,
                                                              bool cold) const noexcept {
    auto made = arena_state::make({.unit = capacity,
                                   .units = count,
                                   .caps = false,
                                   .spills = spills,
                                   .init = init,
                                   .cold = cold,
                                   .details = details,
                                   .auto_trim = auto_trim},
                                  memory);
    if (made) {
      (*made)->tell_of_spills(on_spill);
      (*made)->trims().tell(on_trim);
    }
    return made;
  }
};

inline constexpr std::size_t most_slots = std::size_t{1} << buddy<>::largest_max_order;

}  // namespace detail

/// Every setter returns the builder. Not thread-safe; may build several arenas.
class fixed_arena_builder {
 public:
  /// What fixed_arena::with_slot_capacity calls.
  fixed_arena_builder(std::size_t count, std::size_t capacity) noexcept
      : count_(count), capacity_(capacity) {}

  /// As buddy_arena_builder::auto_spill.
  fixed_arena_builder& auto_spill() noexcept {
    options_.spills = true;
    return *this;
  }
  /// As buddy_arena_builder::on_spill.
  fixed_arena_builder& on_spill(spill_hook hook) {
    options_.on_spill = detail::shared_hook(std::move(hook));
    return *this;
  }
  /// As buddy_arena_builder::init.
  fixed_arena_builder& init(init_policy policy) noexcept {
    options_.init = policy;
    return *this;
  }
  /// Counts the peak of what is in use also between two calls of metrics() (fixed_metrics), at the
  /// cost of buddy_arena_builder::detailed_metrics.
  fixed_arena_builder& detailed_metrics() noexcept {
    options_.details = true;
    return *this;
  }
  /// As buddy_arena_builder::auto_trim.
  fixed_arena_builder& auto_trim(trim_policy policy = {}) noexcept {
    options_.auto_trim = detail::trim_times(policy);
    return *this;
  }
  /// As buddy_arena_builder::prefault.
  fixed_arena_builder& prefault(page_size pages, unsigned threads = 1) noexcept {
    prefault_ = {pages, threads};
    return *this;
  }
  /// As buddy_arena_builder::prefault_parallel.
  fixed_arena_builder& prefault_parallel() noexcept { return prefault(page_size::automatic(), 0); }
  /// As buddy_arena_builder::lazy.
  fixed_arena_builder& lazy() noexcept { return prefault(page_size::unknown()); }
  /// As buddy_arena_builder::huge_pages.
  fixed_arena_builder& huge_pages(huge_page_policy policy) noexcept {
    huge_ = policy;
    return *this;
  }
  /// Of every slot, in bytes, a power of two; their capacity is rounded up to it. By default 1.
  fixed_arena_builder& alignment(std::size_t bytes) noexcept {
    options_.alignment = bytes;
    return *this;
  }

  /// Maps the memory, touches its pages as asked, and makes the metadata. Blocking: heap and
  /// operating system. Errors: invalid_alignment; invalid_geometry for no slots, for slots of 0
  /// bytes and for more than 2^32 slots; size_overflow if all together passes SIZE_MAX;
  /// out_of_memory.
  [[nodiscard]] std::expected<fixed_arena, build_error> build() const noexcept {
    return make(prefault_);
  }
  /// The same, but touches no page yet.
  [[nodiscard]] std::expected<unfaulted<fixed_arena>, build_error> build_unfaulted()
      const noexcept {
    auto made = make({page_size::unknown()});
    if (!made) return std::unexpected(made.error());
    return unfaulted<fixed_arena>(*std::move(made), prefault_);
  }
  /// The same as `build`, with a place for requests that wait for a slot, served by fair_waiters.
  /// Defined in async.hpp.
  [[nodiscard]] std::expected<async_fixed_arena, build_error> build_async() const noexcept;
  /// With a policy of the caller's, which becomes the arena's.
  template <buddy_waiter Waiters>
  [[nodiscard]] auto build_async_with(Waiters waiters) const noexcept
      -> std::expected<async_fixed_arena, build_error>;

 private:
  [[nodiscard]] std::expected<fixed_arena, build_error> make(
      detail::prefaulting how) const noexcept {
    if (!std::has_single_bit(options_.alignment)) {
      return std::unexpected(build_error::invalid_alignment);
    }
    if (capacity_ == 0 || count_ == 0) return std::unexpected(build_error::invalid_geometry);
    if (capacity_ > SIZE_MAX - (options_.alignment - 1)) {
      return std::unexpected(build_error::size_overflow);
    }
    const std::size_t capacity = (capacity_ + options_.alignment - 1) & ~(options_.alignment - 1);
    if (count_ > SIZE_MAX / capacity) return std::unexpected(build_error::size_overflow);
    if (count_ > detail::most_slots) return std::unexpected(build_error::invalid_geometry);
    auto memory = detail::region::map(count_ * capacity, options_.alignment, huge_);
    if (!memory) return std::unexpected(memory.error());
    memory->fault(how);
    const auto made = options_.make(*memory, count_, capacity, false);
    if (!made) return std::unexpected(made.error());
    return fixed_arena(*made);
  }

  std::size_t count_;
  std::size_t capacity_;
  detail::slot_options options_{};
  detail::prefaulting prefault_{};
  huge_page_policy huge_ = huge_page_policy::system;
};

/// Over the caller's memory, which it never touches itself. Not thread-safe. It is moved with its
/// region: of one that was moved from nothing can be built (null_region).
class fixed_region_builder {
 public:
  /// What fixed_arena::from_region calls.
  fixed_region_builder(std::byte* p, std::size_t len, slot_spec spec,
                       region_release give_back) noexcept
      : offer_(p, len, std::move(give_back)), spec_(spec) {}

  /// As buddy_arena_builder::auto_spill.
  fixed_region_builder& auto_spill() noexcept {
    options_.spills = true;
    return *this;
  }
  /// As buddy_arena_builder::on_spill.
  fixed_region_builder& on_spill(spill_hook hook) {
    options_.on_spill = detail::shared_hook(std::move(hook));
    return *this;
  }
  /// Counts the peak of what is in use also between two calls of metrics() (fixed_metrics), at the
  /// cost of buddy_arena_builder::detailed_metrics.
  fixed_region_builder& detailed_metrics() noexcept {
    options_.details = true;
    return *this;
  }
  /// As region_arena_builder::on_trim.
  fixed_region_builder& on_trim(trim_hook hook) {
    options_.on_trim = detail::shared_hook(std::move(hook));
    return *this;
  }
  /// As region_arena_builder::auto_trim.
  fixed_region_builder& auto_trim(trim_policy policy = {}) noexcept {
    options_.auto_trim = detail::trim_times(policy);
    return *this;
  }
  /// As region_arena_builder::init.
  fixed_region_builder& init(init_policy policy) noexcept {
    options_.init = policy;
    return *this;
  }
  /// Of every slot, in bytes, a power of two; their capacity is rounded down to it. By default 1.
  fixed_region_builder& alignment(std::size_t bytes) noexcept {
    options_.alignment = bytes;
    return *this;
  }

  /// Once: the arena takes the region over. Blocking, for the metadata. Errors: invalid_alignment,
  /// null_region, region_too_small if not one slot fits (or not as many as asked for, with at least
  /// one byte each), invalid_geometry for slots of 0 bytes or none, or if more than 2^32 are asked
  /// for, out_of_memory; then the region stays the caller's, and the release function is not
  /// called.
  [[nodiscard]] std::expected<fixed_arena, build_error> build() noexcept {
    if (!std::has_single_bit(options_.alignment)) {
      return std::unexpected(build_error::invalid_alignment);
    }
    if (offer_.start == nullptr) return std::unexpected(build_error::null_region);
    if (spec_.slot_count == 0 && spec_.slot_bytes == 0) {
      return std::unexpected(build_error::invalid_geometry);
    }
    if (spec_.slot_count > detail::most_slots && spec_.slot_count <= offer_.length) {
      return std::unexpected(build_error::invalid_geometry);
    }
    const std::size_t lost =
        -reinterpret_cast<std::uintptr_t>(offer_.start) & (options_.alignment - 1);
    if (lost >= offer_.length) return std::unexpected(build_error::region_too_small);
    const std::size_t usable = offer_.length - lost;
    const std::size_t largest =
        spec_.slot_count != 0 ? usable / spec_.slot_count : spec_.slot_bytes;
    const std::size_t capacity = largest & ~(options_.alignment - 1);
    if (capacity == 0 || capacity > usable) {
      return std::unexpected(build_error::region_too_small);
    }
    const std::size_t count = (std::min)(
        spec_.slot_count != 0 ? spec_.slot_count : usable / capacity, detail::most_slots);
    auto memory = detail::region::lent(offer_.start + lost, count * capacity, offer_.start,
                                       offer_.length, std::move(offer_.release));
    const auto made = options_.make(memory, count, capacity, true);
    if (!made) {
      offer_.release = memory.disown();
      return std::unexpected(made.error());
    }
    offer_.start = nullptr;
    return fixed_arena(*made);
  }
  /// The same, once, with a place for requests that wait for a slot, served by fair_waiters; and on
  /// an error the region stays the caller's as well. Defined in async.hpp.
  [[nodiscard]] std::expected<async_fixed_arena, build_error> build_async() noexcept;
  /// With a policy of the caller's, which becomes the arena's.
  template <buddy_waiter Waiters>
  [[nodiscard]] auto build_async_with(Waiters waiters) noexcept
      -> std::expected<async_fixed_arena, build_error>;

 private:
  detail::region_offer offer_;
  slot_spec spec_;
  detail::slot_options options_{};
};

// No slots at all, and slots of no bytes, are errors that build() reports.
inline fixed_arena_builder fixed_arena::with_slot_capacity(std::size_t slot_count,
                                                           std::size_t slot_capacity) noexcept {
  return {slot_count, slot_capacity};
}

inline fixed_arena_builder fixed_arena::with_arena_capacity(std::size_t slot_count,
                                                            std::size_t total) noexcept {
  if (slot_count == 0) return {0, 0};
  return {slot_count, total / slot_count + std::size_t{total % slot_count != 0}};
}

inline fixed_region_builder fixed_arena::from_region(std::byte* p, std::size_t len, slot_spec spec,
                                                     region_release give_back) noexcept {
  return {p, len, spec, std::move(give_back)};
}

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
