// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// paths.cpp: forks, and the memory that all paths share
// ---------------------------------------------------------------------------------------------
#include "paths.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <stdexcept>

namespace caiman::proof {
namespace {

constexpr std::size_t most_findings = 16;

struct shared_text {
  char what[128];
  char where[64];
  char story[most_of_a_story + 1];
};

// One process runs at a time, so these are bare.
struct shared_memory {
  std::uint64_t paths, again, questions, accesses, checked;
  bool late, enough, broken;
  char broken_by[256];
  std::size_t found;
  shared_text findings[most_findings];
};

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): of the check that runs
shared_memory* shared = nullptr;
std::optional<shared_table> states;
effort limits_now;
std::chrono::steady_clock::time_point begun;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

double seconds_gone() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

shared_memory& memory() {
  if (shared == nullptr) throw std::logic_error("outside of explore()");
  return *shared;
}

[[noreturn]] void leave() { _exit(0); }

void copy(char* to, std::size_t room, const std::string& text) {
  const std::size_t length = std::min(room - 1, text.size());
  std::memcpy(to, text.data(), length);
  to[length] = '\0';
}

void break_off(const std::string& why) {
  if (memory().broken) return;
  memory().broken = true;
  copy(memory().broken_by, sizeof memory().broken_by, why);
}

// True in the child; in the parent false, after the child and all its paths have ended.
bool fork_path() {
  const pid_t child = ::fork();
  if (child < 0) {
    break_off("no further process can be made");
    leave();
  }
  if (child == 0) return true;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) break_off("the process of a path died");
  return false;
}

void leave_if_over() {
  shared_memory& all = memory();
  if (limits_now.seconds > 0 && seconds_gone() > limits_now.seconds) all.late = true;
  if (all.late || all.broken || all.enough) leave();
}

void run_body(const std::function<void()>& body) {
  try {
    body();
    ++memory().paths;
  } catch (const z3::exception& e) {
    break_off(e.msg());
  } catch (const std::exception& e) {
    break_off(e.what());
  }
  leave();
}

outcome read_outcome(const shared_memory& all) {
  outcome result{all.paths,
                 all.again,
                 all.questions,
                 all.accesses,
                 all.checked,
                 seconds_gone(),
                 !all.late && !all.enough,
                 {}};
  for (std::size_t i = 0; i < all.found; ++i) {
    const shared_text& text = all.findings[i];
    result.found.push_back({text.what, text.where, text.story});
  }
  return result;
}

}  // namespace

outcome explore(const effort& limits, const std::function<void()>& body) {
  // Not touched, it takes no memory.
  void* at = ::mmap(nullptr, sizeof(shared_memory), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  shared = static_cast<shared_memory*>(at);
  limits_now = limits;
  begun = std::chrono::steady_clock::now();
  known::here().clear();
  states.emplace();
  if (fork_path()) run_body(body);
  outcome result = read_outcome(*shared);
  const bool broken = shared->broken;
  const std::string why = shared->broken_by;
  ::munmap(at, sizeof(shared_memory));
  shared = nullptr;
  if (broken) throw std::runtime_error(why);
  return result;
}

bool decide(const term& condition) {
  const term simple = condition.simplify();
  if (simple.is_true()) return true;
  if (simple.is_false()) return false;
  known& here = known::here();
  if (!here.can(simple)) return false;
  if (!here.can(!simple)) return true;
  leave_if_over();
  const bool taken = fork_path();
  leave_if_over();
  here.assume(taken ? simple : !simple);
  return taken;
}

unsigned choose(unsigned count) {
  for (unsigned i = 0; i + 1 < count; ++i) {
    leave_if_over();
    if (fork_path()) return i;
  }
  leave_if_over();
  return count - 1;
}

std::uint64_t value_of(const term& number) {
  const term simple = number.simplify();
  std::uint64_t value = 0;
  if (simple.is_numeral_u64(value)) return value;
  known& here = known::here();
  const unsigned bits = simple.get_sort().bv_size();
  for (;;) {
    value = here.some_value(simple);
    const term is = simple == constant(value, bits);
    if (!here.can(!is)) return value;
    leave_if_over();
    if (fork_path()) {
      here.assume(is);
      return value;
    }
    leave_if_over();
    here.assume(!is);
  }
}

void end_check(const std::string& why) {
  break_off(why);
  leave();
}

void end_path(path_end how) {
  if (how == path_end::again) ++memory().again;
  leave();
}

void must(const term& claim, const char* what, const std::function<finding()>& story) {
  ++memory().checked;
  if (known::here().holds(claim)) return;
  finding found = story();
  found.what = what;
  report(found);
}

void report(const finding& what) {
  shared_memory& all = memory();
  const auto same = [&](const shared_text& other) {
    return what.what == other.what && what.where == other.where;
  };
  if (all.found < most_findings && std::none_of(all.findings, all.findings + all.found, same)) {
    shared_text& text = all.findings[all.found++];
    copy(text.what, sizeof text.what, what.what);
    copy(text.where, sizeof text.where, what.where);
    copy(text.story, sizeof text.story, what.story);
  }
  if (limits_now.stop_at_finding) all.enough = true;
  // What follows from a broken state says nothing.
  leave();
}

bool is_new_state(const fingerprint& state) {
  if (states->find(state)) return false;
  if (!states->put(state, 1)) throw std::runtime_error("too many states");
  return true;
}

void count_question() { ++memory().questions; }
void count_access() { ++memory().accesses; }

}  // namespace caiman::proof
