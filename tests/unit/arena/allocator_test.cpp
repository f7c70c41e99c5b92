// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// allocator_test.cpp: an arena behind the containers' own allocator
//
// Containers of each kind, what moves between them and what does not, alignments, what comes back
// wrongly and ends the program, watched in a child process; blocks that pass between threads, and
// from bare pointers to frozen buffers and back.
// Relies on POSIX and Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/allocator.hpp"

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../child.hpp"
#include "caiman/bytes.hpp"
#include "caiman/resource.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::arena_allocator;
using caiman::buddy_arena;

template <class T>
using vector = std::vector<T, arena_allocator<T>>;
template <class T>
using list = std::list<T, arena_allocator<T>>;
using string = std::basic_string<char, std::char_traits<char>, arena_allocator<char>>;
using map = std::map<int, string, std::less<>, arena_allocator<std::pair<const int, string>>>;
using table = std::unordered_map<int, int, std::hash<int>, std::equal_to<>,
                                 arena_allocator<std::pair<const int, int>>>;

buddy_arena arena_of(std::size_t size, std::size_t unit = 64) {
  return buddy_arena::builder(caiman::buddy_geometry::exact(size, unit).value()).build().value();
}
bool inside(const buddy_arena& arena, const void* p) {
  const auto* const at = static_cast<const std::byte*>(p);
  return at >= arena.base() && at < arena.base() + arena.total_size();
}
std::size_t live(const buddy_arena& arena) { return arena.metrics().bytes_live; }

template <class T>
void check_refused(arena_allocator<T> from, T* p, std::size_t n, const std::string& why) {
  INFO(n << " objects: " << why);
  const auto end = child::in_child([&] { from.deallocate(p, n); });
  CHECK(end.signal == SIGABRT);
  CHECK(end.said.starts_with("caiman: deallocate of "));
  CHECK(end.said.ends_with(": " + why + "\n"));
}

struct alignas(256) wide {
  std::byte data[256];
};

}  // namespace

TEST_CASE("containers of each kind live in the arena and leave nothing behind", "[allocator]") {
  const buddy_arena arena = arena_of(std::size_t{64} * 1024);
  const std::string long_text(100, 'x');
  {
    vector<int> numbers({1, 2, 3}, arena);
    for (int i = 4; i <= 1000; ++i) numbers.push_back(i);
    CHECK(numbers.front() + numbers.back() == 1001);
    CHECK(inside(arena, numbers.data()));

    map by_key(arena);
    by_key.emplace(1, string(long_text, arena));
    CHECK(inside(arena, &*by_key.begin()));
    CHECK(inside(arena, by_key.at(1).data()));

    table hashed(arena);
    for (int i = 0; i < 100; ++i) hashed.emplace(i, 2 * i);
    CHECK(hashed.at(99) == 198);
    CHECK(inside(arena, &*hashed.begin()));

    list<int> nodes(20, 3, arena);
    CHECK(inside(arena, &nodes.back()));

    string text(long_text, arena);
    text += text;
    CHECK(std::string_view(text) == long_text + long_text);
    CHECK(inside(arena, text.data()));

    const auto shared = std::allocate_shared<long>(arena_allocator<long>(arena), 7);
    const std::weak_ptr<long> seen = shared;
    CHECK(*shared == 7);
    CHECK(inside(arena, shared.get()));
    CHECK(live(arena) > 8000);
  }
  CHECK(live(arena) == 0);
  const auto m = arena.metrics();
  CHECK(m.allocations_ok == m.frees);
  CHECK(m.allocations_failed == 0);
}

TEST_CASE("a container keeps its arena, and there is none by default", "[allocator]") {
  int given_back = 0;
  alignas(64) static std::byte memory[4096];
  {
    vector<int> numbers(buddy_arena::from_region(memory, sizeof memory,
                                                 caiman::buddy_hint::min_alloc(64),
                                                 [&](std::byte*, std::size_t) { ++given_back; })
                            .build()
                            .value());
    numbers.assign(100, 1);
    CHECK(inside(numbers.get_allocator().arena(), numbers.data()));
    CHECK(given_back == 0);
  }
  CHECK(given_back == 1);
  STATIC_REQUIRE_FALSE(std::is_default_constructible_v<arena_allocator<int>>);
  CHECK_THROWS_AS(vector<int>(3, 1, buddy_arena()), std::bad_alloc);
}

TEST_CASE("equal are allocators of one arena, whatever they allocate", "[allocator]") {
  const buddy_arena arena = arena_of(4096);
  const buddy_arena other = arena_of(4096);
  arena_allocator<int> ints(arena);
  arena_allocator<double> doubles(ints);
  CHECK(ints == doubles);
  CHECK(ints == arena_allocator<int>(arena));
  CHECK(ints != arena_allocator<int>(other));
  STATIC_REQUIRE(std::is_same_v<std::allocator_traits<arena_allocator<int>>::rebind_alloc<double>,
                                arena_allocator<double>>);
  // NOLINTNEXTLINE(performance-move-const-arg): that it is a copy is what is asked here
  const arena_allocator<int> taken(std::move(ints));
  CHECK(taken == ints);  // NOLINT(bugprone-use-after-move,hicpp-invalid-access-moved): the same
  doubles.deallocate(doubles.allocate(3), 3);
}

TEST_CASE("nodes move between containers of one arena", "[allocator]") {
  // libstdc++ 12 does not end the allocator of a handle that it inserts, so this arena never ends.
  static const buddy_arena arena = arena_of(4096);
  {
    map from(arena);
    map to(arena);
    from.emplace(1, string("one", arena));
    const auto* const at = &*from.begin();
    auto node = from.extract(1);
    node.key() = 2;
    to.insert(std::move(node));
    CHECK(&*to.begin() == at);
    CHECK(to.at(2) == "one");

    list<int> a({1, 2}, arena);
    list<int> b({3}, arena);
    const int* const first = &a.front();
    b.splice(b.end(), a);
    CHECK(&*std::next(b.begin()) == first);
    const auto asked = arena.metrics().allocations_ok;
    table x(arena);
    x.emplace(1, 1);
    table y(arena);
    y.merge(x);
    CHECK(y.contains(1));
    CHECK(arena.metrics().allocations_ok > asked);
  }
  CHECK(live(arena) == 0);
}

TEST_CASE("moves and swaps take the arena along, a copy stays at home", "[allocator]") {
  const buddy_arena here = arena_of(4096);
  const buddy_arena there = arena_of(4096);
  vector<int> a(100, 1, here);
  vector<int> b(50, 2, there);
  const int* const data_of_a = a.data();
  const int* const data_of_b = b.data();
  swap(a, b);
  CHECK(a.data() == data_of_b);
  CHECK(a.get_allocator().arena() == there);
  a = std::move(b);
  CHECK(a.data() == data_of_a);
  CHECK(a.get_allocator().arena() == here);
  CHECK(live(there) == 0);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<vector<int>>);

  vector<int> c(1, 3, there);
  c = a;
  CHECK(c == a);
  CHECK(c.get_allocator().arena() == there);
  CHECK(inside(there, c.data()));
  const vector<int> d(a);
  CHECK(d.get_allocator().arena() == here);
}

TEST_CASE("alignments, sizes that overflow, and an arena that is full", "[allocator]") {
  const buddy_arena arena = arena_of(4096);
  {
    const vector<wide> wides(3, wide{}, arena);
    CHECK(reinterpret_cast<std::uintptr_t>(wides.data()) % 256 == 0);
    CHECK(live(arena) == 1024);
    const list<wide> nodes(1, wide{}, arena);
    CHECK(reinterpret_cast<std::uintptr_t>(&nodes.front()) % 256 == 0);
  }
  arena_allocator<std::uint64_t> of(arena);
  for (const std::size_t n :
       {std::size_t{513}, SIZE_MAX / 8, SIZE_MAX / 8 + 1, SIZE_MAX / 8 + 2, SIZE_MAX}) {
    CHECK_THROWS_AS(of.allocate(n), std::bad_alloc);
  }
  std::uint64_t* const all = of.allocate(512);
  CHECK_THROWS_AS(of.allocate(1), std::bad_alloc);
  of.deallocate(all, 512);
  CHECK(live(arena) == 0);

  alignas(1024) static std::byte memory[1024 + 128];
  const buddy_arena low =
      buddy_arena::from_region(memory + 128, 1024, caiman::buddy_hint::min_alloc(64))
          .build()
          .value();
  CHECK_THROWS_AS(arena_allocator<wide>(low).allocate(1), std::bad_alloc);
  std::uint64_t* const none = of.allocate(0);
  CHECK(inside(arena, none));
  of.deallocate(none, 0);
}

TEST_CASE("what comes back wrongly ends the program", "[allocator]") {
  const buddy_arena arena = arena_of(4096);
  const arena_allocator<char> of(arena);
  arena_allocator<char> elsewhere(arena_of(4096));
  char* const p = arena_allocator<char>(of).allocate(300);  // 512 bytes
  char* const theirs = elsewhere.allocate(10);
  char on_the_stack = 0;
  check_refused(of, theirs, 10, "it is not of this allocator's arena");
  check_refused(of, &on_the_stack, 1, "it is not of this allocator's arena");
  check_refused<char>(of, nullptr, 1, "it is not of this allocator's arena");
  check_refused<char>(buddy_arena(), p, 1, "it is not of this allocator's arena");
  check_refused(of, p, 100, "it points to a block of 512 bytes");
  check_refused(of, p + 64, 64, "it points into a block of 512 bytes");
  check_refused(of, p + 1, 300, "no block for that size begins there");
  check_refused(of, p, 4097, "the arena has no such blocks");
  check_refused(of, p, SIZE_MAX, "the arena has no such blocks");
  check_refused(arena_allocator<long>(arena), reinterpret_cast<long*>(p), SIZE_MAX / 4,
                "the arena has no such blocks");
  arena_allocator<char>(of).deallocate(p, 300);
  check_refused(of, p, 300, "nothing that was handed out begins there, or it came back already");
  elsewhere.deallocate(theirs, 10);
  CHECK(live(arena) == 0);

  // What a resource gave is the arena's as well.
  caiman::buddy_resource resource(arena);
  arena_allocator<char>(of).deallocate(static_cast<char*>(resource.allocate(70, 1)), 70);
  CHECK(live(arena) == 0);
}

TEST_CASE("blocks pass between threads, as pointers and as frozen bytes", "[allocator]") {
  const buddy_arena arena = arena_of(std::size_t{16} * 1024);
  const auto work = [&](std::size_t seed) {
    caiman::buddy_resource resource(arena);
    for (std::size_t round = 0; round < 2'000; ++round) {
      const std::size_t size = 1 + (round * 7 + seed) % 500;
      try {
        const vector<char> one(size, 'a', arena);
        const std::pmr::vector<char> two(size, 'b', &resource);
      } catch (const std::bad_alloc&) {
        continue;
      }
      auto got = arena.allocate(size);
      if (!got) continue;
      got->fill(std::byte{'c'}, size);
      const auto shared = std::move(*got).freeze();
      const auto part = shared.slice(0, 1);
    }
  };
  // A pointer that one thread has, and another gives back.
  vector<int> handed(1000, 5, arena);
  std::thread peer([&work, mine = std::move(handed)]() mutable {
    mine.clear();
    mine.shrink_to_fit();
    work(1);
  });
  work(2);
  peer.join();
  CHECK(live(arena) == 0);
}
