// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// crew.hpp: what the threads of a run share, and what is at each post
//
// A post has blocks, credit, random numbers and an inbox. Threads come and go at it (the allocator
// has slots of its own for threads, which change hands then). The thread that is at a post owns it;
// between phases, when all threads are joined, the main thread does. Heartbeats are relaxed
// atomics: they tell a watcher that something moves and order nothing.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "../common/meeting.hpp"
#include "../common/target.hpp"
#include "options.hpp"
#include "stamps.hpp"

namespace caiman::stress {

/// What was seen wrong. The first finding stops the run. Any thread.
class verdict {
 public:
  void fail(std::string what);
  bool failed() const noexcept { return failed_.load(std::memory_order_relaxed); }
  const std::atomic<bool>& flag() const noexcept { return failed_; }
  std::vector<std::string> seen() const;

 private:
  mutable std::mutex guard_;
  std::vector<std::string> seen_;
  std::atomic<bool> failed_{false};
};

struct tally {
  std::uint64_t allocations = 0;
  std::uint64_t releases = 0;
  std::uint64_t handed_over = 0;  // released by another thread than the one that allocated
  std::uint64_t refusals = 0;     // answers of "full" where they are legal
  std::uint64_t contended = 0;    // answers of "contended"; each was asked again
  std::uint64_t threads = 0;

  tally& operator+=(const tally& other);
};

enum class call : unsigned char { none, allocate, release };

struct alignas(128) post {
  unsigned id = 0;
  std::mt19937_64 random;
  std::vector<parcel> held;
  std::vector<parcel> parked;  // live, not to be touched in this phase: the background of exact(k)
  std::uint64_t credit = 0;
  std::uint64_t serial = 0;
  bool filling = true;
  tally done;
  // Blocks on their way here, to be released. Full, the sender releases them itself: so same-thread
  // releases stay the majority.
  spsc_ring<parcel, 64> inbox;

  alignas(128) std::atomic<std::uint64_t> beats{0};
  std::atomic<call> doing{call::none};
  std::atomic<unsigned> doing_order{0};

  void begin(call which, unsigned order) noexcept;
  void end() noexcept;
};

/// The allocator as the harness calls it, with the injected fault in between.
class tampered_calls {
 public:
  tampered_calls(target& under_test, fault injected) : target_(under_test), injected_(injected) {}

  /// `held` is what the caller holds: a block handed out twice is taken from there, so that the
  /// fault is no data race and looks the same under every sanitizer.
  std::expected<block, alloc_error> allocate(unsigned order, const std::vector<parcel>& held);
  /// A release is lost only in a `last_phase`: then nobody asks for the block before the check that
  /// must miss it.
  void release(block what, bool last_phase);
  void after_stamping(stamp_memory& stamps, const parcel& held);
  merge_counts counts();

 private:
  bool strikes(fault which) noexcept;

  target& target_;
  fault injected_;
  std::atomic<std::uint64_t> chances_{0};
};

/// Draws an order, each as often as its weight says; one of the weights must be above 0.
unsigned draw_order(const std::vector<std::uint64_t>& weights, std::mt19937_64& random);

/// What all threads of a run share.
struct crew {
  explicit crew(const options& asked);

  const options& chosen;
  std::unique_ptr<target> allocator;
  tampered_calls calls;
  stamp_memory stamps;
  std::vector<post> posts;
  verdict found;
  std::atomic<bool> time_up{false};  // finish the phase early
  std::atomic<std::uint64_t> checks{0};
};

}  // namespace caiman::stress
