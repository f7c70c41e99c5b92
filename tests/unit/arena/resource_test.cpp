// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// resource_test.cpp: an arena behind std::pmr
//
// Containers that live in an arena, alignments, which resource gets what back where there is an
// upstream, and how what was never given ends the program, watched in a child process.
// Relies on POSIX and Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <list>
#include <map>
#include <memory_resource>
#include <new>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../child.hpp"
#include "caiman/resource.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::buddy_arena;
using caiman::buddy_resource;

constexpr std::size_t total = std::size_t{64} * 1024;

buddy_arena arena_of(std::size_t size, std::size_t unit = 64) {
  return caiman::buddy_arena::builder(caiman::buddy_geometry::exact(size, unit).value())
      .build()
      .value();
}

// 4 KiB whose base is a multiple of 128 and of nothing more. One at a time.
buddy_arena barely_aligned() {
  alignas(8192) static std::byte memory[8192 + 128];
  buddy_arena arena =
      buddy_arena::from_region(memory + 128, 4096, caiman::buddy_hint::min_alloc(64))
          .build()
          .value();
  REQUIRE(arena.base() == memory + 128);
  REQUIRE(arena.total_size() == 4096);
  return arena;
}

bool inside(const buddy_arena& arena, const void* p) {
  const auto* const at = static_cast<const std::byte*>(p);
  return at >= arena.base() && at < arena.base() + arena.total_size();
}

bool aligned(const void* p, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(p) % alignment == 0;
}

bool all_free(const buddy_arena& arena) {
  const auto m = arena.metrics();
  return m.bytes_live == 0 && m.allocations_ok == m.frees && m.splits == m.coalesces &&
         m.largest_free_block == arena.total_size();
}

constexpr const char* no_block = "no block for that size begins there";
constexpr const char* no_such = "the arena has no such blocks";
constexpr const char* not_ours = "it is not of this resource's arena, and there is no upstream";
constexpr const char* nothing_there =
    "nothing that was handed out begins there, or it came back already";
constexpr const char* no_arena = "the resource has no arena; perhaps it was moved from";

// That giving memory back ends the program, with this line and no other.
void check_refused(buddy_resource& resource, void* p, std::size_t size, std::size_t alignment,
                   const std::string& why) {
  INFO(size << " bytes, alignment " << alignment << ": " << why);
  char line[256];
  std::snprintf(line, sizeof line, "caiman: deallocate of %zu bytes at %p, alignment %zu: %s\n",
                size, p, alignment, why.c_str());
  // By a pointer: the library's declaration forbids null at the place of a call, which a program
  // that has such a pointer by mistake does not know.
  const auto deallocate = &std::pmr::memory_resource::deallocate;
  const auto end = child::in_child([&] { (resource.*deallocate)(p, size, alignment); });
  CHECK(end.signal == SIGABRT);
  CHECK(end.said == line);
}

// Knows what it gave, and ends the test where something else comes back.
class upstream : public std::pmr::memory_resource {
 public:
  struct piece {
    void* at;
    std::size_t size;
    std::size_t alignment;
    friend auto operator<=>(const piece&, const piece&) = default;
  };
  std::set<piece> out;
  std::size_t requests = 0;

 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    ++requests;
    void* const at = std::pmr::new_delete_resource()->allocate(size, alignment);
    out.insert({at, size, alignment});
    return at;
  }
  void do_deallocate(void* p, std::size_t size, std::size_t alignment) override {
    REQUIRE(out.erase({p, size, alignment}) == 1);
    std::pmr::new_delete_resource()->deallocate(p, size, alignment);
  }
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }
};

}  // namespace

TEST_CASE("containers live in the arena and leave nothing behind", "[resource]") {
  const buddy_arena arena = arena_of(total);
  buddy_resource resource(arena);
  const std::string long_text(100, 'x');
  {
    std::pmr::vector<int> vector({1, 2, 3}, &resource);
    for (int i = 4; i <= 1000; ++i) vector.push_back(i);
    CHECK(vector.front() + vector.back() == 1001);
    CHECK(inside(arena, vector.data()));

    std::pmr::string string(long_text, &resource);
    string += string;
    CHECK(std::string_view(string) == long_text + long_text);
    CHECK(inside(arena, string.data()));

    std::pmr::map<std::pmr::string, std::pmr::list<int>> map(&resource);
    map[std::pmr::string(long_text, &resource)].assign(10, 7);
    const auto& [key, list] = *map.begin();
    CHECK((inside(arena, &key) && inside(arena, key.data())));
    CHECK((list.size() == 10 && inside(arena, &list.back())));

    std::pmr::unordered_map<int, std::pmr::string> table(&resource);
    for (int i = 0; i < 50; ++i) table.emplace(i, long_text);
    CHECK(std::string_view(table.at(49)) == long_text);
    CHECK(inside(arena, table.at(49).data()));

    std::pmr::list<int> numbers(20, 3, &resource);
    numbers.splice(numbers.end(), std::pmr::list<int>(5, 4, &resource));
    CHECK(numbers.size() == 25);
    CHECK(arena.metrics().bytes_live > 5000);
  }
  CHECK(all_free(arena));
  CHECK(arena.metrics().allocations_failed == 0);
}

TEST_CASE("a block is as large as its alignment", "[resource]") {
  const buddy_arena arena = arena_of(total);
  buddy_resource resource(arena);
  REQUIRE(aligned(arena.base(), 4096));
  for (std::size_t alignment = 1; alignment <= 4096; alignment *= 2) {
    INFO("alignment " << alignment);
    void* const other = resource.allocate(1);  // so that not everything lies at the start
    void* const p = resource.allocate(24, alignment);
    CHECK(aligned(p, alignment));
    CHECK(arena.metrics().bytes_live == 64 + std::max<std::size_t>(64, alignment));
    resource.deallocate(p, 24, alignment);
    resource.deallocate(other, 1);
    CHECK(all_free(arena));
  }
}

TEST_CASE("an arena with details counts what a resource hands out", "[resource]") {
  const buddy_arena arena = buddy_arena::builder(caiman::buddy_geometry::exact(total, 64).value())
                                .detailed_metrics()
                                .build()
                                .value();
  buddy_resource resource(arena);
  for (int i = 0; i < 3; ++i) resource.deallocate(resource.allocate(100), 100);
  CHECK(arena.metrics().allocations_by_order[1] == 3);
  CHECK(arena.metrics().bytes_live_peak == 128);
}

TEST_CASE("a request of no bytes has a place of its own", "[resource]") {
  const buddy_arena arena = arena_of(total);
  buddy_resource resource(arena);
  void* const one = resource.allocate(0, 1);
  void* const other = resource.allocate(0, 1);
  CHECK(one != other);
  CHECK((inside(arena, one) && inside(arena, other)));
  resource.deallocate(one, 0, 1);
  resource.deallocate(other, 0, 1);
  CHECK(all_free(arena));
}

TEST_CASE("without upstream a request that cannot be served throws", "[resource]") {
  const buddy_arena arena = barely_aligned();
  buddy_resource resource(arena);
  const volatile std::size_t all_there_is = SIZE_MAX;  // or the compiler warns that nobody has it
  CHECK_THROWS_AS(resource.allocate(4097), std::bad_alloc);
  CHECK_THROWS_AS(resource.allocate(all_there_is), std::bad_alloc);
  CHECK_THROWS_AS(resource.allocate(1, 256), std::bad_alloc);
  CHECK_THROWS_AS(resource.allocate(1, std::size_t{1} << 32), std::bad_alloc);
  void* const good = resource.allocate(1, 128);
  CHECK(aligned(good, 128));
  CHECK_THROWS_AS(resource.allocate(4096), std::bad_alloc);  // full
  void* const at_hand = resource.allocate(256, 128);
  resource.deallocate(at_hand, 256, 128);
  CHECK_THROWS_AS(resource.allocate(1, 256), std::bad_alloc);  // of a size that is at hand now
  resource.deallocate(good, 1, 128);
  void* const whole = resource.allocate(4096);
  CHECK_THROWS_AS(resource.allocate(1), std::bad_alloc);
  resource.deallocate(whole, 4096);
  CHECK(all_free(arena));
}

TEST_CASE("what the arena cannot serve is the upstream's, and goes back to it", "[resource]") {
  const buddy_arena arena = barely_aligned();
  upstream next;
  buddy_resource resource(arena, &next);

  void* const too_large = resource.allocate(4097, 8);
  void* const over_aligned = resource.allocate(24, 256);
  CHECK((!inside(arena, too_large) && !inside(arena, over_aligned)));
  CHECK(next.out == std::set<upstream::piece>{{too_large, 4097, 8}, {over_aligned, 24, 256}});

  void* const whole = resource.allocate(4096);
  CHECK(inside(arena, whole));
  CHECK(next.requests == 2);
  void* const when_full = resource.allocate(100, 4);
  CHECK(next.out.contains({when_full, 100, 4}));

  // Given back while the arena has room again: not to the arena.
  resource.deallocate(whole, 4096);
  resource.deallocate(when_full, 100, 4);
  resource.deallocate(over_aligned, 24, 256);
  resource.deallocate(too_large, 4097, 8);
  CHECK(next.out.empty());
  CHECK(next.requests == 3);
  CHECK(all_free(arena));
  CHECK(arena.metrics().frees == 1);
}

TEST_CASE("a container grows out of the arena and shrinks back into it", "[resource]") {
  const buddy_arena arena = arena_of(4096);
  upstream next;
  buddy_resource resource(arena, &next);
  std::pmr::vector<char> vector(4000, 'x', &resource);
  REQUIRE(inside(arena, vector.data()));
  vector.resize(5000, 'y');
  CHECK(next.out.size() == 1);
  CHECK(arena.metrics().bytes_live == 0);
  vector.resize(3000);
  vector.shrink_to_fit();
  CHECK(inside(arena, vector.data()));
  CHECK(next.out.empty());
  CHECK(vector == std::pmr::vector<char>(3000, 'x'));
}

TEST_CASE("equal are resources that can take what the other gave", "[resource]") {
  const buddy_arena arena = arena_of(total);
  const buddy_arena other_arena = arena_of(total);
  upstream next;
  buddy_resource one(arena);
  buddy_resource same(arena);
  const buddy_resource with_upstream(arena, &next);
  const buddy_resource with_upstream_too(arena, &next);
  const buddy_resource elsewhere(other_arena);
  CHECK(one == one);
  CHECK(one == same);
  CHECK(with_upstream == with_upstream_too);
  CHECK(one != with_upstream);
  CHECK(one != elsewhere);
  CHECK_FALSE(one == *std::pmr::new_delete_resource());

  // So a list can hand its nodes to another one.
  std::pmr::list<int> from({1, 2, 3}, &one);
  std::pmr::list<int> to(&same);
  const int* const node = &from.front();
  to = std::move(from);
  CHECK(&to.front() == node);
  CHECK(arena.metrics().allocations_ok == 3);
}

TEST_CASE("a resource keeps its arena, and an empty handle serves nothing", "[resource]") {
  int given_back = 0;
  alignas(64) static std::byte memory[4096];
  {
    buddy_resource resource(buddy_arena::from_region(memory, sizeof memory,
                                                     caiman::buddy_hint::min_alloc(64),
                                                     [&](std::byte*, std::size_t) { ++given_back; })
                                .build()
                                .value());
    CHECK(resource.arena().total_size() == 4096);
    CHECK(resource.upstream() == nullptr);
    resource.deallocate(resource.allocate(10), 10);
    CHECK(given_back == 0);
  }
  CHECK(given_back == 1);

  buddy_arena moved_from = arena_of(total);
  const buddy_arena arena = std::move(moved_from);
  upstream next;
  // NOLINTNEXTLINE(bugprone-use-after-move,hicpp-invalid-access-moved): an empty handle
  buddy_resource empty(moved_from, &next);
  empty.deallocate(empty.allocate(10), 10);
  CHECK(next.requests == 1);
  CHECK(next.out.empty());
}

TEST_CASE("memory of somebody else's ends the program where nobody takes it", "[resource]") {
  const buddy_arena arena = arena_of(total);
  buddy_resource resource(arena);
  int on_the_stack = 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): to be given back
  void* const past = const_cast<std::byte*>(arena.base()) + total;
  check_refused(resource, &on_the_stack, sizeof on_the_stack, alignof(int), not_ours);
  check_refused(resource, nullptr, 8, 8, not_ours);
  check_refused(resource, past, 64, 8, not_ours);
  buddy_resource elsewhere(arena_of(total));
  void* const theirs = elsewhere.allocate(100);
  check_refused(resource, theirs, 100, alignof(std::max_align_t), not_ours);
  elsewhere.deallocate(theirs, 100);

  upstream next;
  buddy_resource with_upstream(arena, &next);
  void* const given = next.allocate(10, 1);
  with_upstream.deallocate(given, 10, 1);  // a resource with an upstream lets it judge
  CHECK(next.out.empty());
  CHECK(all_free(arena));
}

TEST_CASE("what the arena cannot have given so ends the program", "[resource]") {
  const buddy_arena arena = arena_of(total);
  buddy_resource resource(arena);
  void* const first = resource.allocate(1);
  void* const p = resource.allocate(100);  // 128 bytes, at 128
  auto* const inside_it = static_cast<std::byte*>(p);
  REQUIRE(inside_it == arena.base() + 128);
  check_refused(resource, inside_it + 1, 100, 8, no_block);
  check_refused(resource, inside_it + 64, 100, 8, no_block);
  check_refused(resource, p, 200, 8, no_block);
  check_refused(resource, p, 100, 256, no_block);
  check_refused(resource, p, total + 1, 8, no_such);
  // Up to where the size of the block would be 2^64, which is 0.
  for (const std::size_t size : {(SIZE_MAX >> 1) + 1, (SIZE_MAX >> 1) + 2, SIZE_MAX}) {
    check_refused(resource, p, size, 8, no_such);
  }
  resource.deallocate(p, 128, 64);  // another size, but of the same block
  resource.deallocate(first, 1);
  CHECK(all_free(arena));

  const buddy_arena low = barely_aligned();
  buddy_resource on_low(low);
  void* const block = on_low.allocate(256, 128);
  check_refused(on_low, block, 256, 256, no_such);
  on_low.deallocate(block, 256, 128);
}

TEST_CASE("a block that comes back is one that was handed out, and whole", "[resource]") {
  const buddy_arena arena = arena_of(total);
  buddy_resource resource(arena);
  void* const small = resource.allocate(1);    // 64 bytes, at 0
  void* const large = resource.allocate(500);  // 512 bytes, at 512
  auto* const in_large = static_cast<std::byte*>(large);
  REQUIRE(in_large == arena.base() + 512);
  // Another size, of which no bit is free or some are.
  check_refused(resource, large, 256, 8, "it points to a block of 512 bytes");
  check_refused(resource, large, 1, 8, "it points to a block of 512 bytes");
  check_refused(resource, small, 256, 8, "it points to a block of 64 bytes");
  check_refused(resource, small, 1, 128, "it points to a block of 64 bytes");
  // Into the middle.
  for (const std::size_t at : {64U, 128U, 256U, 448U}) {
    check_refused(resource, in_large + at, 64, 8, "it points into a block of 512 bytes");
  }
  check_refused(resource, in_large + 256, 256, 8, "it points into a block of 512 bytes");
  // What is free, was never handed out, or is a buffer's, frozen or not.
  check_refused(resource, in_large - 64, 64, 8, nothing_there);
  auto buffer = arena.allocate(64).value();
  check_refused(resource, buffer.data(), 64, 8, nothing_there);
  void* const at_buffer = buffer.data();
  buffer.put("abc");
  auto bytes = std::move(buffer).freeze();
  check_refused(resource, at_buffer, 64, 8, nothing_there);
  auto more = bytes;
  check_refused(resource, at_buffer, 64, 8, nothing_there);
  more.clear();
  check_refused(resource, at_buffer, 64, 8, nothing_there);
  child::check_quiet([&] { resource.deallocate(large, 300, 8); });
  // Twice, at once and after the memory was somebody else's.
  resource.deallocate(small, 1);
  check_refused(resource, small, 1, 8, nothing_there);
  const auto successor = arena.allocate(64).value();
  REQUIRE(successor.data() == small);
  check_refused(resource, small, 1, 8, nothing_there);
  resource.deallocate(large, 500);
}

TEST_CASE("tags and share counts have the same place, one after the other", "[resource]") {
  const buddy_arena arena = arena_of(1024);
  buddy_resource resource(arena);
  for (int round = 0; round < 3; ++round) {
    for (const std::size_t size : {64U, 128U, 1024U}) {
      void* const p = resource.allocate(size);
      resource.deallocate(p, size);
      auto buffer = arena.allocate(size).value();
      REQUIRE(buffer.data() == p);
      buffer.put("abc");
      auto bytes = std::move(buffer).freeze();
      CHECK(bytes.is_unique());
      auto copy = bytes;
      CHECK_FALSE(bytes.is_unique());
      if (round == 1) copy.clear();  // or its count ends at 1 by another way
    }
  }
  CHECK(all_free(arena));
}

// Blocks of all sizes that threads are given of an arena with little in use.
TEST_CASE("tags and counts of blocks that threads have at once are lines apart", "[resource]") {
  const buddy_arena arena =
      buddy_arena::builder(caiman::buddy_geometry::exact(524'288, 64).value()).build().value();
  const auto* const home = caiman::detail::arena_insides::home_of(arena);
  const auto place = [&](std::size_t i) {
    return reinterpret_cast<std::uintptr_t>(home->share_memory(i));
  };
  std::set<std::uintptr_t> all;
  for (std::size_t i = 0; i < 8192; ++i) all.insert(place(i) - place(0));
  CHECK(all.size() == 8192);
  CHECK(*all.rbegin() == 32'764);
  std::set<std::size_t> blocks;
  std::set<std::uintptr_t> lines;
  for (std::size_t n = 0; n < 4; ++n) {
    for (unsigned order = 0; order < 11; ++order) blocks.insert(n << order);
  }
  for (const std::size_t i : blocks) lines.insert((place(i) - place(0)) / 64);
  CHECK(lines.size() == blocks.size());
}

// NOLINTBEGIN(bugprone-use-after-move,hicpp-invalid-access-moved): what is left is tested here
TEST_CASE("a resource that was moved from says so to those who still use it", "[resource]") {
  const buddy_arena arena = arena_of(total);
  upstream next;
  buddy_resource resource(arena);
  void* const p = resource.allocate(100);
  buddy_resource taker(std::move(resource));
  CHECK(taker.arena() == arena);
  CHECK_THROWS_AS(resource.allocate(8), std::bad_alloc);
  check_refused(resource, p, 100, 16, no_arena);
  CHECK(resource != taker);
  taker.deallocate(p, 100);
  const auto end = child::in_child([&] {
    buddy_resource source(arena);
    const std::pmr::vector<int> user(100, 1, &source);
    const buddy_resource sink(std::move(source));
  });
  CHECK(end.signal == SIGABRT);
  CHECK(end.said.ends_with(std::string(no_arena) + "\n"));

  // The upstream moves with the arena: what it is given of the arena's would be foreign to it.
  buddy_resource with_upstream(arena, &next);
  void* const ours = with_upstream.allocate(100);
  void* const from_next = with_upstream.allocate(total + 1);
  buddy_resource all(std::move(with_upstream));
  CHECK(with_upstream.upstream() == nullptr);
  check_refused(with_upstream, ours, 100, 16, no_arena);
  check_refused(with_upstream, from_next, total + 1, 16, no_arena);
  all.deallocate(ours, 100);
  all.deallocate(from_next, total + 1);
  CHECK(next.out.empty());
  CHECK(all_free(arena));
}
// NOLINTEND(bugprone-use-after-move,hicpp-invalid-access-moved)

TEST_CASE("a copy of a resource is one more of the same arena; none becomes another",
          "[resource]") {
  const buddy_arena arena = arena_of(total);
  upstream next;
  buddy_resource resource(arena, &next);
  buddy_resource copy(resource);
  CHECK(copy == resource);
  copy.deallocate(resource.allocate(100), 100);
  CHECK(all_free(arena));
  STATIC_REQUIRE_FALSE(std::is_copy_assignable_v<buddy_resource>);
  STATIC_REQUIRE_FALSE(std::is_move_assignable_v<buddy_resource>);
}
