// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// life.hpp: all that a program does with Caiman, for units with any flags
//
// Included by units that are compiled with and without exceptions and RTTI, so it throws nothing
// and catches nothing. Inside a namespace of the unit, or the linker would keep one of the bodies,
// whose flags nobody knows. Relies on the umbrella.
// ---------------------------------------------------------------------------------------------
#include <caiman/caiman.hpp>

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if !defined(UNIT)
#error "UNIT is a name for this unit"
#endif

namespace UNIT {

/// Starts at once and is nobody's afterwards.
struct detached {
  struct promise_type {
    detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};
inline detached take(const caiman::async_buddy_arena& arena, std::optional<caiman::buffer>& into) {
  auto got = co_await arena.allocate(4'096);
  if (got) into.emplace(*std::move(got));
}

inline bool buffers(const caiman::buddy_arena& arena) {
  auto got = arena.allocate(64);
  if (!got) return false;
  got->put("abc");
  const std::string more(100, 'x');
  if (!got->try_put(std::as_bytes(std::span(std::string_view(more))))) return false;
  if (!got->is_spilled()) return false;
  const caiman::bytes all = std::move(*got).freeze();
  auto other = arena.allocate(64);
  other->put("block");
  caiman::bytes frozen = std::move(*other).freeze();
  const caiman::bytes part = frozen.slice(1, 3);
  return part.as_string_view() == "loc" && std::move(frozen).into_owned().size() == 5 &&
         all.size() == 103 && arena.metrics().bytes_live == 64;
}

inline bool values(const caiman::buddy_arena& arena) {
  caiman::buffer b;
  if (auto got = arena.allocate(64)) b = std::move(*got);
  b.put_be(std::uint16_t{0x6162});
  b.put_le(0x66656463);
  b.push_back(std::byte{'g'});
  b.fill(std::byte{'h'}, 2);
  b.truncate(8);
  *std::back_inserter(b) = 'i';
  if (!b.try_put("jk") || b.offset() % 64 != 0) return false;
  caiman::bytes all = std::move(b).freeze();
  const caiman::bytes front = all.split_to(3);
  const caiman::bytes back = all.split_off(6);
  all.advance(1);
  all.truncate(4);
  const auto refused = caiman::bytes(all).try_into_buffer();
  auto unique = caiman::bytes::copy_of("abc").try_into_buffer();
  return front == "abc" && back == caiman::bytes::literal("jk") && all == "efgh" && front < all &&
         !refused && unique && !all.is_unique() && std::hash<caiman::bytes>()(front) != 0 &&
         caiman::bytes::from(std::vector<std::byte>(2)).size() == 2;
}

inline bool waiting(const caiman::async_buddy_arena& arena) {
  std::optional<caiman::buffer> waited;
  {
    const auto all = arena.allocate_wait(4'096);
    take(arena, waited);
    if (waited || arena.waiting() != 1) return false;
    if (arena.allocate_for(1, std::chrono::milliseconds(1))) return false;
  }
  return waited && waited->capacity() == 4'096;
}

inline bool containers(const caiman::buddy_arena& arena) {
  caiman::buddy_resource resource(arena);
  caiman::buddy_resource same(arena);
  caiman::buddy_resource with_upstream(arena, std::pmr::new_delete_resource());
  std::pmr::vector<std::pmr::string> texts(&resource);
  for (int i = 0; i < 10; ++i) texts.emplace_back(std::string(50, 'y'));
  std::pmr::vector<int> numbers(100'000, 7, &with_upstream);
  std::vector<int, caiman::arena_allocator<int>> mine(10, 7, arena);
  if (mine.get_allocator() != caiman::arena_allocator<long>(arena)) return false;
  return arena.metrics().bytes_live > 0 && resource == same && resource != with_upstream &&
         resource != *std::pmr::new_delete_resource() && numbers.back() == 7;
}

/// True if all is as it should be.
inline bool lives() {
  const auto geometry = caiman::buddy_geometry::exact(4'096, 64);
  const auto own = caiman::buddy_arena::builder(*geometry).auto_spill().build();
  alignas(64) std::byte memory[4'096];
  const auto lent =
      caiman::buddy_arena::from_region(memory, sizeof memory, caiman::buddy_hint::min_alloc(64))
          .auto_spill()
          .init(caiman::init_policy::zero)
          .build();
  const auto slots = caiman::fixed_arena::with_slot_capacity(3, 100).build();
  const auto later = caiman::buddy_arena::builder(*geometry).build_async();
  caiman::buddy<> indices(6);
  const auto block = indices.allocate(2);
  if (!own || !lent || !slots || !later || !block) return false;
  indices.release(*block);
  const std::error_code code = caiman::alloc_error::arena_full;
  return buffers(*own) && buffers(*lent) && values(*own) && slots->allocate().has_value() &&
         waiting(*later) && containers(*own) && own->metrics().bytes_live == 0 &&
         indices.is_free({6, 0}) && code == std::errc::not_enough_memory;
}

}  // namespace UNIT
