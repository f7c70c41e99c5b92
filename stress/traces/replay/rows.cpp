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

template <class Row>
using replayed_buffers = stand_in_of_buffers<typename std::remove_cvref_t<Row>::subject_type>;

// Buffers let threads run less far ahead, so that they wait more often.
template <payload Payload>
using waiting_for = std::conditional_t<Payload == payload::yes, sleeping_waiting, patient_waiting>;

template <payload Payload, class Subject, class... Arguments>
row_result measure(const replay_plan& plan, unsigned warm_up, Arguments... made_from) {
  const std::uint64_t before = resident_bytes();
  Subject subject(made_from...);
  const std::uint64_t took = std::max(resident_bytes(), before) - before;
  for (unsigned i = 0; i < warm_up; ++i) replay<waiting_for<Payload>, Payload>(subject, plan);
  const bool apart = plan.threads.size() > 1;
  row_result done;
  if (apart) done.ping_pong_before = bench::ping_pong();
  done.replayed = replay<waiting_for<Payload>, Payload>(subject, plan);
  if (apart) done.ping_pong_after = bench::ping_pong();
  done.replayed.memory.base -= std::min(took, done.replayed.memory.base);
  return done;
}

template <class Subject, payload Payload>
row_result run_subject(const replay_plan& plan, const row_options& chosen) {
  if constexpr (std::is_constructible_v<Subject, std::size_t>) {
    row_result done;
    if constexpr (std::is_constructible_v<Subject, std::size_t, shrink_manner>) {
      done = measure<Payload, Subject>(plan, chosen.warm_up, chosen.region_bytes, chosen.shrinks);
    } else {
      done = measure<Payload, Subject>(plan, chosen.warm_up, chosen.region_bytes);
    }
    done.region_bytes = chosen.region_bytes;
    return done;
  } else {
    return measure<Payload, Subject>(plan, chosen.warm_up);
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

bool row_shrinks(std::string_view row, bool buffers) {
  bool can = false;
  bench::with_row(row, [&](const auto& asked) {
    using subject_type = replayed<decltype(asked)>;
    if constexpr (!std::is_void_v<subject_type>) {
      can = buffers ? detail::shrinking_subject<replayed_buffers<decltype(asked)>>
                    : detail::shrinking_subject<subject_type>;
    }
  });
  return can;
}

row_result replay_on_row(std::string_view row, const replay_plan& plan, const row_options& chosen) {
  row_result done;
  bench::with_row(row, [&](const auto& asked) {
    using subject_type = replayed<decltype(asked)>;
    if constexpr (!std::is_void_v<subject_type>) {
      using of_buffers = replayed_buffers<decltype(asked)>;
      done = chosen.buffers ? run_subject<of_buffers, payload::yes>(plan, chosen)
                            : run_subject<subject_type, payload::no>(plan, chosen);
    }
  });
  return done;
}

}  // namespace caiman::traces
