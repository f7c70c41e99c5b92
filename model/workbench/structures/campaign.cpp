// SPDX-License-Identifier: MIT
#include "structures/campaign.hpp"

#include <algorithm>
#include <set>

#include "structures/stopping.hpp"

namespace caiman::model::machine {
namespace {

using clock = std::chrono::steady_clock;

struct attempt_of {
  way how;
  std::uint64_t executions;
};

std::vector<attempt_of> plan_of(const effort& how, std::uint64_t seed) {
  std::vector<attempt_of> all;
  all.push_back({{method::bound, 0, 0}, how.walk});
  if (how.bound >= 1) all.push_back({{method::bound, 1, 0}, how.walk});
  all.push_back({{method::random, 0, seed}, how.random});
  all.push_back({{method::pct, how.pct_depth, seed}, how.pct});
  for (unsigned b = 2; b <= how.bound; ++b) all.push_back({{method::bound, b, 0}, how.walk});
  if (how.full > 0) all.push_back({{method::full, 0, 0}, how.full});
  std::erase_if(all, [](const attempt_of& a) { return a.executions == 0; });
  return all;
}

conviction made(const trial& on, const attempt_of& a, const search_result& r) {
  return {on.in_use(), a.how, on.seq_cst(), r.executions, r.found, r.choices, r.switches};
}

std::optional<conviction> try_in_mode(trial& on, const std::vector<attempt_of>& plan,
                                      const effort& how, deadline until, tally& seen) {
  for (const attempt_of& a : plan) {
    const search_result r = on.search(a.how, a.executions, until);
    seen.executions += r.executions;
    seen.longest = std::max(seen.longest, r.longest);
    if (!r.found.property.empty()) return made(on, a, r);
    if (r.timed_out) {
      seen.timed_out = true;
      return {};
    }
    if (on.seq_cst()) continue;
    if (a.how.how == method::full && r.ended) ++seen.exhausted;
    if (a.how.how == method::bound && a.how.bound == how.bound && r.ended) ++seen.bounded;
  }
  return {};
}

}  // namespace

std::optional<conviction> try_scenario(trial& on, const scenario& s, const effort& how,
                                       std::uint64_t seed, deadline until, tally& seen) {
  on.use(s);
  ++seen.scenarios;
  seen.threads = std::max(seen.threads, static_cast<unsigned>(s.threads.size()));
  on.use_seq_cst(false);
  if (auto found = try_in_mode(on, plan_of(how, seed), how, until, seen)) return found;
  if (!how.by_time || seen.timed_out) return {};
  effort less = how;
  less.random /= 4;
  less.pct /= 4;
  less.walk /= 4;
  less.full = 0;
  on.use_seq_cst(true);
  auto found = try_in_mode(on, plan_of(less, seed), less, until, seen);
  on.use_seq_cst(false);
  return found;
}

std::optional<conviction> run_campaign(trial& on, const tested& of, const campaign& plan,
                                       tally& seen) {
  const auto start = clock::now();
  std::set<std::string> known;
  std::optional<conviction> found;
  // Where there are few scenarios, the inventor comes back to them.
  for (unsigned n = 0; n < plan.scenarios * 4 && seen.scenarios < plan.scenarios; ++n) {
    const scenario s = invent(of, plan.seed, n);
    if (!known.insert(to_string(s, of)).second) continue;
    found = try_scenario(on, s, plan.each, plan.seed + n, plan.until, seen);
    seen.seconds = std::chrono::duration<double>(clock::now() - start).count();
    if (plan.tell) plan.tell(seen);
    if (found || seen.timed_out) break;
  }
  return found;
}

namespace {

/// What comes of memory that is misused depends on luck: a smaller scenario may show another of it.
bool is_of_memory(const std::string& property) {
  return property == "crash" || property == "leak" || property == "heap" ||
         property == "double free" || property == "use after free";
}

/// The same property again, or any, with as few switches as there is time for.
std::optional<conviction> same_again(trial& on, const conviction& was, const scenario& s, bool any,
                                     std::uint64_t walk, std::uint64_t drawn, deadline until,
                                     tally& seen) {
  on.use(s);
  on.use_seq_cst(was.seq_cst);
  std::vector<attempt_of> plan;
  for (unsigned b = 0; b <= 3; ++b) plan.push_back({{method::bound, b, 0}, walk});
  if (drawn > 0) {
    plan.push_back({{method::random, 0, was.how.seed}, drawn});
    plan.push_back({{method::pct, 3, was.how.seed}, drawn});
  }
  std::optional<conviction> found;
  for (const attempt_of& a : plan) {
    const search_result r = on.search(a.how, a.executions, until);
    seen.executions += r.executions;
    if (r.found.property == was.found.property ||
        (any && !r.found.property.empty() && is_of_memory(was.found.property))) {
      found = made(on, a, r);
      break;
    }
    if (r.timed_out) break;
  }
  on.use_seq_cst(false);
  return found;
}

/// Choices that are not needed become the plain ones.
void plainer_choices(trial& on, conviction& found, tally& seen) {
  on.use(found.what);
  on.use_seq_cst(found.seq_cst);
  const auto keeps = [&](const std::vector<std::uint16_t>& choices) {
    ++seen.executions;
    return on.again(choices, false).property == found.found.property && !on.lost();
  };
  for (std::size_t i = 0; i < found.choices.size(); ++i) {
    if (found.choices[i] == 0) continue;
    std::vector<std::uint16_t> plain = found.choices;
    plain[i] = 0;
    if (!keeps(plain)) continue;
    found.choices = on.choices();
  }
  found.found = on.again(found.choices, false);
  found.choices = on.choices();
  on.use_seq_cst(false);
}

}  // namespace

conviction made_small(trial& on, conviction found, bool stays, deadline until, tally& seen) {
  bool again = !stays;
  while (again && clock::now() < until && !asked_to_stop()) {
    again = false;
    for (const scenario& less : smaller(found.what)) {
      auto same = same_again(on, found, less, true, 6000, 10'000, until, seen);
      if (!same) continue;
      found = *same;
      again = true;
      break;
    }
  }
  if (auto fewest = same_again(on, found, found.what, false, 30'000, 0, until, seen))
    found = *fewest;
  plainer_choices(on, found, seen);
  return found;
}

}  // namespace caiman::model::machine
