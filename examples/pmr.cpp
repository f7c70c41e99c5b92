// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// pmr.cpp: standard containers in an arena
//
// Directly; through the pool of the standard library, which asks the arena for its chunks; and the
// other way round, an arena that passes what it cannot serve to a pool.
// ---------------------------------------------------------------------------------------------
#include <caiman/resource.hpp>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory_resource>
#include <string>
#include <thread>
#include <vector>

#include "expect.hpp"

namespace {

caiman::buddy_arena arena_of(std::size_t size) {
  const auto geometry = caiman::buddy_geometry::exact(size, 64);
  expect(geometry.has_value(), "sizes that are powers of two");
  const auto built = caiman::buddy_arena::builder(*geometry).build();
  expect(built.has_value(), "an arena");
  return *built;
}

// What a resource is asked for, and what comes back.
class counted : public std::pmr::memory_resource {
 public:
  explicit counted(std::pmr::memory_resource* next) : next_(next) {}
  std::size_t requests = 0;
  std::size_t bytes_out = 0;

 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    ++requests;
    bytes_out += size;
    return next_->allocate(size, alignment);
  }
  void do_deallocate(void* p, std::size_t size, std::size_t alignment) override {
    bytes_out -= size;
    next_->deallocate(p, size, alignment);
  }
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }
  std::pmr::memory_resource* next_;
};

void directly() {
  const caiman::buddy_arena arena = arena_of(1 << 20);
  caiman::buddy_resource resource(arena);  // without upstream: std::bad_alloc when it is full
  {
    std::pmr::map<std::pmr::string, std::pmr::vector<int>> words(&resource);
    words["a key that is too long to lie in the string itself"].assign(1000, 7);
    expect(arena.metrics().allocations_ok >= 3, "node, key and vector lie in the arena");
    expect(words.begin()->second.get_allocator().resource() == &resource, "all the way down");
  }
  expect(arena.metrics().bytes_live == 0, "and have gone");
  std::puts("containers in the arena");
}

// The pool takes large chunks and cuts them, so that small nodes need no block each.
void under_a_pool() {
  const caiman::buddy_arena arena = arena_of(4 << 20);
  caiman::buddy_resource chunks(arena);
  std::uint64_t blocks = 0;
  {
    std::pmr::synchronized_pool_resource pool(&chunks);
    const auto fill = [&pool] {
      std::pmr::map<int, int> numbers(&pool);
      for (int i = 0; i < 1000; ++i) numbers[i] = i;
      expect(numbers.size() == 1000, "a thousand nodes");
    };
    std::thread one(fill);
    std::thread other(fill);
    one.join();
    other.join();
    blocks = arena.metrics().allocations_ok;
    expect(blocks > 0 && blocks < 200, "few blocks for 2000 nodes");
  }
  expect(arena.metrics().bytes_live == 0, "the pool has given its chunks back");
  std::printf("a pool over the arena: 2000 nodes in %llu blocks\n",
              static_cast<unsigned long long>(blocks));
}

void over_a_pool() {
  std::pmr::synchronized_pool_resource pool;
  counted upstream(&pool);
  const caiman::buddy_arena arena = arena_of(4096);
  caiman::buddy_resource resource(arena, &upstream);
  {
    std::pmr::vector<std::pmr::vector<char>> all(&resource);
    all.reserve(10);
    for (int i = 0; i < 10; ++i) all.emplace_back(1000, 'x');  // of 1024 bytes, three fit
    expect(upstream.requests == 7, "the arena took what it could, the pool the rest");
  }
  expect(upstream.bytes_out == 0, "what the pool gave went back to the pool");
  expect(arena.metrics().bytes_live == 0, "and to the arena what was its own");
  std::printf("an arena over a pool: %zu requests were passed on\n", upstream.requests);
}

}  // namespace

int main() {
  directly();
  under_a_pool();
  over_a_pool();
}
