// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// samples.cpp: pictures of arenas that are known
//
// Writes an SVG per sample into a folder. For each it prints what other observers say of the same
// arena, for check.py to hold the picture against: "NAME ORDER FREE" per order, "NAME live UNITS".
// ---------------------------------------------------------------------------------------------
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "caiman/buddy.hpp"
#include "caiman/heap_picture.hpp"

namespace {

// Where to, for all of them.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): set once, by main
std::string folder;

void write(std::string_view name, std::string_view title, const std::vector<caiman::extent>& all,
           std::size_t unit) {
  std::ofstream file(folder + "/" + std::string(name) + ".svg", std::ios::binary);
  file << caiman::heap_picture(all, {.title = title, .min_block_size = unit});
}

void write(std::string_view name, std::string_view title, const caiman::buddy<>& tree,
           std::size_t unit) {
  const std::string text(name);
  const std::size_t units = std::size_t{1} << tree.max_order();
  write(name, title, caiman::extents_of(tree, units), unit);
  for (unsigned order = 0; order <= tree.max_order(); ++order) {
    std::printf("%s %u %zu\n", text.c_str(), order, tree.free_count(order));
  }
  std::printf("%s live %zu\n", text.c_str(), units - tree.free_min_blocks());
}

// 64 MiB in blocks of 256 B, nearly full, then holes of many sizes.
void fragmented() {
  caiman::buddy<> tree(18);
  std::mt19937_64 random(1);
  std::vector<caiman::block> live;
  for (int i = 0; i < 60000; ++i) {
    // Few large ones, many small ones.
    const auto order = static_cast<unsigned>(std::countr_zero(random() | 1U << 13));
    if (const auto got = tree.allocate(order)) live.push_back(*got);
  }
  for (const caiman::block b : live) {
    // A quarter of the first part goes, three quarters of the last.
    const std::size_t at = b.index << b.order;
    if (random() % (std::size_t{1} << 18) < at / 2 + (std::size_t{1} << 16)) tree.release(b);
  }
  write("fragmented", "64 MiB, minimum block 256 B, after random holes", tree, 256);
}

// The most that a picture can hold: each column has something of every small order.
void worst() {
  std::vector<caiman::extent> all;
  std::size_t at = 0;
  constexpr std::size_t column = std::size_t{1} << 20;  // of 2^30 min blocks
  for (std::size_t c = 0; c < caiman::heap_picture_columns; ++c) {
    for (unsigned order = 20; order-- > 0;) {
      all.push_back({order, at >> order, ((c + order) & 1) != 0});
      at += std::size_t{1} << order;
    }
    all.push_back({0, at++, (c & 1) != 0});
    if (at != (c + 1) * column) std::abort();
  }
  write("worst", "worst", all, 1);
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): nothing to be done about a failed allocation
int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: picture_samples FOLDER\n", stderr);
    return 2;
  }
  folder = argv[1];
  caiman::buddy<> known(4);
  if (!known.allocate(0) || !known.allocate(2)) return 1;
  write("known", "known", known, 256);
  write("whole",
        "a \t<b> & \"c\" 'd' ]]> \xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x8a \x01 \xff \xed\xa0\x80 "
        "\xef\xbf\xbf",
        caiman::buddy<>(0), 4096);
  write("nothing", "nothing", std::vector<caiman::extent>{}, 1);
  write("largest", "largest", std::vector<caiman::extent>{{32, 0, true}}, 4096);
  write("slots", "five slots", std::vector<caiman::extent>{{2, 0, true}, {0, 4, false}}, 100);
  fragmented();
  worst();
}
