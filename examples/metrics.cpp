// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// metrics.cpp: small and large buffers out of one arena, and what the arena says of itself
//
// The same arena serves 100 bytes and 5 MiB. Its metrics are exact while nobody else calls it, and
// come as JSON for a service that collects them; one line of text shows how it lies.
// ---------------------------------------------------------------------------------------------
#include <caiman/arena.hpp>
#include <cstdio>
#include <vector>

#include "expect.hpp"

int main() {
  constexpr std::size_t mib = std::size_t{1} << 20;
  const auto geometry = caiman::buddy_geometry::exact(64 * mib, 256);
  expect(geometry.has_value(), "64 MiB in blocks of 256 B and up");
  // No page is touched before somebody writes to it.
  const auto built =
      caiman::buddy_arena::builder(*geometry).prefault(caiman::page_size::unknown()).build();
  expect(built.has_value(), "the system has 64 MiB of addresses");
  const caiman::buddy_arena& arena = *built;

  const auto print = [&](const char* when) {
    std::printf("%-6s %s\n       [%s]\n", when, to_json(arena.metrics()).c_str(),
                caiman::occupancy_line(arena.occupancy(), arena.total_size() / 256, 64).c_str());
  };
  print("before");
  {
    std::vector<caiman::buffer> live;
    for (const std::size_t size : {100UL, 300UL, 4096UL, 5 * mib, 16 * mib}) {
      auto got = arena.allocate(size);
      expect(got.has_value(), "there is room");
      expect(got->capacity() >= size, "a buffer is at least as large as asked for");
      live.push_back(*std::move(got));
    }
    print("during");
    const auto during = arena.metrics();
    // 256 + 512 + 4096 bytes, and 5 MiB take a block of 8.
    expect(during.bytes_live == 256 + 512 + 4096 + 8 * mib + 16 * mib, "whole blocks are live");
    expect(during.largest_free_block == 32 * mib, "half of the arena is still in one piece");

    const auto refused = arena.allocate(65 * mib);
    expect(!refused && refused.error() == caiman::alloc_error::request_too_large,
           "more than there is, is refused");
  }
  print("after");
  const auto after = arena.metrics();
  expect(after.bytes_live == 0, "buffers return their blocks");
  expect(after.largest_free_block == 64 * mib, "all free blocks have merged again");
  expect(after.splits == after.coalesces, "every split was undone");
  expect(after.allocations_ok == 5 && after.frees == 5 && after.allocations_failed == 1,
         "everything was counted");
}
