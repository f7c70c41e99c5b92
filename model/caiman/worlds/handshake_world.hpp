// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// handshake_world.hpp: the handshake of waiter and releaser, in two accesses each
//
//   A0  take a unit    F<i>  give the i-th back    E0  wait for a unit
//
// handshake_world is what one writes first, kept as a specimen: the waiter counts itself and then
// looks at the units, the releaser publishes the unit and then looks at the count. That is a
// store-buffer pair: both may miss the other, and the waiter sleeps beside a free unit. Like the
// textbook buddy it must be convicted each time the checks run.
//
// litmus_world is the shape of ours (ledger.hpp), and nothing else of it: a unit given back by a
// plain store, as onto an owner's stack, then a read-modify-write of the line; against a
// read-modify-write of the same line, then a look at the unit. With the orders that ship.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "checked_sync.hpp"
// then the core
#include "caiman-model/part.hpp"
#include "names.hpp"

namespace caiman::model {

class handshake_world final : public part {
 public:
  explicit handshake_world(const world_spec& /*spec*/) {}

  void operate(unsigned thread, const operation& op, unsigned owner) override {
    if (op.what == operation::kind::release) {
      free_.fetch_or(unit(thread), std::memory_order_release);           // publishes ...
      if (waiting_.load(std::memory_order_acquire) != 0) looks_ = true;  // ... then looks
    } else if (op.what == operation::kind::wait) {
      waiting_.fetch_add(1, std::memory_order_release);      // counts ...
      sleeps_ = free_.load(std::memory_order_acquire) == 0;  // ... then looks
    }
    (void)owner;
  }
  finding quiescent_fault() override {
    if (sleeps_ && !looks_ && free_.load(std::memory_order_seq_cst) != 0) {
      return {"S7", "a waiter sleeps beside a free block"};
    }
    return {};
  }

  unsigned take_slot() override { return 0; }
  void give_slot(unsigned /*slot*/) override {}
  unsigned slots_seen() override { return 0; }
  std::string name_of(const void* address) const override {
    return lies_in(free_, address) ? "units" : "how many wait";
  }

 private:
  static std::uint64_t unit(unsigned thread) { return std::uint64_t{1} << thread; }

  checked_atomic<std::uint64_t> free_;
  checked_atomic<std::uint64_t> waiting_;
  bool sleeps_ = false;
  bool looks_ = false;
};

class litmus_world final : public part {
 public:
  explicit litmus_world(const world_spec& /*spec*/) {}

  void operate(unsigned thread, const operation& op, unsigned /*owner*/) override {
    if (op.what == operation::kind::release) {
      units_[thread].store(1, std::memory_order_relaxed);
      met_ |= (line_.fetch_add(one, checked_sync::order(site::ledger_gave)) & mark) != 0;
    } else {
      line_.fetch_or(mark, checked_sync::order(site::ledger_await));
      waits_ = true;
      for (auto& unit : units_) found_ |= unit.load(std::memory_order_relaxed) != 0;
    }
  }
  finding quiescent_fault() override {
    bool free = false;
    for (auto& unit : units_) free |= unit.load(std::memory_order_seq_cst) != 0;
    if (waits_ && free && !found_ && !met_) return {"S7", "neither has seen the other"};
    return {};
  }

  unsigned take_slot() override { return 0; }
  void give_slot(unsigned /*slot*/) override {}
  unsigned slots_seen() override { return 0; }
  std::string name_of(const void* address) const override {
    return lies_in(line_, address) ? "line" : "unit";
  }

 private:
  static constexpr std::uint64_t mark = 1;
  static constexpr std::uint64_t one = 2;

  std::array<checked_atomic<std::uint64_t>, max_threads> units_;
  checked_atomic<std::uint64_t> line_;
  bool waits_ = false;
  bool found_ = false;
  bool met_ = false;
};

}  // namespace caiman::model
