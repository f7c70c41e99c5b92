// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// tree.hpp: the lock-free tree of words, the heart of the core
//
// Level 0 has one bit per min block; a block of order k lives at level k / Log2Fanout, or at that
// of the root if it is lower, as an aligned run of ones in one word. A bit one level up means: that
// whole child word is free and owned up here; the child word then reads 0.
//
//   split     claim the bit, then publish the rest of the child word.
//   coalesce  in a word: the releasing CAS does it. Across words: the CAS that would make a word
//             full writes 0 instead and climbs. Exactly one thread does each merge, so none is
//             lost.
//   lazy      a word that becomes full stays full while it is the releasing thread's own hint word:
//             the next allocation takes it from there. Searches that find nothing sweep such words
//             up, so nothing is stranded.
//   full      is said only when a search found nothing while no move was open and no release ended
//             (slots.hpp); else it looks again, boundedly, and then says "contended".
//
// Every claim that leaves a remainder sets the remainder's hint itself: the release that made the
// larger run may not have set its own yet, and once a part of it is handed out that release can no
// longer be taken to come after a search that failed.
//
// This header is the protocol alone: no memory, no errors, no exceptions (buddy.hpp has those).
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <bit>
#include <cstddef>
#include <cstdint>

#include "caiman/detail/attributes.hpp"
#include "caiman/protocol/hints.hpp"
#include "caiman/protocol/layout.hpp"
#include "caiman/protocol/level.hpp"
#include "caiman/protocol/search_result.hpp"
#include "caiman/protocol/slots.hpp"
#include "caiman/protocol/stacks.hpp"
#include "caiman/protocol/word.hpp"

namespace caiman::inline v0::protocol {

/// The tree and its slots, over memory of the buddy's. The buddy system is Knowlton's (A Fast
/// Storage Allocator, CACM 8(10), 1965); words, laziness, hints and brackets are explained in
/// docs/algorithm.md. Built and ended by one thread; all else may be called by any threads at once.
template <sync_policy Sync, unsigned Log2Fanout>
class tree : public layout<Sync, Log2Fanout> {
  using base = layout<Sync, Log2Fanout>;

 public:
  using shape = level_shape<Log2Fanout>;       ///< The sizes of all levels.
  using level_type = level<Sync, Log2Fanout>;  ///< One level.
  using hint = hints<Sync, Log2Fanout>;        ///< Its hints.
  using bits = word_bits<Log2Fanout>;          ///< Arithmetic on its words.
  using slot_type = slot_ref<Sync>;            ///< The calling thread's slot.
  using stacks = owner_stacks<Sync>;           ///< The stacks of a slot.
  using base::is_above_words;                  ///< See layout.
  using base::is_taken_below;                  ///< See layout.
  using base::mark_cut;                        ///< See layout.

  /// Bytes of metadata.
  static constexpr std::size_t bytes(unsigned max_order) noexcept {
    std::size_t total = slot_table<Sync>::bytes();
    for (unsigned lv = 0; lv <= shape::top_level(max_order); ++lv) {
      total += level_type::bytes(max_order, lv);
    }
    return total;
  }

  /// The first `units` min blocks of 2^root, at least one, are free; the others never are. Over
  /// `bytes(root)` bytes at `memory` (aligned to 128).
  tree(std::byte* memory, unsigned root, std::size_t units) noexcept
      : base(memory + slot_table<Sync>::bytes(), root, units), slots_(memory, root) {
    // As many blocks as `units` has ones, the largest first: no two of them are buddies.
    for (std::size_t left = units; left != 0;) {
      const auto order = static_cast<unsigned>(std::bit_width(left)) - 1;
      build_free(order, (units - left) >> order);
      left -= std::size_t{1} << order;
    }
  }

  /// All slots. O(1).
  const slot_table<Sync>& lanes() const noexcept { return slots_; }

  /// The common request: a block out of the word that this thread last used. Where there is none,
  /// `try_last` says where find() should look last. Wait-free.
  CAIMAN_HOT search_result claim_at_once(unsigned order, slot_type me,
                                         std::size_t& try_last) noexcept {
    const order_layout p = layouts_[order];  // by value: nothing to load again behind the CAS
    const std::size_t word = me.word_hint(order);
    try_last = slot_type::no_word;
    if (word == slot_type::no_word) [[unlikely]]
      return full;
    auto& cell = p.in->word(word);
    word_t now = cell.load(Sync::order(site::claim_look));
    const auto fit = bits::best_fit(now, p.cls);
    if (fit.mask == 0) return full;
    // (1) acquires what the releases of this run published
    if (!cell.compare_exchange_strong(now, now & ~fit.mask, Sync::order(site::claim),
                                      Sync::order(site::claim_failed))) {
      try_last = word;  // contended: look elsewhere first
      return full;
    }
    keep_remainder_hinted(*p.in, me, word, p.cls, fit.from);
    return claimed((word * fanout + static_cast<unsigned>(fit.pos)) >> p.cls);
  }

  /// Looks everywhere until it has a block or can say why not. `try_last` is a word to leave for
  /// last. Lock-free.
  CAIMAN_COLD search_result find(unsigned order, slot_type me, std::size_t try_last) noexcept {
    // Once without reading the other threads' counters: nearly always there is something.
    search_result got = find_once(order, me, try_last);
    for (unsigned round = 0; !got.ok(); ++round) {
      const std::uint64_t ended = slots_.ended();        // (4) ended before the search,
      const std::uint64_t released = slots_.releases();  // (5)
      got = find_once(order, me, slot_type::no_word);
      if (got.ok()) break;
      bool moved = drain(me);
      moved |= sweep(me, layouts_[order].level);
      // (4) begun after it: the other way round a move could open and close in between unseen
      if (!moved && slots_.begun() == ended && slots_.releases() == released) return full;
      if (round == Sync::look_again_bound) return contended;
      me.count_rescan();
      Sync::pause(round);
    }
    return got;
  }

  /// Gives a block back; false if it is free already, wholly or in part, and then changes nothing.
  /// Lock-free, and waits for nobody: a CAS that fails means that another thread has got on.
  CAIMAN_HOT bool release(slot_type me, unsigned order, std::size_t index) noexcept {
    if (is_above_words(order)) [[unlikely]]
      return release_whole_words(me, order, index);
    return release_in_word(me, order, index);
  }

  /// Puts a run back that was claimed inside a bracket of the caller's, which is open until this
  /// returns; past the thread's hints, and merged as far as it goes. Else as release.
  bool put_back(slot_type me, unsigned lv, std::size_t word, unsigned pos, unsigned cls) noexcept {
    return put<eagerly>(me, lv, word, pos, cls);
  }

  /// Moves every block that slots keep at hand into the tree. Lock-free. True if it moved anything.
  bool drain(slot_type me) noexcept {
    if (Sync::stack_depth == 0) return false;
    const unsigned own = slots_.my_number();
    slot_set<Sync> waiting;  // those that have something
    slot_set<Sync> foreign;
    for (unsigned turn = slots_.seen(); turn-- > 0;) {
      const unsigned slot = slot_of_turn(turn, Sync::exclusive_slots);
      if (!slots_.stacks(slot).any(slot == own)) continue;
      waiting.add(slot);
      if (slot != own) foreign.add(slot);
    }
    if (waiting.empty()) return false;
    move_bracket<Sync> move(me);
    move.open();  // (4) begun before a block leaves its stack, ended when the tree has it
    if (Sync::announced_pop) raise_flags(foreign);
    bool moved = false;
    waiting.for_each([&](unsigned slot) {
      moved |= drain_slot(me, slot, slot == own);
      if (Sync::announced_pop && slot != own) slots_.stacks(slot).leave_flag();
    });
    return moved;
  }

  /// Takes words that were kept full up into their parents, below level `limit`. Observers call it
  /// to see every block merged. Lock-free. True if it moved anything.
  bool sweep(slot_type me, unsigned limit) noexcept {
    bool moved = false;
    for (unsigned lv = 0; lv < limit; ++lv) {
      const level_type& in = levels_[lv];
      for (std::size_t word = hint::next(in, me, bits::full_class, 0); word != hint::none;
           word = hint::next(in, me, bits::full_class, word + 1)) {
        moved |= sweep_word(me, lv, word);
      }
    }
    return moved;
  }

 private:
  using order_layout = typename base::order_layout;
  using base::layouts_;
  using base::levels_;
  using base::owned_above;
  using base::top_;

  /// Of a tree that nobody else knows of yet.
  void build_free(unsigned order, std::size_t index) noexcept {
    const order_layout& p = layouts_[order];
    const std::size_t word = (index << p.cls) / fanout;
    auto& cell = p.in->word(word);
    const word_t run = bits::run(p.cls) << ((index << p.cls) % fanout);
    cell.store(cell.load(Sync::order(site::observe)) | run,
               Sync::order(site::publish_child));  // (1)
    hint::set(*p.in, slots_.shared(), word, p.cls);
    std::size_t cut = word;
    for (unsigned lv = p.level; lv < top_; ++lv, cut /= fanout) mark_cut(lv, cut, true);
  }

  static constexpr std::size_t fanout = shape::fanout;
  static constexpr search_result full{};
  static constexpr search_result contended{0, search_result::end::contended};
  static constexpr search_result claimed(std::size_t index) noexcept {
    return {index, search_result::end::claimed};
  }
  static constexpr bool lazily = true;
  static constexpr bool eagerly = false;

  struct claimed_run {
    std::size_t word;  // hint::none: nothing
    unsigned pos;
  };
  enum class put_result : unsigned char { stays, climbs, misused };

  CAIMAN_HOT static void keep_remainder_hinted(const level_type& in, slot_type me, std::size_t word,
                                               unsigned cls, unsigned from) noexcept {
    if (from == cls) return;
    hint::set(in, me, word, from - 1);
    me.count_splits(from - cls);
  }

  // ---- release ----------------------------------------------------------------------------

  CAIMAN_COLD bool release_whole_words(slot_type me, unsigned order, std::size_t index) noexcept {
    return is_taken_below(order, index) && release_in_word(me, order, index);
  }
  CAIMAN_HOT bool release_in_word(slot_type me, unsigned order, std::size_t index) noexcept {
    const order_layout p = layouts_[order];
    const std::size_t word = (index << p.cls) / fanout;
    const auto pos = static_cast<unsigned>((index << p.cls) % fanout);
    if (put_at_once(p, me, order, word, pos)) return true;
    if (!put<lazily>(me, p.level, word, pos, p.cls)) return false;
    me.count_release();  // (5) last: a thread that reads it finds the block
    return true;
  }

  /// The common release, cut short: the word has other free bits and stays where it is. False
  /// without having changed anything if it does not, or if a peer was faster: then put() does it.
  CAIMAN_HOT bool put_at_once(const order_layout& p, slot_type me, unsigned order, std::size_t word,
                              unsigned pos) noexcept {
    auto& cell = p.in->word(word);
    const word_t run = bits::run(p.cls) << pos;
    word_t now = cell.load(Sync::order(site::release_look));
    const word_t next = now | run;
    const bool is_my_hint = me.word_hint(order) == word;
    if (now == 0 || (now & run) != 0 || (next == bits::full && !is_my_hint && p.level != top_) ||
        !cell.compare_exchange_strong(now, next, Sync::order(site::release),  // (1) (2)
                                      Sync::order(site::release_look))) [[unlikely]] {
      return false;
    }
    const unsigned merged = bits::merged_class(next, pos);
    hint::set(*p.in, me, word, merged);
    if (!is_my_hint) me.word_hint(order, word);
    me.count_release(merged - p.cls);  // (5) last: a thread that reads it finds the block
    return true;
  }

  /// Sets a run free in a word of level `lv`; while that makes a word full that nobody keeps, takes
  /// the whole word out and goes on with its bit one level up.
  template <bool Lazy>
  CAIMAN_COLD bool put(slot_type me, unsigned lv, std::size_t word, unsigned pos,
                       unsigned cls) noexcept {
    move_bracket<Sync> move(me);
    for (unsigned order = lv * Log2Fanout + cls;; order = ++lv * Log2Fanout, cls = 0) {
      const bool is_my_hint = me.word_hint(order) == word;
      const bool keep = (Lazy && is_my_hint) || lv == top_;
      const put_result end = put_in_word(me, move, lv, word, pos, cls, keep);
      if (end == put_result::misused) return false;
      if (end == put_result::stays) {
        if (Lazy && !is_my_hint) me.word_hint(order, word);
        return true;
      }
      pos = static_cast<unsigned>(word % fanout);
      word /= fanout;
    }
  }

  put_result put_in_word(slot_type me, move_bracket<Sync>& move, unsigned lv, std::size_t word,
                         unsigned pos, unsigned cls, bool keep_full) noexcept {
    const level_type& in = levels_[lv];
    auto& cell = in.word(word);
    const word_t run = bits::run(cls) << pos;
    word_t now = cell.load(Sync::order(site::release_look));
    for (;;) {
      if ((now & run) != 0 || (now == 0 && owned_above(lv, word))) [[unlikely]] {
        return put_result::misused;
      }
      const word_t next = now | run;
      if (next == bits::full && !keep_full) {
        move.open();  // (4) begun before the word disappears
        // (1) (4) takes what others released into this word, to publish it one level up
        if (cell.compare_exchange_strong(now, 0, Sync::order(site::climb),
                                         Sync::order(site::release_look))) {
          mark_cut(lv, word, false);
          me.count_coalesces(bits::full_class - cls);
          return put_result::climbs;
        }
      } else if (cell.compare_exchange_strong(now, next, Sync::order(site::release),  // (1) (2)
                                              Sync::order(site::release_look))) {
        const unsigned merged = bits::merged_class(next, pos);
        hint::set(in, me, word, merged);
        me.count_coalesces(merged - cls);
        return put_result::stays;
      }
    }
  }

  /// Of these slots. One fence for all whose flags were down; none if all were up.
  void raise_flags(const slot_set<Sync>& of) const noexcept {
    slot_set<Sync> were_down;
    of.for_each([&](unsigned slot) {
      if (!slots_.stacks(slot).raise_flag()) were_down.add(slot);
    });
    if (were_down.empty()) return;
    Sync::heavy_fence();  // (8)
    were_down.for_each([&](unsigned slot) { slots_.stacks(slot).pass_fence(); });
  }

  bool drain_slot(slot_type me, unsigned slot, bool own) noexcept {
    const stacks from = slots_.stacks(slot);
    bool moved = false;
    for (unsigned order = 0; order < stacks::orders; ++order) {
      for (std::uint32_t i = from.reach(order, own); i > 0; --i) {
        const std::size_t index = from.take(order, i);
        if (index == stacks::nothing) continue;
        const order_layout& p = layouts_[order];
        const auto pos = static_cast<unsigned>((index << p.cls) % fanout);
        if ((p.level != 0 && !is_taken_below(order, index)) ||
            !put<eagerly>(me, p.level, (index << p.cls) / fanout, pos, p.cls)) [[unlikely]] {
          Sync::misuse("it was released twice", order, index);
        }
        moved = true;
      }
    }
    return moved;
  }

  bool sweep_word(slot_type me, unsigned lv, std::size_t word) noexcept {
    const level_type& in = levels_[lv];
    auto& cell = in.word(word);
    bool taken = false;
    if (word_t now = cell.load(Sync::order(site::sweep_word)); now == bits::full) {  // (4)
      move_bracket<Sync> move(me);
      move.open();                                                                 // (4)
      taken = cell.compare_exchange_strong(now, 0, Sync::order(site::sweep_take),  // (1) (4)
                                           Sync::order(site::sweep_word));
      if (taken) {
        mark_cut(lv, word, false);
        Sync::invariant(
            put<eagerly>(me, lv + 1, word / fanout, static_cast<unsigned>(word % fanout), 0),
            "a swept word was free in its parent");
      }
    }
    hint::clear(in, me, word, bits::full_class);
    return taken;
  }

  // ---- search -----------------------------------------------------------------------------

  /// A pass over all words, and another one where the first one left a word out.
  search_result find_once(unsigned order, slot_type me, std::size_t try_last) noexcept {
    const search_result got = find_past(order, me, try_last);
    if (got.ok() || try_last == slot_type::no_word) return got;
    return find_past(order, me, slot_type::no_word);
  }

  search_result find_past(unsigned order, slot_type me, std::size_t left_out) noexcept {
    const order_layout& p = layouts_[order];
    const claimed_run got = search(me, nullptr, p.level, p.cls, left_out);
    if (got.word != hint::none) {
      me.word_hint(order, got.word);
      return claimed((got.word * fanout + got.pos) >> p.cls);
    }
    for (unsigned lv = p.level + 1; lv <= top_; ++lv) {
      const search_result split_off = split(order, me, lv);
      if (split_off.ok()) return split_off;
    }
    return full;
  }

  /// Claims a run of class `cls` anywhere in level `lv`: the best fitting class first, words in
  /// rising order from the one after `try_last` on.
  claimed_run search(slot_type me, move_bracket<Sync>* move, unsigned lv, unsigned cls,
                     std::size_t try_last) noexcept {
    const level_type& in = levels_[lv];
    unsigned pos = 0;
    if (in.heights() == 0) return {claim(me, move, lv, 0, cls, pos) ? 0 : hint::none, pos};
    const std::size_t start = try_last == slot_type::no_word ? 0 : try_last + 1;
    for (unsigned marked = cls; marked <= bits::full_class; ++marked) {
      claimed_run got =
          search_marked(me, move, lv, cls, marked, {start, in.word_count(), try_last});
      if (got.word == hint::none)
        got = search_marked(me, move, lv, cls, marked, {0, start, try_last});
      if (got.word != hint::none) return got;
    }
    return {hint::none, 0};
  }

  struct range {
    std::size_t from;
    std::size_t end;
    std::size_t try_last;
  };

  /// The same in the words of a range that are marked in class `marked`. Clears marks that lie.
  claimed_run search_marked(slot_type me, move_bracket<Sync>* move, unsigned lv, unsigned cls,
                            unsigned marked, range words) noexcept {
    const level_type& in = levels_[lv];
    unsigned pos = 0;
    for (std::size_t word = words.from; word < words.end; ++word) {
      word = hint::next(in, me, marked, word);
      if (word >= words.end) break;
      if (word == words.try_last) continue;
      if (claim(me, move, lv, word, cls, pos)) return {word, pos};
      hint::clear(in, me, word, marked);
    }
    return {hint::none, 0};
  }

  /// Claims a run of class `cls` in one word.
  bool claim(slot_type me, move_bracket<Sync>* move, unsigned lv, std::size_t word, unsigned cls,
             unsigned& pos) noexcept {
    auto& cell = levels_[lv].word(word);
    word_t now = cell.load(Sync::order(site::search_word));  // (4)
    for (auto fit = bits::best_fit(now, cls); fit.mask != 0; fit = bits::best_fit(now, cls)) {
      if (move != nullptr) move->open();  // (4) a claim that will be split, begun before it shows
      if (cell.compare_exchange_strong(now, now & ~fit.mask, Sync::order(site::claim),  // (1) (4)
                                       Sync::order(site::search_word))) {
        pos = static_cast<unsigned>(fit.pos);
        keep_remainder_hinted(levels_[lv], me, word, cls, fit.from);
        return true;
      }
    }
    return false;
  }

  /// Claims a bit of level `from`, above the order's own, and splits it down.
  search_result split(unsigned order, slot_type me, unsigned from) noexcept {
    const order_layout& p = layouts_[order];
    move_bracket<Sync> move(me);
    const claimed_run got = search(me, &move, from, 0, slot_type::no_word);
    if (got.word == hint::none) return full;
    std::size_t word = got.word * fanout + got.pos;
    for (unsigned lv = from - 1;; --lv, word *= fanout) {
      const unsigned cls = lv == p.level ? p.cls : 0;
      mark_cut(lv, word, true);
      levels_[lv].word(word).store(bits::full & ~bits::run(cls),
                                   Sync::order(site::publish_child));  // (1) (2)
      hint::set(levels_[lv], me, word, bits::full_class - 1);
      me.count_splits(bits::full_class - cls);
      if (lv == p.level) break;
    }
    me.word_hint(order, word);
    return claimed(word * fanout >> p.cls);
  }

  slot_table<Sync> slots_;
};

}  // namespace caiman::v0::protocol

#endif  // CAIMAN_REQUIREMENTS_MET
