// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// picture.cpp: an arena as a picture, for a browser
//
// Takes blocks of many sizes, gives half of them back, and writes how the arena lies as an SVG into
// the file that is named. The one example that needs the library, not the headers alone.
// ---------------------------------------------------------------------------------------------
#include <caiman/arena.hpp>
#include <caiman/heap_picture.hpp>
#include <cstdio>
#include <fstream>
#include <random>
#include <utility>
#include <vector>

#include "expect.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: picture FILE.svg\n", stderr);
    return 2;
  }
  const auto geometry = caiman::buddy_geometry::exact(std::size_t{64} << 20, 256);
  expect(geometry.has_value(), "64 MiB in blocks of 256 B and up");
  const auto arena =
      caiman::buddy_arena::builder(*geometry).prefault(caiman::page_size::unknown()).build();
  expect(arena.has_value(), "an arena");

  std::mt19937 random(7);
  std::vector<caiman::buffer> live;
  for (int i = 0; i < 3000; ++i) {
    auto got = arena->allocate(std::size_t{256} << random() % 8);
    expect(got.has_value(), "there is room");
    live.push_back(*std::move(got));
  }
  std::erase_if(live, [&](const caiman::buffer&) { return random() % 2 == 0; });

  const std::string svg = caiman::heap_picture(
      arena->occupancy(),
      {.title = "half of 3000 buffers", .min_block_size = arena->min_block_size()});
  std::ofstream file(argv[1], std::ios::binary);
  file << svg;
  file.close();
  expect(file.good(), "the file was written");
  expect(svg.starts_with("<?xml") && svg.ends_with("</svg>\n"), "it is a whole document");
  expect(svg.find("half of 3000 buffers") != std::string::npos, "it has its title");
  std::printf("%zu bytes of SVG: open %s in a browser\n", svg.size(), argv[1]);
}
