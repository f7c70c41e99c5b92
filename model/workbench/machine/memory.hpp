// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// memory.hpp: what C++20 lets a load see
//
// Every atomic object has its stores in modification order. A thread has a view: of each object the
// newest store that it knows to have happened. A load may see that store or any later one; a store
// may stand anywhere after it, but never between a read-modify-write and what that read. What a
// store releases is the view of its thread; who acquires it joins that view to its own. So the
// machine explores reordered stores (2+2W), old values far back, failing compare-exchanges that
// read old values and store buffering between read-modify-writes. The construction is that of view
// machines: Kang, Hur, Lahav, Vafeiadis, Dreyer: A Promising Semantics for Relaxed-Memory
// Concurrency, POPL 2017, without its promises.
//
// seq_cst: total_order.hpp. What it cannot show: load buffering, where a thread sees what another
// one writes later because of it; and total orders that contradict happens-before, which C++20
// allows where seq_cst meets weaker accesses of the same object.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "caiman-model/place.hpp"

namespace caiman::model::machine {

/// Those of a scenario, and the one that sets up and looks around at the end.
inline constexpr unsigned most_threads = 6;

inline constexpr std::uint32_t none = ~std::uint32_t{0};

/// A store becomes visible some time: so many loads of a thread in a row may miss the newest one.
inline constexpr std::uint32_t most_old_reads = 4;

/// What is known to have happened: so many steps of each thread, and of each location a store.
struct view {
  std::array<std::uint32_t, most_threads> steps{};
  std::vector<std::uint32_t> seen;

  std::uint32_t at(std::uint32_t location) const noexcept {
    return location < seen.size() ? seen[location] : 0;
  }
};

/// One store, by its number in its location.
struct message {
  std::uint64_t value = 0;
  std::uint32_t rank = 0;         // its place in modification order
  std::uint32_t released = none;  // the view that it carries
  std::uint32_t event = none;     // in a recorded execution
  bool attached = false;          // a read-modify-write: it follows what it read at once
};

struct location {
  std::vector<message> messages;
  std::vector<std::uint32_t> order;  // by rank
  std::uint32_t seq_cst = 0;         // the newest store that seq_cst accesses have seen
  unsigned maker = 0;                // who made the object, at which of its steps, and where
  std::uint32_t made = 0;
  place where;
  bool alive = false;
  // How many loads in a row by each thread did not see the newest store.
  std::array<std::uint32_t, most_threads> old_reads{};
};

class memory {
 public:
  /// A new execution.
  void clear() noexcept;
  std::uint32_t add(std::uint64_t value, unsigned maker, std::uint32_t step, const place& at);

  location& operator[](std::uint32_t id) noexcept { return locations_[id]; }
  std::uint32_t size() const noexcept { return used_; }
  const message& newest(std::uint32_t id) noexcept {
    const location& l = locations_[id];
    return l.messages[l.order.back()];
  }

  // ---- views -----------------------------------------------------------------------------------

  void join(view& to, const view& from);
  void see(view& by, std::uint32_t id, std::uint32_t store);
  /// A copy that a store carries.
  std::uint32_t keep(const view& one);
  const view& kept(std::uint32_t id) const noexcept { return views_[id]; }
  view& kept(std::uint32_t id) noexcept { return views_[id]; }

  // ---- choices ---------------------------------------------------------------------------------

  /// The lowest rank that a thread with this view may read.
  std::uint32_t floor(const view& by, std::uint32_t id, bool seq_cst) noexcept;
  /// A store of this value at `rank`: what stood there and after it moves up. Its number.
  std::uint32_t insert(std::uint32_t id, std::uint32_t rank, std::uint64_t value, bool attached);
  /// Whether a store may stand at `rank`, before the one that is there.
  bool is_open(std::uint32_t id, std::uint32_t rank) const noexcept {
    const location& l = locations_[id];
    return rank == l.order.size() || !l.messages[l.order[rank]].attached;
  }

  /// What seq_cst fences know.
  view fences;

 private:
  std::vector<location> locations_;
  std::uint32_t used_ = 0;
  std::vector<view> views_;
  std::uint32_t views_used_ = 0;
};

}  // namespace caiman::model::machine
