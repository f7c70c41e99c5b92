// SPDX-License-Identifier: MIT
// Shared state of a run, and the faults that can be injected; see crew.hpp.
#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>
#include <utility>

#include "crew.hpp"

namespace caiman::stress {

void verdict::fail(std::string what) {
  constexpr std::size_t enough = 8;
  const std::lock_guard lock(guard_);
  if (seen_.size() < enough) seen_.push_back(std::move(what));
  failed_.store(true, std::memory_order_relaxed);
}

std::vector<std::string> verdict::seen() const {
  const std::lock_guard lock(guard_);
  return seen_;
}

tally& tally::operator+=(const tally& other) {
  allocations += other.allocations;
  releases += other.releases;
  handed_over += other.handed_over;
  refusals += other.refusals;
  contended += other.contended;
  threads += other.threads;
  return *this;
}

void post::begin(call which, unsigned order) noexcept {
  doing_order.store(order, std::memory_order_relaxed);
  doing.store(which, std::memory_order_relaxed);
}

void post::end() noexcept {
  doing.store(call::none, std::memory_order_relaxed);
  beats.store(beats.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// Late enough that the run is under way, early enough for the shortest test.
bool tampered_calls::strikes(fault which) noexcept {
  constexpr std::uint64_t strike_at = 200;
  if (which != injected_) return false;
  const std::uint64_t chance = chances_.fetch_add(1, std::memory_order_relaxed);
  return which == fault::contended_forever ? chance >= strike_at : chance == strike_at;
}

std::expected<block, alloc_error> tampered_calls::allocate(unsigned order,
                                                           const std::vector<parcel>& held) {
  if (injected_ == fault::none) return target_.allocate(order);
  if (strikes(fault::standstill)) {
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }
  if (strikes(fault::contended_forever)) return std::unexpected(alloc_error::contended);
  const auto twin = std::find_if(held.begin(), held.end(),
                                 [&](const parcel& item) { return item.what.order == order; });
  if (twin != held.end() && strikes(fault::double_hand_out)) return twin->what;
  const auto given = target_.allocate(order);
  if (given && strikes(fault::false_full)) {
    target_.release(*given);
    return std::unexpected(alloc_error::arena_full);
  }
  return given;
}

void tampered_calls::release(block what, bool last_phase) {
  if (last_phase && strikes(fault::lost_block)) return;
  target_.release(what);
}

void tampered_calls::after_stamping(stamp_memory& stamps, const parcel& held) {
  if (strikes(fault::torn_stamp)) stamps.tear(held);
}

merge_counts tampered_calls::counts() {
  merge_counts seen = target_.counts();
  if (injected_ == fault::wrong_count) ++seen.splits;
  return seen;
}

unsigned draw_order(const std::vector<std::uint64_t>& weights, std::mt19937_64& random) {
  const std::uint64_t all = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  std::uint64_t at = random() % all;
  unsigned order = 0;
  while (at >= weights[order]) at -= weights[order++];
  return order;
}

crew::crew(const options& asked)
    : chosen(asked),
      allocator(make_target(asked.pops, asked.log2_fanout, asked.max_order)),
      calls(*allocator, asked.injected),
      stamps(asked.max_order),
      posts(asked.threads) {
  for (unsigned id = 0; id < asked.threads; ++id) {
    std::seed_seq seeds{asked.seed & 0xffffffffU, asked.seed >> 32U, std::uint64_t{id}};
    posts[id].id = id;
    posts[id].random.seed(seeds);
  }
}

}  // namespace caiman::stress
