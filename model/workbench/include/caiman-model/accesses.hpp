// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// accesses.hpp: what the checked types ask of the machine
//
// The machine runs the threads of one execution as fibres of one thread of the system, and decides
// at each access who goes on and which value a load sees (machine/README.md). Outside an execution
// an atomic is an ordinary variable. Values travel as 64 bits.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstdint>

#include "place.hpp"

namespace caiman::model::machine {

/// What an atomic object keeps: its value at the start of an execution, and where the machine has
/// its history in this one.
struct cell {
  std::uint64_t first = 0;
  std::uint32_t execution = 0;
  std::uint32_t location = 0;
};

/// A read-modify-write's function, of the old value and an operand.
using change = std::uint64_t (*)(std::uint64_t old, std::uint64_t operand);

enum class access : unsigned char {
  load,
  store,
  exchange,
  fetch_add,
  fetch_sub,
  fetch_or,
  fetch_and,
  fetch_xor,
  cas
};

// ---- atomics -----------------------------------------------------------------------------------

/// A new atomic object, and the end of one.
void begin(cell& of, const place& at);
void end(cell& of);

std::uint64_t load(cell& of, std::memory_order order, const place& at);
void store(cell& of, std::uint64_t value, std::memory_order order, const place& at);
std::uint64_t read_modify_write(cell& of, access what, change how, std::uint64_t operand,
                                std::memory_order order, const place& at);

struct exchange_of {
  std::uint64_t expected = 0;
  std::uint64_t desired = 0;
  std::memory_order success{};
  std::memory_order failure{};
  bool weak = false;  // it may fail although the values are equal
};
/// Whether it took place; `expected` is what it found.
bool compare_exchange(cell& of, exchange_of& what, const place& at);

/// Sleeps while the value is `old` and nobody notifies.
void wait(cell& of, std::uint64_t old, std::memory_order order, const place& at);
void notify(cell& of, bool all, const place& at);

void fence(std::memory_order order, const place& at);

/// The cell of an object that is not atomic by itself, for atomic_ref: made at its first use in an
/// execution. And the newest value of a cell.
cell& cell_at(void* object, std::uint64_t value_now);
std::uint64_t newest(cell& of);

// ---- everything else ---------------------------------------------------------------------------

/// What is known of a variable that is not atomic: who wrote it and who has read it since.
struct plain_state {
  std::uint32_t execution = 0;
  std::uint32_t location = 0;
};
void plain_begin(plain_state& of, const void* object, const place& at);
void plain_read(plain_state& of, const void* object, const place& at);
void plain_write(plain_state& of, const void* object, const place& at);
/// The value after it, for traces.
void plain_value(std::uint64_t value);

struct lock_state {
  cell word{};
};
void lock(lock_state& of, const place& at);
bool try_lock(lock_state& of, const place& at);
void unlock(lock_state& of, const place& at);
/// Unlocks, sleeps until somebody signals, and locks again.
void sleep(cell& bell, lock_state& held, const place& at);
void signal(cell& bell, bool all, const place& at);

void yield(const place& at);
/// Which thread of the scenario runs, from 0; the set-up and the end are the highest + 1.
unsigned thread_index() noexcept;
/// The property is lost: ends the execution.
[[noreturn]] void fail(const char* text, const place& at);

}  // namespace caiman::model::machine
