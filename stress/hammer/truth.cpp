// The naive model of what is free; see truth.hpp.
#include <algorithm>
#include <numeric>

#include "quota.hpp"
#include "truth.hpp"

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

}  // namespace caiman::stress
