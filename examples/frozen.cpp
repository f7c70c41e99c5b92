// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// frozen.cpp: one message, written once, read by many threads
//
// A frozen buffer is immutable and shared without a copy. Each thread gets a slice; the block goes
// back when the last slice goes, here long after the arena's handle.
// ---------------------------------------------------------------------------------------------
#include <array>
#include <atomic>
#include <caiman/arena.hpp>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "expect.hpp"

namespace {

constexpr std::size_t readers = 4;
constexpr std::size_t part = 1000;

caiman::bytes make_message(std::atomic<int>& given_back, std::vector<std::byte>& memory) {
  // The memory is the caller's, so that it can be told when the arena has ended.
  const auto arena = caiman::buddy_arena::from_region(
                         memory.data(), memory.size(), caiman::buddy_hint::min_alloc(256),
                         [&](std::byte*, std::size_t) { ++given_back; })
                         .build();
  expect(arena.has_value(), "an arena over the vector's memory");
  auto message = arena->allocate(readers * part);
  expect(message.has_value(), "a buffer");
  for (std::size_t i = 0; i < readers; ++i) {
    message->put(std::string(part, static_cast<char>('a' + i)));
  }
  return std::move(*message).freeze();
}  // the handle goes here; the block keeps the arena

}  // namespace

int main() {
  std::atomic<int> given_back = 0;
  std::vector<std::byte> memory(std::size_t{64} * 1024);
  caiman::bytes whole = make_message(given_back, memory);
  const std::byte* const where = whole.data();

  std::atomic<std::size_t> right = 0;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < readers; ++i) {
    threads.emplace_back([&right, where, i, mine = whole.slice(i * part, part)] {
      const std::string wanted(part, static_cast<char>('a' + i));
      if (mine.as_string_view() == wanted && mine.data() == where + i * part) ++right;
    });
  }
  expect(given_back == 0, "this thread still has the whole message");
  caiman::bytes().swap(whole);
  for (std::thread& thread : threads) thread.join();
  expect(right == readers, "every thread read its part, where it was written");
  expect(given_back == 1, "the last slice ended the arena, once");
  std::printf("%zu threads read %zu bytes each, without a copy\n", readers, part);
}
