// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// workloads.hpp: what the threads do, real ones and virtual ones alike
//
// W2 to W4 and FAIL as in stress/bench, and NEAR, which is W3 in an arena that is all but full. The
// arena grows with the threads: 4,096 min blocks for each. Relies on ../common for the ring of W4.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lines.hpp"
#include "subjects.hpp"

namespace caiman::scale {

enum class workload : unsigned char { w2, w3, w4, fail, near };
inline constexpr std::array<std::string_view, 5> workload_names{"W2", "W3", "W4", "FAIL", "NEAR"};

/// Min blocks of the arena for each thread.
inline constexpr std::size_t share_of_thread = 4096;

struct plan {
  workload what;
  subject_kind under;
  unsigned threads;
  std::uint64_t seed = 1;
  fault with = fault::none;
  unsigned arena_for = 0;  ///< So many threads; 0: for `threads`.

  std::size_t min_blocks() const noexcept {
    return (arena_for != 0 ? arena_for : threads) * share_of_thread;
  }
};

/// An operation is a pair of W2 or W4, a release and a request of W3 or NEAR, a request of FAIL.
struct outcome {
  plan of;
  std::uint64_t operations = 0;
  std::uint64_t refused = 0;  ///< In FAIL, all.
  std::uint64_t fences = 0;
  tallies counted{};
  std::uint64_t ns = 0;  ///< Of all operations together, threads side by side.

  double per_operation(std::uint64_t what) const noexcept {
    return static_cast<double>(what) / static_cast<double>(operations);
  }
  /// Of one thread, for one operation.
  double ns_of_operation() const noexcept;
};

/// Under virtual threads, counted. Throws std::invalid_argument for W4 with one thread.
outcome simulate(const plan& what);
/// Under real ones, for so many operations of each thread: nothing is counted but the time.
outcome measure(const plan& what, unsigned operations);

}  // namespace caiman::scale
