// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// tree_calls.hpp: the calls of a tree of one geometry, and their contracts
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "caiman/protocol/tails.hpp"
#include "caiman/protocol/tree.hpp"
#include "caiman/protocol/trims.hpp"
#include "calls.hpp"
#include "proof_sync.hpp"

namespace caiman::proof {

/// The calls of a tree with words of 2^F bits and 2^Max min blocks.
template <unsigned F, unsigned Max>
class tree_calls {
 public:
  using tree = protocol::tree<proof_sync, F>;
  using hint = typename tree::hint;
  static constexpr std::size_t fanout = std::size_t{1} << F;

  explicit tree_calls(std::size_t units = std::size_t{1} << Max) {
    cells::here().places.clear();
    tree_ = std::make_unique<tree>(memory_, Max, units);
    shape is;
    is.log2_fanout = F;
    is.top = tree_->top();
    is.full = tree::bits::full.value();
    is.top_full = run(Max - is.top * F);
    for (unsigned lv = 0; lv <= is.top; ++lv) {
      is.heights.push_back(add_level(lv));
      is.words.push_back(words(lv));
    }
    if (F == 6) {
      is.searched = 0;
      for (const std::size_t each : some_of(fanout)) is.searched |= std::uint64_t{1} << each;
    }
    set_word_bits(1U << F);
    world::here().set_shape(is);
  }

  unsigned top() const { return tree_->top(); }
  std::size_t words(unsigned level) const { return tree_->at(level).word_count(); }
  unsigned heights(unsigned level) const { return tree_->at(level).heights(); }
  std::size_t nodes(unsigned level, unsigned height) const {
    return tree_->at(level).node_count(height);
  }
  unsigned level_of(unsigned order) const { return tree_->level_of(order); }

  // ---- the calls -----------------------------------------------------------------------------

  void release(unsigned order, std::size_t index) {
    const spot at = spot_of(order, index);
    remember(at.level, at.word);
    world::here().begin("release of order " + std::to_string(order) + ", index " +
                        std::to_string(index));
    world::here().hold(at.level, at.word, mask_of(at));
    if (!tree_->release(me(), order, index)) world::here().fail("a right release counts as misuse");
    world::here().must_be_at_rest("a release keeps something");
  }
  void release_tail(unsigned order, std::size_t index, std::size_t keep) {
    const spot at = spot_of(order, index);
    remember(at.level, at.word);
    world::here().begin("tail of order " + std::to_string(order) + ", index " +
                        std::to_string(index) + ", keep " + std::to_string(keep));
    world::here().hold(at.level, at.word, mask_of(at));
    if (!protocol::tails<proof_sync, F>::release(*tree_, me(), order, index, keep))
      world::here().fail("a right tail counts as misuse");
    must_hold_first(order, index, keep);
  }
  void claim_at_once(unsigned order, std::size_t word) {
    cells::here().remembered = {{hint_of(order), word}};
    world::here().begin("claim_at_once of order " + std::to_string(order) + " in word " +
                        std::to_string(word));
    std::size_t last = 0;
    const auto got = tree_->claim_at_once(order, me(), last);
    must_have(order, got);
  }
  void claim(unsigned level, std::size_t word, unsigned cls) {
    cells::here().remembered.clear();
    world::here().begin("claim of class " + std::to_string(cls) + " in word " +
                        std::to_string(word) + " of level " + std::to_string(level));
    unsigned pos = 0;
    if (tree_->claim(me(), nullptr, level, word, cls, pos)) {
      world::here().must_hold_only(level, word, run(cls) << pos,
                                   "a claim takes what it does not return");
    } else {
      world::here().must_be_at_rest("a claim in vain keeps something");
    }
  }
  void split(unsigned order, unsigned from) {
    cells::here().remembered.clear();
    world::here().begin("split of level " + std::to_string(from) + " for order " +
                        std::to_string(order));
    must_have(order, tree_->split(order, me(), from));
  }
  void find_once(unsigned order) {
    cells::here().remembered.clear();
    world::here().begin("find_once of order " + std::to_string(order));
    world::here().few_places();  // claim() and split() are checked for all
    must_have(order, tree_->find_once(order, me(), tree::slot_type::no_word));
  }
  void sweep_word(unsigned level, std::size_t word) {
    remember(level, word);
    world::here().begin("sweep_word " + std::to_string(word) + " of level " +
                        std::to_string(level));
    tree_->sweep_word(me(), level, word);
    world::here().must_be_at_rest("a sweep keeps something");
  }
  void sweep_alone() {
    cells::here().remembered.clear();
    world::here().begin("sweep, alone", true);
    tree_->sweep(me(), top());
    for (unsigned level = 0; level < top(); ++level) {
      for (std::size_t word = 0; word < words(level); ++word)
        world::here().must_not_be_full(level, word, "a sweep leaves a full word");
    }
    world::here().must_be_at_rest("a sweep keeps something");
  }
  void at_rest() {
    world::here().begin("no call is under way", true);
    world::here().must_follow_at_rest();
  }
  /// Of a tree of so many min blocks: the clauses hold before the first call.
  void built(std::size_t units) {
    world::here().begin("building of " + std::to_string(units) + " min blocks");
    for (unsigned level = 0; level <= top(); ++level) {
      for (std::size_t i = 0; i < words(level); ++i)
        world::here().must_begin_with(word_of(level, i, units));
      const auto& in = tree_->at(level);
      for (unsigned height = 0; height + 1 < in.heights(); ++height) {
        for (std::size_t i = 0; i < in.node_count(height); ++i) {
          for (unsigned cls = 0; cls <= F; ++cls) {
            world::here().must_begin_with_node(
                in.node(height, i, cls).built(),
                (in.node(height + 1, i / fanout, cls).built() >> (i % fanout) & 1) != 0);
          }
        }
      }
    }
  }
  /// A certain block leaves the tree for a moment (trims.hpp).
  void trim(unsigned order, std::size_t index) {
    cells::here().remembered.clear();
    world::here().begin("trim of order " + std::to_string(order) + ", index " +
                        std::to_string(index));
    using trims = protocol::trims<proof_sync, F>;
    protocol::move_bracket<proof_sync> move(me());
    const spot at = spot_of(order, index);
    if (trims::claim(*tree_, me(), move, {at.level, at.word, at.pos, at.cls})) {
      world::here().must_hold_only(at.level, at.word, mask_of(at), "it claims something else");
    } else {
      world::here().must_be_at_rest("a claim in vain keeps something");
    }
  }
  /// And comes back; so does what was drained out of a stack.
  void put_back(unsigned order, std::size_t index) {
    const spot at = spot_of(order, index);
    remember(at.level, at.word);
    world::here().begin("putting back of order " + std::to_string(order) + ", index " +
                        std::to_string(index));
    world::here().hold(at.level, at.word, mask_of(at));
    if (!tree_->put_back(me(), at.level, at.word, at.pos, at.cls))
      world::here().fail("what was claimed counts as free");
    world::here().must_be_at_rest("a putting back keeps something");
  }
  void set(unsigned level, std::size_t word, unsigned cls) {
    world::here().begin("hints::set of word " + std::to_string(word) + " of level " +
                        std::to_string(level) + ", class " + std::to_string(cls));
    hint::set(tree_->at(level), me(), word, cls);
    world::here().must_be_at_rest("a setting keeps something");
  }
  void clear(unsigned level, std::size_t word, unsigned cls) {
    world::here().begin("hints::clear of word " + std::to_string(word) + " of level " +
                        std::to_string(level) + ", class " + std::to_string(cls));
    hint::clear(tree_->at(level), me(), word, cls);
    world::here().must_be_at_rest("a clearing keeps something");
  }
  void next(unsigned level, std::size_t from, unsigned cls) {
    world::here().begin("hints::next from word " + std::to_string(from) + " of level " +
                        std::to_string(level) + ", class " + std::to_string(cls));
    const std::size_t word = hint::next(tree_->at(level), me(), cls, from);
    if (word != hint::none && (word < from || word >= words(level)))
      world::here().fail("a word that was not asked for");
    world::here().must_be_at_rest("a look for the next word keeps something");
  }

 private:
  struct spot {
    unsigned level, cls;
    std::size_t word;
    unsigned pos;
  };
  static std::uint64_t run(unsigned cls) { return cls >= 6 ? ~0ULL : (1ULL << (1U << cls)) - 1; }
  static std::uint64_t mask_of(const spot& at) { return run(at.cls) << at.pos; }
  auto me() const { return tree_->lanes().mine(); }

  // By the layout that the core has for an order, but by other words than its own.
  spot spot_of(unsigned order, std::size_t index) const {
    const unsigned level = order / F < top() ? order / F : top();
    const unsigned cls = order - level * F;
    const std::size_t slot = index << cls;
    return {level, cls, slot / fanout, static_cast<unsigned>(slot % fanout)};
  }
  // As it was built. All from `units` on is somebody else's for ever; what lies before it and is
  // not free as a whole is split down.
  world::built_word word_of(unsigned level, std::size_t index, std::size_t units) const {
    const auto is_free = [&](std::size_t lv, std::size_t slot) {
      return (tree_->at(static_cast<unsigned>(lv)).word(slot / fanout).built() >> (slot % fanout) &
              1) != 0;
    };
    const auto is_inside = [&](std::size_t lv, std::size_t slot) {
      return slot << (lv * F) < units;
    };
    world::built_word is{level, index, tree_->at(level).word(index).built(), 0, 0, true, {}};
    for (std::size_t lv = level + 1, slot = index; lv <= top(); ++lv, slot /= fanout)
      is.active = is.active && is_inside(lv, slot) && !is_free(lv, slot);
    const std::size_t slots = level == top() ? std::size_t{1} << (Max - level * F) : fanout;
    for (std::size_t pos = 0; is.active && pos < slots; ++pos) {
      const std::size_t slot = index * fanout + pos;
      const std::uint64_t mask = std::uint64_t{1} << pos;
      if (!is_inside(level, slot)) is.theirs |= mask;
      if (level != 0 && is_inside(level, slot) && !is_free(level, slot)) is.split |= mask;
    }
    for (unsigned cls = 0; cls <= F; ++cls) {
      is.marks.push_back(
          (tree_->at(level).leaf(index / fanout, cls).built() >> (index % fanout) & 1) != 0);
    }
    return is;
  }
  unsigned add_level(unsigned level) {
    const auto& in = tree_->at(level);
    auto& places = cells::here().places;
    for (std::size_t i = 0; i < in.word_count(); ++i)
      places[&in.word(i)] = {place::kind::word, level, 0, i, 0};
    for (unsigned cls = 0; in.heights() == 0 && cls <= F; ++cls)
      places[&in.leaf(0, cls)] = {place::kind::always_marked, level, 0, 0, cls};
    for (unsigned height = 0; height < in.heights(); ++height) {
      for (std::size_t i = 0; i < in.node_count(height); ++i) {
        for (unsigned cls = 0; cls <= F; ++cls)
          places[&in.node(height, i, cls)] = {place::kind::hint, level, height, i, cls};
      }
    }
    return in.heights();
  }
  // A thread's hint may be the word of the call, or the one above it, which a climb comes to.
  void remember(unsigned level, std::size_t word) {
    auto& remembered = cells::here().remembered;
    remembered.clear();
    for (; level <= top(); ++level, word /= fanout) {
      for (unsigned order = 0; order <= Max; ++order) {
        if (level_of(order) == level) remembered[hint_of(order)] = word;
      }
    }
  }
  const void* hint_of(unsigned order) const { return tree_->lanes().counted(0).hints() + order; }
  void must_have(unsigned order, const protocol::search_result& got) {
    if (!got.ok()) return world::here().must_be_at_rest("a search in vain keeps something");
    if (got.index >= std::size_t{1} << (Max - order)) world::here().fail("there is no such block");
    const spot at = spot_of(order, got.index);
    world::here().must_hold_only(at.level, at.word, mask_of(at),
                                 "what it returns is not what it took");
  }
  // What stays of a block whose tail went back: the first `keep` min blocks, word by word.
  void must_hold_first(unsigned order, std::size_t index, std::size_t keep) {
    std::vector<world::part> parts;
    std::size_t first = index << order;
    protocol::for_each_piece(first, keep, [&](unsigned piece, std::size_t at) {
      const spot in = spot_of(piece, at >> piece);
      parts.push_back({in.level, in.word, mask_of(in)});
    });
    world::here().must_hold_parts(parts, "what stays is not what was to be kept");
  }

  alignas(128) static inline std::byte memory_[tree::bytes(Max)];
  std::unique_ptr<tree> tree_;
};

}  // namespace caiman::proof
