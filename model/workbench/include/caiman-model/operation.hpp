// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// operation.hpp: what a check is made of: operations, their arguments, and what must hold
// ---------------------------------------------------------------------------------------------
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "tested.hpp"

namespace caiman::model {

namespace machine {

template <class T>
struct one_of {
  std::vector<T> values;
  unsigned size() const noexcept { return static_cast<unsigned>(values.size()); }
  T at(unsigned i) const { return values[i]; }
};
template <class T>
struct in_range {
  T first;
  T last;
  unsigned size() const noexcept { return static_cast<unsigned>(last - first) + 1; }
  T at(unsigned i) const noexcept { return static_cast<T>(first + static_cast<T>(i)); }
};
template <class T>
concept generator = requires(const T& from) {
  { from.size() } -> std::same_as<unsigned>;
  from.at(0U);
};

/// For operations without a specification.
struct nothing {};

template <class Call, class Spec, class... From>
struct operation_of {
  std::string name;
  Call call;
  Spec spec;
  std::tuple<From...> from;
  unsigned most_threads = 0;
  std::string role = {};

  /// Only one thread of a scenario does it: a single producer, say.
  operation_of one_thread() && { return std::move(*this).threads(1); }
  /// Only one thread of a scenario does it, the same that does the others of this role: the owner
  /// of a deque, say, who pushes and takes.
  operation_of one_thread(std::string owner) && {
    role = std::move(owner);
    return std::move(*this).threads(1);
  }
  /// At most `n` threads of a scenario do it.
  operation_of threads(unsigned n) && {
    most_threads = n;
    return std::move(*this);
  }
};

template <class F>
struct before_of {
  F call;
};
template <class F>
struct after_of {
  F call;
};
template <class F>
struct invariant_of {
  F call;
};
template <class F>
struct state_of {
  F call;
};
template <class F>
struct thread_of {
  F call;
};
struct threads_of {
  unsigned least;
  unsigned most;
};
struct operations_of {
  unsigned most;
};
struct start_full_of {
  unsigned most;
};

}  // namespace machine

// ---- arguments ---------------------------------------------------------------------------------

/// One of these.
template <class... T>
auto any_of(T... values) {
  using common = std::common_type_t<T...>;
  return machine::one_of<common>{{static_cast<common>(values)...}};
}
/// One of `first` to `last`, both included.
template <std::integral T>
machine::in_range<T> range(T first, T last) {
  return {first, last};
}

// ---- operations --------------------------------------------------------------------------------

/// A member of the structure and the same of its specification, or functions (S&, arguments…) in
/// their place. Answers are compared by ==; what gives back nothing is right whatever it does. A
/// specification that allows several answers, as an allocator's does, is a function (Spec&,
/// arguments…, answer) that gives back whether the answer is right.
template <class Call, class Spec, machine::generator... From>
requires(!machine::generator<Spec>) auto operation(std::string name, Call call, Spec spec,
                                                   From... from) {
  return machine::operation_of<Call, Spec, From...>{
      std::move(name), std::move(call), std::move(spec), {std::move(from)...}};
}
/// Without a specification.
template <class Call, machine::generator... From>
auto operation(std::string name, Call call, From... from) {
  return machine::operation_of<Call, machine::nothing, From...>{
      std::move(name), std::move(call), {}, {std::move(from)...}};
}

// ---- what must hold ----------------------------------------------------------------------------
// Functions of (S&). Those that judge give back true, or an empty text, where all is well; or they
// give back nothing and call require().

/// Before the threads start.
template <class F>
machine::before_of<F> before(F call) {
  return {std::move(call)};
}
/// When all have ended.
template <class F>
machine::after_of<F> after(F call) {
  return {std::move(call)};
}
/// After each step. It may only look.
template <class F>
machine::invariant_of<F> invariant(F call) {
  return {std::move(call)};
}
/// How the structure looks, for traces: gives back a text.
template <class F>
machine::state_of<F> state(F call) {
  return {std::move(call)};
}
/// A thread of check_program.
template <class F>
machine::thread_of<F> thread(F call) {
  return {std::move(call)};
}

// ---- sizes -------------------------------------------------------------------------------------

/// So many threads; 2 to 3 unless told otherwise, at most 5.
inline machine::threads_of threads(unsigned least, unsigned most) { return {least, most}; }
inline machine::threads_of threads(unsigned n) { return {n, n}; }
/// So many operations in a thread at most; 4 unless told otherwise, at most 16.
inline machine::operations_of operations(unsigned most) { return {most}; }
/// The set-up does the first operation up to so many times.
inline machine::start_full_of start_full(unsigned most) { return {most}; }

}  // namespace caiman::model
