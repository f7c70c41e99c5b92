// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// histogram.hpp: times of single calls, counted
//
// Its buckets are at most 1/64 wide, so the memory it takes does not disturb what is measured; the
// greatest is kept as it is. Relies on nothing.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace caiman::stress {

/// Counts of whole numbers: exact below 64, within 1/64 above.
class histogram {
 public:
  void add(std::uint64_t value) noexcept {
    ++counts_[bucket(value)];
    ++total_;
    greatest_ = std::max(greatest_, value);
  }
  void add(const histogram& other) noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
    greatest_ = std::max(greatest_, other.greatest_);
  }
  /// The least value that at least `fraction` of all do not pass, as the upper end of its bucket.
  std::uint64_t quantile(double fraction) const noexcept {
    const double wanted = fraction * static_cast<double>(total_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen != 0 && static_cast<double>(seen) >= wanted) return std::min(top(i), greatest_);
    }
    return greatest_;
  }
  std::uint64_t greatest() const noexcept { return greatest_; }
  std::uint64_t total() const noexcept { return total_; }

 private:
  static constexpr std::size_t bucket(std::uint64_t value) noexcept {
    if (value < 64) return static_cast<std::size_t>(value);
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - 7;
    return (static_cast<std::size_t>(shift) << 6U) + static_cast<std::size_t>(value >> shift);
  }
  static constexpr std::uint64_t top(std::size_t at) noexcept {
    if (at < 128) return at;
    const auto shift = (at >> 6U) - 1;
    return ((at - (shift << 6U) + 1) << shift) - 1;
  }

  std::array<std::uint64_t, std::size_t{59} << 6U> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t greatest_ = 0;
};

}  // namespace caiman::stress
