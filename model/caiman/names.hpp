// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// names.hpp: what lies where in the core, for traces
//
// A trace says "hint of level 0, class 1, node 3" where Relacy knows an address. Only addresses are
// compared, nothing is touched.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "checked_sync.hpp"
// then the core
#include "caiman/detail/ledger.hpp"
#include "caiman/detail/waiting.hpp"
#include "caiman/protocol/slots.hpp"
#include "caiman/protocol/tree.hpp"

namespace caiman::model {

using namespace protocol;  // What is checked are the insides.
using namespace detail;

template <class Object>
bool lies_in(const Object& object, const void* address) noexcept {
  const std::less<> before;
  return !before(address, &object) && before(address, &object + 1);
}

inline std::string numbered(std::initializer_list<const char*> words,
                            std::initializer_list<std::size_t> numbers) {
  std::string text;
  const auto* number = numbers.begin();
  for (const char* word : words) {
    text += word;
    if (number != numbers.end()) text += std::to_string(*number++);
  }
  return text;
}

template <class Level>
std::string name_in_level(const Level& in, std::size_t lv, const void* address) {
  for (std::size_t w = 0; w < in.word_count(); ++w) {
    if (address == &in.word(w)) return numbered({"level ", " word "}, {lv, w});
  }
  for (unsigned h = 0; h == 0 || h < in.heights(); ++h) {
    for (std::size_t i = 0; i < in.node_count(h); ++i) {
      for (unsigned cls = 0; cls < Level::shape::node_stride; ++cls) {
        if (address != &in.node(h, i, cls)) continue;
        std::string name = numbered({"hint of level ", ", class ", ", node "}, {lv, cls, i});
        return h == 0 ? name : name + numbered({", height "}, {h});
      }
    }
  }
  return {};
}

template <class Stacks>
std::string name_in_stacks(const Stacks& of, std::size_t slot, const void* address) {
  if (Stacks::orders == 0) return {};
  if (address == of.flag_address()) return numbered({"drainers' flag of slot "}, {slot});
  for (unsigned order = 0; order < Stacks::orders; ++order) {
    std::string stack = numbered({"stack of slot ", ", order "}, {slot, order});
    if (address == of.head_address(order)) return stack + ", head";
    for (std::uint32_t i = 1; i <= Stacks::room; ++i) {
      if (address == of.entry_address(order, i)) return stack + numbered({", entry "}, {i});
    }
  }
  return {};
}

template <class Slots>
std::string name_in_slots(const Slots& of, unsigned max_order, const void* address) {
  for (unsigned slot = 0; slot < Slots::count; ++slot) {
    auto& line = of.counted(slot);
    if (address == &line.begun) return numbered({"begun of slot "}, {slot});
    if (address == &line.ended) return numbered({"ended of slot "}, {slot});
    if (address == &line.releases) return numbered({"releases of slot "}, {slot});
    for (unsigned order = 0; order <= max_order; ++order) {
      if (address == line.hints() + order) {
        return numbered({"word hint of slot ", ", order "}, {slot, order});
      }
    }
    std::string name = name_in_stacks(line.stacks(), slot, address);
    if (!name.empty()) return name;
  }
  return {};
}

template <class Tree>
std::string name_in_tree(const Tree& tree, const void* address) {
  for (unsigned lv = 0; lv <= tree.top(); ++lv) {
    std::string name = name_in_level(tree.at(lv), lv, address);
    if (!name.empty()) return name;
  }
  return name_in_slots(tree.lanes(), tree.max_order(), address);
}

template <class Tree>
std::vector<recording::level> levels_of(const Tree& tree) {
  std::vector<recording::level> all;
  for (unsigned lv = 0; lv <= tree.top(); ++lv) {
    std::size_t slots = 0;
    while (tree.has(lv * static_cast<unsigned>(std::countr_zero(Tree::shape::fanout)), slots))
      ++slots;
    all.push_back({tree.at(lv).word_count(), std::min<std::size_t>(slots, Tree::shape::fanout)});
  }
  return all;
}

/// Its cells, in the order in which they are declared.
template <class Sync>
std::string name_in_pool(const slot_pool<Sync>& pool, const void* address) {
  if (!lies_in(pool, address)) return {};
  using cell = typename Sync::template atomic<std::uint64_t>;
  const auto* at = static_cast<const std::byte*>(address);
  const auto* last = reinterpret_cast<const std::byte*>(&pool + 1) - sizeof(cell);
  return at < last ? "slots taken" : "slots seen";
}

/// Lines of two cells and three statistics, then handles, rest and met; all of it private.
template <class Sync>
std::string name_in_ledger(const ledger<Sync>& books, const void* address) {
  if (!lies_in(books, address)) return {};
  struct alignas(128) line {
    typename ledger<Sync>::cell taken, returned;
    typename ledger<Sync>::statistic failures, frozen, spills;
  };
  struct alike {
    line lines[Sync::exclusive_slots + 1];
    alignas(128) typename ledger<Sync>::cell closed;
    bool light;
    alignas(128) typename ledger<Sync>::cell handles;
    typename ledger<Sync>::cell ended, rest, met;
    [[no_unique_address]] typename Sync::home home;
  };
  static_assert(sizeof(alike) == sizeof(ledger<Sync>), "ledger.hpp has changed: name its parts");
  const auto at = static_cast<std::size_t>(static_cast<const std::byte*>(address) -
                                           reinterpret_cast<const std::byte*>(&books));
  const std::size_t all_lines = sizeof(line) * (Sync::exclusive_slots + 1);
  if (at >= offsetof(alike, handles)) {
    constexpr const char* cells[] = {"handles", "ended", "rest", "met"};
    const std::size_t cell = (at - offsetof(alike, handles)) / sizeof(typename ledger<Sync>::cell);
    return cell < std::size(cells) ? cells[cell] : std::string();
  }
  if (at >= all_lines) return "closed";
  const bool taken = at % sizeof(line) < sizeof(typename ledger<Sync>::cell);
  return numbered({taken ? "taken of slot " : "returned of slot "}, {at / sizeof(line)});
}

/// Its three cells, which are what it begins with.
template <class Sync, class Waiters>
std::string name_in_room(const waiting_room<Sync, Waiters>& room, const void* address) {
  using cell = typename waiting_room<Sync, Waiters>::cell;
  if (!lies_in(room, address)) return {};
  const auto at = static_cast<std::size_t>(static_cast<const std::byte*>(address) -
                                           reinterpret_cast<const std::byte*>(&room)) /
                  sizeof(cell);
  constexpr const char* cells[] = {"desk", "inbox", "how many wait"};
  return at < std::size(cells) ? cells[at] : std::string();
}

}  // namespace caiman::model
