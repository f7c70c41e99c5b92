// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// buddy_core.hpp: the concurrent buddy over block indices, for any policy
//
// The face of the core: it owns the metadata, hands out indices of blocks and takes them back. It
// never owns or touches the memory that the blocks stand for, so it serves device memory,
// registered regions and file extents as well: offset = index << order min blocks. The protocol is
// in tree.hpp, the memory orders in orders.hpp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>
#include <cstdint>
#include <expected>
#include <new>
#include <optional>
#include <utility>

#include "caiman/detail/attributes.hpp"
#include "caiman/detail/raise.hpp"
#include "caiman/detail/unique_block.hpp"
#include "caiman/error.hpp"
#include "caiman/protocol/tails.hpp"
#include "caiman/protocol/tree.hpp"
#include "caiman/sync.hpp"

namespace caiman::inline v0 {

struct native_sync;  // the default; buddy.hpp has both

/// A block: 2^order min blocks, the `index`-th of its order.
struct block {
  unsigned order;     ///< Of its size.
  std::size_t index;  ///< In units of 2^order min blocks

  /// Member by member.
  friend constexpr bool operator==(const block&, const block&) = default;
};

/// A lock-free binary buddy allocator of indices: 2^max_order min blocks, or any other number of
/// them, handed out in blocks of 2^order. A radix tree of bitmaps with fan-out 2^Log2Fanout; see
/// tree.hpp for the algorithm.
///
/// Thread-safe throughout, except construction and destruction. Worst-case internal fragmentation
/// is the buddy system's: a request that is not a power of two takes up to twice its size.
template <sync_policy Sync = native_sync, unsigned Log2Fanout = 6>
class buddy {
  static_assert(Log2Fanout >= 1 && Log2Fanout <= 6, "a word has 2 to 64 bits");
  using tree_type = protocol::tree<Sync, Log2Fanout>;
  using stacks = protocol::owner_stacks<Sync>;
  using slot_type = protocol::slot_ref<Sync>;

 public:
  /// Metadata grows with 2^max_order; past this the constructor refuses.
  static constexpr unsigned largest_max_order = 32;

  /// One free block of `max_order`. Throws std::length_error past order 32 and std::bad_alloc when
  /// there is no memory for the metadata. Allocates `metadata_size(max_order)` bytes, once.
  explicit buddy(unsigned max_order)
      : metadata_(checked(max_order)),
        tree_(metadata_.bytes, max_order, std::size_t{1} << max_order) {}
  /// `min_blocks` of them, at least 1 and less than 2^(max_order + 1): as many free blocks as that
  /// number has ones, the largest first. Blocks that would reach past the end there are not. Throws
  /// as the first constructor, std::length_error also for another number. Allocates the metadata of
  /// the least order that has room for all.
  buddy(unsigned max_order, std::size_t min_blocks)
      : metadata_(root_for(max_order, min_blocks)),
        tree_(metadata_.bytes, root_for(max_order, min_blocks), min_blocks) {}

  /// The metadata of a buddy to be, so that what has no room for them can say so without an
  /// exception. Not part of the stable surface.
  struct metadata {
    std::byte* bytes;  ///< A null pointer: there was no room, or they were moved away.

    /// Of at most order 32. Throws std::bad_alloc.
    explicit metadata(unsigned max_order)
        : bytes(static_cast<std::byte*>(::operator new(metadata_size(max_order), alignment))) {}
    /// The same, but `bytes` may be a null pointer.
    metadata(unsigned max_order, std::nothrow_t sort) noexcept
        : bytes(
              static_cast<std::byte*>(::operator new(metadata_size(max_order), alignment, sort))) {}
    /// Takes them over.
    metadata(metadata&& other) noexcept : bytes(std::exchange(other.bytes, nullptr)) {}
    metadata(const metadata&) = delete;
    metadata& operator=(const metadata&) = delete;
    metadata& operator=(metadata&&) = delete;
    ~metadata() { ::operator delete(bytes, alignment); }

   private:
    static constexpr std::align_val_t alignment{128};
  };
  /// The same over metadata that are there, made for the order root_of(min_blocks).
  buddy(metadata&& there, std::size_t min_blocks) noexcept
      : metadata_(std::move(there)), tree_(metadata_.bytes, root_of(min_blocks), min_blocks) {}
  /// The least order of a block that has room for so many min blocks, at least 1. O(1).
  static constexpr unsigned root_of(std::size_t min_blocks) noexcept {
    return static_cast<unsigned>(std::bit_width(min_blocks - 1));
  }

  buddy(const buddy&) = delete;
  buddy& operator=(const buddy&) = delete;
  ~buddy() = default;

  /// Bytes of metadata of a buddy of `max_order` (at most 32): the words and hints, and the slots
  /// of the threads. It lies apart from the blocks and holds no pointers.
  static constexpr std::size_t metadata_size(unsigned max_order) noexcept {
    return tree_type::bytes(max_order);
  }

  /// Order of the largest block that there is. Wait-free, O(1).
  unsigned max_order() const noexcept { return tree_.max_order(); }

  /// Takes a free block of 2^order min blocks.
  ///  - `request_too_large`: order > max_order(), whatever else is live.
  ///  - `arena_full`: at some instant of the call no free block had room for it.
  ///  - `contended`: every look of the bounded search was disturbed, by a peer that stood still in
  ///    the middle of a move between words or by releases that came in without a pause, so nothing
  ///    can be said; rare, try again.
  /// Wait-free out of the thread's own stack: a few stores, or one exchange where others drained it
  /// lately. Lock-free from the tree: one CAS in the common case. A search that fails is bounded:
  /// it drains all stacks, and passes over the marked words at most Sync::look_again_bound times.
  /// No heap, no locks; no fences, but for a call of the system when it drains a thread that has
  /// announced its pops (stacks.hpp), at most one per Sync::calm_pops pops of a thread. Within a
  /// word it splits the smallest free run that fits.
  std::expected<block, alloc_error> allocate(unsigned order) noexcept {
    if constexpr (stacks::orders == 0) {
      return allocate_from_tree(order, tree_.lanes().mine());
    } else {
      std::size_t index = 0;
      unsigned scaled = 0;
      if (pop_at_hand(order, index, scaled)) [[likely]]
        return block{order, index};
      return allocate_slow(order);
    }
  }
  /// The common half of allocate alone: out of the thread's own stack. `scaled` is its slot then,
  /// as Sync::scaled_slot() has it. False: nothing has happened. For who keeps books by slots. Not
  /// part of the stable surface.
  CAIMAN_HOT bool pop_at_hand(unsigned order, std::size_t& index, unsigned& scaled) noexcept {
    if constexpr (stacks::orders != 0) {
      if (Sync::stack_depth != 0 && order < stacks::orders && tree_.lanes().are_own()) [[likely]] {
        scaled = Sync::scaled_slot();
        return tree_.lanes().at_hand(scaled).stacks().pop_top(order, index);
      }
    }
    return false;
  }

  /// Gives a block back, on any thread, and coalesces it with its free buddies. The owner's writes
  /// to the block happen before whatever the next owner does with it.
  ///
  /// Misuse ends the program, in every build, with one line that names the block: an order or index
  /// out of range, a block that is wholly or partly free already. Not seen: a live block released
  /// under another order while no bit of it is free, where both are of one level of words; a second
  /// release that races with the first one's climb; and without stacks neither orders of two levels
  /// nor free parts two levels down. Of a block in a stack, the thread that keeps it sees a second
  /// release under the same order; any other (by another thread, under another order, or of the
  /// block popped last after somebody else gave it back) ends the program when it is drained.
  ///
  /// Waits for nobody. Wait-free into the thread's own stack: two stores and a look at the block's
  /// word. Lock-free into the tree: one CAS, and one per word that becomes full.
  void release(block b) noexcept { give_back<true>(b); }

  /// The same for a caller who owns the block by construction, as a buffer does: a block that goes
  /// into the thread's own stack is not looked at first, which is what most of such a release
  /// takes. An order or index out of range still ends the program, and so does what a release into
  /// the tree sees; a second release into a stack does when the stack is drained, or hands the
  /// block out twice.
  void release_owned(block b) noexcept { give_back<false>(b); }
  /// The common half of release_owned alone: the block popped last, into the thread's own stack.
  /// Else as pop_at_hand.
  CAIMAN_HOT bool push_at_hand(block b, unsigned& scaled) noexcept {
    if constexpr (stacks::orders != 0) {
      if (Sync::stack_depth != 0 && b.order < stacks::orders && tree_.lanes().are_own())
          [[likely]] {
        scaled = Sync::scaled_slot();
        const slot_type me = tree_.lanes().at_hand(scaled);
        if (me.stacks().push_again(b.order, b.index)) [[likely]] {
          me.count_own_release();  // (5) last: a thread that reads it finds the block
          return true;
        }
      }
    }
    return false;
  }

  /// The same past the thread's own stack, into the tree, where any search finds the block
  /// without draining: for a caller who knows that somebody waits for room. The same misuse is
  /// seen. Lock-free: one CAS, and one per word that becomes full.
  CAIMAN_COLD void release_past_stacks(block b) noexcept {
    const slot_type me = tree_.lanes().mine();
    if constexpr (stacks::orders != 0) {
      if (Sync::stack_depth != 0 && tree_.is_small(b.order, b.index)) {
        if (lies_in(me, b)) [[unlikely]]
          free_already(b);
        me.stacks().forget(b.order, b.index);
      }
    }
    release_into_tree(b, me);
  }

  /// Gives all but the first `keep` min blocks of a live block back; 0 < keep < 2^order, anything
  /// else is misuse. What is given back is free at once, for any thread, as the fewest aligned
  /// blocks that it consists of; it coalesces as all others. What stays is the caller's until
  /// release_part. The same misuse is seen as by `release`. Lock-free: one CAS where the block lies
  /// in one word, one more per level that the border goes through; O(words right below the block).
  CAIMAN_COLD void release_tail(block b, std::size_t keep) noexcept {
    const slot_type me = seen_live(b, keep, 1);
    if (!protocol::tails<Sync, Log2Fanout>::release(tree_, me, b.order, b.index, keep)) [[unlikely]]
      free_already(b);
  }
  /// The same of a block of which `kept` min blocks are left, keep < kept <= 2^order. Lock-free: a
  /// CAS per aligned block that goes back, unless the block is whole.
  CAIMAN_COLD void release_tail(block b, std::size_t keep, std::size_t kept) noexcept {
    if (b.order <= max_order() && kept == std::size_t{1} << b.order) return release_tail(b, keep);
    const slot_type me = seen_live(b, kept, 0);
    if (keep == 0 || keep >= kept) [[unlikely]]
      no_part(b);
    const std::size_t first = b.index << b.order;
    protocol::tails<Sync, Log2Fanout>::cut(tree_, b.order, first + keep);
    using protocol::piece_count;
    me.count_splits(piece_count(first, keep) + piece_count(first + keep, kept - keep) -
                    piece_count(first, kept));
    release_pieces(first + keep, kept - keep, me);
  }
  /// What `release` is for a block of which release_tail left the first `kept` min blocks: 0 < kept
  /// <= 2^order. Goes into the tree, unless it is a block of another order now. The same misuse is
  /// seen. Lock-free: a CAS per aligned block that it consists of, and one per word that becomes
  /// full.
  CAIMAN_COLD void release_part(block b, std::size_t kept) noexcept {
    if (std::has_single_bit(kept)) {
      const auto order = static_cast<unsigned>(std::countr_zero(kept));
      if (order > b.order) [[unlikely]]
        no_part(b);
      return release({order, b.index << (b.order - order)});
    }
    const slot_type me = seen_live(b, kept, 0);
    release_pieces(b.index << b.order, kept, me);
  }

  /// The one owner of a block: move-only, its destructor releases. `unique_block<>(&tree, b)`, or
  /// with another thing that points to what has a `release(block)`, such as a std::shared_ptr,
  /// which then keeps the buddy. `get()` is the block, `release()` gives it up to the caller, as of
  /// std::unique_ptr; `reset()`, `swap` and a test for having one are as there.
  template <class Owner = buddy*>
  using unique_block = detail::unique_block<block, Owner>;

  // ---- observers: exact when no other call runs, harmless otherwise ------------------------
  //
  // They speak of maximal free blocks: no two free buddies stand apart. To say so truly they first
  // drain the stacks and take up the words that releases left full (tree.hpp, "lazy"), as a failing
  // request does; that is why a const observer moves bits. Lock-free. O(words of the level), and
  // the sweep.

  /// Whether `b` is a maximal free block. Out of range: false.
  bool is_free(block b) const noexcept {
    if (!tree_.has(b.order, b.index)) return false;
    tidy();
    const unsigned lv = tree_.level_of(b.order);
    const unsigned cls = b.order - lv * Log2Fanout;
    const std::size_t bit = b.index << cls;
    const auto pos = static_cast<unsigned>(bit % shape::fanout);
    const protocol::word_t word = load(lv, bit / shape::fanout);
    return (word >> pos & 1) != 0 && bits::merged_class(word, pos) == cls;
  }

  /// How many maximal free blocks of `order` there are.
  std::size_t free_count(unsigned order) const noexcept {
    tidy();
    return order > max_order() ? 0 : count_in_level(order);
  }

  /// The largest order that a request could get now; nothing when the buddy is full. O(orders *
  /// words), the sweep included.
  std::optional<unsigned> largest_free_order() const noexcept {
    tidy();
    for (unsigned order = max_order() + 1; order-- > 0;) {
      if (count_in_level(order) != 0) return order;
    }
    return std::nullopt;
  }

  /// Calls `f(block)` for every maximal free block, in no particular order.
  template <class F>
  void for_each_free(F f) const {
    tidy();
    for (unsigned lv = 0; lv <= tree_.top(); ++lv) {
      for (std::size_t w = 0; w < tree_.at(lv).word_count(); ++w) {
        for_each_run(load(lv, w), [&](unsigned pos, unsigned cls) {
          f(block{lv * Log2Fanout + cls, (w * shape::fanout + pos) >> cls});
        });
      }
    }
  }

  /// All that is free, in min blocks. Drains, but need not sweep. Lock-free, O(words).
  std::size_t free_min_blocks() const noexcept {
    tree_.drain(tree_.lanes().mine());
    std::size_t free = 0;
    for (unsigned lv = 0; lv <= tree_.top(); ++lv) {
      for (std::size_t w = 0; w < tree_.at(lv).word_count(); ++w) {
        free += static_cast<std::size_t>(std::popcount(load(lv, w))) << (lv * Log2Fanout);
      }
    }
    return free;
  }

  /// Buddy levels split and coalesced so far. At quiescence, always:
  /// blocks handed out + maximal free blocks == free blocks at first + splits - coalesces, and at
  /// first there is 1, or one for each one in the number of min blocks. A word that was kept full
  /// counts as coalesced when an observer or a failing request takes it up; a pair that is served
  /// from such a word before that counts only the levels that it walked.
  protocol::merge_counts counts() const noexcept {
    tidy();
    return tree_.lanes().counts();
  }

  /// How often a failing search had to look again because something was in motion. Wait-free,
  /// O(slots).
  std::uint64_t rescans() const noexcept { return tree_.lanes().rescans(); }

  /// The protocol below, for checks that compare hints with words. Not part of the stable surface.
  const tree_type& inside() const noexcept { return tree_; }
  /// The same for what is built on it.
  tree_type& inside() noexcept { return tree_; }

 private:
  using shape = protocol::level_shape<Log2Fanout>;
  using bits = protocol::word_bits<Log2Fanout>;

  CAIMAN_HOT std::expected<block, alloc_error> allocate_from_tree(unsigned order,
                                                                  slot_type me) noexcept {
    if (order > max_order()) [[unlikely]]
      return std::unexpected(alloc_error::request_too_large);
    std::size_t try_last = 0;
    protocol::search_result got = tree_.claim_at_once(order, me, try_last);
    if (!got.ok()) [[unlikely]]
      got = tree_.find(order, me, try_last);
    if (got.ok()) [[likely]]
      return block{order, got.index};
    return std::unexpected(got.how == protocol::search_result::end::full ? alloc_error::arena_full
                                                                         : alloc_error::contended);
  }
  CAIMAN_HOT void release_into_tree(block b, slot_type me) noexcept {
    if (!tree_.has(b.order, b.index)) [[unlikely]]
      no_such(b);
    if (stacks::orders != 0 && !tree_.stands_by_itself(b.order, b.index)) [[unlikely]]
      free_already(b);
    if (!tree_.release(me, b.order, b.index)) [[unlikely]]
      free_already(b);
  }

  // Where there are stacks, all else is the less common way and stays out of the caller's code: a
  // register saved there is a store between two exchanges.

  /// Nothing was at hand: who is new here, or must ask for its slot; an empty stack, or a hole in
  /// it; a block for which there is no stack.
  CAIMAN_COLD std::expected<block, alloc_error> allocate_slow(unsigned order) noexcept {
    const slot_type me = tree_.lanes().mine();
    if (Sync::stack_depth != 0 && order < stacks::orders) {
      const std::size_t kept = me.stacks().pop_below(order);
      if (kept != stacks::nothing) return block{order, kept};
    }
    return allocate_from_tree(order, me);
  }

  /// `Looks`: whether the block might be free already, as far as the caller knows.
  template <bool Looks>
  CAIMAN_HOT void give_back(block b) noexcept {
    unsigned scaled = 0;
    if constexpr (stacks::orders == 0) {
      release_into_tree(b, tree_.lanes().mine());
    } else if (!push_at_hand(b, scaled)) [[unlikely]] {
      give_back_slow<Looks>(b);
    }
  }
  /// Into the stack of a thread that has its slot at hand. Calls only as its last act.
  template <bool Looks>
  CAIMAN_COLD void give_back_slow(block b) noexcept {
    const slot_type me = tree_.lanes().at_hand();
    if (Sync::stack_depth == 0 || !tree_.lanes().are_own() || !tree_.is_small(b.order, b.index) ||
        me.shared()) [[unlikely]] {
      return give_back_rarely<Looks>(b);
    }
    if (Looks) {  // as the read-modify-write of a tree would: a push has none
      if (!tree_.is_small_taken(b.order, b.index)) [[unlikely]]
        free_already(b);
      if (me.stacks().may_hold(b.order, b.index)) [[unlikely]]
        return give_back_doubted(b, me);
    }
    keep(b, me);
  }
  /// The same of one that may lie in the stack already.
  CAIMAN_COLD void give_back_doubted(block b, slot_type me) noexcept {
    if (lies_in(me, b)) [[unlikely]]
      free_already(b);
    keep(b, me);
  }
  /// At hand, or in the tree where there is no more room.
  CAIMAN_HOT void keep(block b, slot_type me) noexcept {
    if (!me.stacks().push(b.order, b.index)) [[unlikely]]
      return release_past_stacks(b);  // full: the tree looks
    me.count_own_release();           // (5) last: a thread that reads it finds the block
    me.stacks().look_at_times();
  }
  /// All the rest: who is new here and gets its slot, or must ask for it; a block for the tree.
  template <bool Looks>
  CAIMAN_COLD void give_back_rarely(block b) noexcept {
    const slot_type me = tree_.lanes().mine();
    if (Sync::stack_depth != 0 && tree_.is_small(b.order, b.index) && !me.shared()) {
      if (Looks && (!tree_.is_small_taken(b.order, b.index) || lies_in(me, b))) [[unlikely]]
        free_already(b);
      return keep(b, me);
    }
    release_into_tree(b, me);
  }
  /// In the stack of the caller's slot.
  CAIMAN_HOT static bool lies_in(slot_type me, block b) noexcept {
    return me.stacks().may_hold(b.order, b.index) && me.stacks().holds(b.order, b.index);
  }

  [[gnu::__cold__, gnu::__noreturn__]] CAIMAN_COLD static void free_already(block b) {
    Sync::misuse("it is free already, wholly or in part", b.order, b.index);
  }

  [[gnu::__cold__, gnu::__noreturn__]] CAIMAN_COLD void no_such(block b) const {
    Sync::misuse(b.order > max_order() ? "there is no such order" : "there is no such index",
                 b.order, b.index);
  }
  void release_pieces(std::size_t from, std::size_t count, slot_type me) noexcept {
    protocol::for_each_piece(from, count, [&](unsigned order, std::size_t first) {
      release_into_tree({order, first >> order}, me);
    });
  }
  [[gnu::__cold__, gnu::__noreturn__]] CAIMAN_COLD static void no_part(block b) {
    Sync::misuse("it has no part of that size", b.order, b.index);
  }
  /// The caller's slot, for what it does to `part` min blocks of a live block, at most all but
  /// `less`.
  slot_type seen_live(block b, std::size_t part, std::size_t less) const noexcept {
    if (!tree_.has(b.order, b.index)) [[unlikely]]
      no_such(b);
    if (part == 0 || part > (std::size_t{1} << b.order) - less) [[unlikely]]
      no_part(b);
    const slot_type me = tree_.lanes().mine();
    if constexpr (stacks::orders != 0) {
      if (Sync::stack_depth != 0 && tree_.is_small(b.order, b.index) && lies_in(me, b)) [[unlikely]]
        free_already(b);
    }
    return me;
  }
  static unsigned checked(unsigned max_order) {
    if (max_order > largest_max_order) detail::raise_length_error("caiman::buddy: order past 32");
    return max_order;
  }
  static unsigned root_for(unsigned max_order, std::size_t min_blocks) {
    if (min_blocks == 0 || min_blocks >> checked(max_order) > 1) {
      detail::raise_length_error("caiman::buddy: no such number of min blocks");
    }
    return checked(root_of(min_blocks));
  }

  void tidy() const noexcept {
    const auto me = tree_.lanes().mine();
    tree_.drain(me);
    tree_.sweep(me, tree_.top());
  }

  protocol::word_t load(unsigned lv, std::size_t word) const noexcept {
    return tree_.at(lv).word(word).load(Sync::order(protocol::site::observe));
  }
  template <class F>
  static void for_each_run(protocol::word_t word, F f) {
    while (word != 0) {
      const auto pos = static_cast<unsigned>(std::countr_zero(word));
      const unsigned run = bits::merged_class(word, pos);
      f(pos, run);
      word &= ~(bits::run(run) << pos);
    }
  }
  std::size_t count_in_level(unsigned order) const noexcept {
    const unsigned lv = tree_.level_of(order);
    const unsigned cls = order - lv * Log2Fanout;
    std::size_t count = 0;
    for (std::size_t w = 0; w < tree_.at(lv).word_count(); ++w) {
      for_each_run(load(lv, w), [&](unsigned /*pos*/, unsigned run) { count += run == cls; });
    }
    return count;
  }

  metadata metadata_;
  mutable tree_type tree_;  // a tidying observer changes how free blocks lie, never which are free
};

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
