// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// ledger_world.hpp: how an arena ends (ledger.hpp), as a part
//
//   A0  a block is taken, through a handle    F<i>  the i-th is returned
//   H   one more handle                       D     one less
//
// Thread 0 begins with the first handle. `0H>1` in the set-up gives one to thread 1. Where returns
// are stores, the lines outlive the arena until nobody is there: they are a body of their own.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "arena_sync.hpp"
// then the core
#include "caiman/detail/ledger.hpp"
#include "names.hpp"

namespace caiman::model {

template <class Sync>
class ledger_world final : public part {
 public:
  explicit ledger_world(const world_spec& spec) : pool_(spec.pool, model_slots) {
    if (!spec.light) books_.mark_returns();
    arena_.took();
    handles_[0] = 1;
  }

  void operate(unsigned thread, const operation& op, unsigned owner) override {
    switch (op.what) {
      case operation::kind::release:
        if (blocks_[thread].take(op.arg)) give();
        return;
      case operation::kind::drop:
        if (handles_[thread] == 0) report_fault("model", "a thread drops a handle it has not");
        --handles_[thread];
        drop();
        return;
      case operation::kind::add:
        need_handle(thread);
        arena_.took();
        books_.add_handle();
        ++handles_[owner];
        return;
      default:
        need_handle(thread);
        arena_.took();
        ask_for_slot();
        books_.took();
        ++out_;
        blocks_[owner].add();
    }
  }

  finding quiescent_fault() override {
    if (const finding f = arena_.fault()) return f;
    if (!arena_.ended()) {
      const auto counts = books_.sum();
      if (counts.taken - counts.returned != out_) return {"S3", "the books and the blocks differ"};
      for (unsigned t = 0; t < max_threads; ++t) drop_all_of(t);
    }
    if (const finding f = lines_.quiescent_fault(books_)) return f;
    return arena_.fault();
  }

  unsigned take_slot() override { return pool_.take(); }
  void give_slot(unsigned slot) override { pool_.give(slot); }
  unsigned slots_seen() override { return pool_.seen(); }

  std::string name_of(const void* address) const override {
    std::string name = name_in_ledger(books_, address);
    if (name.empty()) name = name_in_pool(pool_, address);
    return name.empty() && lies_in(arena_, address) ? "what the arena is" : name;
  }

 private:
  void need_handle(unsigned thread) const {
    if (handles_[thread] == 0) report_fault("model", "a thread without a handle uses one");
  }
  /// As the buddy does before a block is counted: until then its thread has none at hand.
  static void ask_for_slot() { (void)Sync::thread_slot(); }
  void give() {
    --out_;
    arena_.gives_up();
    ask_for_slot();
    mortal::touch();  // the release, whatever it does
    const unsigned slot = Sync::scaled_slot();
    if (!books_.is_light() || slot == Sync::exclusive_slots || !Sync::is_own({})) {
      if (books_.gave() == duty::end) end();
    } else if (!books_.gave_at_once(slot) && books_.gave_late(slot) == duty::end) {
      end();
    }
  }
  void drop() {
    arena_.gives_up();
    if (books_.drop_handle()) end();
  }
  void end() {
    arena_.end();
    lines_.end_with(books_);
  }
  void drop_all_of(unsigned thread) {
    for (unsigned i = 0; i < blocks_[thread].count(); ++i) {
      if (blocks_[thread].take(i)) give();
    }
    for (; handles_[thread] > 0; --handles_[thread]) drop();
  }

  mortal arena_;
  lines_of<Sync> lines_;
  ledger<Sync> books_{typename Sync::home{}};
  slot_pool<checked_sync> pool_;  // of the process, not of the arena
  std::array<unsigned, max_threads> handles_{};
  std::array<belongings, max_threads> blocks_;
  unsigned out_ = 0;
};

}  // namespace caiman::model
