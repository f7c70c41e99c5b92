// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// buddies.cpp: the core through the door that structures of anybody's take
//
// The headers that ship, on the machine's atomics, against a specification of a few lines: a
// second engine for the core, which shows what Relacy cannot: stores that stand before newer ones,
// failing compare-exchanges that read old values, orders by their place in the source.
// ---------------------------------------------------------------------------------------------
#include <caiman-model/check.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "caiman/buddy_core.hpp"
#include "caiman/sync.hpp"

#ifndef STACK_DEPTH
#define STACK_DEPTH 0
#endif

namespace m = caiman::model;

namespace {

constexpr unsigned max_order = 2;
constexpr unsigned min_blocks = 1U << max_order;

struct door_sync {
  template <class T>
  using atomic = m::atomic<T>;
  template <class T>
  using plain = m::plain<T>;
  struct statistic {  // no step of the protocol
    explicit statistic(std::uint64_t n) noexcept : value(n) {}
    std::uint64_t load(std::memory_order /*o*/) const noexcept { return value; }
    void store(std::uint64_t n, std::memory_order /*o*/) noexcept { value = n; }
    std::uint64_t fetch_add(std::uint64_t n, std::memory_order /*o*/) noexcept {
      return std::exchange(value, value + n);
    }
    std::uint64_t value;
  };
  static constexpr unsigned exclusive_slots = 3;
  static constexpr unsigned look_again_bound = 24;
  static constexpr unsigned stack_depth = STACK_DEPTH;
  static constexpr unsigned stack_room = STACK_DEPTH;
  static constexpr unsigned stack_orders = 2;
  static constexpr bool announced_pop = STACK_DEPTH != 0;
  static constexpr unsigned calm_pops = 1;

  static constexpr std::memory_order order(caiman::protocol::site at) noexcept {
    return caiman::protocol::shipped_order(at);
  }
  static void full_fence(const m::place& at = m::place::current()) {
    m::atomic_thread_fence(std::memory_order_seq_cst, at);
  }
  static void light_fence() { full_fence(); }
  static void heavy_fence() { full_fence(); }
  static bool heavy_fence_works() noexcept { return true; }

  struct home {};
  static bool is_own(home) noexcept { return true; }
  static constexpr unsigned slot_scale = 1;
  static unsigned scaled_slot() noexcept { return thread_slot(); }
  static unsigned thread_slot(home = {}) noexcept {
    return std::min(m::this_thread::index(), exclusive_slots);
  }
  static unsigned slots_seen(home = {}) noexcept { return exclusive_slots; }
  static void pause(unsigned /*round*/) { m::this_thread::yield(); }
  static void rest(unsigned /*round*/) { m::this_thread::yield(); }
  static void invariant(bool holds, const char* text) { m::require(holds, text); }
  [[noreturn]] static void misuse(const char* what, unsigned /*order*/, std::uint64_t /*index*/) {
    m::machine::fail(what, m::place::current());
  }
};

struct piece {
  unsigned order = 0;
  std::size_t index = 0;
  std::size_t first() const noexcept { return index << order; }
  std::size_t end() const noexcept { return (index + 1) << order; }
  friend bool operator==(const piece&, const piece&) = default;
  friend std::ostream& operator<<(std::ostream& to, const piece& p) {
    return to << "min blocks " << p.first() << " to " << p.end() - 1;
  }
};

/// Threads take blocks, write to them, and give back what they have had longest.
class buddies {
 public:
  std::optional<piece> take(unsigned order) {
    const auto got = buddy_.allocate(order);
    if (!got) return {};
    const piece mine{order, got->index};
    for (std::size_t i = mine.first(); i < mine.end(); ++i) payload_[i] = m::this_thread::index();
    held_[m::this_thread::index()].push_back(mine);
    return mine;
  }
  std::optional<piece> give() {
    auto& mine = held_[m::this_thread::index()];
    if (mine.empty()) return {};
    const piece gone = mine.front();
    mine.erase(mine.begin());
    for (std::size_t i = gone.first(); i < gone.end(); ++i) payload_[i] = 9;
    buddy_.release({gone.order, gone.index});
    return gone;
  }
  /// All free: one block.
  bool merges() {
    for (const auto& held : held_) {
      for (const piece& each : held) buddy_.release({each.order, each.index});
    }
    return buddy_.allocate(max_order).has_value();
  }

 private:
  caiman::buddy<door_sync, 1> buddy_{max_order};
  std::array<m::plain<unsigned>, min_blocks> payload_;
  std::array<std::vector<piece>, 6> held_;
};

struct free_blocks {
  std::array<bool, min_blocks> used{};

  bool take(unsigned order, const std::optional<piece>& got) {
    if (got) return mark(*got, false);
    for (std::size_t i = 0; i < min_blocks >> order; ++i) {
      free_blocks room = *this;
      if (room.mark({order, i}, false)) return false;  // it said full, and this one was free
    }
    return true;
  }
  bool give(const std::optional<piece>& gone) { return !gone || mark(*gone, true); }
  bool operator==(const free_blocks&) const = default;

 private:
  bool mark(const piece& each, bool from) {
    for (std::size_t i = each.first(); i < each.end(); ++i) {
      if (used[i] != from) return false;
      used[i] = !from;
    }
    return true;
  }
};

}  // namespace

int main(int argc, char** argv) {
  return m::check<buddies, free_blocks>(
      argc, argv, m::operation("take", &buddies::take, &free_blocks::take, m::any_of(0U, 1U, 2U)),
      m::operation("give", &buddies::give, &free_blocks::give),
      m::after([](buddies& b) { return b.merges(); }));
}
