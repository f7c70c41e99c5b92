// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// shown.cpp: a program that stops where gdb is to look at it
//
// One of each that the printers show, in each state in which they say something else. check.sh has
// what gdb must print.
// ---------------------------------------------------------------------------------------------
#include <caiman/caiman.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace {

using caiman::buddy_arena;
using caiman::buddy_geometry;
using caiman::buffer;
using caiman::bytes;

buffer holding(const buddy_arena& arena, std::size_t len, std::string_view what) {
  buffer b = arena.allocate(len).value();
  b.put(what);
  return b;
}

template <class... Any>
[[gnu::noinline]] void stop_here(const Any&... any) {
  (static_cast<void>(any), ...);
}

}  // namespace

int main() {
  const buddy_arena arena =
      buddy_arena::builder(buddy_geometry::exact(65536, 256).value()).auto_spill().build().value();
  const buddy_arena any = buddy_arena::builder(buddy_geometry::fit(100000, 256).value())
                              .init(caiman::init_policy::zero)
                              .build()
                              .value();
  const buddy_arena no_arena;
  const auto slots = caiman::fixed_arena::with_slot_capacity(3, 100).build().value();
  const auto waits =
      buddy_arena::builder(buddy_geometry::exact(4096, 64).value()).build_async().value();

  const buffer others = holding(arena, 2048, "");  // so that not all lies at the base
  const buffer written = holding(arena, 1000, "two\nlines \"quoted\"\xff");
  const buffer no_buffer;
  buffer cut = holding(arena, 4096, std::string(600, 'x'));
  cut.shrink_to_fit();
  const buffer spilled = holding(arena, 256, std::string(300, 's'));
  const bytes whole = holding(arena, 256, "hello world").freeze();
  const bytes part = whole.slice(6, 5);
  buffer slot = slots.allocate().value();
  slot.put("alone");
  const bytes alone = std::move(slot).freeze();
  const bytes on_heap = bytes::copy_of("heap");
  const bytes literal = bytes::literal("static");
  const bytes no_bytes;
  stop_here(others, arena, any, no_arena, slots, waits, written, no_buffer, cut, spilled, whole,
            part, alone, on_heap, literal, no_bytes);
  return 0;
}
