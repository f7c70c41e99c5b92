// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// litmus.hpp: a program of a few accesses, which each engine searches to the end
//
// A program is written once, over cells that know nothing of the engine whose atomics they are.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <vector>

namespace litmus {

inline constexpr auto rlx = std::memory_order_relaxed;
inline constexpr auto acq = std::memory_order_acquire;
inline constexpr auto rel = std::memory_order_release;
inline constexpr auto acq_rel = std::memory_order_acq_rel;
inline constexpr auto sc = std::memory_order_seq_cst;

/// An atomic number of an engine.
struct cell {
  cell() = default;
  cell(const cell&) = delete;
  cell& operator=(const cell&) = delete;
  virtual ~cell() = default;
  virtual unsigned load(std::memory_order o) = 0;
  virtual void store(unsigned value, std::memory_order o) = 0;
  virtual unsigned exchange(unsigned value, std::memory_order o) = 0;
  virtual unsigned fetch_add(unsigned n, std::memory_order o) = 0;
  virtual bool compare_exchange(unsigned& expected, unsigned desired, std::memory_order o) = 0;
  virtual bool compare_exchange_weak(unsigned& expected, unsigned desired, std::memory_order o) = 0;
};

/// One of an engine whose atomics have the interface of std::atomic.
template <class Atomic>
class cell_over : public cell {
 public:
  unsigned load(std::memory_order o) override { return value_.load(o); }
  void store(unsigned value, std::memory_order o) override { value_.store(value, o); }
  unsigned exchange(unsigned value, std::memory_order o) override {
    return value_.exchange(value, o);
  }
  unsigned fetch_add(unsigned n, std::memory_order o) override { return value_.fetch_add(n, o); }
  bool compare_exchange(unsigned& expected, unsigned desired, std::memory_order o) override {
    return value_.compare_exchange_strong(expected, desired, o, o);
  }
  bool compare_exchange_weak(unsigned& expected, unsigned desired, std::memory_order o) override {
    return value_.compare_exchange_weak(expected, desired, o, o);
  }

 private:
  Atomic value_{0};
};

/// What the threads of a program share.
struct words {
  cell &x, &y, &z;
  void (*fence)(std::memory_order o) = nullptr;  // relaxed: none
  std::array<unsigned, 4> r{};                   // what the threads saw
};
template <class Cell>
struct words_of {
  Cell x{}, y{}, z{};
  words all{x, y, z, Cell::fence};
};

using step = std::function<void(words&)>;

struct program {
  std::vector<step> threads;         // two to four
  std::function<bool(words&)> weak;  // whether an execution that has ended is the one in question
};

/// Whether an execution is the one in question. The search must end if none is.
bool machine_shows(const program& of);
bool relacy_shows(const program& of);
/// On checked_atomic, which gives Relacy the two freedoms of beyond_relacy.hpp.
bool ours_shows(const program& of);

}  // namespace litmus
