// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// unit.cpp: half of a program whose two halves have different flags
//
// Gives what the other half needs to use the same arena: handles, buffers and bytes cross. A
// resource crosses as what it is by its base. Relies on life.hpp.
// ---------------------------------------------------------------------------------------------
#include "halves.hpp"
#include "life.hpp"

#define JOINED(a, b) a##b
#define NAMED(a, b) JOINED(a, b)

bool NAMED(lives_, UNIT)() { return UNIT::lives(); }

caiman::buffer NAMED(written_, UNIT)(const caiman::buddy_arena& arena) {
  auto got = arena.allocate(64);
  got->put(std::string_view("from the other unit"));
  return *std::move(got);
}

bool NAMED(reads_, UNIT)(caiman::bytes what) {
  return what.as_string_view() == "from the other unit" &&
         std::move(what).into_owned().size() == 19;
}

std::pmr::memory_resource* NAMED(resource_, UNIT)(const caiman::buddy_arena& arena) {
  static caiman::buddy_resource one(arena);
  return &one;
}

bool NAMED(equal_, UNIT)(const caiman::buddy_arena& arena, const std::pmr::memory_resource& other) {
  const caiman::buddy_resource mine(arena);
  return mine == other;
}
