// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// check.hpp: a lock-free structure of your own under the checks
//
//   int main(int argc, char** argv) {
//     return m::check<queue<m::atomic>, queue_spec>(
//         argc, argv, m::operation("push", &queue<m::atomic>::push, &queue_spec::push, m::any_of(1,
//         2)), m::operation("pop", &queue<m::atomic>::pop, &queue_spec::pop));
//   }
//
// The structure takes m::atomic in the place of std::atomic, and m::plain for what it hands over.
// The specification is ordinary sequential code: copyable, compared by ==. The program that this
// makes invents scenarios, explores what C++20 allows in each, and shows the smallest that fails.
// docs/workbench.md is its guide.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <concepts>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "atomic.hpp"
#include "blocking.hpp"
#include "operation.hpp"
#include "plain.hpp"
#include "tested.hpp"
#include "value_text.hpp"

namespace caiman::model {

namespace machine {

/// What a judging function says: empty where all is well.
template <class F, class S>
std::string judged(F& call, S& structure, const char* otherwise) {
  using result = std::invoke_result_t<F&, S&>;
  if constexpr (std::is_void_v<result>) {
    call(structure);
    return {};
  } else if constexpr (std::same_as<result, bool>) {
    return call(structure) ? std::string() : std::string(otherwise);
  } else {
    return std::string(call(structure));
  }
}

/// Equal values have equal numbers.
template <class T>
class numbered {
 public:
  template <class U>
  int find(const U& value) const {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (all_[i] == value) return static_cast<int>(i);
    }
    return tested::no_answer;
  }
  template <class U>
  int number(const U& value) {
    const int known = find(value);
    if (known >= 0) return known;
    all_.push_back(T(value));
    return static_cast<int>(all_.size()) - 1;
  }
  const T& operator[](int i) const { return all_[static_cast<std::size_t>(i)]; }
  std::size_t size() const noexcept { return all_.size(); }
  void clear() { all_.clear(); }

 private:
  std::deque<T> all_;
};

template <class S, class Spec>
class operation_base {
 public:
  operation_base() = default;
  operation_base(const operation_base&) = delete;
  operation_base& operator=(const operation_base&) = delete;
  virtual ~operation_base() = default;
  virtual int call(S& on, unsigned choice) = 0;
  virtual int ask(Spec& on, unsigned choice, int given) = 0;
  virtual std::string text(unsigned choice) const = 0;
  virtual std::string result_text(int result) const = 0;
};

template <class S, class Spec, class Call, class SpecCall, class... From>
class operation_model final : public operation_base<S, Spec> {
  using made = operation_of<Call, SpecCall, From...>;
  template <class F, class On>
  using result_on = std::invoke_result_t<F&, On&, decltype(std::declval<From>().at(0U))...>;
  using result = std::remove_cvref_t<result_on<Call, S>>;
  static constexpr bool is_void = std::is_void_v<result>;
  using stored = std::conditional_t<is_void, int, result>;
  // It takes the answer besides, and says whether that is right.
  static constexpr bool judges =
      !is_void && std::is_invocable_r_v<bool, SpecCall&, Spec&,
                                        decltype(std::declval<From>().at(0U))..., const stored&>;

 public:
  explicit operation_model(made what) : what_(std::move(what)) {}

  int call(S& on, unsigned choice) override {
    return with_arguments(choice, [&](auto... arguments) {
      if constexpr (is_void) {
        const user_code inside;
        std::invoke(what_.call, on, std::move(arguments)...);
        return 0;
      } else {
        std::optional<result> answer;
        {
          const user_code inside;
          answer.emplace(std::invoke(what_.call, on, std::move(arguments)...));
        }
        const int number = answers_.number(*answer);
        const user_code inside;
        answer.reset();
        return number;
      }
    });
  }
  int ask(Spec& on, unsigned choice, int given) override {
    if constexpr (std::same_as<SpecCall, nothing>) {
      return tested::any_answer;
    } else if constexpr (judges) {
      return with_arguments(choice, [&](auto... arguments) {
        const bool fits =
            std::invoke(what_.spec, on, std::move(arguments)..., std::as_const(answers_[given]));
        return fits ? given : tested::no_answer;
      });
    } else {
      return with_arguments(choice, [&](auto... arguments) {
        using said = std::remove_cvref_t<result_on<SpecCall, Spec>>;
        if constexpr (is_void || std::is_void_v<said>) {
          std::invoke(what_.spec, on, std::move(arguments)...);
          return tested::any_answer;
        } else {
          const said right = std::invoke(what_.spec, on, std::move(arguments)...);
          if constexpr (std::constructible_from<stored, const said&>) {
            return answers_.number(right);
          } else {
            return answers_.find(right);
          }
        }
      });
    }
  }
  std::string text(unsigned choice) const override {
    std::string all;
    with_arguments(choice, [&](const auto&... arguments) {
      ((all += (all.empty() ? "" : ", ") + text_of_value(arguments)), ...);
      return 0;
    });
    return what_.name + '(' + all + ')';
  }
  std::string result_text(int number) const override {
    if constexpr (is_void) {
      return {};
    } else {
      return number < 0 ? "another answer" : text_of_value(answers_[number]);
    }
  }

 private:
  template <class F>
  int with_arguments(unsigned choice, const F& use) const {
    return std::apply(
        [&](const auto&... from) {
          [[maybe_unused]] unsigned left = choice;
          [[maybe_unused]] const auto next = [&](const auto& one) {
            const unsigned i = left % one.size();
            left /= one.size();
            return one.at(i);
          };
          // In braces, so that the arguments are chosen from left to right.
          std::tuple<decltype(from.at(0U))...> arguments{next(from)...};
          return std::apply(use, std::move(arguments));
        },
        what_.from);
  }

  made what_;
  numbered<stored> answers_;
};

template <class S, class Spec>
class tested_of final : public tested {
 public:
  static_assert(std::copyable<Spec> && std::equality_comparable<Spec>,
                "a specification is copied, and compared by ==");

  template <class Call, class SpecCall, class... From>
  void add(operation_of<Call, SpecCall, From...> what) {
    unsigned choices = 1;
    std::apply([&](const auto&... from) { ((choices *= from.size()), ...); }, what.from);
    infos_.push_back({what.name, choices, what.most_threads, what.role});
    specified_ = specified_ || !std::same_as<SpecCall, nothing>;
    operations_.push_back(
        std::make_unique<operation_model<S, Spec, Call, SpecCall, From...>>(std::move(what)));
  }
  template <class F>
  void add(thread_of<F> what) {
    add(operation("thread " + std::to_string(operations_.size()), std::move(what.call)));
  }
  template <class F>
  void add(before_of<F> what) {
    before_ = [call = std::move(what.call)](S& s) mutable { call(s); };
  }
  template <class F>
  void add(after_of<F> what) {
    after_ = [call = std::move(what.call)](S& s) mutable {
      return judged(call, s, "what must hold at the end does not");
    };
  }
  template <class F>
  void add(invariant_of<F> what) {
    invariant_ = [call = std::move(what.call)](S& s) mutable {
      return judged(call, s, "what must hold after each step does not");
    };
  }
  template <class F>
  void add(state_of<F> what) {
    state_ = [call = std::move(what.call)](S& s) mutable { return std::string(call(s)); };
  }
  void add(threads_of n) {
    settings_.least_threads = n.least;
    settings_.most_threads = n.most;
  }
  void add(operations_of n) { settings_.operations = n.most; }
  void add(start_full_of n) { settings_.start_full = n.most; }
  void add(consistency promised) { settings_.promised = promised; }

  void build() override {
    const user_code inside;
    now_ = ::new (operator new (sizeof(S), std::align_val_t{alignof(S)})) S();
    if (before_) before_(*now_);
  }
  void destroy() override {
    const user_code inside;
    now_->~S();
    operator delete (now_, std::align_val_t{alignof(S)});
  }
  int call(unsigned operation, unsigned choice) override {
    return operations_[operation]->call(*now_, choice);
  }
  std::string after() override { return asked(after_); }
  std::string invariant() override { return invariant_ ? invariant_(*now_) : std::string(); }
  bool has_invariant() const noexcept override { return static_cast<bool>(invariant_); }
  std::string state() override { return state_ ? state_(*now_) : std::string(); }

  std::string text(unsigned operation, unsigned choice) const override {
    return operations_[operation]->text(choice);
  }
  std::string result_text(unsigned operation, int result) const override {
    return operations_[operation]->result_text(result);
  }

  bool has_specification() const noexcept override { return specified_; }
  std::uint32_t first_state() override {
    return static_cast<std::uint32_t>(states_.number(Spec{}));
  }
  answer ask(std::uint32_t state, unsigned operation, unsigned choice, int given) override {
    const auto key = std::make_tuple(state, operation, choice, given);
    const auto known = said_.find(key);
    if (known != said_.end()) return known->second;
    Spec next = states_[static_cast<int>(state)];
    answer right;
    right.result = operations_[operation]->ask(next, choice, given);
    right.state = static_cast<std::uint32_t>(states_.number(next));
    said_.emplace(key, right);
    return right;
  }

 private:
  std::string asked(std::function<std::string(S&)>& judge) {
    if (!judge) return {};
    std::optional<std::string> text;
    {
      const user_code inside;
      text.emplace(judge(*now_));
    }
    // A copy, whose memory is the program's own.
    std::string kept(text->data(), text->size());
    const user_code inside;
    text.reset();
    return kept;
  }

  S* now_ = nullptr;
  std::vector<std::unique_ptr<operation_base<S, Spec>>> operations_;
  std::function<void(S&)> before_;
  std::function<std::string(S&)> after_;
  std::function<std::string(S&)> invariant_;
  std::function<std::string(S&)> state_;
  bool specified_ = false;
  numbered<Spec> states_;
  std::map<std::tuple<std::uint32_t, unsigned, unsigned, int>, answer> said_;
};

/// The specification of a structure that has none.
struct unspecified {
  friend bool operator==(const unspecified&, const unspecified&) = default;
};

}  // namespace machine

/// The command line of a program that checks `S` against the specification: verify, run, replay,
/// show, list, audit, optimize, cost. `what` are operations, and what else operation.hpp has. The
/// exit code: 0 no violation, 1 a violation, 2 wrong use.
template <class S, class Spec = machine::unspecified, class... What>
int check(int argc, char** argv, What... what) {
  static machine::tested_of<S, Spec> all;
  (all.add(std::move(what)), ...);
  return machine::check_tested(argc, argv, all, {});
}

/// The same of a given program: one thread for each m::thread(f), with f(S&).
template <class S, class... What>
int check_program(int argc, char** argv, What... what) {
  static machine::tested_of<S, machine::unspecified> all;
  (all.add(std::move(what)), ...);
  return machine::check_tested(argc, argv, all, {static_cast<unsigned>(all.operations().size())});
}

}  // namespace caiman::model
