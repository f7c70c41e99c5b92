// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// quota.hpp: when is a refusal illegal?
//
// An allocator may say "full" only if at some instant of the call no fitting run was free. To judge
// a refusal, the hammer never lets the threads together want more than must be there. Each thread
// owns credit; a block costs some of it from before the request until after the release; the
// credits of all threads never exceed what a phase hands out. So at every instant of a request, in
// every order of the calls that agrees with happens-before, the others have live (or in flight) at
// most what all credit but the requester's own unit pays for. Two phases hand out credit so that
// this leaves a run free:
//
//   exact(k)
//     All requests and releases are of order k; whatever else is live stays put. An aligned run of
//     order k is then free of that background or not, for the whole phase: count the free ones, F.
//     A live block of order k is such a run, whole, so these blocks cannot fragment each other.
//     Credit F, price 1 a block: a request sees at most F - 1 of F runs taken. With no background F
//     is the capacity, 2^(max_order - k).
//
//   bounded(K)
//     Orders 0 to K mixed at will. A live block of order j <= K lies in one aligned run of order K
//     and spoils no other. Credit 2^(max_order - K), price 1 a block whatever its order: a request
//     finds at least one run of order K without any live block in it, and that has room for it.
//     This asks nothing of the allocator's policy or history (no best fit, no order of release),
//     and without such knowledge no more is possible: one min block in each run of order K stops
//     order K, and which blocks stay live is the threads' choice.
//
// The price of bounded(K) is low occupancy (a min block costs 2^K of them), so exact(K), exact(K-1)
// ... exact(0) follow it and fill the arena to the last min block; there, too, no refusal is legal.
// A parcel handed to another thread takes its credit along: the sum stays the same, and nothing
// need flow back that would order the two threads more than the hand-over does.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>

namespace caiman::stress {

/// Aligned runs of `order` in an arena of `max_order`, live or not. Needs order <= max_order.
constexpr std::uint64_t run_count(unsigned max_order, unsigned order) {
  return std::uint64_t{1} << (max_order - order);
}

/// The most runs of order `unit` that one block of `order` can spoil: those it covers, or the one
/// it lies in. This is its price in a phase that counts in runs of order `unit`.
constexpr std::uint64_t price(unsigned order, unsigned unit) {
  return order > unit ? std::uint64_t{1} << (order - unit) : 1;
}

/// Credit of one of `parts` threads when `total` is dealt out evenly; the remainder goes to the
/// threads from `first` on, so that scarce credit is not always with the same thread.
constexpr std::uint64_t share(std::uint64_t total, std::uint64_t parts, std::uint64_t first,
                              std::uint64_t who) {
  const std::uint64_t place = (who + parts - first % parts) % parts;
  return total / parts + (place < total % parts ? 1 : 0);
}

static_assert(price(0, 3) == 1 && price(3, 3) == 1 && price(5, 3) == 4);
static_assert(share(7, 4, 2, 0) == 2 && share(7, 4, 2, 1) == 1 && share(7, 4, 2, 2) == 2 &&
              share(7, 4, 2, 3) == 2);

}  // namespace caiman::stress
