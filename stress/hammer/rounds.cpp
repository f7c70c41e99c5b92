// SPDX-License-Identifier: MIT
// The rounds of each mode; see rounds.hpp.
#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "checks.hpp"
#include "quota.hpp"
#include "rounds.hpp"

namespace caiman::stress {
namespace {

phase named(std::string name, phase::task what) {
  phase now;
  now.name = std::move(name);
  now.what = what;
  return now;
}

}  // namespace

campaign::campaign(crew& with) : crew_(with), random_(with.chosen.seed) {}

void campaign::run() {
  using clock = std::chrono::steady_clock;
  const auto start = clock::now();
  check_quiescent(crew_, "before the first round");
  do {
    ++rounds_;
    switch (crew_.chosen.how) {
      case mode::uniform:
        uniform_round();
        break;
      case mode::mixed:
        mixed_round();
        break;
      case mode::pressure:
        pressure_round();
        break;
      case mode::burst:
        burst_round();
        break;
    }
  } while (!crew_.found.failed() && !crew_.time_up.load(std::memory_order_relaxed));
  seconds_ = std::chrono::duration<double>(clock::now() - start).count();
}

void campaign::uniform_round() {
  const unsigned order = draw_order(crew_.chosen.mix.weights, random_);
  exact(order, true);
  for (std::uint64_t times = below(4); times > 0; --times) scarce(order);
  release_everything();
}

void campaign::mixed_round() {
  const unsigned largest = crew_.chosen.mix.largest_order();
  deal(run_count(crew_.chosen.max_order, largest));
  phase now = churn(fmt::format("bounded({})", largest), largest);
  now.weights = crew_.chosen.mix.weights;
  run(now, "part live after a bounded mix");
  for (unsigned order = largest + 1; order-- > 0;) exact(order, order == 0);
  for (std::uint64_t times = below(4); times > 0; --times) {
    scarce(static_cast<unsigned>(below(largest + 1)));
  }
  release_everything();
}

void campaign::pressure_round() {
  const std::uint64_t all = run_count(crew_.chosen.max_order, 0);
  deal((all - all / 4) * crew_.posts.size());
  phase now = churn("pressure", 0);
  now.weights = crew_.chosen.mix.weights;
  now.by_volume = true;
  run(now, "part live after pressure");
  exact(draw_order(crew_.chosen.mix.weights, random_), below(2) == 0);
  release_everything();
}

void campaign::burst_round() {
  run_burst(crew_, crew_.chosen.mix.weights, random_());
  settle();
  check_quiescent(crew_, "after a burst round");
}

// All that is live stays as it is; the runs that the order can still have are counted and dealt
// out.
void campaign::exact(unsigned order, bool to_the_last) {
  if (crew_.found.failed()) return;
  park();
  const std::uint64_t runs = map_of(crew_, "before an exact phase").free_runs(order);
  if (runs == 0) return unpark();
  deal(runs);
  phase now = churn(fmt::format("exact({})", order), order);
  now.weights.assign(std::size_t{order} + 1, 0);
  now.weights[order] = 1;
  run(now, "part live after exact requests");
  if (to_the_last) {
    now.what = phase::task::fill;
    run(now, "no run left after exact requests");
  }
  unpark();
}

void campaign::scarce(unsigned order) {
  if (crew_.found.failed()) return;
  open_holes(order);
  check_quiescent(crew_, "a few blocks free");
  exact(order, true);
}

// One hole of a few runs side by side, whose release merges across words; or a few far apart.
void campaign::open_holes(unsigned order) {
  constexpr unsigned largest_hole = 6;    // log2, in runs of the order
  constexpr std::uint64_t far_apart = 8;  // about as many blocks
  const phase now = named("open holes", phase::task::release);
  const unsigned width =
      std::min(order + static_cast<unsigned>(below(largest_hole + 1)), crew_.chosen.max_order);
  const std::uint64_t place_of_hole = below(run_count(crew_.chosen.max_order, width));
  const bool side_by_side = below(2) == 0;
  std::uint64_t live = 0;
  for (const post& here : crew_.posts) live += here.held.size();
  for (post& here : crew_.posts) {
    worker me(crew_, now, here);
    std::erase_if(here.held, [&](const parcel& item) {
      const std::uint64_t first = std::uint64_t{item.what.index} << item.what.order;
      const bool opens = side_by_side ? first >> width == place_of_hole : below(live) < far_apart;
      if (opens) me.give_back(item);
      return opens;
    });
  }
}

void campaign::release_everything() {
  phase now = named("release", phase::task::release);
  pass_on_held();
  now.release_percent = 50;
  run(now, "half released");
  pass_on_held();
  now.release_percent = 100;
  run(now, "all released");
}

void campaign::run(const phase& now, std::string_view then) {
  if (crew_.found.failed()) return;
  run_phase(crew_, now);
  settle();
  check_quiescent(crew_, then);
}

phase campaign::churn(std::string name, unsigned unit) {
  phase now = named(std::move(name), phase::task::churn);
  now.unit = unit;
  now.budget = std::int64_t{256} << below(8);
  now.lives = 1 + static_cast<unsigned>(below(4));
  // Half of the phases hand nothing over: there only the allocator orders the threads.
  now.handover_per_mille = below(2) == 0 ? 0 : 125;
  now.mail_distance = static_cast<unsigned>(below(crew_.posts.size()));
  return now;
}

void campaign::deal(std::uint64_t credit) {
  for (post& here : crew_.posts) {
    here.credit = share(credit, crew_.posts.size(), rounds_, here.id);
    here.filling = true;
  }
}

// Mail that was on its way when the threads ended now lies with its receiver.
void campaign::settle() {
  for (post& here : crew_.posts) {
    for (parcel item; here.inbox.try_take(item);) here.held.push_back(item);
  }
}

void campaign::park() {
  for (post& here : crew_.posts) {
    here.parked.insert(here.parked.end(), here.held.begin(), here.held.end());
    here.held.clear();
  }
}

void campaign::unpark() {
  for (post& here : crew_.posts) {
    here.held.insert(here.held.end(), here.parked.begin(), here.parked.end());
    here.parked.clear();
  }
}

// So that threads also release what others took, in bulk.
void campaign::pass_on_held() {
  const std::size_t distance = below(crew_.posts.size());
  for (std::size_t i = 0; i + distance < crew_.posts.size(); ++i) {
    std::swap(crew_.posts[i].held, crew_.posts[i + distance].held);
  }
}

}  // namespace caiman::stress
