// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// proof_sync.hpp: the policy under which the core runs here
//
// Words and hints go to the world. The rest of what threads share is outside of the invariant:
// counters, of which any value may be read, and a thread's hints of its own, which may be any word
// that the call under check was told to expect, or none. Stores to those are dropped. So a call has
// no state but its stack and what the world knows.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <type_traits>
#include <unordered_map>

#include "caiman/protocol/word.hpp"
#include "caiman/sync.hpp"
#include "one_thread.hpp"
#include "proof_world.hpp"

namespace caiman::proof {

static_assert(std::is_same_v<protocol::word_t, word>, "another header names what words are");

/// Where the cells of the tree at hand are, and what its thread may remember.
struct cells {
  std::unordered_map<const void*, place> places;              ///< Empty while the tree is built.
  std::unordered_map<const void*, std::uint64_t> remembered;  ///< Of a hint: a word that it may be.
  const place& of(const void* cell) const {
    const auto found = places.find(cell);
    if (found == places.end()) throw std::logic_error("a cell that is none of the tree");
    return found->second;
  }
  static cells& here() {
    static cells one;
    return one;
  }
};

/// See sync.hpp of the core.
struct proof_sync : one_thread<world> {
  template <class T>
  class atomic;
  /// Nothing reads it back, so what a number of bits is need not be decided for it.
  class statistic {
   public:
    constexpr explicit statistic(std::uint64_t) noexcept {}
    std::uint64_t load(std::memory_order) const noexcept { return 0; }
    template <class Value>
    void store(const Value& /*value*/, std::memory_order) noexcept {}
    template <class Value>
    std::uint64_t fetch_add(const Value& /*value*/, std::memory_order) noexcept {
      return 0;
    }
  };
};

/// A word or a hint.
template <>
class proof_sync::atomic<word> {
 public:
  explicit atomic(const word& value) noexcept : built_(value.value()) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  word load(std::memory_order) const noexcept {
    if (cells::here().places.empty()) return built_;
    call_state state;
    CAIMAN_PROOF_TAKE_STATE(state);
    return world::here().load(cells::here().of(this), state);
  }
  void store(const word& value, std::memory_order) noexcept {
    if (!cells::here().places.empty()) return world::here().store(cells::here().of(this), value);
    built_ = value.value();
  }
  bool compare_exchange_strong(word& expected, const word& desired, std::memory_order,
                               std::memory_order) noexcept {
    call_state state;
    CAIMAN_PROOF_TAKE_STATE(state);
    return world::here().compare_exchange(cells::here().of(this), expected, desired, state);
  }
  word fetch_or(const word& mask, std::memory_order) noexcept {
    if (!cells::here().places.empty()) return world::here().fetch_or(cells::here().of(this), mask);
    const std::uint64_t before = built_;
    built_ |= mask.value();
    return before;
  }
  word fetch_and(const word& mask, std::memory_order) noexcept {
    return world::here().fetch_and(cells::here().of(this), mask);
  }
  word fetch_add(const word&, std::memory_order) noexcept {
    world::here().fail("a word is counted");
    return 0;
  }
  /// What it was when the tree was built.
  std::uint64_t built() const noexcept { return built_; }

 private:
  std::uint64_t built_;
};

/// A counter, or a thread's hint of a word.
template <class T>
class proof_sync::atomic {
 public:
  constexpr atomic() noexcept = default;
  constexpr explicit atomic(T) noexcept {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  T load(std::memory_order) const noexcept {
    using protocol::site;
    const site at = world::here().current_site();
    if (at == site::word_hint) return remembered();
    const bool is_compared =
        at == site::look_begun || at == site::look_ended || at == site::look_releases;
    return is_compared ? static_cast<T>(choose(2)) : T{0};
  }
  void store(T, std::memory_order) noexcept {}
  T exchange(T, std::memory_order) noexcept { return T{0}; }
  T fetch_add(T, std::memory_order) noexcept { return T{0}; }
  T fetch_or(T, std::memory_order) noexcept { return T{0}; }
  T fetch_and(T, std::memory_order) noexcept { return T{0}; }
  bool compare_exchange_strong(T&, T, std::memory_order, std::memory_order) noexcept {
    return choose(2) == 0;
  }

 private:
  // The word that makes a difference, or none; another one is to the core as none.
  T remembered() const noexcept {
    const auto& all = cells::here().remembered;
    const auto found = all.find(this);
    if (found == all.end() || choose(2) == 0) return static_cast<T>(~T{0});
    return static_cast<T>(found->second);
  }
};

}  // namespace caiman::proof
