// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// answers.cpp: forms of questions, and the table of answers
// ---------------------------------------------------------------------------------------------
#include "answers.hpp"

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <stdexcept>

namespace caiman::proof {
namespace {

constexpr std::size_t most_answers = std::size_t{1} << 22;

struct answer {
  fingerprint_of_form to;
  std::uint64_t is;
  bool is_there;
};
struct shared_answers {
  std::size_t kept;
  answer all[most_answers];
};
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): of this process and its forks
shared_answers* answers = nullptr;

// Where it is, or would be: at least half of the room is free.
answer& place_of(const fingerprint_of_form& question) {
  if (answers == nullptr) throw std::logic_error("outside of explore()");
  for (std::size_t i = 0;; ++i) {
    answer& at = answers->all[(question.first + i) % most_answers];
    if (!at.is_there || at.to == question) return at;
  }
}

class forming {
 public:
  // NOLINTNEXTLINE(misc-no-recursion): as deep as the term is
  fingerprint_of_form of(const z3::expr& term) {
    if (const auto found = seen_.find(term.id()); found != seen_.end()) return found->second;
    fingerprint_of_form its;
    const z3::sort sort = term.get_sort();
    its.add(sort.is_bool() ? 0 : sort.bv_size());
    const z3::func_decl what = term.decl();
    its.add(what.decl_kind());
    if (std::uint64_t value = 0; term.is_numeral()) {
      if (!term.is_numeral_u64(value)) throw std::logic_error("a number of more than 64 bits");
      its.add(value);
    } else if (what.decl_kind() == Z3_OP_UNINTERPRETED) {
      its.add(variables.size());
      variables.push_back(term.id());
    }
    const unsigned parameters =
        term.is_numeral() ? 0 : Z3_get_decl_num_parameters(term.ctx(), what);
    for (unsigned i = 0; i < parameters; ++i)  // of what cuts or widens a bit vector
      its.add(static_cast<unsigned>(Z3_get_decl_int_parameter(term.ctx(), what, i)));
    its.add(term.num_args());
    for (unsigned i = 0; i < term.num_args(); ++i) its.add(of(term.arg(i)));
    return seen_.emplace(term.id(), its).first->second;
  }
  std::vector<unsigned> variables;

 private:
  std::unordered_map<unsigned, fingerprint_of_form> seen_;
};

}  // namespace

form form_of(const z3::expr& term) {
  forming all;
  const fingerprint_of_form shape = all.of(term);
  return {shape, std::move(all.variables)};
}

void question_form::add(const form& term) {
  all_.add(term.shape);
  for (const unsigned each : term.variables)
    all_.add(number_of_.emplace(each, static_cast<unsigned>(number_of_.size())).first->second);
}

void make_room_for_answers() {
  if (answers != nullptr) return;
  // Not touched, it takes no memory.
  void* at = ::mmap(nullptr, sizeof(shared_answers), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  answers = static_cast<shared_answers*>(at);
}

std::optional<std::uint64_t> earlier_answer(const fingerprint_of_form& question) {
  const answer& at = place_of(question);
  return at.is_there ? std::optional(at.is) : std::nullopt;
}

void keep_answer(const fingerprint_of_form& question, std::uint64_t answer_is) {
  if (answers->kept == most_answers / 2) return;
  ++answers->kept;
  place_of(question) = {question, answer_is, true};
}

}  // namespace caiman::proof
