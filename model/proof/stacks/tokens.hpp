// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// tokens.hpp: numbers for what lies in entries
//
// To the core an entry is a number that is 0 or not, and equal to another one or not; nothing else
// is asked of it. So a token that a call reads gets a number, the one of an equal token that the
// call has met or a new one, on a path each; and what the call writes or returns is the token of
// that number. A number that no token has can come from nowhere but a defect.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <vector>

#include "solver/paths.hpp"

namespace caiman::proof {

/// Those that a call has met.
class known_tokens {
 public:
  /// More than that no path meets between two cuts; as indices they are of the smallest tree.
  static constexpr std::uint32_t most = 31;

  /// Its number; 0 of none.
  std::uint32_t number_of(const term& token) {
    if (decide(token == constant(0, 32))) return 0;
    for (std::size_t i = 0; i < met_.size(); ++i) {
      if (decide(token == met_[i])) return static_cast<std::uint32_t>(i + 1);
    }
    return add(token);
  }
  /// One that is not 0, and not known to be another one.
  std::uint32_t add(const term& token) {
    if (met_.size() == most) throw std::runtime_error("more tokens than there are numbers");
    met_.push_back(token);
    return static_cast<std::uint32_t>(met_.size());
  }
  /// The token of a number, or nothing.
  std::optional<term> of(std::uint64_t number) const {
    if (number == 0) return constant(0, 32);
    if (number > met_.size()) return {};
    return met_[number - 1];
  }
  /// None of them is used any more.
  void forget() { met_.clear(); }

 private:
  std::vector<term> met_;
};

}  // namespace caiman::proof
