// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// answers.hpp: can the answers of one execution be explained by the specification?
//
// They can if the operations fit into one sequence that keeps what came before what, and in which
// the specification gives the same answers. The search is that of Wing and Gong (Testing and
// Verifying Concurrent Objects, JPDC 1993), with Lowe's cache of what was tried (Testing for
// linearizability, CCPE 2017): which operations have been done, and the state they lead to.
//
// Under the orders that ship, one operation is before another if it happens before it: what nothing
// orders an answer may ignore. With all orders seq_cst it is the order of time.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "caiman-model/tested.hpp"
#include "machine/machine.hpp"
#include "structures/scenario.hpp"

namespace caiman::model::machine {

/// A set of operations of one scenario.
struct call_set {
  std::array<std::uint64_t, 2> bits{};
  void add(std::size_t i) noexcept { bits[i / 64] |= std::uint64_t{1} << i % 64; }
  bool has(std::size_t i) const noexcept { return (bits[i / 64] >> i % 64 & 1) != 0; }
  bool holds(const call_set& other) const noexcept {
    return (other.bits[0] & ~bits[0]) == 0 && (other.bits[1] & ~bits[1]) == 0;
  }
  std::size_t size() const noexcept;
  friend auto operator<=>(const call_set&, const call_set&) = default;
};

/// One operation of a history.
struct answered {
  call what;
  int result = 0;
  call_set earlier;  // what came before it
};

class answers {
 public:
  /// Another scenario: what was explained before is forgotten.
  void clear() { explained_.clear(); }
  /// Whether the specification explains them. The same history is searched once.
  bool explain(tested& of, const std::vector<answered>& history);
  /// Why it does not: which answer fits nowhere, and what it should have been.
  std::string why_not(tested& of, const std::vector<answered>& history);

 private:
  struct tried {
    call_set done;
    std::uint32_t state;
    friend auto operator<=>(const tried&, const tried&) = default;
  };
  bool search(tested& of, const std::vector<answered>& history, tried at);

  std::set<std::vector<std::uint64_t>> explained_;
  std::set<tried> tried_;
  tried deepest_{};
  std::vector<std::size_t> path_;
  std::vector<std::size_t> deepest_path_;
  std::vector<std::uint64_t> key_;
};

/// What came before what in an execution that has ended.
std::vector<answered> history_of(const scenario& s, const std::vector<span>& spans,
                                 const std::vector<int>& results, bool by_time,
                                 consistency promised);

}  // namespace caiman::model::machine
