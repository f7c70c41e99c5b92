// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// answers.hpp: what the solver has answered before, on any path of any check
//
// Most questions are asked again, of other variables: the others have moved, and of the new words
// as much is known as of the old ones. So a question is known by its form, which is what it is but
// for the names of its variables, and its answer is kept in memory that all paths share. A form is
// kept as two hashes of 64 bits, as states are. One process at a time runs.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include <z3++.h>

namespace caiman::proof {

/// Two hashes of something.
struct fingerprint_of_form {
  std::uint64_t first = 0xcbf29ce484222325;
  std::uint64_t second = 0x84222325cbf29ce4;
  void add(std::uint64_t what) noexcept {
    first = (first ^ what) * 0x100000001b3;
    first ^= first >> 29;
    second = (second + what) * 0x9e3779b97f4a7c15;
    second ^= second >> 32;
  }
  void add(const fingerprint_of_form& other) noexcept {
    add(other.first);
    add(other.second);
  }
  friend bool operator==(const fingerprint_of_form&, const fingerprint_of_form&) = default;
};

/// A term, but for the names of its variables.
struct form {
  fingerprint_of_form shape;        ///< With each variable by its place in the list.
  std::vector<unsigned> variables;  ///< By the numbers of Z3, as they first appear in the term.
};
/// Of a bit vector or a truth.
form form_of(const z3::expr& term);

/// A question in the making: terms one after the other.
class question_form {
 public:
  explicit question_form(std::uint64_t kind) { all_.add(kind); }
  void add(const form& term);
  const fingerprint_of_form& fingerprint() const { return all_; }

 private:
  fingerprint_of_form all_;
  std::unordered_map<unsigned, unsigned> number_of_;
};

/// What was answered to it, if it was asked before.
std::optional<std::uint64_t> earlier_answer(const fingerprint_of_form& question);
/// Keeps an answer, as long as there is room.
void keep_answer(const fingerprint_of_form& question, std::uint64_t answer);
/// Makes the memory, before the first path.
void make_room_for_answers();

}  // namespace caiman::proof
