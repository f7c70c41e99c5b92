// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// cost_probe.cpp: the core with the order of one site changed, to be disassembled and timed
//
// `caiman-check audit --cost` compiles this with PROBE_SITE and PROBE_ORDER, once per order and
// processor, and compares the instructions with those of the table that ships. PROBE_PART says how
// much of the core is wanted; with PROBE_MAIN it is a program that prints nanoseconds per pair.
// ---------------------------------------------------------------------------------------------
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "caiman/buddy.hpp"
#include "caiman/detail/cold.hpp"
#include "caiman/detail/ledger.hpp"
#include "caiman/detail/shares.hpp"
#include "caiman/detail/waiting.hpp"
#include "caiman/native_sync.hpp"

namespace probe {

template <class Base>
struct probed : Base {
  static constexpr std::memory_order order(caiman::protocol::site at) noexcept {
    return at == caiman::protocol::site::PROBE_SITE ? std::memory_order::PROBE_ORDER
                                                    : caiman::protocol::shipped_order(at);
  }
};
using with_stacks = probed<caiman::native_sync>;
using announced = probed<caiman::announced_pop_sync>;
using tree_only = probed<caiman::tree_only_sync>;

}  // namespace probe

#ifdef PROBE_MAIN

namespace {

template <class Pair>
void time_pairs(const char* name, unsigned long pairs, Pair pair) {
  using clock = std::chrono::steady_clock;
  for (unsigned long i = 0; i < pairs / 10; ++i) pair();
  const auto start = clock::now();
  for (unsigned long i = 0; i < pairs; ++i) pair();
  const std::chrono::duration<double, std::nano> took = clock::now() - start;
  std::printf("%s %.4f\n", name, took.count() / static_cast<double>(pairs));
}

template <class Sync>
void time_buddy(const char* name, unsigned long pairs) {
  caiman::buddy<Sync> b(12);
  time_pairs(name, pairs, [&b] {
    const auto got = b.allocate(0);
    if (!got) std::abort();
    b.release(*got);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned long pairs = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  time_buddy<probe::with_stacks>("stacks", pairs);
  time_buddy<probe::announced>("announced", pairs);
  time_buddy<probe::tree_only>("tree", pairs);
  caiman::detail::ledger<probe::with_stacks> books{probe::with_stacks::home()};
  bool ended = false;
  time_pairs("ledger", pairs, [&] {
    books.took();
    ended |= books.gave() == caiman::detail::duty::end;
  });
  time_pairs("handle", pairs, [&] {
    books.add_handle();
    ended |= books.drop_handle();
  });
  caiman::detail::share_count<probe::with_stacks> shares;
  time_pairs("share", pairs, [&] {
    shares.add();
    ended |= shares.drop();
  });
  return ended ? 1 : 0;
}

#else

namespace caiman {
#if PROBE_PART == 0
template class buddy<probe::announced, 6>;
#elif PROBE_PART == 1
template class detail::ledger<probe::with_stacks>;
#elif PROBE_PART == 2
template class detail::share_count<probe::with_stacks>;
#elif PROBE_PART == 3
template class protocol::slot_pool<probe::with_stacks>;
#elif PROBE_PART == 4
template class detail::cold_map<probe::with_stacks>;
// NOLINTNEXTLINE(misc-use-internal-linkage): for the disassembly
void warm_one(detail::cold_map<probe::with_stacks>& map, std::size_t at) {
  map.warm(at, 0, [](std::size_t, std::size_t) {});
}
#else
struct arena_of_waiters {
  std::expected<std::size_t, alloc_error> try_take(unsigned order) noexcept;
  void await() noexcept;
  void await_no_more() noexcept;
};
using room = detail::waiting_room<probe::with_stacks, fair_waiters>;
// NOLINTBEGIN(misc-use-internal-linkage): for the disassembly
void wait_once(room& in, arena_of_waiters& home, waiter& one, detail::wake_list& wakes) {
  in.enter(home, one, wakes);
}
void look_once(room& in, arena_of_waiters& home, detail::wake_list& wakes) {
  in.serve(home, wakes);
}
int leave_once(room& in, arena_of_waiters& home, waiter& one, detail::wake_list& wakes) {
  return static_cast<int>(in.leave(home, one, wakes));
}
std::size_t count_once(const room& in) { return in.waiting(); }
// NOLINTEND(misc-use-internal-linkage)
#endif
}  // namespace caiman

#endif
