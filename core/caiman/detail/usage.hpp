// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// usage.hpp: what an arena counts beyond its books, if it is asked to
//
// How often each order was handed out, how many bytes were asked for, and the most that was in use
// at once. The books (ledger.hpp) count with every call and are all that an arena keeps by itself;
// these numbers would cost each pair of calls a few instructions more, so they are behind the test
// that is there anyway for arenas that zero or are watched (arena_state.hpp), and an arena that was
// not asked for them pays nothing.
//
// Each thread has a line of its own. A maximum over all of them cannot be had from lines that
// nobody adds up, so a thread keeps by how much it changed what is in use, and tells the count that
// all share once that is a `batch`. What is not told yet is less than a batch a thread, so that is
// how far the shared count, and its maximum, may be off. Not part of the public surface.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "caiman/buddy.hpp"
#include "caiman/detail/ledger.hpp"

namespace caiman::inline v0::detail {

/// The counters of one arena. Any threads may call at once; no heap.
class usage {
 public:
  static constexpr std::size_t orders = buddy<>::largest_max_order + 1;

  /// Of an arena of so many min blocks. Threads count where they have their slots: at `from`.
  usage(const native_sync::home& from, std::size_t units) noexcept
      : home_(from), batch_((std::max)(static_cast<std::int64_t>(units / 1024), std::int64_t{1})) {}
  usage(const usage&) = delete;
  usage& operator=(const usage&) = delete;
  ~usage() = default;

  /// A block was taken. Lock-free; wait-free but every so often.
  void took(unsigned order) noexcept {
    const unsigned scaled = line_at_hand<native_sync>(home_);
    add_to<native_sync>(scaled, line_of(scaled).taken[order], 1);
    change(scaled, std::int64_t{1} << order);
  }
  /// So many bytes were asked for where a block was taken. Wait-free.
  void asked(std::uint64_t bytes) noexcept {
    const unsigned scaled = line_at_hand<native_sync>(home_);
    add_to<native_sync>(scaled, line_of(scaled).asked, bytes);
  }
  /// So many min blocks go back. Lock-free; wait-free but every so often.
  void gives(std::size_t units) noexcept {
    change(line_at_hand<native_sync>(home_), -static_cast<std::int64_t>(units));
  }

  /// What was counted.
  struct counts {
    std::array<std::uint64_t, orders> taken{};  ///< Blocks, by order.
    std::uint64_t asked = 0;                    ///< Bytes.
  };
  /// Adds up all lines. Wait-free, O(slots).
  [[nodiscard]] counts sum() const noexcept {
    counts all;
    for (const line& each : lines_) {
      for (std::size_t order = 0; order < orders; ++order) {
        all.taken[order] += each.taken[order].load(std::memory_order_relaxed);
      }
      all.asked += each.asked.load(std::memory_order_relaxed);
    }
    return all;
  }
  /// The most min blocks in use at once, as far as this can tell; the caller sees `now` of them.
  /// Lock-free.
  [[nodiscard]] std::size_t most(std::size_t now) noexcept {
    saw(static_cast<std::int64_t>(now));
    return static_cast<std::size_t>(most_.load(std::memory_order_relaxed));
  }

 private:
  using count = std::atomic<std::uint64_t>;

  struct alignas(128) line {
    count taken[orders]{};
    count asked{0};
    std::atomic<std::int64_t> untold{0};
  };

  line& line_of(unsigned scaled) noexcept { return lines_[scaled / native_sync::slot_scale]; }
  void change(unsigned scaled, std::int64_t by) noexcept {
    if (scaled == shared_line<native_sync>) [[unlikely]]
      return tell(by);
    std::atomic<std::int64_t>& untold = line_of(scaled).untold;
    const std::int64_t now = untold.load(std::memory_order_relaxed) + by;
    const bool enough = now >= batch_ || now <= -batch_;
    untold.store(enough ? 0 : now, std::memory_order_relaxed);
    if (enough) tell(now);
  }
  void tell(std::int64_t change) noexcept {
    saw(live_.fetch_add(change, std::memory_order_relaxed) + change);
  }
  void saw(std::int64_t now) noexcept {
    std::int64_t most = most_.load(std::memory_order_relaxed);
    while (most < now && !most_.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
    }
  }

  line lines_[native_sync::exclusive_slots + 1];
  alignas(128) std::atomic<std::int64_t> live_{0};
  std::atomic<std::int64_t> most_{0};
  [[no_unique_address]] native_sync::home home_;
  std::int64_t batch_;
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
