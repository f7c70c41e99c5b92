// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stacks.hpp: released blocks kept at hand
//
// In front of the tree, a slot keeps per small order a short stack of blocks that its thread
// released. Only the owner pushes and moves the height; anyone may take entries out, and taking
// turns an entry into 0, so a push is two plain stores and nothing is stranded: a request that
// finds nothing in the tree drains all stacks (tree.hpp) before it says "full".
//
//   push   entry, then height.
//   pop    takes the top entry, with an exchange, or announced (below). A 0 there is a hole, a
//          drainer was faster: walk down, and let the height follow. It never jumps to 0, a live
//          entry may hide below the hole.
//   drain  looks at height and entries, then exchanges what is not 0.
//
// Announced pop, for policies that have it: no locked instruction. The owner announces "I may take
// the top entry", and takes it by a plain load if its flag is down; the entry stays behind, above
// the height. A drainer raises the flag and leaves an announced top entry alone, and never looks
// above the height. Announcement and flag are a store-buffer pair with one cheap side: light_fence
// keeps the compiler from turning the owner's two accesses round, heavy_fence makes every running
// thread pass a full fence on the drainer's side (membarrier, asymmetric Dekker). An announcement
// is a promise: who sees it may say that the block has gone. So the owner takes the entry then, or
// finds that a drainer was there before he announced.
//
// That fence is dear, so the flag stays up when the drainer goes, and says that a fence was passed:
// from then on pops are exchanges, and who drains next needs none. Only the owner takes his flag
// down, after so many pops during which nobody came, and not while a drainer is there: it counts
// drainers in and out, and is taken down by a compare-and-swap. So a fence is paid at most once per
// so many pops of an owner, and an arena that is drained all the time is drained as if pops had
// always been exchanges.
//
// An entry is the block's index + 1, 0 for none. Per order one head word says all that the owner
// must know: the height n in bits 0 to 30, "announced" in bit 31, and above them the note of the
// block that was popped last: the first release of that block by its thread needs no look at the
// tree. One word and not two, since every store between two exchanges delays the second one.
// Nothing is announced between two calls of the owner, so to him the low half is the height as it
// stands.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>

#include "caiman/detail/attributes.hpp"
#include "caiman/protocol/word_type.hpp"
#include "caiman/sync.hpp"

namespace caiman::inline v0::protocol {

/// The stacks of one slot; a view of their memory, passed by value.
template <sync_policy Sync>
class owner_stacks {
 public:
  /// An entry.
  using cell = typename Sync::template atomic<std::uint32_t>;
  /// The flag of drainers.
  using flag_cell = typename Sync::template atomic<flag_t>;
  /// Height, announcement and note of an order.
  using head_cell = typename Sync::template atomic<std::uint64_t>;
  /// What the owner remembers of his flag.
  using memo_cell = typename Sync::statistic;  // nor on when he takes it down
  /// Entries that there is memory for.
  static constexpr unsigned room = Sync::stack_room;
  /// What pop_below and take say instead of an index: there is none.
  static constexpr std::size_t nothing = ~std::size_t{0};
  /// Orders below this one have a stack; 0 switches all of it off.
  static constexpr unsigned orders = room == 0 ? 0 : Sync::stack_orders;

  /// An index past these fits into no entry.
  static constexpr std::uint64_t indices = ~std::uint32_t{0};

  /// Bytes of the stacks of one slot.
  static constexpr std::size_t bytes() noexcept {
    return orders == 0 ? 0 : entries_offset + orders * lines(room * sizeof(cell));
  }

  /// A view of the stacks at this address, built or not.
  explicit owner_stacks(std::byte* at) noexcept : at_(at) {}

  /// Makes them, empty, before any other thread knows of them.
  void build() const noexcept {
    // Where announcing cannot work the flag is up from the start, and no owner takes it down.
    make<flag_cell>(flag_offset, Sync::announced_pop && !Sync::heavy_fence_works() ? fenced : 0U);
    make<memo_cell>(pops_offset, 0U);
    make<memo_cell>(seen_offset, 0U);
    for (unsigned order = 0; order < orders; ++order) {
      make<head_cell>(head_offset(order), 0U);
      ::new (static_cast<void*>(at_ + tag_offset(order))) tag_row;
      for (unsigned char& tag : tags(order).of) tag = 0;
      for (std::uint32_t i = 1; i <= room; ++i) make<cell>(entry_offset(order, i), 0U);
    }
  }
  /// Ends them, when no other thread knows of them any more.
  void destroy() const noexcept {
    drainers().~flag_cell();
    pops().~memo_cell();
    seen().~memo_cell();
    for (unsigned order = 0; order < orders; ++order) {
      head(order).~head_cell();
      for (std::uint32_t i = 1; i <= room; ++i) entry(order, i).~cell();
    }
  }

  // ---- where they lie: for checks that name what they see, not part of the stable surface ----

  /// The flag that drainers raise.
  const void* flag_address() const noexcept { return &drainers(); }
  /// Height, announcement and note.
  const void* head_address(unsigned order) const noexcept { return &head(order); }
  /// Entry `i`, from 1 to `room`.
  const void* entry_address(unsigned order, std::uint32_t i) const noexcept {
    return &entry(order, i);
  }

  // ---- the owner's side ------------------------------------------------------------------

  /// Keeps a block; false when there is no room. Wait-free: two stores, and its tag.
  CAIMAN_HOT bool push(unsigned order, std::size_t index) const noexcept {
    const std::uint32_t n = height(head(order).load(Sync::order(site::stack_height)));
    if (n >= Sync::stack_depth) return false;
    tags(order).of[n] = static_cast<unsigned char>(index);
    put(order, entry_of(index), n);
    return true;
  }

  /// Keeps the block that the owner popped last, if nothing was pushed since: then it is live, and
  /// nobody needs to look; and it goes where it was, where its tag still is. Else false. Wait-free.
  CAIMAN_HOT bool push_again(unsigned order, std::size_t index) const noexcept {
    const std::uint64_t now = head(order).load(Sync::order(site::stack_height));
    if (is_noted(now, index)) [[likely]] {
      put(order, note_of(now), height(now));
      return true;
    }
    return false;
  }
  /// The owner gives a block back elsewhere. If it is the one that was popped last, that counts no
  /// longer: a second release of it must be looked at. Wait-free. (7)
  void forget(unsigned order, std::size_t index) const noexcept {
    head_cell& h = head(order);
    const std::uint64_t now = h.load(Sync::order(site::stack_height));
    if (is_noted(now, index)) h.store(head_of(height(now), 0), Sync::order(site::stack_popped));
  }

  /// The owner looks at his flag, after so many pops by exchange, and takes it down if nobody comes
  /// any more. Behind a push, or where a pop found nothing on top: in a pop he has announced
  /// something. Wait-free.
  CAIMAN_HOT void look_at_times() const noexcept {
    if (!Sync::announced_pop || pops().load(std::memory_order_relaxed) < Sync::calm_pops) [[likely]]
      return;
    look_at_flag_at(at_);
  }

  /// False when the block lies in no stack of the owner; nearly always, when it lies in none. Looks
  /// at all tags at once: a walk over the entries, of a length that no processor can guess, costs
  /// three times as much.
  CAIMAN_HOT bool may_hold(unsigned order, std::size_t index) const noexcept {
    // Spelt out, since g++ 12 turns the loop that says the same into one of bytes.
    using bytes [[gnu::vector_size(16)]] = signed char;
    using halves [[gnu::vector_size(16)]] = std::uint64_t;
    const tag_row& row = tags(order);
    bytes same{};
#pragma GCC unroll 4
    for (std::size_t i = 0; i < sizeof row.of; i += sizeof(bytes)) {
      bytes some;
      __builtin_memcpy(&some, __builtin_assume_aligned(row.of + i, alignof(tag_row)), sizeof some);
      same |= some == (bytes{} + static_cast<signed char>(index));
    }
    const auto both = std::bit_cast<halves>(same);
    return (both[0] | both[1]) != 0;
  }
  /// Whether a block lies in the owner's own stack.
  bool holds(unsigned order, std::size_t index) const noexcept {
    const std::uint32_t n = height(head(order).load(Sync::order(site::stack_height)));
    for (std::uint32_t i = 1; i <= n; ++i) {
      if (entry(order, i).load(Sync::order(site::stack_own_look)) == entry_of(index)) return true;
    }
    return false;
  }

  /// Takes the top entry; false when the stack is empty or a drainer was faster, and then
  /// pop_below() has the answer, or who asks again. Calls nothing, so that its caller need save no
  /// register: that is a store between two exchanges. Wait-free.
  CAIMAN_HOT bool pop_top(unsigned order, std::size_t& index) const noexcept {
    head_cell& h = head(order);
    const std::uint32_t n = height(h.load(Sync::order(site::stack_height)));
    if (n == 0) return false;
    std::uint64_t exchanged = 0;
    if (Sync::announced_pop) {
      h.store(head_of(n, 0) | announced, Sync::order(site::stack_announce));     // (7) (8)
      Sync::light_fence();                                                       // (8)
      if (drainers().load(Sync::order(site::stack_drainers)) == 0) [[likely]] {  // (8)
        const std::uint32_t top = entry(order, n).load(Sync::order(site::stack_look));
        h.store(head_of(n - 1, top), Sync::order(site::stack_popped));  // (7)
        index = top - std::size_t{1};
        return top != 0;
      }
      exchanged = pops().load(std::memory_order_relaxed) + 1;
      pops().store(exchanged, std::memory_order_relaxed);
    }
    // What the owner pushed is there, or a hole; to look first shortens the way from one exchange
    // to the next, which would otherwise lead through the result of this one.
    const std::uint32_t top = entry(order, n).load(Sync::order(site::stack_look));
    if (entry(order, n).exchange(0, Sync::order(site::stack_take)) == 0) [[unlikely]] {  // (7)
      // What was announced was a hole already. Whoever asks the stack next finds no announcement.
      if (Sync::announced_pop) h.store(head_of(n, 0), Sync::order(site::stack_popped));  // (7)
      return false;
    }
    // When it is time to look at the flag, the block comes back by a push, behind which he does.
    h.store(head_of(n - 1, exchanged < Sync::calm_pops ? top : 0),
            Sync::order(site::stack_popped));  // (7)
    index = top - std::size_t{1};
    return true;
  }
  /// Takes the newest block, from under holes if there are any; `nothing` when there is none. Only
  /// the owner pushes, so holes stay holes. Takes the flag down when it is time. Wait-free,
  /// O(height).
  std::size_t pop_below(unsigned order) const noexcept {
    head_cell& h = head(order);
    std::uint32_t n = height(h.load(Sync::order(site::stack_height)));
    look_at_times();
    if (n == 0) return nothing;  // and what was popped last is still that
    std::uint32_t top = 0;
    for (; n > 0 && top == 0; --n) {
      cell& e = entry(order, n);
      if (e.load(Sync::order(site::stack_hole)) == 0) continue;  // (4)
      top = e.exchange(0, Sync::order(site::stack_take));        // (7)
    }
    h.store(head_of(n, top), Sync::order(site::stack_popped));  // (7)
    return top - std::size_t{1};                                // of 0: `nothing`
  }

  // ---- anyone's side ---------------------------------------------------------------------

  /// How far up a drainer may take entries. Of a foreign stack, an announced top entry is its
  /// owner's, who may stand still there for ever, so a thread that leaves it alone may say that
  /// there is nothing. Then it must be true that the owner gets it: a thread that drains with an
  /// older head in view, and takes it, has raised the flag. Of the two read-modify-writes of the
  /// flag one comes first: then either that drainer sees the announcement, or this thread sees that
  /// one is at work.
  std::uint32_t reach(unsigned order, bool own) const noexcept {
    const auto seen =
        static_cast<std::uint32_t>(head(order).load(Sync::order(site::drain_height)));  // (7) (8)
    const std::uint32_t n = seen & ~announced;
    if (own || n == seen) return n;
    drainers().fetch_add(0, Sync::order(site::drain_spare));  // (8)
    return n - 1;
  }

  /// Whether there is anything to drain. A pass that drains nothing must disturb nobody.
  bool any(bool own) const noexcept {
    for (unsigned order = 0; order < orders; ++order) {
      for (std::uint32_t i = reach(order, own); i > 0; --i) {
        if (entry(order, i).load(Sync::order(site::drain_look)) != 0) return true;  // (4)
      }
    }
    return false;
  }

  /// How far up a drainer could take entries of a foreign stack; for checks.
  std::uint32_t peek_reach(unsigned order) const noexcept {
    const auto seen = static_cast<std::uint32_t>(head(order).load(Sync::order(site::observe)));
    const std::uint32_t n = seen & ~announced;
    return n == seen ? n : n - 1;
  }
  /// What lies in entry `i`; for checks.
  std::size_t peek(unsigned order, std::uint32_t i) const noexcept {
    return entry(order, i).load(Sync::order(site::observe)) - std::size_t{1};
  }

  /// Takes entry `i` out, from 1 up to reach(); `nothing` if there is none any more.
  std::size_t take(unsigned order, std::uint32_t i) const noexcept {
    cell& e = entry(order, i);
    if (e.load(Sync::order(site::drain_look)) == 0) return nothing;        // (4)
    return e.exchange(0, Sync::order(site::stack_take)) - std::size_t{1};  // (4) (7)
  }

  /// A drainer comes. While the flag is up, the owner pops with exchanges. False if no fence was
  /// passed since it went up: then a Sync::heavy_fence() and pass_fence() come before reach(), one
  /// fence for any number of stacks. Wait-free. (8)
  bool raise_flag() const noexcept {
    return (drainers().fetch_add(a_look + 1, Sync::order(site::drain_raise)) & fenced) != 0;
  }
  /// The fence was passed, for whoever comes while the flag stays up. Wait-free.
  void pass_fence() const noexcept {
    drainers().fetch_or(fenced, Sync::order(site::drain_fenced));  // (8)
  }
  /// The drainer goes, and leaves the flag up. Wait-free.
  void leave_flag() const noexcept {
    drainers().fetch_add(~std::uint64_t{0}, Sync::order(site::drain_leave));  // (8)
  }

 private:
  // The flag: how many drainers are there in bits 0 to 31, "a fence was passed" in bit 32, and
  // above them how often one came. 0: down.
  static constexpr std::uint64_t fenced = std::uint64_t{1} << 32;
  static constexpr std::uint64_t a_look = std::uint64_t{1} << 33;

  /// He takes it down if nobody came since he looked last, and nobody is there.
  void look_at_flag() const noexcept {
    pops().store(0, std::memory_order_relaxed);
    flag_t now = drainers().load(Sync::order(site::stack_drainers)) & ~(fenced - 1);  // (8)
    if (now != seen().load(std::memory_order_relaxed)) {
      seen().store(now, std::memory_order_relaxed);
    } else if (Sync::heavy_fence_works()) {
      // (8) acquires what all that have been there took
      drainers().compare_exchange_strong(now, 0, Sync::order(site::stack_lower),
                                         Sync::order(site::stack_drainers));
    }
  }
  /// Of the stacks at this address: so no caller must keep the view in memory.
  CAIMAN_COLD static void look_at_flag_at(std::byte* at) noexcept {
    owner_stacks(at).look_at_flag();
  }

  static constexpr std::uint32_t announced = std::uint32_t{1} << 31;
  static constexpr std::uint64_t head_of(std::uint32_t n, std::uint32_t note) noexcept {
    return std::uint64_t{note} << 32 | n;
  }
  /// Of a head that announces nothing; else with `announced` in it.
  static constexpr std::uint32_t height(std::uint64_t head) noexcept {
    return static_cast<std::uint32_t>(head);
  }
  /// The entry that was popped last, or 0.
  static constexpr std::uint32_t note_of(std::uint64_t head) noexcept {
    return static_cast<std::uint32_t>(head >> 32);
  }
  static constexpr bool is_noted(std::uint64_t head, std::size_t index) noexcept {
    const std::uint32_t note = note_of(head);
    // No note is 0, which index + 1 is, too, for an index that no block has.
    return note == index + std::uint64_t{1} && note != 0;
  }
  static constexpr std::uint32_t entry_of(std::size_t index) noexcept {
    return static_cast<std::uint32_t>(index + 1);
  }

  // The heads of all orders in one line, their tags, the flag with what the owner remembers of it,
  // and a line of entries per order.
  static constexpr std::size_t lines(std::size_t size) noexcept { return (size + 63) / 64 * 64; }
  /// The low byte of every entry's index: the owner's alone, and no step of the protocol depends on
  /// it.
  struct alignas(16) tag_row {
    unsigned char of[room == 0 ? 16 : (room + 15) / 16 * 16];
  };
  static constexpr std::size_t tags_offset = lines(orders * sizeof(head_cell));
  static constexpr std::size_t flag_offset =
      tags_offset + lines(std::size_t{orders} * sizeof(tag_row));
  static constexpr std::size_t pops_offset =
      (flag_offset + sizeof(flag_cell) + alignof(memo_cell) - 1) / alignof(memo_cell) *
      alignof(memo_cell);
  static constexpr std::size_t seen_offset = pops_offset + sizeof(memo_cell);
  static constexpr std::size_t entries_offset = lines(seen_offset + sizeof(memo_cell));
  static constexpr std::size_t head_offset(unsigned order) noexcept {
    return order * sizeof(head_cell);
  }
  static constexpr std::size_t tag_offset(unsigned order) noexcept {
    return tags_offset + order * sizeof(tag_row);
  }
  /// Entries count from 1, so that a height names the top one.
  static constexpr std::size_t entry_offset(unsigned order, std::uint32_t i) noexcept {
    return entries_offset + order * lines(room * sizeof(cell)) + (i - 1) * sizeof(cell);
  }

  template <class Cell, class Value>
  void make(std::size_t offset, Value value) const noexcept {
    ::new (static_cast<void*>(at_ + offset)) Cell(value);
  }
  template <class Cell>
  Cell& at(std::size_t offset) const noexcept {
    return *std::launder(static_cast<Cell*>(static_cast<void*>(at_ + offset)));
  }
  flag_cell& drainers() const noexcept { return at<flag_cell>(flag_offset); }
  /// Pops by exchange since the owner looked at his flag.
  memo_cell& pops() const noexcept { return at<memo_cell>(pops_offset); }
  /// What he saw there.
  memo_cell& seen() const noexcept { return at<memo_cell>(seen_offset); }
  head_cell& head(unsigned order) const noexcept { return at<head_cell>(head_offset(order)); }
  tag_row& tags(unsigned order) const noexcept { return at<tag_row>(tag_offset(order)); }
  cell& entry(unsigned order, std::uint32_t i) const noexcept {
    return at<cell>(entry_offset(order, i));
  }

  CAIMAN_HOT void put(unsigned order, std::uint32_t what, std::uint32_t n) const noexcept {
    entry(order, n + 1).store(what, Sync::order(site::stack_push));         // (7)
    head(order).store(head_of(n + 1, 0), Sync::order(site::stack_pushed));  // (7)
  }

  std::byte* at_;
};

}  // namespace caiman::v0::protocol

#endif  // CAIMAN_REQUIREMENTS_MET
