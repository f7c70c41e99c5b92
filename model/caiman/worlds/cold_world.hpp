// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// cold_world.hpp: what nobody has zeroed yet (cold.hpp), as a part
//
//   W<i>  warm block i, of two min blocks; the same thread throughout a program
//
// All blocks lie in one word. Each must find cold what it owns, all of it, once, and nothing else.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "checked_sync.hpp"
// then the core
#include "caiman-model/part.hpp"
#include "caiman/detail/cold.hpp"
#include "names.hpp"

namespace caiman::model {

class cold_world final : public part {
 public:
  explicit cold_world(const world_spec& spec)
      : count_(std::size_t{1} << spec.max_order), cold_(count_), pool_(spec.pool, model_slots) {}

  void operate(unsigned thread, const operation& op, unsigned /*owner*/) override {
    const std::size_t first = std::size_t{op.arg} << order;
    if (first >= count_) report_fault("model", "there is no such block");
    int& owner = owner_[op.arg];
    if (owner >= 0 && owner != static_cast<int>(thread)) report_fault("model", "two owners");
    owner = static_cast<int>(thread);
    warm(op.arg);
  }

  finding quiescent_fault() override {
    for (unsigned i = 0; i << order < count_; ++i) warm(i);
    return {};
  }

  unsigned take_slot() override { return pool_.take(); }
  void give_slot(unsigned slot) override { pool_.give(slot); }
  unsigned slots_seen() override { return pool_.seen(); }

  std::string name_of(const void* address) const override {
    const std::string name = name_in_pool(pool_, address);
    return name.empty() ? "cold bits" : name;  // what else there is
  }

 private:
  static constexpr unsigned order = 1;

  void warm(unsigned block) {
    const std::size_t first = std::size_t{block} << order;
    std::size_t found = 0;
    cold_.warm(first, order, [&](std::size_t from, std::size_t run) {
      if (from < first || from + run > first + (std::size_t{1} << order)) {
        report_fault("Z1", "another's min block is zeroed");
      }
      found += run;
    });
    const bool before = std::exchange(warm_[block], true);
    if (found != (before ? 0U : std::size_t{1} << order)) {
      report_fault("Z1", before ? "a warm block is cold again" : "a cold block is taken for warm");
    }
  }

  std::size_t count_;
  cold_map<checked_sync> cold_;
  slot_pool<checked_sync> pool_;
  std::array<bool, max_min_blocks> warm_{};
  std::array<int, max_min_blocks> owner_ = [] {
    std::array<int, max_min_blocks> none{};
    none.fill(-1);
    return none;
  }();
};

}  // namespace caiman::model
