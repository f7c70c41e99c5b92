// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// huge_pages_test.cpp: what an arena tells the system about huge pages
//
// Whether a huge page is really there depends on the machine and on luck; what the system was told
// does not, and stands in the flags of a mapping in /proc/self/smaps: "hg" after MADV_HUGEPAGE,
// "nh" after MADV_NOHUGEPAGE. What is expected is what a mapping of the test's own shows after the
// same advice, so that a kernel without huge pages, which refuses both, is no special case. Relies
// on Linux and Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "caiman/arena.hpp"
#include "caiman/fixed_arena.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::buddy_arena;
using caiman::buddy_geometry;
using caiman::fixed_arena;
using caiman::huge_page_policy;
using caiman::page_size;

constexpr std::size_t huge = std::size_t{2} << 20;

// "hg", "nh", or nothing; none where no mapping has all of the bytes.
std::optional<std::string> advice_on(const std::byte* from, std::size_t count) {
  const auto at = reinterpret_cast<std::uintptr_t>(from);
  std::ifstream maps("/proc/self/smaps");
  bool here = false;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::uintptr_t first = 0;
    std::uintptr_t last = 0;
    char dash = 0;
    if (words >> std::hex >> first >> dash >> last && dash == '-') {
      here = first <= at && at + count <= last;
    } else if (here && line.starts_with("VmFlags:")) {
      for (const char* flag : {"hg", "nh"}) {
        if ((line + ' ').find(std::string(" ") + flag + ' ') != std::string::npos) return flag;
      }
      return "";
    }
  }
  return std::nullopt;
}

// What the kernel keeps of an advice.
std::string kept(std::optional<int> advice) {
  const std::size_t length = 4 * huge;
  void* const p = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(p != MAP_FAILED);
  if (advice) static_cast<void>(madvise(p, length, *advice));
  const auto seen = advice_on(static_cast<const std::byte*>(p), length);
  munmap(p, length);
  REQUIRE(seen.has_value());
  return *seen;
}

bool can_be_huge(const std::byte* base) {
  return reinterpret_cast<std::uintptr_t>(base) % huge == 0;
}

template <class Builder>
auto untouched(Builder builder) {
  return builder.prefault(page_size::unknown()).build().value();
}

auto of_bytes(std::size_t total) {
  return buddy_arena::builder(buddy_geometry::exact(total, 4'096).value());
}

}  // namespace

TEST_CASE("the flags of a mapping can be read", "[huge][control][needs-kernel]") {
  CHECK(kept(std::nullopt).empty());
  const bool has_huge_pages = std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled").good();
  CHECK(kept(MADV_HUGEPAGE) == (has_huge_pages ? "hg" : ""));
  CHECK(kept(MADV_NOHUGEPAGE) == (has_huge_pages ? "nh" : ""));
  CHECK_FALSE(advice_on(nullptr, 1).has_value());
}

TEST_CASE("huge pages are the system's, forbidden or asked for", "[huge][arena]") {
  const auto check = [](const auto& arena, std::size_t total, const std::string& wanted) {
    INFO("total " << total);
    const auto seen = advice_on(arena.base(), total);
    REQUIRE(seen.has_value());  // one mapping, not several
    CHECK(*seen == wanted);
  };
  const std::string asked = kept(MADV_HUGEPAGE);
  const std::string forbidden = kept(MADV_NOHUGEPAGE);
  for (const std::size_t total : {huge, 8 * huge}) {
    const auto slots = fixed_arena::with_slot_capacity(total / 4'096 + 1, 4'096);
    const std::size_t of_slots = total + 4'096;
    check(untouched(of_bytes(total)), total, "");
    check(untouched(of_bytes(total).huge_pages(huge_page_policy::system)), total, "");
    check(untouched(of_bytes(total).huge_pages(huge_page_policy::prefer)), total, asked);
    check(untouched(of_bytes(total).huge_pages(huge_page_policy::never)), total, forbidden);
    auto copy = slots;
    check(untouched(slots), of_slots, "");
    check(untouched(copy.huge_pages(huge_page_policy::prefer)), of_slots, asked);
    check(untouched(copy.huge_pages(huge_page_policy::never)), of_slots, forbidden);
    check(untouched(copy.huge_pages(huge_page_policy::system)), of_slots, "");
  }
  // Below the size of a huge page there is nothing to prefer; a neighbour could still join it.
  check(untouched(of_bytes(huge / 2).huge_pages(huge_page_policy::prefer)), huge / 2, "");
  check(untouched(of_bytes(huge / 2).huge_pages(huge_page_policy::never)), huge / 2, forbidden);
}

TEST_CASE("an arena begins where a huge page could, unless there shall be none", "[huge][arena]") {
  for (unsigned i = 0; i < 3; ++i) {  // one may lie well by luck
    CHECK(can_be_huge(untouched(of_bytes(huge)).base()));
    CHECK(can_be_huge(untouched(of_bytes(huge).huge_pages(huge_page_policy::prefer)).base()));
  }
  const auto aligned = buddy_geometry::exact(8 * huge, 2 * huge).value().with_alignment(2 * huge);
  const auto arena =
      untouched(buddy_arena::builder(aligned.value()).huge_pages(huge_page_policy::never));
  CHECK(reinterpret_cast<std::uintptr_t>(arena.base()) % (2 * huge) == 0);  // as was asked
}

TEST_CASE("without huge pages only what is written has memory", "[huge][arena]") {
  constexpr std::size_t total = 8 * huge;
  const auto arena = untouched(of_bytes(total).huge_pages(huge_page_policy::never));
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  std::size_t resident = 0;
  {
    auto all = arena.allocate(total).value();
    for (std::size_t at = 0; at < total; at += huge) all.spare()[at] = std::byte{1};
    unsigned char in_memory[total / 4'096];
    REQUIRE(mincore(all.spare().data(), total, in_memory) == 0);
    for (std::size_t i = 0; i < total / page; ++i) resident += in_memory[i] & 1U;
  }
  CHECK(resident == total / huge);
}
