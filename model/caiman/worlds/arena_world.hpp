// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// arena_world.hpp: buddy and ledger together, as a part
//
// The operations of ledger_world.hpp, with real blocks: A<k> takes one of order k if there is one,
// and every access of the buddy is a touch of the arena too. Shows that a release, whatever it
// does to words, hints, stacks and counters, has done it before the arena can end.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "arena_sync.hpp"
// then the core
#include "caiman/buddy_core.hpp"
#include "caiman/detail/ledger.hpp"
#include "caiman/detail/turnover.hpp"
#include "names.hpp"

namespace caiman::model {

template <class Sync>
class arena_world final : public part {
 public:
  explicit arena_world(const world_spec& spec)
      : tree_(spec.max_order), pool_(spec.pool, model_slots) {
    if (!spec.light) books_.mark_returns();
    arena_.took();
    handles_[0] = 1;
  }

  void operate(unsigned thread, const operation& op, unsigned owner) override {
    if (op.what == operation::kind::release) {
      give(thread, op.arg);
      return;
    }
    if (handles_[thread] == 0) report_fault("model", "a thread without a handle uses one");
    if (op.what == operation::kind::drop) {
      drop(thread);
    } else if (op.what == operation::kind::add) {
      arena_.took();
      books_.add_handle();
      ++handles_[owner];
    } else {
      take(op.arg, owner);
    }
  }

  finding quiescent_fault() override {
    if (const finding f = arena_.fault()) return f;
    for (unsigned t = 0; t < max_threads; ++t) {
      for (unsigned i = 0; i < count_[t]; ++i) give(t, i);
      while (handles_[t] > 0) drop(t);
    }
    if (const finding f = lines_.quiescent_fault(books_)) return f;
    return arena_.fault();
  }

  unsigned take_slot() override { return pool_.take(); }
  void give_slot(unsigned slot) override { pool_.give(slot); }
  unsigned slots_seen() override { return pool_.seen(); }

  std::string name_of(const void* address) const override {
    std::string name = name_in_tree(tree_.inside(), address);
    if (name.empty()) name = name_in_ledger(books_, address);
    if (name.empty()) name = name_in_pool(pool_, address);
    return name.empty() && lies_in(arena_, address) ? "what the arena is" : name;
  }
  std::vector<recording::level> levels() const override { return levels_of(tree_.inside()); }

 private:
  static constexpr unsigned most = 32;
  struct holding {
    block what{};
    bool live = false;
  };

  void take(unsigned order, unsigned owner) {
    const auto got = tree_.allocate(order);
    if (got) {
      arena_.took();
      books_.took();
      blocks_[owner][count_[owner]] = {*got, true};
    } else {
      books_.failed();
    }
    ++count_[owner];
  }
  void give(unsigned thread, unsigned i) {
    if (i >= count_[thread] || !std::exchange(blocks_[thread][i].live, false)) return;
    arena_.gives_up();
    const block what = blocks_[thread][i].what;
    const auto scrub = [] { mortal::touch(); };
    unsigned scaled = 0;
    const at_hand how =
        books_.is_light() ? return_at_hand(tree_, books_, what, scaled) : at_hand::no;
    duty next = duty::none;
    if (how == at_hand::no)
      next = return_block<&buddy<arena_sync, 1>::release_owned>(tree_, books_, what, scrub);
    if (how == at_hand::late) next = books_.gave_late(scaled);
    if (next == duty::end) end();
  }
  void end() {
    arena_.end();
    lines_.end_with(books_);
  }
  void drop(unsigned thread) {
    --handles_[thread];
    arena_.gives_up();
    if (books_.drop_handle()) end();
  }

  mortal arena_;
  lines_of<Sync> lines_;
  buddy<arena_sync, 1> tree_;
  ledger<Sync> books_{typename Sync::home{}};
  slot_pool<checked_sync> pool_;  // of the process, not of the arena
  std::array<unsigned, max_threads> handles_{};
  std::array<std::array<holding, most>, max_threads> blocks_{};
  std::array<unsigned, max_threads> count_{};
};

}  // namespace caiman::model
