// SPDX-License-Identifier: MIT
// One instantiation of the core per fan-out and policy; see target.hpp.
#include <stdexcept>

#include <caiman/native_sync.hpp>

#include "target.hpp"

namespace caiman::stress {
namespace {

// By name, whatever native_sync is.
struct announced_sync : native_sync {
  static constexpr bool announced_pop = true;
  static constexpr unsigned calm_pops = 8;  // flags go up and down all the time
};
struct exchange_sync : native_sync {
  static constexpr bool announced_pop = false;
};

template <class Sync, unsigned Log2Fanout>
class buddy_target final : public target {
 public:
  explicit buddy_target(unsigned max_order) : buddy_(max_order) {}

  std::expected<block, alloc_error> allocate(unsigned order) noexcept override {
    return buddy_.allocate(order);
  }
  void release(block what) noexcept override { buddy_.release(what); }
  bool is_free(block what) const override { return buddy_.is_free(what); }
  std::size_t free_count(unsigned order) const override { return buddy_.free_count(order); }
  std::optional<unsigned> largest_free_order() const override {
    return buddy_.largest_free_order();
  }
  std::size_t free_min_blocks() const override { return buddy_.free_min_blocks(); }
  merge_counts counts() const override { return buddy_.counts(); }
  std::uint64_t rescans() const override { return buddy_.rescans(); }
  void for_each_free(const std::function<void(block)>& f) const override {
    buddy_.for_each_free(f);
  }
  bool moving(unsigned slot) const override { return buddy_.inside().lanes().moving(slot); }

 private:
  buddy<Sync, Log2Fanout> buddy_;
};

template <class Sync>
std::unique_ptr<target> make_with(unsigned log2_fanout, unsigned max_order) {
  switch (log2_fanout) {
    case 1:
      return std::make_unique<buddy_target<Sync, 1>>(max_order);
    case 2:
      return std::make_unique<buddy_target<Sync, 2>>(max_order);
    case 3:
      return std::make_unique<buddy_target<Sync, 3>>(max_order);
    case 4:
      return std::make_unique<buddy_target<Sync, 4>>(max_order);
    case 5:
      return std::make_unique<buddy_target<Sync, 5>>(max_order);
    case 6:
      return std::make_unique<buddy_target<Sync, 6>>(max_order);
    default:
      throw std::invalid_argument("log2 of the fan-out must be 1 to 6");
  }
}

}  // namespace

std::unique_ptr<target> make_target(pop pops, unsigned log2_fanout, unsigned max_order) {
  switch (pops) {
    case pop::tree:
      return make_with<tree_only_sync>(log2_fanout, max_order);
    case pop::exchange:
      return make_with<exchange_sync>(log2_fanout, max_order);
    case pop::announced:
      return make_with<announced_sync>(log2_fanout, max_order);
    case pop::shipped:
      break;
  }
  return make_with<native_sync>(log2_fanout, max_order);
}

}  // namespace caiman::stress
