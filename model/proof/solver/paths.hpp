// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// paths.hpp: a call is run once for each way that it can go
//
// Where a condition can be both, the process forks: the child takes one way, the parent waits for
// it and takes the other. So nothing has to be undone or repeated, and a path that ends early ends
// with its process, out of whatever function it is in. What the processes find lies in memory that
// they share. At most as many processes live as a path has forks; one of them runs at a time.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "known.hpp"

namespace caiman::proof {

/// Something that must not be: what is broken, at which access, and how it came to that.
struct finding {
  std::string what;   ///< The clause, or the contract.
  std::string where;  ///< The site of the access, or of the end.
  std::string story;  ///< Accesses up to there, and a state: JSON of story.hpp.
};
/// Characters of a story, at most.
inline constexpr std::size_t most_of_a_story = 16'000;

/// How a path ended.
enum class path_end : unsigned char {
  whole,  ///< The call returned.
  again,  ///< It came back to a state that was met before: nothing new can follow.
  cannot  ///< Its conditions contradict each other.
};

/// What the paths of a check came to.
struct outcome {
  std::uint64_t paths = 0;      ///< Up to the end.
  std::uint64_t again = 0;      ///< Cut, since the state was met before.
  std::uint64_t questions = 0;  ///< Asked of the solver.
  std::uint64_t accesses = 0;   ///< Of the call.
  std::uint64_t checked = 0;    ///< Claims that had to follow.
  double seconds = 0;           ///< In all.
  bool finished = true;         ///< Whether every path was run.
  std::vector<finding> found;   ///< Empty: it holds.
};

/// How to run a check.
struct effort {
  double seconds = 0;            ///< At most; 0: for as long as it takes.
  bool stop_at_finding = false;  ///< The first one is enough.
};

/// Runs `body` once per path; a path is a process of its own. Throws std::runtime_error when one of
/// them dies.
outcome explore(const effort& limits, const std::function<void()>& body);

/// What a condition is on this path; on two paths if it can be both.
bool decide(const term& condition);
/// Any of the numbers below `count`, each on a path of its own.
unsigned choose(unsigned count);
/// What a bit vector is on this path; a path for each value that it can have.
std::uint64_t value_of(const term& number);
/// The check ends as an error, whoever calls, out of code that must not throw too.
[[noreturn]] void end_check(const std::string& why);
/// This path is over.
[[noreturn]] void end_path(path_end how);

/// Counts, and finds if it does not follow from what is known. `story` is asked only then.
void must(const term& claim, const char* what, const std::function<finding()>& story);
/// Something that must not be happened on this path.
void report(const finding& what);
/// Whether a state with this fingerprint is new; it is remembered.
bool is_new_state(const fingerprint& state);
/// For the counts of the outcome.
void count_question();
/// The same.
void count_access();

}  // namespace caiman::proof
