// SPDX-License-Identifier: MIT
#include "rows.hpp"

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "../../bench/subjects/in_force.hpp"
#include "../../bench/workloads/crew.hpp"
#include "memory.hpp"
#include "subjects.hpp"

namespace caiman::traces {
namespace {

template <class Row>
using replayed = stand_in_for<typename std::remove_cvref_t<Row>::subject_type>;

template <class Subject, class... Arguments>
row_result measure(const replay_plan& plan, unsigned warm_up, Arguments... made_from) {
  const std::uint64_t before = resident_bytes();
  Subject subject(made_from...);
  const std::uint64_t took = std::max(resident_bytes(), before) - before;
  for (unsigned i = 0; i < warm_up; ++i) replay(subject, plan);
  const bool apart = plan.threads.size() > 1;
  row_result done;
  if (apart) done.ping_pong_before = bench::ping_pong();
  done.replayed = replay(subject, plan);
  if (apart) done.ping_pong_after = bench::ping_pong();
  done.replayed.memory.base -= std::min(took, done.replayed.memory.base);
  return done;
}

template <class Subject>
row_result run_subject(const replay_plan& plan, unsigned warm_up, std::size_t region_bytes) {
  if constexpr (std::is_constructible_v<Subject, std::size_t>) {
    row_result done = measure<Subject>(plan, warm_up, region_bytes);
    done.region_bytes = region_bytes;
    return done;
  } else {
    return measure<Subject>(plan, warm_up);
  }
}

}  // namespace

std::vector<std::string> replayed_rows() {
  std::vector<std::string> all;
  bench::for_each_row([&](const auto& each) {
    if constexpr (!std::is_void_v<replayed<decltype(each)>>) all.emplace_back(each.name);
  });
  return all;
}

std::optional<std::string> wrong_library(std::string_view row) {
  std::optional<std::string> wrong;
  bench::with_row(row, [&](const auto& asked) {
#ifdef CAIMAN_SANITIZED  // by meson.build: clang has no macro of its own, g++ not clang's question
    if (asked.behind.preload.empty()) return;  // malloc is the sanitizer's
#endif
    wrong = bench::not_in_force(asked.behind);
  });
  return wrong;
}

row_result replay_on_row(std::string_view row, const replay_plan& plan, unsigned warm_up,
                         std::size_t region_bytes) {
  row_result done;
  bench::with_row(row, [&](const auto& asked) {
    using subject_type = replayed<decltype(asked)>;
    if constexpr (!std::is_void_v<subject_type>) {
      done = run_subject<subject_type>(plan, warm_up, region_bytes);
    }
  });
  return done;
}

}  // namespace caiman::traces
