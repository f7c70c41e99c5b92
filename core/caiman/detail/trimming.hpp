// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// trimming.hpp: pages of free memory go back to the system
//
// What trim() of an arena does with each free block that the tree lets it have for a moment
// (protocol/trims.hpp), and how a request that was refused meanwhile knows that it should ask
// again. Relies on detail/os.hpp. Not part of the public surface.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <utility>

#include "caiman/buddy.hpp"
#include "caiman/detail/attributes.hpp"
#include "caiman/detail/diagnostics.hpp"
#include "caiman/detail/os.hpp"
#include "caiman/error.hpp"
#include "caiman/protocol/trims.hpp"
#include "caiman/region.hpp"

namespace caiman::inline v0::detail {

/// At most so many bytes are away at once, but for a min block that is larger: what a request may
/// have to wait for.
inline constexpr std::size_t trim_piece = std::size_t{1} << 20;

/// One call of trim().
class page_trim {
 public:
  /// Of `units` min blocks of `unit` bytes from `base` on; so many bytes of free memory stay.
  page_trim(std::byte* base, std::size_t unit, std::size_t keep, memory_watch watch) noexcept
      : base_(base), unit_(unit), keep_(keep), page_(os::page_bytes()), watch_(watch) {}

  /// Of memory that the system gave.
  std::size_t run(buddy<>& tree) noexcept {
    each(
        tree, [&](unsigned order, std::size_t index) { return wants(order, index); },
        [&](unsigned order, std::size_t index) { give_back(order, index); });
    return gone_;
  }
  /// Of the caller's: `hook(start, length)` says how many bytes of a free block went back. It may
  /// write there, whatever watches.
  template <class Hook>
  std::size_t run(buddy<>& tree, Hook& hook) noexcept {
    each(
        tree,
        [&](unsigned order, std::size_t) {
          if (kept_ >= keep_) return true;
          kept_ += unit_ << order;
          return false;
        },
        [&](unsigned order, std::size_t index) {
          std::byte* const at = base_ + (index << order) * unit_;
          const std::size_t length = unit_ << order;
          watch_.allow_as_written(at, length, length);
          gone_ += hook(at, length);
          watch_.forbid(at, length);
        });
    return gone_;
  }

 private:
  struct pages {
    std::byte* start;
    std::size_t count;
  };

  template <class Wanted, class Use>
  void each(buddy<>& tree, Wanted wanted, Use use) {
    const std::size_t most = trim_piece / unit_;
    protocol::trims<native_sync, 6>::each(
        tree.inside(), most == 0 ? 0 : static_cast<unsigned>(std::bit_width(most)) - 1, wanted,
        use);
  }

  /// The whole pages of a block.
  [[nodiscard]] pages inside(unsigned order, std::size_t index) const noexcept {
    const auto from = reinterpret_cast<std::uintptr_t>(base_) + (index << order) * unit_;
    const std::uintptr_t end = (from + (unit_ << order)) & ~(page_ - 1);
    const std::uintptr_t first = (from + page_ - 1) & ~(page_ - 1);
    if (first >= end) return {nullptr, 0};
    return {base_ + (first - reinterpret_cast<std::uintptr_t>(base_)), (end - first) / page_};
  }

  bool wants(unsigned order, std::size_t index) noexcept {
    const pages all = inside(order, index);
    std::size_t found = 0;
    os::for_each_resident(all.start, all.count * page_, page_, [&](std::byte*) { ++found; });
    if (found == 0 || kept_ + found * page_ > keep_) return found != 0;
    kept_ += found * page_;
    return false;
  }

  void give_back(unsigned order, std::size_t index) noexcept {
    const pages all = inside(order, index);
    std::byte* first = all.start;
    std::size_t found = 0;
    os::for_each_resident(all.start, all.count * page_, page_, [&](std::byte* page) {
      if (kept_ < keep_) {
        kept_ += page_;
        first = page + page_;
      } else {
        ++found;
      }
    });
    const auto length = static_cast<std::size_t>(all.start + all.count * page_ - first);
    if (found != 0 && os::give_pages_back(first, length)) gone_ += found * page_;
  }

  std::byte* base_;
  std::size_t unit_;
  std::size_t keep_;
  std::size_t page_;
  memory_watch watch_;
  std::size_t kept_ = 0;
  std::size_t gone_ = 0;
};

/// What an arena knows of its trims. Who trims, and whether anybody ever did, is one word: the
/// process, since a child of a fork has none of its parent's threads; how many trims have begun;
/// how many are under way.
class trimming {
 public:
  /// Whom to ask for the caller's memory, before there is any other handle. Null: nobody, and
  /// nothing of it goes back.
  void tell(std::shared_ptr<trim_hook> hook) noexcept { hook_ = std::move(hook); }

  /// Through a handle. `own`: whether the memory is the arena's. How many bytes went back.
  std::size_t run(buddy<>& tree, page_trim work, bool own) noexcept {
    if (!own && hook_ == nullptr) return 0;
    std::uint64_t now = word_.load();
    while (!word_.compare_exchange_weak(
        now, here() | ((now + one_begun) & begun) | (under_way(now) + 1))) {
    }
    const std::size_t gone = own ? work.run(tree) : work.run(tree, *hook_);
    word_.fetch_sub(1);
    return gone;
  }

  /// Asks again what was refused as `contended`, for as long as that may be because of a trim.
  /// Waits, asleep, for the trims of other threads, piece by piece. Whether there is a block now.
  CAIMAN_COLD bool ask_again(buddy<>& tree, std::expected<block, alloc_error>& got,
                             unsigned order) const noexcept {
    std::uint64_t before = word_.load();
    if (before == 0) return false;
    for (unsigned round = 0; !got && got.error() == alloc_error::contended; ++round) {
      if (round != 0) native_sync::rest(round - 1);
      got = tree.allocate(order);
      const std::uint64_t now = word_.load();
      if (now == before && under_way(now) == 0) break;  // so no trim was in the way
      before = now;
    }
    return got.has_value();
  }

 private:
  static constexpr std::uint64_t active = 0xffff;
  static constexpr std::uint64_t one_begun = active + 1;
  static constexpr std::uint64_t begun = ((std::uint64_t{1} << 40) - 1) & ~active;

  static std::uint64_t here() noexcept { return std::uint64_t{os::process()} << 40; }
  /// In this process.
  static std::uint64_t under_way(std::uint64_t word) noexcept {
    return (word & ~(begun | active)) == here() ? word & active : 0;
  }

  // Seq_cst, since no scenario runs it and both a trim and a refusal are rare: what is needed is
  // that a thread which misses a piece sees that its trim began, as it does by (4), and that one
  // which sees a trim over sees its pieces back.
  std::atomic<std::uint64_t> word_{0};
  std::shared_ptr<trim_hook> hook_{};
};

/// What a builder was told of it. Two numbers: g++ 12 warns of an optional that is copied.
class trim_times {
 public:
  /// Never.
  trim_times() noexcept = default;
  explicit trim_times(const trim_policy& policy) noexcept
      : every_((std::max)(std::int64_t{0}, std::int64_t{policy.every.count()})),
        keep_(policy.keep_free) {}
  [[nodiscard]] bool any() const noexcept { return every_ >= 0; }
  /// Nanoseconds.
  [[nodiscard]] std::int64_t every() const noexcept { return every_; }
  /// Bytes.
  [[nodiscard]] std::size_t keep() const noexcept { return keep_; }

 private:
  std::int64_t every_ = -1;
  std::size_t keep_ = 0;
};

/// When an arena trims by itself. One word says since when something is due: 0 nothing, else the
/// time; or, below 0, which process trims, and whether more has come back meanwhile. Seq_cst, since
/// no scenario runs it; nothing is lost by a late look but time.
class trim_clock {
 public:
  explicit trim_clock(trim_times times) noexcept : times_(times) {}
  [[nodiscard]] bool is_set() const noexcept { return times_.any(); }

  /// By one who gave back, and whose arena is still there: calls `trim(keep_free)` if it is time.
  template <class Trim>
  CAIMAN_COLD void look(Trim trim) noexcept {
    std::int64_t due = due_.load();
    if (due < 0) {
      const std::int64_t under_way = trimming_here();
      if (due == under_way) due_.compare_exchange_strong(due, under_way - 1);
      if (due == under_way || due == under_way - 1) return;
    }
    const std::int64_t now = os::about_now();
    if (due <= 0) due = set(due, now);
    if (now < due) return;
    const std::int64_t mine = trimming_here();
    if (!due_.compare_exchange_strong(due, mine)) return;
    trim(times_.keep());
    if (due_.exchange(0) != mine) set(0, os::about_now());
  }

 private:
  static std::int64_t trimming_here() noexcept { return -2 * std::int64_t{os::process()}; }
  /// When it is time; later than ever if another thread was first to say so.
  std::int64_t set(std::int64_t before, std::int64_t now) noexcept {
    const std::int64_t due = now > never - times_.every() ? never : now + times_.every();
    return due_.compare_exchange_strong(before, due) ? due : never;
  }
  static constexpr std::int64_t never = INT64_MAX;

  std::atomic<std::int64_t> due_{0};
  trim_times times_;
};

/// Bytes of a range that lie in pages which are in memory now. O(pages), system calls.
inline std::size_t resident_part(std::byte* from, std::size_t size) noexcept {
  const std::size_t page = os::page_bytes();
  const std::size_t before = reinterpret_cast<std::uintptr_t>(from) & (page - 1);
  const std::byte* const end = from + size;
  std::size_t bytes = 0;
  os::for_each_resident(from - before, before + size, page, [&](const std::byte* at) {
    const std::byte* const first = at < from ? from : at;
    const std::byte* const last = at + page < end ? at + page : end;
    bytes += static_cast<std::size_t>(last - first);
  });
  return bytes;
}

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
