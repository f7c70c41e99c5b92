// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// burst.cpp: the moment of collision, thousands of times
//
// Two buddies released at once, two requests for the last two blocks: in ordinary churn such
// moments are rare, and what went wrong in one is often mended by the next. Here all threads meet
// at a gate, take their whole share of exact(k), meet, release another thread's blocks, meet; one
// of them checks after each step, while nothing runs. The gates order everything, so this mode
// looks for lost merges and false refusals; missing edges are for the other modes.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <cstddef>
#include <random>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "checks.hpp"
#include "quota.hpp"
#include "rounds.hpp"
#include "worker.hpp"

namespace caiman::stress {
namespace {

constexpr unsigned bursts_per_round = 100;
constexpr std::uint64_t most_blocks = 256;  // in one burst: more would be churn

// All threads draw the same numbers, so that they agree on each burst without talking.
class burst_plan {
 public:
  burst_plan(const crew& with, const std::vector<std::uint64_t>& weights, std::uint64_t seed)
      : weights_(weights),
        max_order_(with.chosen.max_order),
        posts_(with.posts.size()),
        random_(seed) {}

  void next() {
    order = draw_order(weights_, random_);
    while (run_count(max_order_, order) > most_blocks) ++order;
    first = random_() % posts_;
    distance = random_() % posts_;
    again = random_() % 2 == 0;
  }

  unsigned order = 0;
  std::uint64_t first = 0;     // the post that gets the odd blocks
  std::uint64_t distance = 0;  // to the thread whose blocks one releases
  bool again = false;          // take and release once more while the others release

 private:
  const std::vector<std::uint64_t>& weights_;
  unsigned max_order_;
  std::uint64_t posts_;
  std::mt19937_64 random_;
};

// What the threads share besides the crew; written by the leader while the others stand at the
// gate.
struct burst_meeting {
  explicit burst_meeting(unsigned threads) : barrier(threads) {}

  gate barrier;
  bool leaving = false;
};

class burst_thread {
 public:
  burst_thread(crew& with, post& here, burst_meeting& meeting, const burst_plan& plan)
      : crew_(with), post_(here), meeting_(meeting), plan_(plan), worker_(with, phase_, here) {}

  void work() {
    for (unsigned i = 0; i < bursts_per_round && !meeting_.leaving; ++i) {
      plan_.next();
      phase_.unit = plan_.order;
      phase_.name = fmt::format("burst({})", plan_.order);
      post_.credit = share(run_count(crew_.chosen.max_order, plan_.order), crew_.posts.size(),
                           plan_.first, post_.id);
      if (!meet()) return;
      worker_.fill();
      if (!meet_and_lead(&burst_thread::after_taking)) return;
      release();
      if (!meet_and_lead(&burst_thread::after_releasing)) return;
    }
  }

 private:
  bool meet() { return meeting_.barrier.meet(&crew_.found.flag()); }

  bool meet_and_lead(void (burst_thread::*lead)()) {
    if (!meet()) return false;
    if (post_.id == 0) (this->*lead)();
    return meet();
  }

  // The blocks change hands, so that nobody releases by the hints it allocated by.
  void after_taking() {
    check_all_live(crew_, "all taken in a burst");
    const auto by = static_cast<std::ptrdiff_t>(plan_.distance);
    std::vector<std::vector<parcel>> lists;
    for (post& here : crew_.posts) lists.push_back(std::move(here.held));
    std::rotate(lists.begin(), lists.begin() + by, lists.end());
    for (post& here : crew_.posts) here.held = std::move(lists[here.id]);
  }

  void after_releasing() {
    check_all_free(crew_, "all released in a burst");
    meeting_.leaving = crew_.time_up.load(std::memory_order_relaxed);
  }

  // What one gave back one may take again: requests then meet the merges of the others.
  void release() {
    std::size_t again = plan_.again ? post_.held.size() : 0;
    while (!post_.held.empty() && !crew_.found.failed()) {
      const parcel item = post_.held.back();
      post_.held.pop_back();
      worker_.give_back(item);
      if (again > 0 && post_.random() % 2 == 0) {
        --again;
        worker_.take(plan_.order);
      }
    }
  }

  crew& crew_;
  post& post_;
  burst_meeting& meeting_;
  burst_plan plan_;
  phase phase_;
  worker worker_;
};

}  // namespace

void run_burst(crew& with, const std::vector<std::uint64_t>& weights, std::uint64_t seed) {
  burst_meeting meeting(static_cast<unsigned>(with.posts.size()));
  const burst_plan plan(with, weights, seed);
  std::vector<std::jthread> threads;
  for (post& here : with.posts) {
    threads.emplace_back([&] {
      ++here.done.threads;
      burst_thread(with, here, meeting, plan).work();
    });
  }
}

}  // namespace caiman::stress
