// SPDX-License-Identifier: MIT
#include "engine/history.hpp"

#include <unordered_set>
#include <vector>

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

bool history::explainable() const {
  const record_set everything = (record_set{1} << size_) - 1;
  std::vector<record_set> open{0};
  std::unordered_set<record_set> reached{0};
  while (!open.empty()) {
    const record_set set = open.back();
    open.pop_back();
    if (set == everything) return true;
    block_set free = free_;
    for (std::size_t i = 0; i < size_; ++i) {
      if ((set >> i & 1) != 0) free ^= records_[i].blocks;
    }
    for (std::size_t i = size_; i-- > 0;) {  // the order in which they were noted is tried first
      const record& r = records_[i];
      if ((set >> i & 1) != 0 || (r.earlier & ~set) != 0) continue;
      const bool fits = r.what == record::kind::granted    ? (r.blocks & ~free) == 0
                        : r.what == record::kind::released ? (r.blocks & free) == 0
                                                           : !room_for(free, r.order, root_order_);
      const record_set next = set | record_set{1} << i;
      if (fits && reached.insert(next).second) open.push_back(next);
    }
  }
  return false;
}

}  // namespace caiman::model
