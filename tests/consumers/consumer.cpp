// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// consumer.cpp: what somebody else's program does with an installed copy
//
// One source for all three build systems. It needs headers alone, those of all rooms.
// ---------------------------------------------------------------------------------------------
#include <caiman/caiman.hpp>
#include <caiman/heap_picture.hpp>
#include <cstdio>
#include <string>
#include <thread>

int main() {
  const auto geometry = caiman::buddy_geometry::nearest(1 << 20, 256);
  if (!geometry) return 1;
  const auto arena = caiman::buddy_arena::builder(*geometry).build();
  if (!arena) return 1;
  std::string read;
  if (auto got = arena->allocate(1000)) {
    got->put("from another project");
    std::thread reader(
        [&read, message = std::move(*got).freeze()] { read = message.as_string_view(); });
    reader.join();
  }
  const std::string picture = caiman::heap_picture(arena->occupancy(), {.title = read});
  const bool right = read == "from another project" && arena->metrics().bytes_live == 0 &&
                     picture.find("1 free, 0 live") != std::string::npos;
  std::puts(right ? "consumer: right" : "consumer: wrong");
  return right ? 0 : 1;
}
