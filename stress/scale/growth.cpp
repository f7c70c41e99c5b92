// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// growth.cpp: see growth.hpp
// ---------------------------------------------------------------------------------------------
#include "growth.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "counted_sync.hpp"
#include "machine.hpp"

namespace caiman::scale {
namespace {

using shipped = counted_sync<native_sync>;
using tree_of_blocks = buddy<shipped>;
constexpr std::uint64_t kept = 16;

/// All that is left, the largest first.
void take_the_rest(tree_of_blocks& of) {
  for (unsigned order = of.max_order() + 1; order-- > 0;) {
    while (of.allocate(order)) {
    }
  }
}

/// Counts `call` on a buddy, after `before` on the first thread and `others` on each of the rest.
std::uint64_t count(unsigned max_order, unsigned threads,
                    const std::function<void(tree_of_blocks&)>& before,
                    const std::function<void(tree_of_blocks&, unsigned)>& others,
                    const std::function<void(tree_of_blocks&)>& call) {
  machine on(threads, 1);
  tree_of_blocks of(max_order);
  before(of);
  on.run([&](unsigned t) {
    if (t != 0) others(of, t);
    on.meet();
    if (t != 0) return;
    on.only_count();
    call(of);
  });
  return sum_of(on.memory().counted()).accesses();
}

void ask(tree_of_blocks& of, unsigned order, bool wanted) {
  if (of.allocate(order).has_value() != wanted) throw std::runtime_error("growth: a wrong answer");
}
void take_slot(tree_of_blocks& of, unsigned /*thread*/) { (void)of.inside().lanes().mine(); }

std::uint64_t count_taken_over(unsigned max_order, unsigned slots) {
  std::vector<block> theirs;
  const auto before = [&](tree_of_blocks& of) {
    for (std::uint64_t i = 0; i < kept * (slots - 1); ++i) theirs.push_back(of.allocate(0).value());
    take_the_rest(of);
  };
  const auto give = [&](tree_of_blocks& of, unsigned t) {
    for (std::uint64_t i = 0; i < kept; ++i) of.release(theirs[kept * (t - 1) + i]);
  };
  return count(max_order, slots, before, give, [](tree_of_blocks& of) { ask(of, 0, true); });
}

std::uint64_t count_checkered(unsigned max_order, unsigned slots) {
  const auto before = [](tree_of_blocks& of) {
    const std::size_t blocks = std::size_t{1} << of.max_order();
    for (std::size_t i = 0; i < blocks; ++i) ask(of, 0, true);
    for (std::size_t i = 0; i < blocks; i += 2) of.release({0, i});
    ask(of, 1, false);  // drains, and tidies up
  };
  return count(max_order, slots, before, take_slot, [](tree_of_blocks& of) { ask(of, 1, false); });
}

template <std::size_t... Slots>
std::size_t metadata_of(unsigned max_order, unsigned slots, std::index_sequence<Slots...>) {
  constexpr std::array<std::size_t (*)(unsigned) noexcept, sizeof...(Slots)> all{
      &buddy<counted_sync<native_sync, static_cast<unsigned>(Slots) + 1>>::metadata_size...};
  // One of them is the slot that further threads share.
  return all[slots < 2 ? 0 : slots - 2](max_order);
}

}  // namespace

growth_row growth_of(unsigned max_order, unsigned slots, fault with) {
  const auto nothing = [](tree_of_blocks&) {};
  const auto fill = [](tree_of_blocks& of) { ask(of, of.max_order(), true); };
  const auto refuse = [with](tree_of_blocks& of) {
    ask(of, 0, false);
    if (with == fault::scan) (void)of.free_min_blocks();
  };
  growth_row row{.max_order = max_order, .slots = slots};
  row.metadata = metadata_of(max_order, slots, std::make_index_sequence<63>());
  row.first =
      count(max_order, slots, nothing, take_slot, [](tree_of_blocks& of) { ask(of, 0, true); });
  row.refused = count(max_order, slots, fill, take_slot, refuse);
  if (max_order <= 20) row.checkered = count_checkered(max_order, slots);
  // The shared slot keeps nothing.
  row.taken_over = count_taken_over(max_order, std::clamp(slots, 2U, shipped::exclusive_slots));
  row.free_blocks = count(max_order, slots, fill, take_slot,
                          [](tree_of_blocks& of) { (void)of.free_min_blocks(); });
  row.largest_order = count(max_order, slots, fill, take_slot,
                            [](tree_of_blocks& of) { (void)of.largest_free_order(); });
  return row;
}

std::vector<std::string> beyond_bounds(const growth_row& row) {
  const std::uint64_t levels = protocol::level_shape<6>::top_level(row.max_order) + 1;
  const std::uint64_t blocks = std::uint64_t{1} << row.max_order;
  const std::uint64_t orders = row.max_order + 1;
  const std::uint64_t slots = row.slots;
  const std::uint64_t peers = std::max<std::uint64_t>(slots, 2) - 1;
  const std::uint64_t refused = 16 * slots + 40 + 6 * levels * levels;
  struct {
    const char* what;
    std::uint64_t is, at_most;
  } const bounds[] = {
      {"bytes of metadata", row.metadata, 1024 * (slots + 1) + blocks / 6 + 1024},
      {"the first request", row.first, 16 * levels + 4 * levels * levels},
      {"a refused request", row.refused, refused},
      {"a refused request of a checkerboard", row.checkered, refused},
      {"taking over", row.taken_over, refused + 14 * peers * kept},
      {"free_min_blocks()", row.free_blocks, blocks / 60 + 16 * slots + 20 * levels},
      {"largest_free_order()", row.largest_order, orders * (blocks / 60 + 2) + 16 * slots},
  };
  std::vector<std::string> beyond;
  for (const auto& each : bounds) {
    if (each.is <= each.at_most) continue;
    beyond.push_back(fmt::format("max_order {}, {} slots: {}: {}, at most {}", row.max_order, slots,
                                 each.what, each.is, each.at_most));
  }
  return beyond;
}

}  // namespace caiman::scale
