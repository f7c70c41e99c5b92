// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// buddy_target.cpp: requests and releases on a buddy, beside a naive set of free blocks
//
// A few bytes choose fan-out, how many min blocks there are, and policy (the tree alone, or stacks
// with either pop); then come operations, made with one of three slots, the shared one among them:
// requests, releases, ends of blocks that go back, trims. The reference is that of the property
// tests. Observers move what they look at, so they are operations, too.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "../property/arenas.hpp"
#include "../property/reference.hpp"
#include "../stack_policies.hpp"
#include "choices.hpp"

namespace {

using namespace caiman::property;
using caiman::alloc_error;
using caiman::block;
using caiman::fuzz::choices;
using caiman::fuzz::expect;
using caiman::reference::free_set;

constexpr unsigned largest_order = 8;

std::unique_ptr<arena> make(unsigned policy, geometry shape) {
  using caiman::testing::announced_sync;
  using caiman::testing::exchange_sync;
  if (policy == 0) return make_arena<hopping_sync>(shape);
  if (policy == 1) return make_arena<hopping<exchange_sync>>(shape);
  return make_arena<hopping<announced_sync>>(shape);
}

/// A block that is live, and how many min blocks of it, from the first one on.
struct holding {
  block what;
  std::size_t kept;
};

class trial {
 public:
  trial(geometry shape, unsigned policy)
      : units_(shape.units),
        max_order_(shape.max_order),
        buddy_(make(policy, shape)),
        free_(shape.units, true) {}
  trial(const trial&) = delete;
  trial& operator=(const trial&) = delete;
  ~trial() { buddy_->act_as(0); }

  void step(choices& in) {
    const unsigned what = in.byte();
    buddy_->act_as(what % hopping_slots);
    if (what >= 0xfc) return trim(in.up_to(max_order_));
    if (what >= 0xf0) return look(in);
    if (what >= 0xe0 && !live_.empty()) return cut(live_[in.byte() % live_.size()], in);
    if (what >= 0x80 && !live_.empty()) return release(in.byte() % live_.size());
    allocate(what >= 0x70 ? max_order_ + 1 + in.up_to(40) : any_order(in));
  }

  /// Everything comes back, and all can be had again as the largest blocks that there were at
  /// first: by requests, without an observer's help.
  void finish() {
    while (!live_.empty()) release(live_.size() - 1);
    for (unsigned order = max_order_ + 1; order-- > 0;) {
      if ((units_ >> order & 1) == 0) continue;
      const auto whole = buddy_->allocate(order);
      expect(whole.has_value() && *whole == block{order, (units_ >> order) - 1},
             "all released, and not as it was");
      live_.push_back({*whole, std::size_t{1} << order});
    }
    expect(!buddy_->allocate(0).has_value(), "more than there is");
    for (const holding& h : live_) buddy_->release(h.what);
    for (unsigned order = 0; order <= max_order_; ++order) {
      expect(buddy_->free_count(order) == (units_ >> order & 1), "and an observer does not see it");
    }
    const caiman::protocol::merge_counts counts = buddy_->counts();
    expect(counts.splits == counts.coalesces, "splits and coalesces do not add up");
  }

 private:
  unsigned any_order(choices& in) const {
    const unsigned choice = in.byte();
    return choice < 0xc0 ? std::min(max_order_, choice % 4) : choice % (max_order_ + 1);
  }

  void allocate(unsigned order) {
    const bool one_word = !buddy_->has_stacks() && buddy_->words().size() == 1;
    const auto got = buddy_->allocate(order);
    if (order > max_order_) {
      expect(!got && got.error() == alloc_error::request_too_large, "an order that is not there");
      return;
    }
    if (!got) {
      expect(got.error() == alloc_error::arena_full, "refused, and not because it is full");
      expect(!free_.has_room(order), "full, with room");
      return;
    }
    expect(got->order == order && free_.contains(order, got->index), "no such block");
    expect(free_.all_free(order, got->index), "handed out twice");
    if (one_word) {
      expect(free_.order_around(got->index << order) == free_.smallest_fit(order), "no best fit");
    }
    free_.take(order, got->index);
    live_.push_back({*got, std::size_t{1} << order});
  }

  void release(std::size_t which) {
    const holding h = live_[which];
    live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(which));
    if (h.kept == std::size_t{1} << h.what.order) {
      buddy_->release(h.what);
    } else {
      buddy_->release_part(h.what, h.kept);
    }
    free_.give_row(h.what.index << h.what.order, h.kept);
  }

  void cut(holding& h, choices& in) {
    const unsigned part = in.byte();
    if (h.kept == 1) return;
    const std::size_t keep = 1 + part % (h.kept - 1);
    buddy_->release_tail(h.what, keep, h.kept);
    free_.give_row((h.what.index << h.what.order) + keep, h.kept - keep);
    h.kept = keep;
  }

  void trim(unsigned most) {
    free_set left = free_;
    buddy_->trim(most, [&](block b) {
      expect(b.order <= most && left.contains(b.order, b.index), "no such piece");
      expect(left.all_free(b.order, b.index), "trimmed twice, or live");
      left.take(b.order, b.index);
    });
    expect(left.size() == 0, "free, and not trimmed");
  }

  void look(choices& in) {
    const unsigned order = in.up_to(max_order_);
    const std::size_t index = in.byte() % free_.blocks(order);
    expect(buddy_->is_free({order, index}) == free_.is_maximal(order, index), "is_free");
    expect(!buddy_->is_free({order, free_.blocks(order)}), "is_free past the end");
    expect(buddy_->free_count(order) == free_.count(order), "free_count");
    expect(buddy_->largest_free_order() == free_.largest(), "largest_free_order");
    expect(buddy_->free_min_blocks() == free_.size(), "free_min_blocks");
    std::size_t maximal = 0;
    for (unsigned k = 0; k <= max_order_; ++k) maximal += free_.count(k);
    const caiman::protocol::merge_counts counts = buddy_->counts();
    std::size_t live = 0;  // as the aligned blocks that they consist of
    for (const holding& h : live_) live += static_cast<std::size_t>(std::popcount(h.kept));
    const auto at_first = static_cast<std::size_t>(std::popcount(units_));
    expect(live + maximal + counts.coalesces == at_first + counts.splits, "counts");
  }

  std::size_t units_;
  unsigned max_order_;
  std::unique_ptr<arena> buddy_;
  free_set free_;
  std::vector<holding> live_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  choices in(data, size);
  const unsigned log2_fanout = 1 + in.up_to(5);
  const unsigned which = in.byte();
  const unsigned max_order = which % (largest_order + 1);
  std::size_t units = std::size_t{1} << max_order;
  if (which > largest_order) units += in.byte() % units;  // any number, not only a power of two
  trial one({log2_fanout, max_order, units}, in.up_to(2));
  while (in.more()) one.step(in);
  one.finish();
  return 0;
}
