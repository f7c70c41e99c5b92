// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// file_extents.cpp: extents of a file, with the buddy alone
//
// The buddy hands out indices and never touches what they stand for. Here they are extents of a
// file that is written with pwrite: offset = index << order min blocks. Device memory and ranges of
// a disk work alike.
// ---------------------------------------------------------------------------------------------
#include <unistd.h>
#include <caiman/buddy.hpp>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "expect.hpp"

namespace {

constexpr std::size_t unit = 4096;
constexpr unsigned max_order = 8;  // 1 MiB

std::size_t size_of(caiman::block b) { return unit << b.order; }
off_t offset_of(caiman::block b) { return static_cast<off_t>((b.index << b.order) * unit); }

struct record {
  caiman::block where;
  char filled_with;
};

void write(int file, const record& r) {
  const std::string content(size_of(r.where), r.filled_with);
  expect(pwrite(file, content.data(), content.size(), offset_of(r.where)) ==
             static_cast<ssize_t>(content.size()),
         "the file takes it");
}

bool is_intact(int file, const record& r) {
  std::string content(size_of(r.where), ' ');
  return pread(file, content.data(), content.size(), offset_of(r.where)) ==
             static_cast<ssize_t>(content.size()) &&
         content.find_first_not_of(r.filled_with) == std::string::npos;
}

}  // namespace

int main() {
  std::FILE* const temporary = std::tmpfile();  // it goes when it is closed
  expect(temporary != nullptr, "a file");
  const int file = fileno(temporary);

  caiman::buddy<> extents(max_order);
  // Each thread has extents of 4 KiB to 64 KiB; nothing but the buddy keeps them apart.
  std::vector<std::vector<record>> records(3);
  std::vector<std::thread> writers;
  for (std::size_t t = 0; t < records.size(); ++t) {
    writers.emplace_back([&extents, &mine = records[t], file, t] {
      for (unsigned order = 0; order <= 4; ++order) {
        const auto got = extents.allocate(order);
        expect(got.has_value(), "93 of 256 min blocks are wanted in all");
        mine.push_back({*got, static_cast<char>('a' + 5 * t + order)});
        write(file, mine.back());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();

  for (const auto& mine : records) {
    for (const record& r : mine) {
      expect(is_intact(file, r), "no extent was written over by another");
      extents.release(r.where);
    }
  }
  expect(extents.is_free({max_order, 0}), "all extents have merged into the whole file");
  std::printf("15 extents in a file of %zu KiB, %zu bytes of metadata\n",
              (unit << max_order) / 1024, caiman::buddy<>::metadata_size(max_order));
  std::fclose(temporary);
}
