// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// shares_world.hpp: who returns a frozen block (shares.hpp), as a part
//
//   H  one more share    D  one less, after a last look at the block
//
// Thread 0 froze the block, and has the first share. `0H>1` in the set-up gives one to thread 1.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "arena_sync.hpp"
// then the core
#include "caiman/detail/shares.hpp"
#include "names.hpp"

namespace caiman::model {

class shares_world final : public part {
 public:
  explicit shares_world(const world_spec& spec) : pool_(spec.pool, model_slots) {
    block_.took();
    shares_[0] = 1;
  }

  void operate(unsigned thread, const operation& op, unsigned owner) override {
    if (shares_[thread] == 0) report_fault("model", "a thread without a share uses one");
    if (op.what == operation::kind::add) {
      block_.took();
      count_.add();
      ++shares_[owner];
    } else {
      drop(thread);
    }
  }

  finding quiescent_fault() override {
    if (const finding f = block_.fault()) return f;
    for (unsigned t = 0; t < max_threads; ++t) {
      while (shares_[t] > 0) drop(t);
    }
    return block_.fault();
  }

  unsigned take_slot() override { return pool_.take(); }
  void give_slot(unsigned slot) override { pool_.give(slot); }
  unsigned slots_seen() override { return pool_.seen(); }

  std::string name_of(const void* address) const override {
    if (lies_in(count_, address)) return "shares";
    return lies_in(block_, address) ? "what the block holds" : name_in_pool(pool_, address);
  }

 private:
  void drop(unsigned thread) {
    mortal::touch();
    --shares_[thread];
    block_.gives_up();
    if (count_.drop()) block_.end();
  }

  mortal block_;
  share_count<arena_sync> count_;
  slot_pool<checked_sync> pool_;
  std::array<unsigned, max_threads> shares_{};
};

}  // namespace caiman::model
