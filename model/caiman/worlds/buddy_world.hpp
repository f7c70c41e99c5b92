// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// buddy_world.hpp: the core itself as a world
//
// `buddy<checked_sync, Log2Fanout>`, the very headers that ship, and the checks that need to look
// inside: words as a set of min blocks, hints against words, merging and counts at quiescence.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "checked_sync.hpp"
// then the core
#include "caiman/buddy_core.hpp"
#include "caiman/detail/cold.hpp"
#include "caiman/detail/ledger.hpp"
#include "caiman/detail/turnover.hpp"
#include "caiman/protocol/trims.hpp"
#include "names.hpp"

namespace caiman::model {

template <unsigned Log2Fanout>
class buddy_world final : public world {
 public:
  explicit buddy_world(const world_spec& spec)
      : max_order_(spec.max_order),
        units_(spec.min_blocks),
        scrubs_(spec.scrubs),
        buddy_(spec.max_order, spec.min_blocks),
        cold_(spec.cold ? cold_map<checked_sync>(spec.min_blocks) : cold_map<checked_sync>()),
        pooled_(spec.pool),
        pool_(spec.pool, turned_slots) {}

  grant allocate(unsigned order) override {
    const auto got = buddy_.allocate(order);
    if (got) {
      cold_.warm(got->index << order, order, zero_payload);
      return {answer::ok, got->index};
    }
    if (got.error() == alloc_error::arena_full) return {answer::full, 0};
    if (got.error() == alloc_error::contended) return {answer::contended, 0};
    report_broken_invariant("allocate refused an order that the arena has");
    return {answer::full, 0};
  }

  void release(unsigned order, std::size_t index) override {
    no_books none;
    (void)return_block<&buddy<checked_sync, Log2Fanout>::release>(
        buddy_, none, {order, index}, [&] {
          if (scrubs_) zero_payload(index << order, std::size_t{1} << order);
        });
  }

  void release_tail(unsigned order, std::size_t index, std::size_t keep) override {
    if (scrubs_) zero_payload((index << order) + keep, (std::size_t{1} << order) - keep);
    buddy_.release_tail({order, index}, keep);
  }
  void release_part(unsigned order, std::size_t index, std::size_t kept) override {
    if (scrubs_) zero_payload(index << order, kept);
    buddy_.release_part({order, index}, kept);
  }
  // What the system does to pages is a write.
  void trim(unsigned most) override {
    trims<checked_sync, Log2Fanout>::each(
        buddy_.inside(), most, [](unsigned, std::size_t) { return true; },
        [](unsigned order, std::size_t index) {
          zero_payload(index << order, std::size_t{1} << order);
        });
  }

  block_set free_blocks() override {
    block_set free = 0;
    for_each_word([&](unsigned lv, std::size_t word, word_t runs) {
      for (unsigned slot = 0; slot < shape::fanout; ++slot) {
        if ((runs >> slot & 1) != 0)
          free |= blocks_of(lv * Log2Fanout, word * shape::fanout + slot);
      }
    });
    return free | stacked_blocks();
  }

  bool in_move(unsigned slot) override { return inside().lanes().moving(slot); }

  // A pool of fewer slots than there are has the first turns.
  unsigned take_slot() override {
    const unsigned got = pool_.take();
    return whole_pool() || got == turned_slots ? got : slot_of(got);
  }
  void give_slot(unsigned slot) override {
    pool_.give(whole_pool() || slot == turned_slots ? slot : turn_of_slot(slot, turned_slots));
  }
  unsigned slot_of(unsigned turn) const override { return slot_of_turn(turn, turned_slots); }
  unsigned shared_slot() const override { return turned_slots; }
  unsigned slots_seen() override { return pool_.seen(); }

  std::string name_of(const void* address) const override {
    std::string name = name_in_tree(inside(), address);
    if (name.empty()) name = name_in_pool(pool_, address);
    return name.empty() && scrubs_ ? "cold bits" : name;  // what else there is
  }
  std::vector<recording::level> levels() const override { return levels_of(inside()); }

  finding quiescent_fault(block_set live, unsigned live_blocks) override {
    if (inside().lanes().begun() != inside().lanes().ended()) {
      return {"L1", "a move was begun and never ended"};
    }
    if (hidden_word()) return {"S5", "a free run that no hint shows"};
    if (wrong_mark()) return {"S8", "a mark that does not say what the words say"};
    if (free_blocks() != static_cast<block_set>(~live & all())) {
      return {"S3", "free blocks and live blocks are not the whole"};
    }
    const unsigned maximal = merged_blocks(live);
    if (maximal == unmerged) return {"S4", "two free buddies stand apart"};
    const merge_counts counts = buddy_.counts();
    const auto at_first = static_cast<unsigned>(std::popcount(units_));
    if (live_blocks + maximal != at_first + counts.splits - counts.coalesces) {
      return {"S4", "splits and coalesces do not match the blocks"};
    }
    return {};
  }

 private:
  /// How the arena ends is ledger_world's to show.
  struct no_books {
    static duty gave() noexcept { return duty::none; }
  };
  using shape = level_shape<Log2Fanout>;
  using bits = word_bits<Log2Fanout>;
  static constexpr unsigned unmerged = ~0U;

  bool whole_pool() const { return pooled_ == turned_slots; }

  /// What a drainer could take.
  block_set stacked_blocks() const {
    block_set kept = 0;
    if (checked_sync::stack_depth == 0) return kept;
    for (unsigned slot = 0; slot < turned_slots; ++slot) {
      const auto stacks = inside().lanes().stacks(slot);
      for (unsigned order = 0; order < model_stack_orders; ++order) {
        for (std::uint32_t i = stacks.peek_reach(order); i > 0; --i) {
          const std::size_t index = stacks.peek(order, i);
          if (index != stacks.nothing) kept |= blocks_of(order, index);
        }
      }
    }
    return kept;
  }

  const auto& inside() const { return buddy_.inside(); }
  block_set all() const { return static_cast<block_set>((std::uint64_t{1} << units_) - 1); }
  /// Whether there is such a block, and none of it is live.
  bool is_free_of(block_set live, unsigned order, std::size_t index) const {
    return order <= max_order_ && index < units_ >> order && (live & blocks_of(order, index)) == 0;
  }

  template <class F>
  void for_each_word(F f) const {
    for (unsigned lv = 0; lv <= inside().top(); ++lv) {
      for (std::size_t w = 0; w < inside().at(lv).word_count(); ++w) {
        f(lv, w, inside().at(lv).word(w).load(checked_sync::order(site::observe)));
      }
    }
  }

  /// A word of which a part is free must be marked as cut, and one that an ancestor owns must not.
  bool wrong_mark() const {
    bool wrong = false;
    for_each_word([&](unsigned lv, std::size_t word, word_t free) {
      if (lv == inside().top()) return;
      word_t owned = 0;
      std::size_t slot = word;
      for (unsigned above = lv + 1; above <= inside().top(); ++above, slot /= shape::fanout) {
        owned |= inside().at(above)
                         .word(slot / shape::fanout)
                         .load(checked_sync::order(site::observe)) >>
                     slot % shape::fanout &
                 1;
      }
      wrong |= inside().is_cut(lv, word) ? owned != 0 : free != 0;
    });
    return wrong;
  }

  /// A word whose largest free run has class c must be marked in c or above, at every height.
  bool hidden_word() const {
    bool hidden = false;
    for_each_word([&](unsigned lv, std::size_t word, word_t free) {
      const auto& in = inside().at(lv);
      if (free == 0 || in.heights() == 0) return;
      bool shown = false;
      for (unsigned cls = bits::largest_class(free); cls <= bits::full_class; ++cls) {
        bool marked = true;
        std::size_t item = word;
        for (unsigned h = 0; h < in.heights(); ++h, item /= shape::fanout) {
          const word_t node =
              in.node(h, item / shape::fanout, cls).load(checked_sync::order(site::observe));
          marked = marked && (node >> (item % shape::fanout) & 1) != 0;
        }
        shown = shown || marked;
      }
      hidden = hidden || !shown;
    });
    return hidden;
  }

  /// How many maximal free blocks there are, by the observers; `unmerged` if they differ from what
  /// the live blocks leave.
  unsigned merged_blocks(block_set live) const {
    unsigned total = 0;
    for (unsigned order = 0; order <= max_order_; ++order) {
      std::size_t count = 0;
      for (std::size_t i = 0; i < units_ >> order; ++i) {
        const bool maximal = is_free_of(live, order, i) && !is_free_of(live, order + 1, i / 2);
        if (buddy_.is_free({order, i}) != maximal) return unmerged;
        if (maximal) ++count;
      }
      if (buddy_.free_count(order) != count) return unmerged;
      total += static_cast<unsigned>(count);
    }
    return total;
  }

  unsigned max_order_;
  std::size_t units_;
  bool scrubs_;
  buddy<checked_sync, Log2Fanout> buddy_;
  cold_map<checked_sync> cold_;
  unsigned pooled_;
  slot_pool<checked_sync> pool_;
};

}  // namespace caiman::model
