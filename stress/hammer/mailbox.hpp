// ---------------------------------------------------------------------------------------------
// mailbox.hpp: blocks on their way to the thread that will release them
//
// A bounded ring with one sender and one receiver at a time (who they are changes only between
// phases, when all threads are joined). Its release/acquire pairs order receiver after sender: that
// is what a hand-over needs, and all it orders. Nothing flows back except the free place, and a
// full ring makes the sender release the block itself, so that same-thread releases stay the
// majority and the allocator's own edges stay visible to ThreadSanitizer. Wait-free on both sides,
// O(1).
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <optional>

#include "stamps.hpp"

namespace caiman::stress {

class mailbox {
 public:
  /// False when the ring is full; the parcel is then still the sender's.
  bool try_send(const parcel& item) noexcept {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    // Pairs with (2): the place must have been read before it is written again.
    if (tail - head_.load(std::memory_order_acquire) == ring_.size()) return false;
    ring_[tail % ring_.size()] = item;
    tail_.store(tail + 1, std::memory_order_release);  // (1) hands over parcel and stamps
    return true;
  }

  std::optional<parcel> try_receive() noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return std::nullopt;  // pairs with (1)
    const parcel item = ring_[head % ring_.size()];
    head_.store(head + 1, std::memory_order_release);  // (2) hands back the place
    return item;
  }

 private:
  std::array<parcel, 64> ring_{};
  alignas(128) std::atomic<std::size_t> head_{0};
  alignas(128) std::atomic<std::size_t> tail_{0};
};

}  // namespace caiman::stress
