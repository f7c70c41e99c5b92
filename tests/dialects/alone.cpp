// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// alone.cpp: a program of one dialect, and how it ends where it asks for what there is not
//
// With an argument it makes one of the core's exceptions, which nobody catches, and says in its
// terminate handler that it came by: the one hook. Relies on life.hpp.
// ---------------------------------------------------------------------------------------------
#include "life.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

void ask_too_much(const std::string& what) {
  const auto arena =
      caiman::buddy_arena::builder(*caiman::buddy_geometry::exact(4'096, 64)).build();
  if (what == "order") const caiman::buddy<> tree(33);
  if (what == "put") arena->allocate(64)->put(std::string(65, 'x'));
  if (what == "advance") arena->allocate(64)->advance(65);
  if (what == "slice") static_cast<void>(caiman::bytes().slice(0, 1));
  caiman::buddy_resource resource(*arena);
  if (what == "resource") static_cast<void>(resource.allocate(4'097));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    const bool right = UNIT::lives();
    std::puts(right ? "alone: right" : "alone: wrong");
    return right ? 0 : 1;
  }
  std::set_terminate([] {
    std::fputs("alone: terminated\n", stderr);
    std::_Exit(42);
  });
  ask_too_much(argv[1]);
  std::puts("alone: nothing happened");
  return 2;
}
