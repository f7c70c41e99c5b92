// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// fibre.hpp: several stacks in one thread of the system
//
// A fibre does one job after another, and is made once: what a search pays for a switch is a jump.
// Its stack ends at a page that nobody may touch. One that is left in the middle of a job is made
// anew; what lay on its stack is not destroyed.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <csetjmp>
#include <cstddef>

namespace caiman::model::machine {

class fibre {
 public:
  static constexpr std::size_t stack_bytes = std::size_t{256} << 10;
  using job = void (*)(void* context, unsigned index);

  fibre(job what, void* context, unsigned index);
  fibre(const fibre&) = delete;
  fibre& operator=(const fibre&) = delete;
  ~fibre();

  /// Leaves `from`, which goes on when somebody switches back to it.
  static void jump(std::jmp_buf& from, fibre& to);
  /// Back to who started them; never returns.
  [[noreturn]] static void leave(std::jmp_buf& home);
  std::jmp_buf& here() noexcept { return here_; }
  /// It was left in the middle: its next job starts on an empty stack.
  void forget() noexcept { is_made_ = false; }
  /// At the end of a job: waits on its stack for the next one.
  void rest(std::jmp_buf& home);

  /// What its job has thrown and not caught yet, which the runtime keeps once per thread.
  struct exceptions {
    void* caught = nullptr;
    std::size_t uncaught = 0;
  };

 private:
  static void run(unsigned high, unsigned low);
  void make();

  job what_;
  void* context_;
  unsigned index_;
  std::byte* stack_ = nullptr;
  std::jmp_buf here_{};
  bool is_made_ = false;
};

/// Puts the exceptions of one fibre away, and those of another one in their place.
fibre::exceptions put_away_exceptions() noexcept;
void put_back_exceptions(const fibre::exceptions& own) noexcept;

}  // namespace caiman::model::machine
