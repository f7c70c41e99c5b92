// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// buddy_property.cpp: without stacks the buddy agrees with a set of free min blocks
//
// The property is agreement.hpp's; placement is part of it here. The control at the end runs the
// same test on buddies with a fault each and asserts that it fails.
// ---------------------------------------------------------------------------------------------
#include <array>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "agreement.hpp"

namespace {

using namespace caiman::property;
using caiman::alloc_error;
using caiman::block;

TEST_CASE("a buddy without atomics agrees with a set of free blocks", "[buddy]") {
  require_property("sequential buddy", make_arena<caiman::sequential_sync>);
}

TEST_CASE("the native buddy without stacks, on one thread, agrees with a set of free blocks",
          "[buddy]") {
  require_property("native buddy", make_arena<caiman::tree_only_sync>);
}

TEST_CASE("a buddy used by several slots in turn agrees with a set of free blocks", "[buddy]") {
  require_property("hopping buddy", make_arena<hopping_sync>);
}

// ---- the control: buddies with a fault -----------------------------------------------------

enum class fault : unsigned char {
  none,
  loses_a_release,
  refuses_the_last,
  says_contended,
  grants_twice,
  cuts_too_large,
  misses_one_block,
  hides_the_largest,
  calls_half_a_block_free,
  forgets_a_split,
  keeps_too_little,
  trims_all_but_one,
};

class faulty_arena final : public arena {
 public:
  faulty_arena(fault what, std::unique_ptr<arena> sound)
      : what_(what), sound_(std::move(sound)), max_order_(*sound_->largest_free_order()) {}

  void act_as(unsigned slot) override { sound_->act_as(slot); }

  std::expected<block, alloc_error> allocate(unsigned order) override {
    if (what_ == fault::refuses_the_last && order < max_order_ &&
        sound_->free_min_blocks() == std::size_t{1} << order) {
      return std::unexpected(alloc_error::arena_full);
    }
    if (what_ == fault::grants_twice && last_ && last_->order == order) return *last_;
    if (what_ == fault::cuts_too_large && order < max_order_) {
      if (const auto larger = sound_->allocate(order + 1)) {
        sound_->release({order, larger->index * 2 + 1});
        ++cuts_;
        return block{order, larger->index * 2};
      }
    }
    auto got = sound_->allocate(order);
    if (what_ == fault::says_contended && !got && got.error() == alloc_error::arena_full) {
      return std::unexpected(alloc_error::contended);
    }
    if (got) last_ = *got;
    return got;
  }

  void release(block b) override {
    last_.reset();
    if (what_ == fault::loses_a_release && b.order < max_order_ && ++releases_ == 3) return;
    sound_->release(b);
  }

  void release_tail(block b, std::size_t keep, std::size_t kept) override {
    last_.reset();
    sound_->release_tail(b, what_ == fault::keeps_too_little && keep > 1 ? keep - 1 : keep, kept);
  }
  void release_part(block b, std::size_t kept) override {
    last_.reset();
    sound_->release_part(b, kept);
  }
  void trim(unsigned most, const std::function<void(block)>& use) override {
    bool first = what_ == fault::trims_all_but_one;
    sound_->trim(most, [&](block b) {
      if (!std::exchange(first, false)) use(b);
    });
  }

  bool is_free(block b) const override {
    return sound_->is_free(b) ||
           (what_ == fault::calls_half_a_block_free && sound_->is_free({b.order + 1, b.index / 2}));
  }
  std::size_t free_count(unsigned order) const override {
    const std::size_t count = sound_->free_count(order);
    return what_ == fault::misses_one_block && count > 1 ? count - 1 : count;
  }
  std::optional<unsigned> largest_free_order() const override {
    const auto largest = sound_->largest_free_order();
    return what_ == fault::hides_the_largest && largest == 1U ? 0U : largest;
  }
  std::size_t free_min_blocks() const override { return sound_->free_min_blocks(); }
  caiman::protocol::merge_counts counts() const override {
    caiman::protocol::merge_counts counts = sound_->counts();
    counts.splits += cuts_;
    if (what_ == fault::forgets_a_split && counts.splits > 2) --counts.splits;
    return counts;
  }
  word_levels words() const override { return sound_->words(); }
  bool has_stacks() const override { return sound_->has_stacks(); }

 private:
  fault what_;
  std::unique_ptr<arena> sound_;
  unsigned max_order_;
  std::optional<block> last_;
  unsigned releases_ = 0;
  unsigned cuts_ = 0;
};

rc::detail::TestResult check_with(fault what) {
  return try_property([what](geometry g) {
    return std::make_unique<faulty_arena>(what, make_arena<caiman::sequential_sync>(g));
  });
}

TEST_CASE("the same test fails on a buddy with a fault", "[buddy][control]") {
  struct control {
    fault what;
    const char* by;  // part of the assertion that must see it
  };
  constexpr std::array controls{
      control{fault::loses_a_release, "sut.buddy->free_min_blocks() == sut.free.size()"},
      control{fault::refuses_the_last, "!sut.free.has_room(order)"},
      control{fault::says_contended, "got.error() == alloc_error::arena_full"},
      control{fault::grants_twice, "sut.free.all_free(got.order, got.index)"},
      control{fault::cuts_too_large, "cut_from"},
      control{fault::misses_one_block, "buddy.free_count(k) == sut.free.count(k)"},
      control{fault::hides_the_largest, "buddy.largest_free_order() == sut.free.largest()"},
      control{fault::calls_half_a_block_free, "buddy.is_free({k, i}) == sut.free.is_maximal(k, i)"},
      control{fault::forgets_a_split, "at_first + counts.splits - counts.coalesces"},
      control{fault::keeps_too_little, "sut.buddy->free_min_blocks() == sut.free.size()"},
      control{fault::trims_all_but_one, "left.size() == 0U"},
  };
  for (const control& c : controls) {
    INFO("fault " << static_cast<int>(c.what) << ", expected by " << c.by);
    const auto result = check_with(c.what);
    REQUIRE(result.is<rc::detail::FailureResult>());
    const auto& failure = result.get<rc::detail::FailureResult>();
    INFO(failure.description);
    CHECK(failure.description.find(c.by) != std::string::npos);
    CHECK(!failure.counterExample.empty());
  }
}

TEST_CASE("and passes on the same buddy without one", "[buddy][control]") {
  const auto result = check_with(fault::none);
  REQUIRE(result.is<rc::detail::SuccessResult>());
  CHECK(result.get<rc::detail::SuccessResult>().numSuccess == 300);
}

}  // namespace
