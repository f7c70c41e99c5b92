// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// misuse.cpp: a program that touches what it may not, one way per argument
//
// By itself it always ends with exit code 0: nothing that it touches is outside of mapped memory.
// So what check.sh sees is what the arenas told the tools. `clean` does a bit of everything and
// nothing wrong.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <caiman/caiman.hpp>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory_resource>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using std::string_view_literals::operator""sv;

// Where a tool looks: a jump that depends on the byte.
[[gnu::noinline]] void look_at(const volatile std::byte* p) {
  if (*p == std::byte{1}) std::puts("one");
}

caiman::buddy_arena arena_of(caiman::buddy_geometry geometry,
                             caiman::init_policy init = caiman::init_policy::uninit) {
  return caiman::buddy_arena::builder(geometry).init(init).build().value();
}
caiman::buddy_arena capped() {
  return arena_of(caiman::buddy_geometry::nearest(65536, 256).value());
}

void after_release() {
  const auto arena = capped();
  auto got = arena.allocate(100).value();
  got.put("hello");
  const std::byte* const p = got.written().data();
  look_at(p);
  std::move(got).abandon();
  look_at(p);
}

void after_last_bytes() {
  const auto arena = capped();
  auto got = arena.allocate(100).value();
  got.put("hello");
  const std::byte* p = nullptr;
  {
    const caiman::bytes all = std::move(got).freeze();
    const caiman::bytes part = all.slice(2, 2);
    p = part.data();
  }
  look_at(p);
}

void after_slot() {
  const auto arena = caiman::fixed_arena::with_slot_capacity(5, 100).build().value();
  const auto neighbour = arena.allocate().value();
  auto got = arena.allocate().value();
  got.put(std::string_view("0123456789012345678901234567890", 31));
  const std::byte* const p = got.written().data() + 30;
  std::move(got).abandon();
  look_at(p);
}

void after_deallocate() {
  caiman::buddy_resource resource(capped());
  auto* const p = static_cast<std::byte*>(resource.allocate(100));
  *p = std::byte{2};
  resource.deallocate(p, 100);
  look_at(p);
}

std::size_t zero(std::byte* from, std::size_t length) {
  std::memset(from, 0, length);
  return length;
}
// Who trims may write there, and that is over with it.
void after_trim() {
  std::vector<std::byte> memory(65536);
  const auto arena = caiman::buddy_arena::from_region(memory.data(), memory.size(),
                                                      caiman::buddy_hint::min_alloc(256))
                         .on_trim(zero)
                         .build()
                         .value();
  if (arena.trim() == 0) std::puts("nothing");
  look_at(arena.base());
}

void past_capacity() {
  const auto arena = capped();
  auto got = arena.allocate(100).value();  // in a block of 256
  look_at(got.spare().data() + 100);
}

void past_block() {
  const auto arena = arena_of(caiman::buddy_geometry::exact(65536, 256).value());
  auto got = arena.allocate(100).value();  // shows all 256
  got.put(std::string_view(std::vector<char>(256, 'x').data(), 256));
  look_at(got.written().data() + 256);
}

void uninitialised() {
  const auto arena = capped();
  auto got = arena.allocate(100).value();
  look_at(got.spare().data());
}

// What the last owner left is nobody's to read.
void left_behind() {
  const auto arena = capped();
  for (int i = 0; i < 2; ++i) {
    auto got = arena.allocate(100).value();
    if (i == 1) look_at(got.spare().data());
    got.put("hello");
  }
}

// Nothing wrong for AddressSanitizer: it has one byte for 8, and two threads that free and take the
// slots on both sides would undo each other's change if either of them forbade those 8.
void border() {
  const auto slots = caiman::fixed_arena::with_slot_capacity(2, 13).build().value();
  const std::byte* first = nullptr;
  {
    auto one = slots.allocate().value();
    auto other = slots.allocate().value();
    first = std::min(one.spare().data(), other.spare().data());
  }
  look_at(first + 12);
  look_at(first + 13);
}

void clean() {
  std::vector<std::byte> memory(65536);
  {
    const auto arena = caiman::buddy_arena::from_region(memory.data(), memory.size(),
                                                        caiman::buddy_hint::min_alloc(256))
                           .init(caiman::init_policy::zero)
                           .auto_spill()
                           .on_trim(zero)
                           .build()
                           .value();
    for (int i = 0; i < 3; ++i) {
      auto zeros = arena.allocate(1000).value();
      for (const std::byte& b : zeros.spare()) look_at(&b);
      zeros.put("no longer");
      const caiman::bytes all = std::move(zeros).freeze();
      const caiman::bytes part = all.slice(3, 6);
      look_at(part.data());
      if (arena.trim() == 0) std::puts("nothing");
    }
    auto spilled = arena.allocate(256).value();
    for (int i = 0; i < 100; ++i) spilled.put("hello");
    look_at(spilled.written().data() + 499);
    // What it moved out of is filled, and nothing in it is undecided.
    look_at(std::move(spilled).freeze().data());
  }
  for (const std::byte& b : memory) look_at(&b);  // it is the caller's again

  const auto slots = caiman::fixed_arena::with_slot_capacity(5, 13).build().value();
  auto one = slots.allocate().value();
  auto other = slots.allocate().value();
  one.put("0123456789012");
  other.put("0123456789012");
  std::move(one).abandon();
  for (const std::byte& b : other.written()) look_at(&b);

  caiman::buddy_resource resource(capped());
  std::pmr::vector<int> numbers(100, 1, &resource);
  numbers.resize(1000, 2);
  if (numbers.back() != 2) std::puts("wrong");
  auto faulted = caiman::buddy_arena::builder(caiman::buddy_geometry::exact(65536, 256).value())
                     .build_unfaulted()
                     .value();
  const auto arena = std::move(faulted).fault_pages();
  auto got = arena.allocate(65536).value();
  got.put("the last");
  look_at(got.written().data());
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::pair<std::string_view, void (*)()> ways[] = {
      {"clean"sv, clean},
      {"after-release"sv, after_release},
      {"after-last-bytes"sv, after_last_bytes},
      {"after-slot"sv, after_slot},
      {"after-deallocate"sv, after_deallocate},
      {"after-trim"sv, after_trim},
      {"past-capacity"sv, past_capacity},
      {"past-block"sv, past_block},
      {"border"sv, border},
      {"uninitialised"sv, uninitialised},
      {"left-behind"sv, left_behind},
  };
  for (const auto& [name, act] : ways) {
    if (argc == 2 && name == argv[1]) {
      act();
      return 0;
    }
  }
  std::fputs("usage: misuse WAY\n", stderr);
  return 2;
}
