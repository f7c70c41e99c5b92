// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// mixed.cpp: the main of a program of mixed flags; itself without any
//
// What one half throws, this one catches, whichever body of an inline function the linker kept.
// ---------------------------------------------------------------------------------------------
#include <cstdio>
#include <memory_resource>
#include <new>
#include <stdexcept>
#include <utility>

#include "halves.hpp"

namespace {

int failures = 0;
void expect(bool ok, const char* what) {
  if (ok) return;
  std::printf("mixed: %s\n", what);
  ++failures;
}

template <class Error, class Call>
bool throws(const Call& call) {
  try {
    call();
  } catch (const Error&) {
    return true;
  }
  return false;
}

/// A resource of this program's that looks for its own kind, as the standard says.
class strange final : public std::pmr::memory_resource {
  void* do_allocate(std::size_t, std::size_t) override { throw std::bad_alloc(); }
  void do_deallocate(void*, std::size_t, std::size_t) override {}
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return dynamic_cast<const strange*>(&other) != nullptr;
  }
};

}  // namespace

int main() {
  expect(lives_with(), "the unit with all");
  expect(lives_without(), "the unit without exceptions and RTTI");
  const auto arena = caiman::buddy_arena::builder(caiman::buddy_geometry::exact(4'096, 64).value())
                         .build()
                         .value();
  expect(reads_with(written_without(arena).freeze()), "a buffer from without");
  expect(reads_without(written_with(arena).freeze()), "a buffer from with");
  std::pmr::memory_resource* const with = resource_with(arena);
  std::pmr::memory_resource* const without = resource_without(arena);
  expect(equal_with(arena, *with), "two of the same unit");
  expect(equal_without(arena, *without), "two of the same unit, without RTTI");
  expect(!equal_with(arena, *without), "two that cannot know each other, from with");
  expect(!equal_without(arena, *with), "two that cannot know each other, from without");
  expect(*with != strange(), "a stranger");
  expect(strange() != *with, "to a stranger");
  for (std::pmr::memory_resource* const each : {with, without}) {
    each->deallocate(each->allocate(100), 100);
    expect(throws<std::bad_alloc>([&] { static_cast<void>(each->allocate(5'000)); }), "bad_alloc");
  }
  expect(throws<std::length_error>([] { const caiman::buddy<> tree(33); }), "an order past 32");
  expect(throws<std::length_error>([&] { written_with(arena).advance(100); }), "advance");
  expect(throws<std::length_error>([&] {
           written_without(arena).put(
               std::string_view("more than there is room for in a block of 64 bytes"));
         }),
         "put");
  expect(throws<std::out_of_range>([] { static_cast<void>(caiman::bytes().slice(0, 1)); }),
         "slice");
  expect(arena.metrics().bytes_live == 0, "something is left");
  if (failures == 0) std::puts("mixed: right");
  return failures;
}
