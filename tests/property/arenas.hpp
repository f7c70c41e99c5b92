// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// arenas.hpp: the thing under test
//
// A buddy, whatever its fan-out and policy, behind one face, so that the property is compiled once;
// and the policies that let one thread, or several that work one at a time, play many.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "../peer.hpp"
#include "caiman/buddy.hpp"
#include "caiman/native_sync.hpp"
#include "caiman/protocol/trims.hpp"
#include "caiman/sequential_sync.hpp"

namespace caiman::property {

using protocol::merge_counts;
using protocol::owner_stacks;

struct geometry {
  unsigned log2_fanout;
  unsigned max_order;  // of the largest block
  std::size_t units;   // min blocks
};

using word_levels = std::vector<std::vector<std::uint64_t>>;

/// A buddy, and its words as they lie, level by level.
class arena {
 public:
  arena() = default;
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;
  virtual ~arena() = default;

  /// From here on calls are made with this slot, below `hopping_slots`.
  virtual void act_as(unsigned slot) = 0;
  virtual std::expected<block, alloc_error> allocate(unsigned order) = 0;
  virtual void release(block b) = 0;
  virtual void release_tail(block b, std::size_t keep, std::size_t kept) = 0;
  virtual void release_part(block b, std::size_t kept) = 0;
  /// Calls `use` for each free block, in pieces of at most order `most`, while it is away.
  virtual void trim(unsigned most, const std::function<void(block)>& use) = 0;
  virtual bool is_free(block b) const = 0;
  virtual std::size_t free_count(unsigned order) const = 0;
  virtual std::optional<unsigned> largest_free_order() const = 0;
  virtual std::size_t free_min_blocks() const = 0;
  virtual merge_counts counts() const = 0;
  virtual word_levels words() const = 0;
  /// Whether released blocks are kept at hand: then placement is free, and every look drains.
  virtual bool has_stacks() const = 0;
};

constexpr unsigned hopping_slots = 3;

// One thread that plays several, one whole call at a time: words that one slot keeps are no hint
// of the others, and find what those left behind.
struct hopping_sync : sequential_sync {
  static constexpr unsigned exclusive_slots = hopping_slots - 1;  // and the shared one
  static unsigned& slot() noexcept {
    static unsigned current = 0;
    return current;
  }
  static unsigned scaled_slot() noexcept { return slot(); }
  static unsigned thread_slot(home = {}) noexcept { return slot(); }
  static unsigned slots_seen(home = {}) noexcept { return exclusive_slots; }
};
static_assert(sync_policy<hopping_sync>);

template <class Sync, unsigned Log2Fanout>
class sound_arena final : public arena {
 public:
  explicit sound_arena(geometry g) : buddy_(g.max_order, g.units) {}

  void act_as(unsigned slot) override {
    if constexpr (requires { Sync::slot(); }) Sync::slot() = slot;
  }
  std::expected<block, alloc_error> allocate(unsigned order) override {
    return buddy_.allocate(order);
  }
  void release(block b) override { buddy_.release(b); }
  void release_tail(block b, std::size_t keep, std::size_t kept) override {
    buddy_.release_tail(b, keep, kept);
  }
  void release_part(block b, std::size_t kept) override { buddy_.release_part(b, kept); }
  void trim(unsigned most, const std::function<void(block)>& use) override {
    protocol::trims<Sync, Log2Fanout>::each(
        buddy_.inside(), most, [](unsigned, std::size_t) { return true; },
        [&](unsigned order, std::size_t index) {
          use({order, index});
        });
  }
  bool is_free(block b) const override { return buddy_.is_free(b); }
  std::size_t free_count(unsigned order) const override { return buddy_.free_count(order); }
  std::optional<unsigned> largest_free_order() const override {
    return buddy_.largest_free_order();
  }
  std::size_t free_min_blocks() const override { return buddy_.free_min_blocks(); }
  merge_counts counts() const override { return buddy_.counts(); }
  word_levels words() const override {
    word_levels all(buddy_.inside().top() + 1);
    for (unsigned lv = 0; lv < all.size(); ++lv) {
      const auto& in = buddy_.inside().at(lv);
      for (std::size_t i = 0; i < in.word_count(); ++i) {
        all[lv].push_back(in.word(i).load(std::memory_order_relaxed));
      }
    }
    return all;
  }
  bool has_stacks() const override { return owner_stacks<Sync>::orders != 0; }

 private:
  buddy<Sync, Log2Fanout> buddy_;
};

template <class Sync, unsigned Log2Fanout, unsigned... Narrower>
std::unique_ptr<arena> make_one_of(geometry g) {
  if constexpr (sizeof...(Narrower) > 0) {
    if (g.log2_fanout < Log2Fanout) return make_one_of<Sync, Narrower...>(g);
  }
  return std::make_unique<sound_arena<Sync, Log2Fanout>>(g);
}

// With stacks, where placement is free and the fan-out is the tree's affair, three fan-outs stand
// for all: each is a compilation of its own.
template <class Sync>
std::unique_ptr<arena> make_arena(geometry g) {
  if constexpr (owner_stacks<Sync>::orders != 0) {
    return make_one_of<Sync, 6, 3, 1>(g);
  } else {
    return make_one_of<Sync, 6, 5, 4, 3, 2, 1>(g);
  }
}

/// The same hops over a policy that has stacks.
template <class Base>
struct hopping : Base {
  static constexpr unsigned exclusive_slots = hopping_slots - 1;
  static unsigned& slot() noexcept {
    static unsigned current = 0;
    return current;
  }
  struct home {};
  static constexpr bool is_own(home) noexcept { return true; }
  static constexpr unsigned slot_scale = 1;
  static unsigned scaled_slot() noexcept { return slot(); }
  static unsigned thread_slot(home = {}) noexcept { return slot(); }
  static unsigned slots_seen(home = {}) noexcept { return exclusive_slots; }
};

/// Calls that are made by threads with slots of their own, one call at a time.
class threaded_arena final : public arena {
 public:
  explicit threaded_arena(std::unique_ptr<arena> in) : in_(std::move(in)) {}

  void act_as(unsigned slot) override { acting_ = slot; }
  std::expected<block, alloc_error> allocate(unsigned order) override {
    std::expected<block, alloc_error> got;
    act([&] { got = in_->allocate(order); });
    return got;
  }
  void release(block b) override {
    act([&] { in_->release(b); });
  }
  void release_tail(block b, std::size_t keep, std::size_t kept) override {
    act([&] { in_->release_tail(b, keep, kept); });
  }
  void release_part(block b, std::size_t kept) override {
    act([&] { in_->release_part(b, kept); });
  }
  void trim(unsigned most, const std::function<void(block)>& use) override {
    act([&] { in_->trim(most, use); });
  }
  bool is_free(block b) const override { return in_->is_free(b); }
  std::size_t free_count(unsigned order) const override { return in_->free_count(order); }
  std::optional<unsigned> largest_free_order() const override { return in_->largest_free_order(); }
  std::size_t free_min_blocks() const override { return in_->free_min_blocks(); }
  merge_counts counts() const override { return in_->counts(); }
  word_levels words() const override { return in_->words(); }
  bool has_stacks() const override { return in_->has_stacks(); }

 private:
  // One for each slot but the last, which is ours. They outlive the buddies: a thread is dear.
  static std::array<testing::peer, hopping_slots - 1>& peers() {
    static std::array<testing::peer, hopping_slots - 1> all;
    return all;
  }
  template <class Act>
  void act(const Act& what) {
    if (acting_ < peers().size()) {
      peers()[acting_].run(what);
    } else {
      what();
    }
  }

  std::unique_ptr<arena> in_;
  unsigned acting_ = hopping_slots - 1;
};

}  // namespace caiman::property
