// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// textbook.cpp: the obvious protocol, kept as a specimen
//
// One atomic bitmap per order, a summary word of orders that are not empty; a release first tests
// its buddy's bit and then sets its own. It is what one writes first, it has shipped elsewhere and
// passed its own tests, and it loses merges, loses hints and says "full" with blocks free. The
// checks must convict it each time they run: a checker that passes it is broken.
// ---------------------------------------------------------------------------------------------
#include <array>
#include <bit>

#include "caiman-model/checked_atomic.hpp"
// Relacy first.
#include "caiman_client.hpp"

namespace caiman::model {
namespace {

constexpr auto acquire = std::memory_order_acquire;
constexpr auto acq_rel = std::memory_order_acq_rel;

class textbook final : public world {
 public:
  explicit textbook(const world_spec& spec) : max_order_(spec.max_order) { publish(max_order_, 0); }

  grant allocate(unsigned order) override {
    for (;;) {
      const std::uint64_t orders = summary_.load(acquire) & (~std::uint64_t{0} << order);
      if (orders == 0) return {answer::full, 0};
      const auto from = static_cast<unsigned>(std::countr_zero(orders));
      std::size_t index = 0;
      if (!claim_any(from, index)) continue;
      for (unsigned k = from; k > order; --k) {  // split: the upper half goes back
        index *= 2;
        publish(k - 1, index + 1);
      }
      return {answer::ok, index};
    }
  }

  void release(unsigned order, std::size_t index) override {
    while (order < max_order_) {
      const std::uint64_t buddy = std::uint64_t{1} << (index ^ 1);
      if ((free_[order].load(acquire) & buddy) == 0) break;  // tests ...
      if ((free_[order].fetch_and(~buddy, acq_rel) & buddy) == 0) break;
      index /= 2;
      ++order;
    }
    publish(order, index);  // ... and then sets
  }

  block_set free_blocks() override {
    block_set free = 0;
    for (unsigned order = 0; order <= max_order_; ++order) {
      const std::uint64_t bits = free_[order].load(acquire);
      for (std::size_t i = 0; i < 32; ++i) {
        if ((bits >> i & 1) != 0) free |= blocks_of(order, i);
      }
    }
    return free;
  }

  bool in_move(unsigned /*slot*/) override { return false; }
  /// As a tree of fan-out 2, a level per order.
  std::string name_of(const void* address) const override {
    for (std::size_t order = 0; order < free_.size(); ++order) {
      if (address == &free_[order]) return "level " + std::to_string(order) + " word 0";
    }
    return address == &summary_ ? "summary of orders" : "";
  }
  std::vector<recording::level> levels() const override {
    std::vector<recording::level> all;
    for (unsigned order = 0; order <= max_order_; ++order) {
      all.push_back({1, std::size_t{1} << (max_order_ - order)});
    }
    return all;
  }

  finding quiescent_fault(block_set live, unsigned /*live_blocks*/) override {
    for (unsigned order = 0; order <= max_order_; ++order) {
      const bool some = free_[order].load(acquire) != 0;
      if (some && (summary_.load(acquire) >> order & 1) == 0) {
        return {"S5", "a free block that no hint shows"};
      }
    }
    if (free_blocks() != (~live & blocks_of(max_order_, 0))) {
      return {"S3", "free blocks and live blocks are not the whole"};
    }
    for (unsigned order = 0; order < max_order_; ++order) {
      const std::uint64_t bits = free_[order].load(acquire);
      if ((bits & bits >> 1 & 0x5555555555555555ULL) != 0) {
        return {"S4", "two free buddies stand apart"};
      }
    }
    return {};
  }

 private:
  void publish(unsigned order, std::size_t index) {
    free_[order].fetch_or(std::uint64_t{1} << index, acq_rel);
    summary_.fetch_or(std::uint64_t{1} << order, acq_rel);
  }

  bool claim_any(unsigned order, std::size_t& index) {
    std::uint64_t bits = free_[order].load(acquire);
    while (bits != 0) {
      const std::uint64_t bit = bits & (~bits + 1);
      if (free_[order].compare_exchange_strong(bits, bits & ~bit, acq_rel, acquire)) {
        index = static_cast<std::size_t>(std::countr_zero(bit));
        if (bits == bit) summary_.fetch_and(~(std::uint64_t{1} << order), acq_rel);  // the last
        return true;
      }
    }
    summary_.fetch_and(~(std::uint64_t{1} << order), acq_rel);
    return false;
  }

  unsigned max_order_;
  std::array<checked_atomic<std::uint64_t>, 6> free_;
  checked_atomic<std::uint64_t> summary_;
};

}  // namespace

world* make_textbook(const world_spec& spec, void* storage, std::size_t size) {
  return size < sizeof(textbook) ? nullptr : ::new (storage) textbook(spec);
}

}  // namespace caiman::model
