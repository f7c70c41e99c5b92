// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// object.hpp: what every shared object of the test can do with an arena
//
// The host and its plugins include this, so each has the functions as code of its own (anonymous
// namespace), compiled with its own flags. They hand each other arenas, buddies, buffers, bytes and
// waiters as C++ objects. An answer is a null pointer, or a sentence that says what is wrong.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <caiman/caiman.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <thread>
#include <utility>

namespace objects {

using fault = const char*;

/// Buffers on their way from one object to the other.
struct mailbox {
  std::array<std::atomic<caiman::buffer*>, 8> slots{};
};

struct api {
  std::unique_ptr<caiman::buddy<>> (*build_buddy)(unsigned max_order);
  unsigned (*slot)(const caiman::buddy<>& in);
  caiman::async_buddy_arena (*build)(std::size_t total);
  caiman::buddy_arena (*lend)(std::span<std::byte> region, std::atomic<int>& ended);
  fault (*churn)(const caiman::async_buddy_arena& in, mailbox& mail, unsigned seed);
  fault (*churn_in_a_thread)(const caiman::async_buddy_arena& in, mailbox& mail, unsigned seed);
  fault (*wait)(const caiman::async_buddy_arena& in, std::size_t bytes, unsigned times);
  void (*suspend)(caiman::async_buddy_arena in, std::size_t bytes, std::atomic<int>& served);
  caiman::misuse_hook (*set_hook)(caiman::misuse_hook hook);
  void (*misuse)();
};

namespace {

bool all_alike(std::span<const std::byte> text) {
  for (const std::byte b : text) {
    if (b != text.front()) return false;
  }
  return true;
}

std::unique_ptr<caiman::buddy<>> build_buddy(unsigned max_order) {
  return std::make_unique<caiman::buddy<>>(max_order);
}

unsigned slot(const caiman::buddy<>& in) { return in.inside().lanes().my_number(); }

caiman::async_buddy_arena build(std::size_t total) {
  return caiman::buddy_arena::builder(caiman::buddy_geometry::exact(total, 64).value())
      .build_async()
      .value();
}

caiman::buddy_arena lend(std::span<std::byte> region, std::atomic<int>& ended) {
  return caiman::buddy_arena::from_region(region.data(), region.size(),
                                          caiman::buddy_hint::min_alloc(64),
                                          [&ended](std::byte*, std::size_t) { ++ended; })
      .build()
      .value();
}

/// Sends `sent` and takes what was there; ends it, read before.
fault post(mailbox& mail, std::size_t where, caiman::buffer* sent) {
  const std::unique_ptr<caiman::buffer> found(mail.slots[where].exchange(sent));
  return found == nullptr || all_alike(found->written()) ? nullptr : "a buffer came torn";
}

fault churn(const caiman::async_buddy_arena& in, mailbox& mail, unsigned seed) {
  std::mt19937 random(seed);
  for (unsigned i = 0; i < 4000; ++i) {
    auto got = in.try_allocate(1 + random() % 1500);
    if (!got) continue;  // the others have it
    for (std::byte& b : got->spare()) b = static_cast<std::byte>(seed + i);
    got->advance(got->remaining());
    if (!all_alike(got->written())) return "a block has two owners";
    fault found = nullptr;
    if (random() % 4 == 0) {
      found = post(mail, random() % mail.slots.size(), new caiman::buffer(std::move(*got)));
    } else if (random() % 2 == 0) {
      const caiman::bytes text = std::move(*got).freeze();
      const caiman::bytes part = text.slice(text.size() / 2, text.size() - text.size() / 2);
      if (!all_alike(text) || !all_alike(part)) found = "bytes have changed";
    }
    if (found != nullptr) return found;
  }
  return nullptr;
}

/// The thread begins and ends in this object, and leaves blocks in its stacks.
fault churn_in_a_thread(const caiman::async_buddy_arena& in, mailbox& mail, unsigned seed) {
  fault found = nullptr;
  std::thread([&] { found = churn(in, mail, seed); }).join();
  return found;
}

fault wait(const caiman::async_buddy_arena& in, std::size_t bytes, unsigned times) {
  for (unsigned i = 0; i < times; ++i) {
    if (!in.allocate_for(bytes, std::chrono::seconds(60))) return "a waiter was forgotten";
  }
  return nullptr;
}

struct job {
  struct promise_type {
    job get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

job one_waiter(caiman::async_buddy_arena in, std::size_t bytes, std::atomic<int>& served) {
  const auto got = co_await in.allocate(bytes);
  if (got) ++served;
}

void suspend(caiman::async_buddy_arena in, std::size_t bytes, std::atomic<int>& served) {
  one_waiter(std::move(in), bytes, served);
}

caiman::misuse_hook set_hook(caiman::misuse_hook hook) { return caiman::set_misuse_hook(hook); }

void misuse() { caiman::buddy<>(3).release({3, 0}); }

constexpr api mine{build_buddy,       slot, build,   lend,     churn,
                   churn_in_a_thread, wait, suspend, set_hook, misuse};

}  // namespace
}  // namespace objects
