// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// churn.hpp: a population of live blocks, and one step of its turnover
//
// What "50 % occupancy under random churn" means, once for W3, the tails, the refusals and the held
// blocks of W2. Sizes are log-uniform from 256 B to 16 KiB. A step releases a random victim and
// allocates again, with the size that one of a few spares held: sizes wander, but their sum stays
// within the spares, so occupancy is what it says for every subject and as long as it runs. Random
// numbers are used alike whether a request is refused or not, so all subjects see one stream.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../subjects/subject.hpp"

namespace caiman::bench {

/// splitmix64: one multiply-xorshift chain, cheap beside what is measured.
class random_stream {
 public:
  explicit random_stream(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  /// Log-uniform: as many requests between 256 and 512 bytes as between 8 and 16 KiB.
  std::uint32_t next_size() noexcept {
    const double unit = static_cast<double>(next() >> 11) * 0x1p-53;
    return static_cast<std::uint32_t>(256.0 * std::exp2(6.0 * unit));
  }

 private:
  std::uint64_t state_;
};

/// Keeps the compiler from leaving out what is done with `value`.
template <class T>
inline void keep(T& value) noexcept {
  asm volatile("" : "+r"(value) : : "memory");
}

template <subject S>
class population {
 public:
  /// So many blocks as make up `target` bytes in whole blocks, with the spares beside them.
  population(S& from, std::size_t target, std::uint64_t seed) : from_(from), random_(seed) {
    for (std::uint32_t& size : spares_) size = random_.next_size();
    std::size_t sum = 0;
    while (sum < target) {
      slots_.push_back({nullptr, random_.next_size()});
      sum += whole_block(slots_.back().bytes);
    }
    for (slot& each : slots_) fill(each);
  }
  population(const population&) = delete;
  population& operator=(const population&) = delete;
  ~population() {
    for (const slot& each : slots_) {
      if (each.p != nullptr) from_.release(each.p, each.bytes);
    }
  }

  /// Releases a random block and allocates one; `timed(allocate)` runs the allocation.
  template <class Timed>
  void step(Timed timed) noexcept {
    const std::uint64_t number = random_.next();
    slot& victim = slots_[static_cast<std::size_t>((number >> 32) * slots_.size() >> 32)];
    if (victim.p != nullptr) from_.release(victim.p, victim.bytes);
    std::swap(victim.bytes, spares_[number % spares_.size()]);
    timed([&] { fill(victim); });
  }
  void step() noexcept {
    step([](auto&& allocate) { allocate(); });
  }
  /// Until the order in which the blocks were first taken is forgotten.
  void warm_up() noexcept {
    for (std::size_t i = 0; i < 4 * slots_.size(); ++i) step();
  }

  std::uint64_t refused() const noexcept { return refused_; }
  void forget_refused() noexcept { refused_ = 0; }

 private:
  struct slot {
    void* p;  // nullptr: its last request was refused
    std::uint32_t bytes;
  };

  void fill(slot& into) noexcept {
    void* p = from_.allocate(into.bytes);
    keep(p);
    into.p = p;
    if (p == nullptr) ++refused_;
  }

  S& from_;
  random_stream random_;
  std::array<std::uint32_t, 32> spares_{};
  std::vector<slot> slots_;
  std::uint64_t refused_ = 0;
};

}  // namespace caiman::bench
