// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// shrink_test.cpp: a buffer keeps the min blocks that it needs, and the rest is free at once
//
// What goes back can be had by others while the rest is written, frozen, shared and sliced; the
// books balance at the end, whatever came first.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "caiman/arena.hpp"
#include "caiman/async.hpp"
#include "caiman/fixed_arena.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::buddy_arena;
using caiman::buddy_geometry;
using caiman::buffer;
using caiman::bytes;
using caiman::fixed_arena;
using caiman::init_policy;
using caiman::shrink;

constexpr std::byte ink{0x5a};

buddy_arena arena_of(const buddy_geometry& geometry, init_policy init = init_policy::uninit) {
  return buddy_arena::builder(geometry).init(init).build().value();
}
buddy_geometry exact(std::size_t total, std::size_t min) {
  return buddy_geometry::exact(total, min).value();
}

void write(buffer& b, std::size_t n) {
  std::memset(b.spare().data(), static_cast<int>(ink), n);
  b.advance(n);
}
bool holds_ink(std::span<const std::byte> what) {
  return std::all_of(what.begin(), what.end(), [](std::byte b) { return b == ink; });
}

}  // namespace

TEST_CASE("sixteen bytes frozen out of 64 KiB hold one min block", "[shrink]") {
  const auto arena = arena_of(exact(1 << 16, 256));
  buffer b = arena.allocate(1 << 16).value();
  write(b, 16);
  CHECK_FALSE(arena.allocate(256).has_value());
  const bytes kept = std::move(b).freeze(shrink);
  CHECK(kept.size() == 16);
  CHECK(holds_ink(kept));
  CHECK(arena.metrics().bytes_live == 256);
  CHECK(arena.metrics().largest_free_block == 1 << 15);
  CHECK(arena.allocate(1 << 15).has_value());
}

TEST_CASE("a buffer is left with whole min blocks, and one at least", "[shrink]") {
  const auto arena = arena_of(exact(1 << 16, 256));
  for (const auto& [size, left] : {std::pair<std::size_t, std::size_t>{0, 256},
                                   {1, 256},
                                   {256, 256},
                                   {257, 512},
                                   {1'000, 1'024},
                                   {1'025, 1'280},
                                   {4'000, 4'096},
                                   {7'937, 8'192},
                                   {8'192, 8'192}}) {
    INFO(size << " bytes");
    buffer b = arena.allocate(8'192).value();
    write(b, size);
    b.shrink_to_fit();
    CHECK(b.capacity() == left);
    CHECK(b.size() == size);
    CHECK(arena.metrics().bytes_live == left);
    write(b, left - size);
    CHECK(holds_ink(b.written()));
    b.shrink_to_fit();
    CHECK(b.capacity() == left);
  }
  CHECK(arena.metrics().bytes_live == 0);
  CHECK(arena.metrics().splits == arena.metrics().coalesces);
}

TEST_CASE("a buffer can shrink again and again", "[shrink]") {
  const auto arena = arena_of(exact(1 << 14, 64));
  buffer b = arena.allocate(1 << 14).value();
  write(b, 1 << 14);
  for (std::size_t size = (1 << 14) - 100; size > 300; size -= 300) {
    b.truncate(size);
    b.shrink_to_fit();
    const std::size_t left = (size + 63) / 64 * 64;
    CHECK(b.capacity() == left);
    CHECK(arena.metrics().bytes_live == left);
  }
  std::move(b).abandon();
  CHECK(arena.free_block_count(8) == 1);
  CHECK(arena.metrics().splits == arena.metrics().coalesces);
}

TEST_CASE("what shows less than its block goes on doing so", "[shrink]") {
  const auto arena = arena_of(buddy_geometry::nearest(1 << 16, 256).value());
  buffer b = arena.allocate(1'100).value();
  b.shrink_to_fit();
  CHECK(b.capacity() == 256);
  buffer whole = arena.allocate(1'100).value();
  write(whole, 1'100);
  whole.shrink_to_fit();
  CHECK(whole.capacity() == 1'100);
  CHECK(arena.metrics().bytes_live == 256 + 1'280);
}

TEST_CASE("shares of a part keep it, and the last one gives it back", "[shrink]") {
  const auto arena = arena_of(exact(1 << 14, 256));
  buffer b = arena.allocate(1 << 14).value();
  write(b, 700);
  bytes all = std::move(b).freeze(shrink);
  CHECK(arena.metrics().bytes_live == 768);
  bytes copy = all;
  bytes slice = all.slice(600, 100);
  all.clear();
  copy.clear();
  CHECK(holds_ink(slice));
  CHECK(arena.metrics().bytes_live == 768);
  buffer again = std::move(slice).try_into_buffer().value();
  CHECK(again.capacity() == 168);
  again.truncate(10);
  again.shrink_to_fit();
  CHECK(again.capacity() == 168);  // they lie in the last min block of three
  CHECK(holds_ink(again.written()));
  std::move(again).abandon();
  CHECK(arena.metrics().bytes_live == 0);
  CHECK(arena.free_block_count(6) == 1);
}

TEST_CASE("what has spilled, a slot and no buffer at all stay as they are", "[shrink]") {
  const auto arena = buddy_arena::builder(exact(1 << 12, 256)).auto_spill().build().value();
  buffer spilled = arena.allocate(256).value();
  spilled.put(std::vector<std::byte>(1'000, ink));
  const std::size_t capacity = spilled.capacity();
  spilled.shrink_to_fit();
  CHECK(spilled.capacity() == capacity);
  CHECK(holds_ink(spilled.written()));
  buffer slot = fixed_arena::with_slot_capacity(4, 100).build().value().allocate().value();
  slot.shrink_to_fit();
  CHECK(slot.capacity() == 100);
  buffer none;
  none.shrink_to_fit();
  CHECK(none.capacity() == 0);
}

TEST_CASE("a tail is scrubbed before it goes, where blocks are zeroed", "[shrink]") {
  const auto arena = arena_of(exact(1 << 12, 256), init_policy::zero);
  buffer b = arena.allocate(1 << 12).value();
  write(b, 1 << 12);
  b.truncate(700);
  b.shrink_to_fit();
  std::size_t had = 0;
  std::vector<buffer> live;
  for (auto got = arena.allocate(256); got; got = arena.allocate(256)) {
    for (const std::byte each : got->spare()) CHECK(each == std::byte{0});
    had += got->capacity();
    live.push_back(*std::move(got));
  }
  CHECK(had == (1 << 12) - 768);
  CHECK(holds_ink(b.written()));
  std::move(b).abandon();
  live.clear();
  buffer whole = arena.allocate(1 << 12).value();
  for (const std::byte each : whole.spare()) CHECK(each == std::byte{0});
}

TEST_CASE("a tail serves who waits for room", "[shrink]") {
  const auto arena = buddy_arena::builder(exact(1 << 12, 256)).build_async().value();
  buffer b = arena.try_allocate(1 << 12).value();
  std::optional<std::size_t> served;
  std::thread waits([&] {
    const auto got = arena.allocate_wait(1 << 11);
    if (got) served = got->capacity();
  });
  while (arena.waiting() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  b.shrink_to_fit();
  waits.join();  // or the test's limit ends it
  CHECK(served == std::size_t{1} << 11);
  CHECK(b.capacity() == 256);
}

TEST_CASE("the books balance whatever shrinks, freezes and goes", "[shrink]") {
  const auto geometry = GENERATE(exact(1 << 18, 256), buddy_geometry::nearest(1 << 18, 256).value(),
                                 buddy_geometry::fit(250'000, 256).value());
  const auto arena = arena_of(geometry);
  std::mt19937 random(3);
  std::vector<buffer> buffers;
  std::vector<bytes> frozen;
  const auto any = [&](auto& of) -> auto& {
    std::swap(of[random() % of.size()], of.back());
    return of.back();
  };
  for (int step = 0; step < 20'000; ++step) {
    const auto act = random() % 5;
    if (act < 2) {
      auto got = arena.allocate(random() % 20'000);
      if (!got) continue;
      write(*got, random() % (got->capacity() + 1));
      buffers.push_back(*std::move(got));
    } else if (act == 2 && !buffers.empty()) {
      buffer& b = any(buffers);
      b.truncate(b.size() - b.size() / 4);
      b.shrink_to_fit();
    } else if (act == 3 && !buffers.empty()) {
      frozen.push_back(std::move(any(buffers)).freeze(shrink));
      buffers.pop_back();
    } else if (act == 4 && !frozen.empty()) {
      REQUIRE(holds_ink(any(frozen)));
      frozen.pop_back();
      if (!buffers.empty()) any(buffers) = buffer();
    }
  }
  buffers.clear();
  frozen.clear();
  const auto metrics = arena.metrics();
  CHECK(metrics.bytes_live == 0);
  CHECK(metrics.splits == metrics.coalesces);
  CHECK(metrics.allocations_ok == metrics.frees);
  CHECK(metrics.largest_free_block == geometry.min_block_size() << geometry.max_order());
}
