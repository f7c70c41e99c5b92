// SPDX-License-Identifier: MIT
#include "engine/execution.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "caiman-model/recorder.hpp"
#include "engine/current_client.hpp"
#include "shim/own_heap.hpp"

namespace caiman::model {
namespace {

/// What lies in memory that nobody has zeroed.
constexpr unsigned dirt = 7;

// ---- the trace: brackets around operations, and what only the harness knows --------------------

block_set min_blocks_of(std::size_t first, std::size_t count) {
  return static_cast<block_set>(((std::uint64_t{1} << count) - 1) << first);
}

std::string block_text(unsigned order, std::size_t index) {
  return fmt::format("block {} of order {}", index, order);
}

/// Of a part.
std::string text_of(const operation& op) {
  switch (op.what) {
    case operation::kind::take:
    case operation::kind::must_take:
    case operation::kind::must_fail:
      return op.arg == 0 ? "take a block" : fmt::format("take a block of order {}", op.arg);
    case operation::kind::release:
      return fmt::format("return block {}", op.arg);
    case operation::kind::cut:
      return fmt::format("cut block {} to {}", op.arg, op.keep);
    case operation::kind::trim:
      return fmt::format("trim by pieces of order {}", op.arg);
    case operation::kind::add:
      return "one handle more";
    case operation::kind::drop:
      return "one handle less";
    case operation::kind::warm:
      return fmt::format("warm block {}", op.arg);
    case operation::kind::call:
      return fmt::format("operation {}", op.arg);
    case operation::kind::wait:
      return fmt::format("wait for a block of order {}", op.arg);
    case operation::kind::borrow:
      return fmt::format("wait for a loan of a block of order {}", op.arg);
    case operation::kind::wait_until:
      return fmt::format("wait for a block of order {} until somebody says no", op.arg);
    case operation::kind::refuse:
      return fmt::format("say no to thread {}", op.arg);
  }
  return {};
}

template <class Text>
void begin_bracket(Text text) {
  if (!recording_in_force) return;
  const own_heap lasts;
  the_recorder().begin_operation(text());
}
template <class Text>
void end_bracket(Text text) {
  if (!recording_in_force) return;
  const own_heap lasts;
  the_recorder().end_operation(text());
}
template <class Text>
std::uint32_t record_note(Text text) {
  if (!recording_in_force) return no_event;
  const own_heap lasts;
  return the_recorder().note(text());
}

}  // namespace

execution& current_execution() noexcept {
  static execution only;
  return only;
}

void execution::prepare(const request& what, std::uint64_t most_executions, double seconds) {
  what_ = &what;
  most_executions_ = most_executions;
  using clock = std::chrono::steady_clock;
  deadline_ = {};
  if (seconds > 0) {
    deadline_ = clock::now() +
                std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(seconds));
  }
  searching_ = true;
  fault_ = {};
  executions_ = 0;
  largest_stop_ = 0;
  stop_too_soon_ = false;
  endless_ = false;
  touched_.reset();
}

// ---- one execution -------------------------------------------------------------------------

void execution::begin() {
  if (most_executions_ != 0 && executions_ == most_executions_) {
    rl::ctx().rl_until("enough executions", info_of(location::here()));
  }
  if (deadline_.time_since_epoch().count() != 0 && executions_ != 0 &&
      std::chrono::steady_clock::now() >= deadline_) {
    rl::ctx().rl_until("enough seconds", info_of(location::here()));
  }
  if (searching_ && searches_end()) rl::ctx().rl_until("ended", info_of(location::here()));
  ++executions_;
  runs_ = true;
  const program& p = what_->what;
  actors_ = {};
  owner_.fill(nobody);
  finished_ = 0;
  time_ = 0;
  acting_ = 0;
  stop_at_ = p.stops ? 1 + rl::rand(p.stop_most) : 0;
  refused_at_ = no_event;
  build_cells();
  seat_threads();
  set_up();
  acting_ = outside;
  the_recorder().threads_run(true);
  history_.clear(all_blocks() & ~live_blocks(), p.root_order());
}

void execution::build_cells() {
  const program& p = what_->what;
  for (std::size_t i = 0; i < min_blocks(); ++i) {
    ::new (static_cast<void*>(&cell(i)))
        checked_plain<unsigned>(p.init == memory::cold ? dirt : 0U);
  }
  ::new (static_cast<void*>(finish_storage_.data())) rl::atomic<unsigned>(0U);
  const own_heap lasts;
  build_subject();
  if (subject_ == nullptr) fail("model", "there is no such subject");
}

void execution::seat_threads() {
  const bool own = what_->what.slots == slot_use::own;
  for (unsigned t = 0; t < max_threads; ++t) {
    actors_[t].slot = own ? subject_->slot_of(t) : subject_->shared_slot();
    // As each of the two pools has it.
    if (what_->what.code == objects::apart) actors_[t].slot = subject_->slot_of(t / 2);
  }
}

void execution::build_subject() {
  const program& p = what_->what;
  const world_spec spec{p.log2_fanout,
                        p.max_order,
                        p.min_blocks(),
                        p.pool,
                        p.init != memory::any,
                        p.init == memory::cold,
                        static_cast<unsigned>(p.policy),
                        p.light};
  const client& make = client_in_force();
  subject_ = nullptr;
  world_ = nullptr;
  part_ = nullptr;
  if (p.is_part()) {
    if (make.make_part == nullptr) return;
    subject_ = part_ =
        make.make_part(p.core, spec, subject_storage_.data(), subject_storage_.size());
  } else {
    if (make.make_world == nullptr) return;
    subject_ = world_ =
        make.make_world(p.core, spec, subject_storage_.data(), subject_storage_.size());
  }
}

void execution::tear_down() {
  const own_heap lasts;
  subject_->~subject();
  subject_ = nullptr;
  for (std::size_t i = 0; i < min_blocks(); ++i) cell(i).~checked_plain();
  finish_line().~atomic();
}

void execution::set_up() {
  for (const setup_step& step : what_->what.setup) {
    acting_ = step.thread;
    if (part_ != nullptr) {
      operate_part(step.thread, step.op, step.owner);
    } else if (step.op.what == operation::kind::release) {
      release(step.thread, step.op.arg);
    } else if (step.op.what == operation::kind::cut) {
      cut(step.thread, step.op);
    } else if (step.op.what == operation::kind::trim) {
      trim(step.thread, step.op.arg);
    } else {
      const std::size_t before = actors_[step.owner].taken;
      take(step.thread, step.op, step.owner);
      if (step.op.what != operation::kind::must_fail && !actors_[step.owner].blocks[before].live) {
        fail("model", "the set-up asks for more than there is");
      }
    }
  }
}

void execution::run_thread(unsigned index) {
  const program& p = what_->what;
  actor& me = actors_[index];
  if (p.slots == slot_use::pooled) {
    begin_bracket([] { return std::string("take a slot"); });
    me.slot = subject_->take_slot();
    me.asked = false;
    end_bracket([&] { return fmt::format("slot {}", me.slot); });
  }
  for (const operation& op : p.threads[index]) operate(index, op);
  if (p.slots == slot_use::pooled) {
    begin_bracket([&] { return fmt::format("give slot {}", me.slot); });
    subject_->give_slot(me.slot);
    end_bracket([] { return std::string("done"); });
  }
  if (p.stops) finish_line().fetch_add(1, rl::mo_acq_rel, info_of(location::here()));
  me.done = true;
  ++finished_;
  if (p.stops) let_stopped_go(index);
}

void execution::end() {
  const program& p = what_->what;
  acting_ = 0;
  the_recorder().threads_run(false);
  the_recorder().checks_look();
  const std::uint32_t quiet = record_note([] { return "all threads have ended"; });
  if (p.stops && actors_[p.stop_thread].steps > p.stop_most) stop_too_soon_ = true;
  if (history_.any_refused()) {
    if (history_.overflown()) fail("model", "too many operations to judge a refusal");
    if (!history_.explainable()) {
      the_recorder().lost_at(refused_at_);
      fail("S6", "a refusal that no order of the operations explains");
    }
  }
  the_recorder().lost_at(quiet);  // what is found from here on was so by then
  if (part_ != nullptr) {
    if (const finding f = part_->quiescent_fault()) fail(f.property, f.text);
  } else {
    check_quiescent();
    check_whole();
  }
  if (recording_in_force) {
    const own_heap lasts;
    passed_ = recorded(false);  // while what its names stand for is there
    passed_->lost_at = no_event;
  }
  tear_down();
  runs_ = false;
}

// ---- operations ----------------------------------------------------------------------------

void execution::operate(unsigned thread, const operation& op) {
  if (part_ != nullptr) {
    operate_part(thread, op, thread);
  } else if (op.what == operation::kind::release) {
    release(thread, op.arg);
  } else if (op.what == operation::kind::cut) {
    cut(thread, op);
  } else if (op.what == operation::kind::trim) {
    trim(thread, op.arg);
  } else {
    take(thread, op, thread);
  }
}

void execution::operate_part(unsigned thread, const operation& op, unsigned owner) {
  begin_bracket([&] {
    std::string text = part_->text_of(thread, op);
    return by(thread, text.empty() ? text_of(op) : text);
  });
  part_->operate(thread, op, owner);
  end_bracket([&] { return part_->result_of(thread); });
}

std::string execution::by(unsigned thread, std::string text) const {
  return in_threads() ? text : fmt::format("thread {}: {}", thread, text);
}

/// The answer to a request, as the result of its operation.
void execution::end_request(unsigned order, const grant& got) {
  end_bracket([&] {
    return got.what == answer::ok     ? block_text(order, got.index)
           : got.what == answer::full ? std::string("full")
                                      : std::string("contended");
  });
  if (got.what == answer::full && recording_in_force) refused_at_ = the_recorder().next() - 1;
}

void execution::take(unsigned thread, const operation& op, unsigned owner) {
  const record_set earlier = records_before(thread);
  begin_bracket([&] { return by(thread, fmt::format("allocate({})", op.arg)); });
  const grant got = world_->allocate(op.arg);
  if (got.what == answer::ok) own(owner, op.arg, got.index);
  end_request(op.arg, got);
  if (got.what != answer::ok) {
    if (op.what == operation::kind::must_take) {
      fail("S6", got.what == answer::full ? "refused with room for every request"
                                          : "contended with room for every request");
    }
    if (got.what == answer::contended && !what_->what.stops &&
        what_->what.looks == program::plenty_of_looks) {
      fail("L1", "contended though no thread stands still");
    }
    if (got.what == answer::full) note(thread, record::kind::refused, op.arg, 0, earlier);
    actor& me = actors_[owner];
    me.blocks[me.taken++] = {};  // so that F<i> counts requests, served or not
    return;
  }
  if (op.what == operation::kind::must_fail) fail("S6", "a grant where there is no room");
  note(thread, record::kind::granted, op.arg, blocks_of(op.arg, got.index), earlier);
  touch(thread, got.index << op.arg, std::size_t{1} << op.arg, true);
}

void execution::release(unsigned thread, unsigned which) {
  actor& me = actors_[thread];
  if (which >= me.taken || !me.blocks[which].live) return;  // its request was refused
  holding& h = me.blocks[which];
  touch(thread, h.first(), h.kept, false);
  const record_set earlier = records_before(thread);
  begin_bracket([&] {
    const std::string block = block_text(h.order, h.index);
    return by(thread, h.whole() ? fmt::format("release({})", block)
                                : fmt::format("release_part({}, {})", block, h.kept));
  });
  h.live = false;
  disown(thread, h.first(), h.kept);
  me.releasing = true;
  me.releasing_blocks = min_blocks_of(h.first(), h.kept);
  give_back(h);
  me.releasing = false;
  end_bracket([] { return std::string("done"); });
  note_released(thread, h.first(), h.kept, earlier);
}

void execution::give_back(const holding& h) {
  if (h.whole()) {
    world_->release(h.order, h.index);
  } else {
    world_->release_part(h.order, h.index, h.kept);
  }
}

/// The end of a block, of which its owner keeps the beginning.
void execution::cut(unsigned thread, const operation& op) {
  actor& me = actors_[thread];
  if (op.arg >= me.taken || !me.blocks[op.arg].live) return;
  holding& h = me.blocks[op.arg];
  if (!h.whole() || op.keep >= h.kept) fail("model", "a block that cannot be cut so");
  const std::size_t from = h.first() + op.keep;
  const std::size_t count = h.kept - op.keep;
  touch(thread, from, count, false);
  const record_set earlier = records_before(thread);
  begin_bracket([&] {
    return by(thread, fmt::format("release_tail({}, {})", block_text(h.order, h.index), op.keep));
  });
  h.kept = op.keep;
  disown(thread, from, count);
  me.releasing = true;
  me.releasing_blocks = min_blocks_of(from, count);
  world_->release_tail(h.order, h.index, op.keep);
  me.releasing = false;
  end_bracket([] { return std::string("done"); });
  note_released(thread, from, count, earlier);
}

/// Nobody asks for anything, and nothing comes back: what others are told must be as if it had not
/// happened.
void execution::trim(unsigned thread, unsigned most) {
  begin_bracket([&] { return by(thread, fmt::format("trim({})", most)); });
  world_->trim(most);
  end_bracket([] { return std::string("done"); });
}

/// Aligned blocks that come back in one call come back one by one, in whatever order.
void execution::note_released(unsigned thread, std::size_t first, std::size_t count,
                              record_set earlier) {
  for_each_aligned(first, count, [&](unsigned order, std::size_t index) {
    note(thread, record::kind::released, order, blocks_of(order, index), earlier);
  });
}

void execution::own(unsigned owner, unsigned order, std::size_t index) {
  actor& me = actors_[owner];
  if (me.taken == most_blocks) fail("model", "too many blocks");
  me.blocks[me.taken++] = {order, index, std::size_t{1} << order, true};
  if (recording_in_force) {
    the_recorder().owned(event_kind::own, owner, index << order, std::size_t{1} << order);
  }
  for (std::size_t i = index << order; i < (index + 1) << order; ++i) {
    if (i >= min_blocks()) fail("S1", "a block outside the arena");
    if (owner_[i] != nobody) fail("S1", "a min block with two owners");
    owner_[i] = static_cast<int>(owner);
  }
}

void execution::disown(unsigned owner, std::size_t first, std::size_t count) {
  if (recording_in_force) the_recorder().owned(event_kind::disown, owner, first, count);
  for (std::size_t i = first; i < first + count; ++i) owner_[i] = nobody;
}

/// The owner writes to its block when it gets it, and reads and writes it before it gives it back:
/// an overlap, or a hand-over that nothing orders, is a data race.
void execution::touch(unsigned thread, std::size_t first, std::size_t count, bool fresh) {
  for (std::size_t i = first; i < first + count; ++i) {
    if (fresh && what_->what.init != memory::any && cell(i).load() != 0) {
      fail("Z1", "a block that is not zeroed");
    }
    if (!fresh && cell(i).load() == 0) fail("S1", "a payload cell that nobody wrote");
    cell(i).store(thread + 1);
  }
}

/// What the world zeroes, because it comes back or was never handed out before.
void execution::zero_payload(std::size_t first, std::size_t count) {
  for (std::size_t i = first; i < first + count; ++i) cell(i).store(0);
}

record_set execution::records_before(unsigned thread) const {
  if (!in_threads()) return 0;
  record_set earlier = 0;
  for (std::size_t i = 0; i < history_.size(); ++i) {
    const moment& m = moments_[i];
    const bool ordered = what_->real_time || m.thread == thread ||
                         m.clock <= rl::ctx().threadx_->acq_rel_order_[m.thread];
    if (ordered) earlier |= record_set{1} << i;
  }
  return earlier;
}

void execution::note(unsigned thread, record::kind what, unsigned order, block_set blocks,
                     record_set earlier) {
  if (!in_threads()) return;
  if (history_.size() < history::most) {
    moments_[history_.size()] = {thread, rl::ctx().threadx_->own_acq_rel_order_, ++time_};
  }
  history_.add({what, order, blocks, earlier});
}

// ---- the recording -------------------------------------------------------------------------

recording execution::recorded(bool raced) {
  if (passed_) return std::move(*passed_);
  recording made = the_recorder().stop(raced, [&](const void* at) { return name_of(at); });
  if (subject_ != nullptr) made.levels = subject_->levels();
  return made;
}

std::string execution::name_of(const void* address) const {
  const auto* at = static_cast<const std::byte*>(address);
  const std::less<> before;
  if (!before(at, cell_storage_.data()) &&
      before(at, cell_storage_.data() + cell_storage_.size())) {
    return fmt::format(
        "payload {}",
        (at - cell_storage_.data()) / static_cast<std::ptrdiff_t>(sizeof(checked_plain<unsigned>)));
  }
  return subject_ != nullptr ? subject_->name_of(address) : std::string();
}

}  // namespace caiman::model
