// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// drawn_programs.cpp: small concurrent programs out of RapidCheck's random numbers
// ---------------------------------------------------------------------------------------------
#include "drawn_programs.hpp"

#include "rehearsal.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include <rapidcheck.h>

namespace caiman::model {
namespace {

using kind = operation::kind;

// ---- making one ----------------------------------------------------------------------------

unsigned up_to(unsigned most) { return *rc::gen::inRange(0U, most + 1); }

// Half of the requests are for the smallest blocks, which make the most of a small arena.
unsigned any_order(unsigned max_order) { return up_to(1) == 0 ? 0 : up_to(max_order); }

unsigned any_of(const std::vector<unsigned>& some) {
  return some[up_to(static_cast<unsigned>(some.size()) - 1)];
}

// A block gives its end back; nothing where no block has one.
std::optional<operation> any_cut(const rehearsal& so_far, const program& p, unsigned thread) {
  if (p.core == subject_kind::textbook) return std::nullopt;
  const auto large = so_far.large(thread);
  if (large.empty()) return std::nullopt;
  const unsigned which = any_of(large);
  return operation{kind::cut, which, 1 + up_to(so_far.kept(thread, which) - 2)};
}

std::optional<setup_step> any_setup_step(const rehearsal& so_far, const program& p,
                                         unsigned threads) {
  const unsigned thread = up_to(threads - 1);
  const unsigned owner = up_to(1) == 0 ? thread : up_to(threads - 1);
  const auto live = so_far.live(thread);
  const unsigned choice = up_to(8);
  if (choice < 2 && !live.empty()) {
    return setup_step{thread, {kind::release, any_of(live)}, thread};
  }
  if (choice == 8 && p.core != subject_kind::textbook) {
    const operation trim{kind::trim, up_to(p.max_order)};
    return setup_step{thread, any_cut(so_far, p, thread).value_or(trim), thread};
  }
  const unsigned order = any_order(p.max_order);
  if (choice > 5 && so_far.must_fail(order)) {
    return setup_step{thread, {kind::must_fail, order}, owner};
  }
  if (!so_far.must_fit(order)) return std::nullopt;
  return setup_step{thread, {kind::take, order}, owner};
}

operation any_operation(const rehearsal& so_far, const program& p, unsigned thread) {
  const auto live = so_far.live(thread);
  const unsigned choice = up_to(15);
  if (choice == 0 && p.core != subject_kind::textbook) return {kind::trim, up_to(p.max_order)};
  if (choice < 4) {
    if (const auto op = any_cut(so_far, p, thread)) return *op;
  }
  if (choice < 9 || live.empty()) return {kind::take, any_order(p.max_order)};
  return {kind::release, any_of(live)};
}

program draw(subject_kind core) {
  program p;
  p.core = core;
  p.log2_fanout = 1 + up_to(2);
  p.max_order = 1 + up_to(3);
  const unsigned use = up_to(5);
  p.slots = use == 0 ? slot_use::shared : use == 1 ? slot_use::pooled : slot_use::own;
  if (p.slots == slot_use::pooled) p.pool = 1 + up_to(2);
  const unsigned threads = up_to(2) == 0 ? 3 : 2;
  if (core == subject_kind::buddy) {
    p.stack_depth = up_to(1) == 0 ? 0 : 1 + up_to(2);
    p.announced = p.stack_depth != 0 && up_to(2) != 0;
  }
  if (core == subject_kind::buddy && up_to(3) == 0) {
    p.blocks = (1U << p.max_order) + 1 + up_to((1U << p.max_order) - 2);
  }
  rehearsal so_far(p);
  for (unsigned steps = up_to(8); steps > 0; --steps) {
    if (const auto step = any_setup_step(so_far, p, threads)) {
      so_far.set_up(*step);
      p.setup.push_back(*step);
    }
  }
  p.threads.resize(threads);
  for (unsigned t = 0; t < threads; ++t) {
    for (unsigned steps = 1 + up_to(3); steps > 0; --steps) {
      const operation op = any_operation(so_far, p, t);
      if (so_far.operate(t, op)) p.threads[t].push_back(op);
    }
  }
  return p;
}

}  // namespace

program draw_textbook() { return draw(subject_kind::textbook); }

program draw_any() { return up_to(2) == 0 ? draw_at_hand() : draw(subject_kind::buddy); }

program draw_at_hand() {
  program p;
  p.stack_depth = 1 + up_to(2);
  p.announced = true;
  const auto request = [] { return operation{kind::take, up_to(3) == 0 ? 1U : 0U}; };
  rehearsal so_far(p);
  for (unsigned steps = 4 + up_to(5); steps > 0; --steps) {
    const auto live = so_far.live(0);
    const unsigned choice = up_to(5);
    setup_step step{0, request(), 0};
    if (choice == 0) {
      step = {1, {kind::must_fail, 1 + up_to(1)}, 1};
    } else if (choice < 4 && !live.empty()) {
      step.op = {kind::release, any_of(live)};
    }
    if (so_far.set_up(step)) p.setup.push_back(step);
  }
  p.threads.resize(2 + up_to(1));
  for (unsigned t = 0; t < p.threads.size(); ++t) {
    for (unsigned steps = 1 + up_to(t == 0 ? 4 : 1); steps > 0; --steps) {
      const auto live = so_far.live(t);
      const bool gives = !live.empty() && up_to(1) == 0;
      const operation op = gives ? operation{kind::release, any_of(live)} : request();
      if (so_far.operate(t, op)) p.threads[t].push_back(op);
    }
  }
  return p;
}

// ---- making one smaller --------------------------------------------------------------------

std::size_t size_of(const program& p) {
  std::size_t operations = p.setup.size();
  for (const auto& ops : p.threads) operations += ops.size();
  return operations;
}

namespace {

// Without the n-th request of a thread and what becomes of it.
program without_request(program p, unsigned thread, unsigned n) {
  unsigned seen = 0;
  const auto goes = [&](unsigned actor, const operation& op, unsigned owner) {
    if (is_of_block(op)) return actor == thread && op.arg == n;
    return is_request(op) && owner == thread && seen++ == n;
  };
  std::erase_if(p.setup, [&](const setup_step& s) { return goes(s.thread, s.op, s.owner); });
  std::erase_if(p.threads[thread], [&](const operation& op) { return goes(thread, op, thread); });
  const auto renumber = [n](operation& op) {
    if (is_of_block(op) && op.arg > n) --op.arg;
  };
  for (setup_step& s : p.setup) {
    if (s.thread == thread) renumber(s.op);
  }
  for (operation& op : p.threads[thread]) renumber(op);
  return p;
}

unsigned requests_of(const program& p, unsigned thread) {
  const auto steps = std::count_if(p.setup.begin(), p.setup.end(), [&](const setup_step& s) {
    return is_request(s.op) && s.owner == thread;
  });
  const auto ops = std::count_if(p.threads[thread].begin(), p.threads[thread].end(),
                                 [](const operation& op) { return is_request(op); });
  return static_cast<unsigned>(steps + ops);
}

program without_thread(program p, unsigned thread) {
  while (requests_of(p, thread) > 0) p = without_request(p, thread, 0);
  std::erase_if(p.setup,
                [=](const setup_step& s) { return s.op.what == kind::trim && s.thread == thread; });
  p.threads.erase(p.threads.begin() + thread);
  for (setup_step& s : p.setup) {
    if (s.thread == thread) s.thread = s.owner;  // it took the block for another
    if (s.thread > thread) --s.thread;
    if (s.owner > thread) --s.owner;
  }
  return p;
}

program without_setup(program p) {
  std::erase_if(p.setup, [](const setup_step& s) { return s.op.what == kind::trim; });
  for (unsigned t = 0; t < p.threads.size(); ++t) {
    program alone = p;
    for (auto& ops : alone.threads) ops.clear();
    for (unsigned n = requests_of(alone, t); n > 0; --n) p = without_request(p, t, 0);
  }
  return p;
}

// Every operation of the program, to change it in a copy.
template <class Change>
void with_each_operation(const program& p, Change change) {
  for (std::size_t i = 0; i < p.setup.size(); ++i) {
    change([i](program& q) -> operation& { return q.setup[i].op; });
  }
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    for (std::size_t i = 0; i < p.threads[t].size(); ++i) {
      change([t, i](program& q) -> operation& { return q.threads[t][i]; });
    }
  }
}

// Two blocks of the set-up that only fill the arena do so as one of twice the size.
void add_joined_setup(const program& p, std::vector<program>& all) {
  std::vector<unsigned> requests(p.threads.size(), 0);
  for (std::size_t i = 0; i < p.setup.size(); ++i) {
    const setup_step& step = p.setup[i];
    if (!is_request(step.op)) continue;
    const unsigned n = requests[step.owner]++;
    for (std::size_t j = 0; j < i; ++j) {
      if (p.setup[j].op != step.op || step.op.what != kind::take) continue;
      all.push_back(p);
      ++all.back().setup[j].op.arg;
      all.back() = without_request(all.back(), step.owner, n);
    }
  }
}

// Half of the arena, of about the same kind.
void halve(program& p) {
  --p.max_order;
  p.blocks = p.blocks / 2 > 1U << p.max_order ? p.blocks / 2 : 0;
}

void add_fewer_operations(const program& p, std::vector<program>& all) {
  for (unsigned t = 0; p.threads.size() > 2 && t < p.threads.size(); ++t) {
    all.push_back(without_thread(p, t));
  }
  all.push_back(without_setup(p));
  for (unsigned t = 0; t < p.threads.size(); ++t) {
    all.push_back(p);
    all.back().threads[t].clear();
  }
  for (unsigned t = 0; t < p.threads.size(); ++t) {
    for (unsigned n = requests_of(p, t); n-- > 0;) {
      all.push_back(without_request(p, t, n));
      if (p.max_order > 1) {  // a block that only filled up half of the arena
        all.push_back(all.back());
        halve(all.back());
      }
    }
  }
  add_joined_setup(p, all);
  for (std::size_t i = 0; i < p.setup.size(); ++i) {
    if (is_request(p.setup[i].op)) continue;
    all.push_back(p);
    all.back().setup.erase(all.back().setup.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    for (std::size_t i = 0; i < p.threads[t].size(); ++i) {
      if (is_request(p.threads[t][i])) continue;
      all.push_back(p);
      auto& ops = all.back().threads[t];
      ops.erase(ops.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

void add_simpler_ones(const program& p, std::vector<program>& all) {
  program q = p;
  if (p.max_order > 1) {
    halve(q);
    all.push_back(q);
    with_each_operation(p, [&](auto in) {  // and what no longer fits, or all of it, smaller too
      operation& op = in(q);
      if (!is_of_block(op) && op.arg > 0) --op.arg;
      if (op.keep > 1) op.keep /= 2;
    });
    all.push_back(q);
  }
  if (p.blocks != 0) {
    all.push_back(p);
    all.back().blocks = 0;
    all.push_back(p);
    --all.back().blocks;
  }
  if (p.log2_fanout > 1) {
    all.push_back(p);
    --all.back().log2_fanout;
  }
  if (p.slots != slot_use::own) {
    all.push_back(p);
    all.back().slots = slot_use::own;
    all.back().pool = 0;
  }
  if (p.stack_depth != 0) {
    all.push_back(p);
    --all.back().stack_depth;
    all.back().announced = p.announced && p.stack_depth > 1;
    all.push_back(p);
    all.back().announced = false;
  }
  with_each_operation(p, [&](auto in) {
    q = p;
    operation& op = in(q);
    unsigned& number = op.what == kind::cut ? op.keep : op.arg;
    const unsigned least = op.what == kind::cut ? 1 : 0;
    if (op.what == kind::release || number == least) return;
    --number;
    all.push_back(q);
    if (number == least) return;
    number = least;
    all.push_back(q);
  });
  for (std::size_t i = 0; i < p.setup.size(); ++i) {
    if (p.setup[i].thread == p.setup[i].owner) continue;
    all.push_back(p);
    all.back().setup[i].thread = p.setup[i].owner;
  }
}

}  // namespace

std::vector<program> smaller(const program& p) {
  std::vector<program> all;
  add_fewer_operations(p, all);
  add_simpler_ones(p, all);
  std::erase_if(all, [&](const program& q) { return q == p || !is_right(q); });
  return all;
}

}  // namespace caiman::model
