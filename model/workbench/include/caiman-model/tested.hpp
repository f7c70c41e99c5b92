// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// tested.hpp: a structure and its specification, without their types
//
// What the library asks of the templates in check.hpp. Answers and states of the specification are
// numbers: equal ones have the same. So a history of answers is a list of numbers, and what the
// specification says of a state is asked of it once.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace caiman::model {

/// Which order of operations the answers must fit.
enum class consistency : unsigned char {
  linearizable,  // that of happens-before; with all orders seq_cst that of time
  sequential     // that of each thread alone
};

namespace machine {

struct operation_info {
  std::string name;
  unsigned choices = 1;   // of arguments
  unsigned threads = 0;   // at most so many may do it, 0 for all
  std::string role = {};  // operations of one role share their thread
};

/// What a check may be told besides its operations.
struct test_settings {
  unsigned least_threads = 2;
  unsigned most_threads = 3;
  unsigned operations = 4;  // of a thread, at most
  unsigned start_full = 0;
  consistency promised = consistency::linearizable;
};

class tested {
 public:
  static constexpr int any_answer = -1;
  static constexpr int no_answer = -2;
  struct answer {
    std::uint32_t state = 0;
    int result = any_answer;
  };

  tested() = default;
  tested(const tested&) = delete;
  tested& operator=(const tested&) = delete;
  virtual ~tested() = default;

  const std::vector<operation_info>& operations() const noexcept { return infos_; }
  const test_settings& settings() const noexcept { return settings_; }

  // ---- the structure, in an execution ----------------------------------------------------------

  virtual void build() = 0;
  virtual void destroy() = 0;
  /// The number of its answer.
  virtual int call(unsigned operation, unsigned choice) = 0;
  /// What is wrong at the end, or between two steps; empty if nothing is.
  virtual std::string after() = 0;
  virtual std::string invariant() = 0;
  virtual bool has_invariant() const noexcept = 0;
  virtual std::string state() = 0;

  // ---- words -----------------------------------------------------------------------------------

  virtual std::string text(unsigned operation, unsigned choice) const = 0;
  virtual std::string result_text(unsigned operation, int result) const = 0;

  // ---- the specification -----------------------------------------------------------------------

  virtual bool has_specification() const noexcept = 0;
  virtual std::uint32_t first_state() = 0;
  /// `given` is what the structure has answered: a specification that leaves it a choice judges it.
  virtual answer ask(std::uint32_t state, unsigned operation, unsigned choice, int given) = 0;

 protected:
  std::vector<operation_info> infos_;  // NOLINT: for the template that fills them in
  test_settings settings_;             // NOLINT
};

/// A program that is given, not invented: each thread does one operation.
struct fixed_program {
  unsigned threads = 0;  // 0: scenarios are invented
};

int check_tested(int argc, char** argv, tested& what, const fixed_program& fixed);

/// While it lives, new and delete are those of the execution.
class user_code {
 public:
  user_code() noexcept;
  user_code(const user_code&) = delete;
  user_code& operator=(const user_code&) = delete;
  ~user_code();

 private:
  bool was_;
};

}  // namespace machine
}  // namespace caiman::model
