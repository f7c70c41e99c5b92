// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// offset_allocator.hpp: sizes and alignments in, offsets out
//
// For what a CPU cannot touch, or does not want to: device memory, registered memory, extents of a
// file, ranges of numbers. The buddy hands out blocks of orders; here a block is asked for in units
// of the caller's (bytes, texels, pages), keeps no more than that needs, and goes back by its
// offset alone, since a record per min block has what was asked for, and a word of the caller's.
//
// A record belongs to the thread that has the block: written after the block was taken, cleared
// before it goes back, so that the buddy's own orders hand it on together with the block. It is
// atomic because statistics read the records of others, and because the one read-modify-write that
// clears it tells the first release of an offset from the second. The records lie in zeroed memory
// of the system, of which pages are touched where blocks begin. Relies on buddy.hpp and region.hpp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "caiman/buddy.hpp"
#include "caiman/detail/raise.hpp"
#include "caiman/detail/unique_block.hpp"
#include "caiman/error.hpp"
#include "caiman/region.hpp"

namespace caiman::inline v0 {

/// What becomes of the rest of a range's block, which is a power of two of min units.
enum class tail_policy : unsigned char {
  give_back,  ///< It is free at once: a range takes whole min units. Some CAS more of each pair.
  keep,       ///< It is the range's: its size is rounded up to a power of two of min units. Faster.
};

/// Hands out ranges of [0, total) in units of the caller's. It never touches what they stand for.
///
/// All members may be called by any threads at once, but for `clear`, moves and the destructor; of
/// one that was moved from nothing may be called but those. Lock-free as the buddy below; the
/// counts per order are shared by all threads. No heap after `make`.
///
/// A range takes whole min units, and begins where a block of a power of two of them does that
/// holds it; so it is aligned to its own size, rounded up to that, whatever it asks for. The rest
/// of that block goes back at once, and at most a min unit is wasted inside of a range; or the
/// range keeps it (tail_policy), and at most half of the block is wasted, or a min unit. `usage`
/// says how much in all.
class offset_allocator {
  struct core;

 public:
  /// A range of the caller's.
  struct allocation {
    std::size_t offset;  ///< Where it begins.
    std::size_t size;    ///< What was asked for.

    /// Member by member.
    friend constexpr bool operator==(const allocation&, const allocation&) noexcept = default;
  };
  /// All that is known of one that is live.
  struct live_range {
    std::size_t offset;      ///< Where it begins.
    std::size_t size;        ///< What was asked for.
    std::size_t block_size;  ///< What it takes, in whole min units.
    void* user_data;         ///< The caller's own.

    /// Member by member.
    friend constexpr bool operator==(const live_range&, const live_range&) noexcept = default;
  };
  /// What there is of the blocks of one size, and of the ranges that need one to lie in.
  struct order_usage {
    std::size_t block_size;  ///< In units; 0: there are no such blocks.
    std::size_t live;        ///< So many ranges are handed out that need such a block.
    std::size_t free;        ///< So many blocks are free, and no part of a larger one that is.
    std::size_t peak;        ///< So many ranges were handed out at once, at most.

    /// Member by member.
    friend constexpr bool operator==(const order_usage&, const order_usage&) noexcept = default;
  };
  /// A snapshot. Exact when no other call runs, and `peak` always is.
  struct usage {
    std::size_t total;         ///< Units in all, in whole min units.
    std::size_t free;          ///< In no block that is live.
    std::size_t asked;         ///< What the live ranges asked for.
    std::size_t largest_free;  ///< The largest size that a request could get now.
    std::size_t live;          ///< Live ranges.
    std::array<order_usage, buddy<>::largest_max_order + 1> orders;  ///< By order.

    /// Units that live blocks take, and nobody has asked for.
    [[nodiscard]] constexpr std::size_t waste() const noexcept {
      return total - free > asked ? total - free - asked : 0;
    }
    /// Member by member.
    friend constexpr bool operator==(const usage&, const usage&) noexcept = default;
  };
  /// The one owner of a range: move-only, its destructor releases. `get()`, `release()`, `reset()`
  /// and `swap` are those of buddy::unique_block. The allocator may be moved meanwhile; it must not
  /// end first.
  using unique_allocation = detail::unique_block<allocation, core*>;

  /// Over `total` units, of which no range takes less than `min_unit`, rounded up to a power of
  /// two; of `total` whole min units are used, any number of them. Errors: invalid_geometry if
  /// either is 0, `total` is less than a min unit, or there are more than 2^32 of them;
  /// size_overflow for a min unit above 2^63; out_of_memory. Blocking: heap and system, for 16
  /// bytes of address space and about 1.2 bits of memory per min unit, and 70 KiB. O(min units /
  /// 64).
  [[nodiscard]] static std::expected<offset_allocator, build_error> make(
      std::size_t total, std::size_t min_unit,
      tail_policy tails = tail_policy::give_back) noexcept {
    if (total == 0 || min_unit == 0) return std::unexpected(build_error::invalid_geometry);
    if (min_unit > std::bit_floor(SIZE_MAX)) return std::unexpected(build_error::size_overflow);
    const auto shift = static_cast<unsigned>(std::bit_width(min_unit - 1));
    const std::size_t count = total >> shift;
    if (count == 0 || count > std::size_t{1} << buddy<>::largest_max_order) {
      return std::unexpected(build_error::invalid_geometry);
    }
    auto records =
        detail::region::map(count * sizeof(record), alignof(record), huge_page_policy::never);
    if (!records) return std::unexpected(build_error::out_of_memory);
    buddy<>::metadata words(buddy<>::root_of(count), std::nothrow);
    if (words.bytes == nullptr) return std::unexpected(build_error::out_of_memory);
    std::unique_ptr<core> made(
        new (std::nothrow) core(std::move(words), count, shift, tails, *std::move(records)));
    if (made == nullptr) return std::unexpected(build_error::out_of_memory);
    return offset_allocator(std::move(made));
  }

  /// `size` units at a multiple of `alignment`, a power of two; 0 asks for none, as 1 does. A
  /// `size` of 0 takes a min unit. `user_data` is kept for the caller. Errors: request_too_large if
  /// no state of this allocator could serve it, which an alignment that is no power of two never
  /// can be; arena_full, contended (see buddy::allocate). Lock-free, O(1) in the common case; where
  /// a tail goes back, through the tree (buddy::release_tail).
  [[nodiscard]] std::expected<allocation, alloc_error> allocate(
      std::size_t size, std::size_t alignment = 1, void* user_data = nullptr) noexcept {
    return core_->allocate(size, alignment, user_data);
  }
  /// The same, in a handle that gives it back.
  [[nodiscard]] std::expected<unique_allocation, alloc_error> allocate_unique(
      std::size_t size, std::size_t alignment = 1, void* user_data = nullptr) noexcept {
    const auto got = core_->allocate(size, alignment, user_data);
    if (!got) return std::unexpected(got.error());
    return unique_allocation(core_.get(), *got);
  }

  /// Gives the range back that begins at `offset`, on any thread. One at which no live range
  /// begins ends the program, in every build, with one line that names the offset
  /// (set_misuse_hook). Lock-free, O(1) in the common case.
  void release(std::size_t offset) noexcept { core_->release(offset); }
  /// The same; one of another size than was asked for ends the program as well.
  void release(allocation which) noexcept { core_->release(which); }

  /// Another word of the caller's for a live range, whose owner alone may call this, as it alone
  /// may release it; an `offset` at which none begins ends the program with one line. Wait-free.
  void set_user_data(std::size_t offset, void* user_data) noexcept {
    record& at = core_->live_at(offset, "user data for");
    at.user_data.store(user_data, std::memory_order_relaxed);
  }
  /// What is known of the live range that begins at `offset`; nothing if none does. For its owner
  /// exact, for anybody else as good as a look at what may change meanwhile. Wait-free.
  [[nodiscard]] std::optional<live_range> find(std::size_t offset) const noexcept {
    if (!core_->may_begin(offset)) return std::nullopt;
    return core_->read(offset >> core_->shift);
  }

  /// Calls `f(live_range)` for all that are live, by offset. Exact when no other call runs; else
  /// ranges that come or go meanwhile may be among them or not. O(min units that are free, and live
  /// ranges). Without heap.
  template <class F>
  void for_each_live(F f) const {
    for (std::size_t at = 0; at < core_->count;) {
      const std::optional<live_range> found = core_->read(at);
      if (found) f(*found);
      at += found ? found->block_size >> core_->shift : 1;
    }
  }
  /// How much is in use, in all and by order. Lock-free; O(min units), without heap.
  [[nodiscard]] usage statistics() const noexcept {
    usage all{};
    all.total = total_size();
    for (unsigned order = 0; order <= core_->tree.max_order(); ++order) {
      all.orders[order].block_size = min_unit() << order;
      all.orders[order].live = core_->counts[order].live.load(std::memory_order_relaxed);
      all.orders[order].peak = core_->counts[order].peak.load(std::memory_order_relaxed);
      all.live += all.orders[order].live;
    }
    core_->tree.for_each_free([&](block b) {
      ++all.orders[b.order].free;
      all.free += min_unit() << b.order;
      all.largest_free = (std::max)(all.largest_free, min_unit() << b.order);
    });
    for_each_live([&](const live_range& each) { all.asked += each.size; });
    return all;
  }

  /// Units that can be handed out in all. Wait-free.
  [[nodiscard]] std::size_t total_size() const noexcept { return core_->count << core_->shift; }
  /// The smallest block, in units. Wait-free.
  [[nodiscard]] std::size_t min_unit() const noexcept { return std::size_t{1} << core_->shift; }

  /// Gives all back that is live. Not thread-safe: no other call may run, and no unique_allocation
  /// may be left. O(min units).
  void clear() noexcept {
    for_each_live([&](const live_range& each) { core_->release(each.offset); });
  }

 private:
  /// Of a min unit. What zero bytes say: no live range begins there. Relaxed: only the range's
  /// owner writes, and from one owner to the next the tree's words order it, pair (1) of
  /// orders.hpp.
  struct record {
    std::atomic<std::uint64_t> what;  ///< One more than the size that was asked for.
    std::atomic<void*> user_data;
  };
  /// A line of the cache each: an order's own.
  struct alignas(64) order_count {
    std::atomic<std::size_t> live{0};
    std::atomic<std::size_t> peak{0};
  };

  struct core {
    core(buddy<>::metadata&& words, std::size_t min_units, unsigned log2_unit, tail_policy of_tails,
         detail::region&& memory) noexcept
        : tree(std::move(words), min_units),
          count(min_units),
          shift(log2_unit),
          tails(of_tails),
          own(std::move(memory)),
          // The system's zeros are records of nothing.
          records(static_cast<record*>(static_cast<void*>(own.base()))) {}
    core(const core&) = delete;
    core& operator=(const core&) = delete;
    ~core() = default;

    std::expected<allocation, alloc_error> allocate(std::size_t size, std::size_t alignment,
                                                    void* user_data) noexcept {
      const std::size_t needs = (std::max)(size, alignment);
      if (needs > count << shift || (alignment & (alignment - 1)) != 0) [[unlikely]]
        return std::unexpected(alloc_error::request_too_large);
      const unsigned order = order_of(units_for(needs));
      const auto got = tree.allocate(order);
      if (!got) [[unlikely]]
        return std::unexpected(got.error());
      const std::size_t first = got->index << order;
      const std::size_t keeps = kept_of(size);
      if (keeps != std::size_t{1} << order) tree.release_tail(*got, keeps);
      records[first].user_data.store(user_data, std::memory_order_relaxed);
      records[first].what.store(std::uint64_t{size} + 1, std::memory_order_relaxed);
      count_one_more(counts[order_of(keeps)]);
      return allocation{first << shift, size};
    }
    void release(std::size_t offset) noexcept {
      record& at = live_at(offset, "release of");
      end(offset, at.what.exchange(0, std::memory_order_relaxed));
    }
    void release(allocation which) noexcept {
      record& at = live_at(which.offset, "release of");
      if (at.what.load(std::memory_order_relaxed) != std::uint64_t{which.size} + 1) [[unlikely]]
        wrong("release of", which.offset, "another size was asked for there");
      release(which.offset);
    }

    [[nodiscard]] bool may_begin(std::size_t offset) const noexcept {
      return offset >> shift < count && (offset & ((std::size_t{1} << shift) - 1)) == 0;
    }
    [[nodiscard]] record& live_at(std::size_t offset, const char* doing) const noexcept {
      if (!may_begin(offset) || !is_live(offset >> shift)) [[unlikely]]
        wrong(doing, offset, "no live range begins there");
      return records[offset >> shift];
    }
    [[nodiscard]] bool is_live(std::size_t first) const noexcept {
      return records[first].what.load(std::memory_order_relaxed) != 0;
    }
    [[nodiscard]] std::optional<live_range> read(std::size_t first) const noexcept {
      const std::uint64_t what = records[first].what.load(std::memory_order_relaxed);
      if (what == 0) return std::nullopt;
      return live_range{first << shift, what - 1, kept_of(what - 1) << shift,
                        records[first].user_data.load(std::memory_order_relaxed)};
    }

    buddy<> tree;
    std::size_t count;  // of min units
    unsigned shift;     // log2 of a min unit
    tail_policy tails;
    detail::region own;
    record* records;
    std::array<order_count, buddy<>::largest_max_order + 1> counts{};

   private:
    [[nodiscard]] std::size_t units_for(std::size_t size) const noexcept {
      return size == 0 ? 1 : ((size - 1) >> shift) + 1;
    }
    /// The min units that a range of so many units takes.
    [[nodiscard]] std::size_t kept_of(std::size_t size) const noexcept {
      const std::size_t least = units_for(size);
      return tails == tail_policy::keep ? std::bit_ceil(least) : least;
    }
    /// Of the least block that holds so many.
    static unsigned order_of(std::size_t min_units) noexcept {
      return static_cast<unsigned>(std::bit_width(min_units - 1));
    }
    /// Of a range that was live, and whose record says `what`, or nothing if another release came
    /// between.
    void end(std::size_t offset, std::uint64_t what) noexcept {
      if (what == 0) [[unlikely]]
        wrong("release of", offset, "no live range begins there");
      const std::size_t kept = kept_of(what - 1);
      const unsigned order = order_of(kept);
      const block all{order, offset >> shift >> order};
      counts[order].live.fetch_sub(1, std::memory_order_relaxed);
      if (kept == std::size_t{1} << order) {
        tree.release_owned(all);
      } else {
        tree.release_part(all, kept);
      }
    }
    static void count_one_more(order_count& of) noexcept {
      const std::size_t now = of.live.fetch_add(1, std::memory_order_relaxed) + 1;
      std::size_t most = of.peak.load(std::memory_order_relaxed);
      while (most < now && !of.peak.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
      }
    }
    [[gnu::__cold__, gnu::__noreturn__]] CAIMAN_COLD static void wrong(const char* doing,
                                                                       std::size_t offset,
                                                                       const char* why) noexcept {
      detail::abort_with_line("caiman: %s offset %zu: %s", doing, offset, why);
    }
  };

  explicit offset_allocator(std::unique_ptr<core> made) noexcept : core_(std::move(made)) {}

  std::unique_ptr<core> core_;
};

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
