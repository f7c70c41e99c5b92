// SPDX-License-Identifier: MIT
#include "engine/history.hpp"

namespace caiman::model {
namespace {

bool room_for(block_set free, unsigned order, unsigned root_order) noexcept {
  for (std::size_t i = 0; i < (std::size_t{1} << (root_order - order)); ++i) {
    const block_set run = blocks_of(order, i);
    if ((free & run) == run) return true;
  }
  return false;
}

}  // namespace

void history::clear(block_set free_at_start, unsigned root_order) noexcept {
  size_ = 0;
  free_ = free_at_start;
  root_order_ = root_order;
  overflown_ = false;
  any_refused_ = false;
}

void history::add(const record& r) noexcept {
  any_refused_ = any_refused_ || r.what == record::kind::refused;
  if (size_ == most) {
    overflown_ = true;
    return;
  }
  records_[size_++] = r;
}

bool history::explainable() const noexcept {
  static std::array<bool, std::size_t{1} << most> reached;  // executions run one at a time
  const std::uint32_t everything = (std::uint32_t{1} << size_) - 1;
  for (std::uint32_t set = 0; set <= everything; ++set) reached[set] = false;
  reached[0] = true;
  for (std::uint32_t set = 0; set < everything; ++set) {
    if (!reached[set]) continue;
    block_set free = free_;
    for (std::size_t i = 0; i < size_; ++i) {
      if ((set >> i & 1) != 0) free ^= records_[i].blocks;
    }
    for (std::size_t i = 0; i < size_; ++i) {
      const record& r = records_[i];
      if ((set >> i & 1) != 0 || (r.earlier & ~set) != 0) continue;
      const bool fits = r.what == record::kind::granted    ? (r.blocks & ~free) == 0
                        : r.what == record::kind::released ? (r.blocks & free) == 0
                                                           : !room_for(free, r.order, root_order_);
      if (fits) reached[set | std::uint32_t{1} << i] = true;
    }
  }
  return reached[everything];
}

}  // namespace caiman::model
