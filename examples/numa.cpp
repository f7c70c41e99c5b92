// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// numa.cpp: an arena per thread, in memory near it, and a bounded look at the neighbours'
//
// The system places a page on the node of the thread that touches it first. So the arenas are built
// without a page touched, and each thread, pinned to its processor, faults in its own. A thread
// whose arena is full asks its neighbours', nearest first, and at most so many: any thread may use
// any arena, it is only farther away. A block goes back where it came from by itself.
// ---------------------------------------------------------------------------------------------
#include <sched.h>
#include <algorithm>
#include <barrier>
#include <caiman/arena.hpp>
#include <cstdio>
#include <expected>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "expect.hpp"

namespace {

constexpr std::size_t threads = 3;
constexpr std::size_t arena_size = 1 << 20;
constexpr std::size_t piece = std::size_t{64} * 1024;
constexpr std::size_t neighbours_asked = 1;

std::vector<int> allowed_processors() {
  cpu_set_t set;
  expect(sched_getaffinity(0, sizeof set, &set) == 0, "the processors that we may use");
  std::vector<int> all;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) all.push_back(cpu);
  }
  return all;
}

void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  expect(sched_setaffinity(0, sizeof set, &set) == 0, "this thread stays where it is");
}

using arenas = std::vector<std::optional<caiman::buddy_arena>>;

/// From the own arena, else from the next ones; after `neighbours_asked` of them it is the last
/// one's answer.
std::expected<caiman::buffer, caiman::alloc_error> allocate_near(const arenas& all,
                                                                 std::size_t home,
                                                                 std::size_t size) {
  auto got = all[home]->allocate(size);
  for (std::size_t far = 1; far <= neighbours_asked && !got; ++far) {
    if (got.error() == caiman::alloc_error::request_too_large) return got;  // nor will others
    got = all[(home + far) % threads]->allocate(size);
  }
  return got;
}

}  // namespace

int main() {
  const auto geometry = caiman::buddy_geometry::exact(arena_size, 4096);
  expect(geometry.has_value(), "sizes that are powers of two");
  const std::vector<int> processors = allowed_processors();
  arenas near(threads);
  std::barrier ready(threads);
  std::vector<std::vector<caiman::buffer>> taken(threads);
  std::vector<std::thread> all;
  for (std::size_t t = 0; t < threads; ++t) {
    // On another thread than the one that will use it, as a program may well do.
    auto cold = caiman::buddy_arena::builder(*geometry).build_unfaulted();
    expect(cold.has_value(), "an arena, not a page of it touched");
    all.emplace_back([&, t, mine = *std::move(cold)]() mutable {
      pin_to(processors[t % processors.size()]);
      near[t] = std::move(mine).fault_pages();  // here, hence near
      ready.arrive_and_wait();
      if (t != 0) return;
      // The first thread wants more than is in its own arena; the others want nothing.
      for (auto got = allocate_near(near, t, piece); got; got = allocate_near(near, t, piece)) {
        taken[t].push_back(*std::move(got));
      }
    });
  }
  for (std::thread& thread : all) thread.join();

  const auto live = [&](std::size_t t) { return near[t]->metrics().bytes_live; };
  expect(taken[0].size() == 2 * arena_size / piece, "its own arena, and one neighbour's");
  expect(live(0) == arena_size && live(1) == arena_size, "both are full");
  expect(live(2) == 0, "the neighbour's neighbour was not asked");
  expect(allocate_near(near, 0, 2 * arena_size).error() == caiman::alloc_error::request_too_large,
         "what no arena can hold is refused at once");
  taken[0].clear();
  expect(live(0) == 0 && live(1) == 0, "each block went back where it came from");
  std::printf("%zu pieces, half of them out of the neighbour's arena\n", 2 * arena_size / piece);
}
