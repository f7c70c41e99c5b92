// SPDX-License-Identifier: MIT
// Checks at quiescence; see checks.hpp.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "checks.hpp"
#include "quota.hpp"

namespace caiman::stress {

free_map::free_map(unsigned max_order)
    : max_order_(max_order),
      free_(std::size_t{2} << max_order, 1),
      runs_(std::size_t{max_order} + 1, 0),
      maximal_(std::size_t{max_order} + 1, 0) {}

bool free_map::occupy(block what) {
  if (what.order > max_order_ || what.index >= run_count(max_order_, what.order)) return false;
  const auto first =
      free_.begin() + static_cast<std::ptrdiff_t>(node({0, what.index << what.order}));
  const auto last = first + (std::ptrdiff_t{1} << what.order);
  if (std::find(first, last, 0) != last) return false;
  std::fill(first, last, 0);
  return true;
}

void free_map::settle() {
  for (std::size_t n = (std::size_t{1} << max_order_) - 1; n > 0; --n) {
    free_[n] = free_[2 * n] & free_[2 * n + 1];
  }
  for (unsigned order = 0; order <= max_order_; ++order) {
    for (std::size_t i = 0; i < run_count(max_order_, order); ++i) {
      runs_[order] += free_[node({order, i})];
      maximal_[order] += is_maximal({order, i}) ? 1 : 0;
    }
  }
}

bool free_map::is_maximal(block what) const {
  const std::size_t n = node(what);
  return free_[n] != 0 && (n == 1 || free_[n / 2] == 0);
}

std::uint64_t free_map::maximal_count() const {
  return std::accumulate(maximal_.begin(), maximal_.end(), std::uint64_t{0});
}

std::optional<unsigned> free_map::largest_order() const {
  for (unsigned order = max_order_ + 1; order-- > 0;) {
    if (runs_[order] != 0) return order;
  }
  return std::nullopt;
}

namespace {

class inspection {
 public:
  inspection(crew& with, std::string_view when) : crew_(with), when_(when) {}

  free_map take_stock() {
    free_map truth(crew_.chosen.max_order);
    for (const post& here : crew_.posts) {
      for (const parcel& item : here.held) count_live(truth, item);
      for (const parcel& item : here.parked) count_live(truth, item);
    }
    truth.settle();
    return truth;
  }

  void observers(const free_map& truth) {
    const target& seen = *crew_.allocator;
    free_min_blocks(truth.free_runs(0));
    for (unsigned order = 0; order <= truth.max_order(); ++order) {
      compare(fmt::format("free_count({})", order), seen.free_count(order),
              truth.maximal_count(order));
    }
    compare("largest_free_order() (+ 1, 0 for none)", rank(seen.largest_free_order()),
            rank(truth.largest_order()));
    some_blocks(truth);
  }

  void balance(const free_map& truth) {
    const auto [splits, coalesces] = crew_.calls.counts();
    const std::uint64_t blocks = live_ + truth.maximal_count();
    if (blocks + coalesces != 1 + splits) {
      fail(fmt::format("{} live + {} maximal free blocks, but 1 + {} splits - {} coalesces", live_,
                       truth.maximal_count(), splits, coalesces));
    }
  }

  void requests(std::optional<unsigned> largest) {
    const unsigned max_order = crew_.chosen.max_order;
    expect_error(max_order + 1, alloc_error::request_too_large);
    if (largest) expect_success(*largest);
    const unsigned next = largest ? *largest + 1 : 0;
    if (next <= max_order) expect_error(next, alloc_error::arena_full);
  }

  void free_min_blocks(std::uint64_t expected) {
    compare("free_min_blocks()", crew_.allocator->free_min_blocks(), expected);
  }

 private:
  static std::uint64_t rank(std::optional<unsigned> order) { return order ? *order + 1 : 0; }

  void count_live(free_map& truth, const parcel& item) {
    ++live_;
    if (!truth.occupy(item.what)) {
      fail(fmt::format("block order {} index {} of thread {} number {} overlaps another live block",
                       item.what.order, item.what.index, item.mark.thread, item.mark.serial));
    }
  }

  // All of a small arena, a random part of a large one.
  void some_blocks(const free_map& truth) {
    constexpr std::uint64_t enough = 64;
    std::mt19937_64& random = crew_.posts.front().random;
    for (unsigned order = 0; order <= truth.max_order(); ++order) {
      const std::uint64_t runs = run_count(truth.max_order(), order);
      for (std::uint64_t i = 0; i < std::min(runs, enough); ++i) {
        const block one{order, static_cast<std::size_t>(runs <= enough ? i : random() % runs)};
        compare(fmt::format("is_free({}, {})", order, one.index),
                crew_.allocator->is_free(one) ? 1 : 0, truth.is_maximal(one) ? 1 : 0);
      }
    }
  }

  void expect_success(unsigned order) {
    const auto given = crew_.allocator->allocate(order);
    if (!given) {
      fail(fmt::format("a free block of order {} cannot be had (error {})", order,
                       static_cast<int>(given.error())));
      return;
    }
    crew_.allocator->release(*given);
  }

  void expect_error(unsigned order, alloc_error expected) {
    const auto given = crew_.allocator->allocate(order);
    if (!given && given.error() == expected) return;
    fail(fmt::format("a request of order {} should end with error {}, got {}", order,
                     static_cast<int>(expected),
                     given ? fmt::format("index {}", given->index)
                           : fmt::format("error {}", static_cast<int>(given.error()))));
  }

  void compare(const std::string& what, std::uint64_t seen, std::uint64_t expected) {
    if (seen != expected) fail(fmt::format("{} is {}, expected {}", what, seen, expected));
  }

  void fail(const std::string& what) {
    crew_.found.fail(fmt::format("at quiescence, {}: {}", when_, what));
  }

  crew& crew_;
  std::string_view when_;
  std::uint64_t live_ = 0;
};

}  // namespace

free_map map_of(crew& with, std::string_view when) { return inspection(with, when).take_stock(); }

void check_quiescent(crew& with, std::string_view when) {
  if (with.found.failed()) return;  // posts of a stopped run are no true account
  inspection looking(with, when);
  const free_map truth = looking.take_stock();
  looking.requests(truth.largest_order());
  looking.observers(truth);
  looking.balance(truth);
  looking.requests(truth.largest_order());
  looking.balance(truth);
  with.checks.fetch_add(1, std::memory_order_relaxed);
}

void check_all_live(crew& with, std::string_view when) {
  if (with.found.failed()) return;
  inspection looking(with, when);
  looking.requests(std::nullopt);
  looking.free_min_blocks(0);
  with.checks.fetch_add(1, std::memory_order_relaxed);
}

void check_all_free(crew& with, std::string_view when) {
  if (with.found.failed()) return;
  inspection looking(with, when);
  looking.requests(with.chosen.max_order);
  looking.free_min_blocks(run_count(with.chosen.max_order, 0));
  with.checks.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace caiman::stress
