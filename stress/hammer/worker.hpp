// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// worker.hpp: one thread for one life at one post
//
// It takes blocks within its post's credit, stamps them, gives them back or hands them to another
// post, and reports whatever should not be. What it may ask for, and whether a refusal is legal,
// the phase says (quota.hpp has the argument).
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "../common/meeting.hpp"
#include "crew.hpp"

namespace caiman::stress {

struct phase {
  enum class task : unsigned char { churn, fill, release };

  std::string name;
  task what = task::churn;
  std::vector<std::uint64_t> weights;  // how often each order is asked for
  unsigned unit = 0;                   // credit is counted in runs of this order
  bool by_volume = false;              // pressure: price in min blocks, and refusals are legal
  std::int64_t budget = 0;             // churn: work per post, about one per step
  unsigned lives = 1;                  // threads that follow one another at each post
  unsigned handover_per_mille = 0;     // of the releases, how many another thread shall do
  unsigned mail_distance = 0;          // to the post that does them
  unsigned release_percent = 100;      // release: how much of what is held
};

class worker {
 public:
  worker(crew& with, const phase& now, post& here);

  /// One life's part of the phase.
  void work();

  /// Takes one block of `order` and stamps it; false when it was refused or something is wrong.
  bool take(unsigned order);
  /// Checks the stamps of a block and releases it.
  void give_back(const parcel& item);
  /// Takes blocks of the order that the credit is counted in, until it is spent.
  void fill();

 private:
  void churn();
  void release_part();
  std::int64_t step();
  void receive();
  void part_with(std::size_t position);
  std::expected<block, alloc_error> ask(unsigned order);
  bool refused(unsigned order, alloc_error why);
  bool plausible(unsigned order, block given);
  void fail(const std::string& what);
  bool over() const;
  std::uint64_t cost(unsigned order) const;
  std::uint64_t below(std::uint64_t bound) { return post_.random() % bound; }

  crew& crew_;
  const phase& phase_;
  post& post_;
};

/// Runs one phase: `lives` threads one after another at each post, all posts at once, all joined.
void run_phase(crew& with, const phase& now);

}  // namespace caiman::stress
