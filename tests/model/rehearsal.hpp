// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// rehearsal.hpp: which small concurrent programs are right
//
// Programs that are made up (random_programs.cpp, the fuzz target) must be right by construction: a
// set-up asks only for what must be there, a release or a cut names a request of its own thread.
// And of a size: the threads do no more than a refusal can be judged by, and trim no more than a
// request that looks again program::plenty_of_looks times can sit out.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <vector>

#include "caiman-model/program.hpp"
#include "engine/history.hpp"

namespace caiman::model {

inline bool is_request(const operation& op) {
  return op.what == operation::kind::take || op.what == operation::kind::must_take ||
         op.what == operation::kind::must_fail;
}
/// Whether it names a request.
inline bool is_of_block(const operation& op) {
  return op.what == operation::kind::release || op.what == operation::kind::cut;
}

/// Goes through a program without running it, and tells what is known of the next step.
class rehearsal {
 public:
  /// Of a program's arena, before its first step.
  explicit rehearsal(const program& p)
      : max_order_(p.max_order), units_(p.min_blocks()), free_(units_) {}

  /// A request of `order` must be served. Without releases the free blocks of a best-fit buddy are
  /// all of different orders, so enough min blocks are enough. After one, or a cut or a trim,
  /// whatever lies where: a live block takes a place from at most so many blocks of `order`.
  bool must_fit(unsigned order) const {
    if (!moved_) return free_ >= 1U << order;
    unsigned touched = 0;
    for (const auto& requests : of_) {
      for (const auto& r : requests) touched += (r.kept + (1U << order) - 1) >> order;
    }
    return touched < units_ >> order;
  }
  bool must_fail(unsigned order) const { return free_ < 1U << order; }

  bool can_release(unsigned thread, unsigned which) const {
    return which < of_[thread].size() && of_[thread][which].kept != 0;
  }
  std::vector<unsigned> live(unsigned thread) const {
    std::vector<unsigned> found;
    for (unsigned i = 0; i < of_[thread].size(); ++i) {
      if (can_release(thread, i)) found.push_back(i);
    }
    return found;
  }
  /// Those that are whole and more than one min block.
  std::vector<unsigned> large(unsigned thread) const {
    std::vector<unsigned> found;
    for (unsigned i = 0; i < of_[thread].size(); ++i) {
      if (can_cut(thread, i, 1)) found.push_back(i);
    }
    return found;
  }
  unsigned kept(unsigned thread, unsigned which) const { return of_[thread][which].kept; }

  // A step whose outcome is known. False if it is not.
  bool set_up(const setup_step& step) {
    if (!is_request(step.op)) {
      const unsigned before = live_min_blocks();
      if (!change(step.thread, step.op)) return false;
      free_ += before - live_min_blocks();
      moved_ = true;
      return true;
    }
    const bool fails = step.op.what == operation::kind::must_fail;
    if (step.op.arg > max_order_ || !(fails ? must_fail(step.op.arg) : must_fit(step.op.arg))) {
      return false;
    }
    const unsigned got = fails ? 0 : 1U << step.op.arg;
    of_[step.owner].push_back({step.op.arg, got});
    free_ -= got;
    return true;
  }
  // A step of a thread: a request may be served or not, a release or a cut must name an unreleased
  // one. False, and nothing has happened, if it is wrong.
  bool operate(unsigned thread, const operation& op) {
    const std::size_t more = records_of(thread, op);
    if (op.arg > max_order_ && !is_of_block(op)) return false;
    if (records_ + more > history::most || moves_ + moves_of(op) > most_moves) return false;
    const unsigned spoils = spoilt_ + spoilt_by(op);
    if (moves_ + moves_of(op) > 0 && spoils >= program::plenty_of_looks) return false;
    if (is_request(op)) {
      of_[thread].push_back({op.arg, 1U << op.arg});
    } else if (!change(thread, op)) {
      return false;
    }
    records_ += more;
    moves_ += moves_of(op);
    spoilt_ = spoils;
    return true;
  }

 private:
  static constexpr unsigned most_moves = 6;
  struct request {
    unsigned order;
    unsigned kept;  // min blocks; 0 of one that was released or refused
  };

  bool can_cut(unsigned thread, unsigned which, unsigned keep) const {
    return can_release(thread, which) && keep != 0 && keep < kept(thread, which) &&
           kept(thread, which) == 1U << of_[thread][which].order;
  }
  // What is no request. False if it is wrong.
  bool change(unsigned thread, const operation& op) {
    if (op.what == operation::kind::trim) return op.arg <= max_order_;
    const bool cuts = op.what == operation::kind::cut;
    if (!(cuts ? can_cut(thread, op.arg, op.keep) : can_release(thread, op.arg))) return false;
    of_[thread][op.arg].kept = op.keep;  // 0 of a release
    return true;
  }
  // How much of it the history check notes: what comes back, as the aligned blocks that it is.
  std::size_t records_of(unsigned thread, const operation& op) const {
    if (is_request(op)) return 1;
    if (!is_of_block(op) || !can_release(thread, op.arg)) return 0;
    return static_cast<std::size_t>(std::popcount(kept(thread, op.arg) - op.keep));
  }
  // About how many pieces a trim takes away.
  unsigned moves_of(const operation& op) const {
    return op.what == operation::kind::trim ? (units_ >> op.arg) + op.arg : 0;
  }
  // How many looks of another thread's request an operation spoils at most: a move that begins and
  // one that ends, and a release that is counted.
  unsigned spoilt_by(const operation& op) const {
    if (op.what == operation::kind::trim) return 2 * moves_of(op);
    return is_request(op) ? 2 : 3;
  }
  unsigned live_min_blocks() const {
    unsigned live = 0;
    for (const auto& requests : of_) {
      for (const auto& r : requests) live += r.kept;
    }
    return live;
  }

  unsigned max_order_;
  unsigned units_;  // min blocks in all
  unsigned free_;   // min blocks, during the set-up
  bool moved_ = false;
  std::size_t records_ = 0;
  unsigned moves_ = 0;
  unsigned spoilt_ = 0;
  std::array<std::vector<request>, 3> of_;
};

inline bool is_right(const program& p) {
  const unsigned power = 1U << p.max_order;
  rehearsal so_far(p);
  bool right = p.blocks == 0 || (p.blocks > power && p.blocks < 2 * power);
  for (const setup_step& step : p.setup) right = right && so_far.set_up(step);
  for (unsigned t = 0; t < p.threads.size(); ++t) {
    for (const operation& op : p.threads[t]) right = right && so_far.operate(t, op);
  }
  return right;
}

}  // namespace caiman::model
