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
// the top entry", and takes it by a plain load if no drainer has raised its flag; the entry stays
// behind, above the height. A drainer raises the flag and leaves an announced top entry alone, and
// never looks above the height. Announcement and flag are a store-buffer pair with one cheap side:
// light_fence keeps the compiler from turning the owner's two accesses round, heavy_fence makes
// every running thread pass a full fence on the drainer's side (membarrier, asymmetric Dekker).
//
// An entry is the block's index + 1, 0 for none. A height is n << 1, + 1 while announced.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "caiman/sync.hpp"

namespace caiman {

/// The stacks of one slot; a view of their memory, passed by value.
template <sync_policy Sync>
class owner_stacks {
 public:
  using cell = typename Sync::template atomic<std::uint32_t>;
  static constexpr unsigned room = Sync::stack_room;
  static constexpr std::size_t nothing = ~std::size_t{0};
  /// Orders below this one have a stack; 0 switches all of it off.
  static constexpr unsigned orders = room == 0 ? 0 : Sync::stack_orders;

  /// An index past these fits into no entry.
  static constexpr std::uint64_t indices = ~std::uint32_t{0};

  static constexpr std::size_t bytes() noexcept {
    return orders == 0 ? 0 : lines(heads) + orders * lines(room);
  }

  explicit owner_stacks(std::byte* at) noexcept : at_(at) {}

  void build() const noexcept {
    for_each([](std::byte* cell_at, std::uint32_t value) {
      ::new (static_cast<void*>(cell_at)) cell(value);
    });
  }
  void destroy() const noexcept {
    for_each([](std::byte* cell_at, std::uint32_t /*value*/) { at(cell_at).~cell(); });
  }

  // ---- the owner's side ------------------------------------------------------------------

  /// Keeps a block; false when there is no room. Wait-free: two stores.
  [[gnu::always_inline]] bool push(unsigned order, std::size_t index) const noexcept {
    cell& h = height(order);
    const std::uint32_t n = h.load(Sync::order(site::stack_height)) >> 1;
    if (n >= Sync::stack_depth) [[unlikely]]
      return false;
    entry(order, n + 1).store(entry_of(index), Sync::order(site::stack_push));  // (7)
    h.store((n + 1) << 1, Sync::order(site::stack_pushed));                     // (7)
    return true;
  }

  /// Whether a block lies in the owner's own stack already.
  bool holds(unsigned order, std::size_t index) const noexcept {
    const std::uint32_t n = height(order).load(Sync::order(site::stack_height)) >> 1;
    for (std::uint32_t i = 1; i <= n; ++i) {
      if (entry(order, i).load(Sync::order(site::stack_own_look)) == entry_of(index)) return true;
    }
    return false;
  }

  /// Whether it is the block that the owner popped last, and releases for the first time since:
  /// then it is live, and nobody needs to look.
  [[gnu::always_inline]] bool popped_last(unsigned order, std::size_t index) const noexcept {
    const bool same = last(order).load(Sync::order(site::stack_last)) == entry_of(index);
    if (same) last(order).store(0, Sync::order(site::stack_last));
    return same;
  }

  /// Takes the newest block; `nothing` when there is none. Wait-free.
  [[gnu::always_inline]] std::size_t pop(unsigned order) const noexcept {
    cell& h = height(order);
    const std::uint32_t n = h.load(Sync::order(site::stack_height)) >> 1;
    if (n == 0) return nothing;
    if (Sync::announced_pop) {
      h.store(n << 1 | 1, Sync::order(site::stack_announce));                    // (7) (8)
      Sync::light_fence();                                                       // (8)
      if (drainers().load(Sync::order(site::stack_drainers)) == 0) [[likely]] {  // (8)
        const std::uint32_t top = entry(order, n).load(Sync::order(site::stack_look));
        h.store((n - 1) << 1, Sync::order(site::stack_popped));  // (7)
        if (top != 0) [[likely]]
          return popped(order, top);
      }
    }
    const std::uint32_t top = entry(order, n).exchange(0, Sync::order(site::stack_take));  // (7)
    if (top == 0) [[unlikely]]
      return pop_below(order, n);
    h.store((n - 1) << 1, Sync::order(site::stack_popped));
    return popped(order, top);
  }

  // ---- anyone's side ---------------------------------------------------------------------

  /// How far up a drainer may take entries. Of a foreign stack, an announced top entry is its
  /// owner's, who may stand still there for ever.
  std::uint32_t reach(unsigned order, bool own) const noexcept {
    const std::uint32_t seen = height(order).load(Sync::order(site::drain_height));  // (7)
    return (seen >> 1) - (own ? 0 : seen & 1);
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

  /// What lies in entry `i`; for checks.
  std::size_t peek(unsigned order, std::uint32_t i) const noexcept {
    return entry(order, i).load(Sync::order(site::observe)) - std::size_t{1};
  }

  /// Takes entry `i` out, from 1 up to reach(); `nothing` if there is none any more.
  std::size_t take(unsigned order, std::uint32_t i) const noexcept {
    cell& e = entry(order, i);
    if (e.load(Sync::order(site::drain_look)) == 0) return nothing;        // (4)
    return e.exchange(0, Sync::order(site::stack_take)) - std::size_t{1};  // (7)
  }

  /// While the flag is up, the owner pops with exchanges. Between raising it and reach() stands a
  /// Sync::heavy_fence(), one for any number of stacks.
  void raise_flag() const noexcept { drainers().fetch_add(1, Sync::order(site::drain_raise)); }
  void lower_flag() const noexcept {
    drainers().fetch_add(~std::uint32_t{0}, Sync::order(site::drain_lower));  // (8)
  }

 private:
  static constexpr std::size_t lines(std::size_t cells) noexcept {
    return (cells * sizeof(cell) + 63) / 64 * 64;
  }
  static cell& at(std::byte* where) noexcept {
    return *std::launder(reinterpret_cast<cell*>(where));
  }

  /// The flag, then a height and the last block popped per order.
  static constexpr std::size_t heads = 1 + 2 * orders;

  cell& drainers() const noexcept { return at(at_); }
  cell& height(unsigned order) const noexcept { return at(at_ + (1 + 2 * order) * sizeof(cell)); }
  cell& last(unsigned order) const noexcept { return at(at_ + (2 + 2 * order) * sizeof(cell)); }
  /// Entries count from 1, so that a height names the top one.
  cell& entry(unsigned order, std::uint32_t i) const noexcept {
    return at(at_ + lines(heads) + order * lines(room) + (i - 1) * sizeof(cell));
  }

  static constexpr std::uint32_t entry_of(std::size_t index) noexcept {
    return static_cast<std::uint32_t>(index + 1);
  }
  [[gnu::always_inline]] std::size_t popped(unsigned order, std::uint32_t top) const noexcept {
    last(order).store(top, Sync::order(site::stack_last));
    return top - std::size_t{1};  // of 0: `nothing`
  }

  template <class F>
  void for_each(F f) const noexcept {
    // Where announcing cannot work the flag stays up, and the exchange pop runs for ever.
    f(at_, Sync::announced_pop && !Sync::heavy_fence_works() ? 1 : 0);
    for (unsigned order = 0; order < orders; ++order) {
      f(at_ + (1 + 2 * order) * sizeof(cell), 0);
      f(at_ + (2 + 2 * order) * sizeof(cell), 0);
      for (std::uint32_t i = 0; i < room; ++i) {
        f(at_ + lines(heads) + order * lines(room) + i * sizeof(cell), 0);
      }
    }
  }

  /// The top entry, number `n`, is a hole. Only the owner pushes, so holes stay holes.
  [[gnu::noinline]] std::size_t pop_below(unsigned order, std::uint32_t n) const noexcept {
    std::uint32_t top = 0;
    while (--n > 0) {
      cell& e = entry(order, n);
      if (e.load(Sync::order(site::stack_look)) == 0) continue;
      top = e.exchange(0, Sync::order(site::stack_take));  // (7)
      if (top != 0) break;
    }
    height(order).store((n == 0 ? 0 : n - 1) << 1, Sync::order(site::stack_popped));
    return popped(order, top);
  }

  std::byte* at_;
};

}  // namespace caiman
