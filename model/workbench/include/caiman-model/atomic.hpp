// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// atomic.hpp: std::atomic, std::atomic_ref, std::atomic_flag and fences under the checks
//
// The interface is that of <atomic>; every operation is an access of the machine (accesses.hpp). A
// structure that takes its atomics as a template parameter is checked as it stands:
//
//   template <template <class> class Atom = std::atomic> class queue { Atom<node*> head_; … };
//
// Assignment, ++, -- and the conversion to T cannot know their place in the source: all of one kind
// are one site. Write store, fetch_add or load where you want a site of its own.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "accesses.hpp"

namespace caiman::model {

namespace machine {

// NOLINTBEGIN(bugprone-sizeof-expression): of pointers, too
template <class T>
std::uint64_t bits_of(T value) noexcept {
  static_assert(sizeof(T) <= sizeof(std::uint64_t) && std::is_trivially_copyable_v<T>,
                "an atomic of the checker holds 1 to 8 bytes that can be copied as they are");
  std::uint64_t all = 0;
  std::memcpy(&all, static_cast<const void*>(&value), sizeof(T));
  return all;
}
template <class T>
T value_of(std::uint64_t bits) noexcept {
  T value{};
  std::memcpy(static_cast<void*>(&value), &bits, sizeof(T));
  return value;
}
// NOLINTEND(bugprone-sizeof-expression)

/// The order that a failing compare-exchange has when one is given for both.
constexpr std::memory_order of_failure(std::memory_order order) noexcept {
  if (order == std::memory_order_acq_rel) return std::memory_order_acquire;
  return order == std::memory_order_release ? std::memory_order_relaxed : order;
}

/// What atomic and atomic_ref of T have in common; `Self::where()` is the cell.
template <class Self, class T>
class atomic_interface {  // NOLINT(bugprone-crtp-constructor-accessibility)
  using order = std::memory_order;
  static constexpr order seq_cst = std::memory_order_seq_cst;

 public:
  using value_type = T;
  static constexpr bool is_always_lock_free = true;
  bool is_lock_free() const noexcept { return true; }

  T load(order o = seq_cst, const place& at = place::current()) const {
    return value_of<T>(machine::load(self().where(), o, at));
  }
  void store(T value, order o = seq_cst, const place& at = place::current()) const {
    machine::store(self().where(), bits_of(value), o, at);
    self().written();
  }
  T exchange(T value, order o = seq_cst, const place& at = place::current()) const {
    return change(
        access::exchange, [](std::uint64_t, std::uint64_t to) { return to; }, bits_of(value), o,
        at);
  }
  bool compare_exchange_strong(T& expected, T desired, order success, order failure,
                               const place& at = place::current()) const {
    return compare(expected, desired, success, failure, false, at);
  }
  bool compare_exchange_strong(T& expected, T desired, order o = seq_cst,
                               const place& at = place::current()) const {
    return compare(expected, desired, o, of_failure(o), false, at);
  }
  bool compare_exchange_weak(T& expected, T desired, order success, order failure,
                             const place& at = place::current()) const {
    return compare(expected, desired, success, failure, true, at);
  }
  bool compare_exchange_weak(T& expected, T desired, order o = seq_cst,
                             const place& at = place::current()) const {
    return compare(expected, desired, o, of_failure(o), true, at);
  }
  void wait(T old, order o = seq_cst, const place& at = place::current()) const {
    machine::wait(self().where(), bits_of(old), o, at);
  }
  void notify_one(const place& at = place::current()) const {
    machine::notify(self().where(), false, at);
  }
  void notify_all(const place& at = place::current()) const {
    machine::notify(self().where(), true, at);
  }
  operator T() const { return load(); }  // NOLINT(google-explicit-constructor): as std::atomic

  // ---- numbers and pointers --------------------------------------------------------------------

  static constexpr bool is_number = std::is_arithmetic_v<T> && !std::same_as<T, bool>;
  static constexpr bool is_integer = std::integral<T> && is_number;
  using step = std::conditional_t<std::is_pointer_v<T>, std::ptrdiff_t, T>;

  T fetch_add(step n, order o = seq_cst, const place& at = place::current()) const
      requires(is_number || std::is_pointer_v<T>) {
    return change(access::fetch_add, &plus, bits_of(n), o, at);
  }
  T fetch_sub(step n, order o = seq_cst, const place& at = place::current()) const
      requires(is_number || std::is_pointer_v<T>) {
    return change(access::fetch_sub, &minus, bits_of(n), o, at);
  }
  T fetch_and(T n, order o = seq_cst,
              const place& at = place::current()) const requires is_integer {
    return change(
        access::fetch_and, [](std::uint64_t a, std::uint64_t b) { return a & b; }, bits_of(n), o,
        at);
  }
  T fetch_or(T n, order o = seq_cst, const place& at = place::current()) const requires is_integer {
    return change(
        access::fetch_or, [](std::uint64_t a, std::uint64_t b) { return a | b; }, bits_of(n), o,
        at);
  }
  T fetch_xor(T n, order o = seq_cst,
              const place& at = place::current()) const requires is_integer {
    return change(
        access::fetch_xor, [](std::uint64_t a, std::uint64_t b) { return a ^ b; }, bits_of(n), o,
        at);
  }
  T operator+=(placed<step> n) const requires(is_number || std::is_pointer_v<T>) {
    return static_cast<T>(fetch_add(n.value, seq_cst, n.at) + n.value);
  }
  T operator-=(placed<step> n) const requires(is_number || std::is_pointer_v<T>) {
    return static_cast<T>(fetch_sub(n.value, seq_cst, n.at) - n.value);
  }
  T operator&=(placed<T> n) const requires is_integer {
    return static_cast<T>(fetch_and(n.value, seq_cst, n.at) & n.value);
  }
  T operator|=(placed<T> n) const requires is_integer {
    return static_cast<T>(fetch_or(n.value, seq_cst, n.at) | n.value);
  }
  T operator^=(placed<T> n) const requires is_integer {
    return static_cast<T>(fetch_xor(n.value, seq_cst, n.at) ^ n.value);
  }
  T operator++() const requires(is_integer || std::is_pointer_v<T>) {
    return static_cast<T>(fetch_add(1) + 1);
  }
  T operator--() const requires(is_integer || std::is_pointer_v<T>) {
    return static_cast<T>(fetch_sub(1) - 1);
  }
  T operator++(int) const requires(is_integer || std::is_pointer_v<T>) { return fetch_add(1); }
  T operator--(int) const requires(is_integer || std::is_pointer_v<T>) { return fetch_sub(1); }

 private:
  const Self& self() const noexcept { return static_cast<const Self&>(*this); }
  T change(access what, machine::change how, std::uint64_t operand, order o,
           const place& at) const {
    const T old = value_of<T>(read_modify_write(self().where(), what, how, operand, o, at));
    self().written();
    return old;
  }
  bool compare(T& expected, T desired, order success, order failure, bool weak,
               const place& at) const {
    exchange_of what{bits_of(expected), bits_of(desired), success, failure, weak};
    const bool done = compare_exchange(self().where(), what, at);
    if (!done) expected = value_of<T>(what.expected);
    if (done) self().written();
    return done;
  }
  template <bool Adds>
  static std::uint64_t sum(std::uint64_t old, std::uint64_t operand) {
    const T was = value_of<T>(old);
    const step n = value_of<step>(operand);
    if constexpr (std::integral<T>) {  // integers wrap
      using bits = std::make_unsigned_t<T>;
      const auto a = static_cast<bits>(was);
      const auto b = static_cast<bits>(n);
      return bits_of(static_cast<T>(static_cast<bits>(Adds ? a + b : a - b)));
    } else {
      return bits_of(static_cast<T>(Adds ? was + n : was - n));
    }
  }
  static std::uint64_t plus(std::uint64_t a, std::uint64_t b) { return sum<true>(a, b); }
  static std::uint64_t minus(std::uint64_t a, std::uint64_t b) { return sum<false>(a, b); }
};

}  // namespace machine

template <class T>
class atomic : public machine::atomic_interface<atomic<T>, T> {
 public:
  atomic(const place& at = place::current()) : atomic(T{}, at) {}  // NOLINT: as std::atomic
  atomic(T value, const place& at = place::current()) {            // NOLINT
    cell_.first = machine::bits_of(value);
    machine::begin(cell_, at);
  }
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;
  ~atomic() { machine::end(cell_); }
  T operator=(T value) {  // NOLINT: as std::atomic
    this->store(value);
    return value;
  }

 private:
  friend class machine::atomic_interface<atomic<T>, T>;
  machine::cell& where() const noexcept { return cell_; }
  void written() const noexcept {}
  mutable machine::cell cell_;
};

/// Of an object that lives in the execution, and that nobody uses otherwise meanwhile.
template <class T>
class atomic_ref : public machine::atomic_interface<atomic_ref<T>, T> {
 public:
  static constexpr std::size_t required_alignment = sizeof(T) > alignof(T) ? sizeof(T) : alignof(T);
  explicit atomic_ref(T& object)
      : object_(&object), cell_(&machine::cell_at(&object, machine::bits_of(object))) {}
  atomic_ref(const atomic_ref&) = default;
  atomic_ref& operator=(const atomic_ref&) = delete;
  ~atomic_ref() = default;
  T operator=(T value) const {  // NOLINT: as std::atomic_ref
    this->store(value);
    return value;
  }

 private:
  friend class machine::atomic_interface<atomic_ref<T>, T>;
  machine::cell& where() const noexcept { return *cell_; }
  // The newest value, for who reads the object when it is nobody's any more.
  void written() const { *object_ = machine::value_of<T>(machine::newest(*cell_)); }
  T* object_;
  machine::cell* cell_;
};

class atomic_flag {
 public:
  atomic_flag() = default;
  bool test_and_set(std::memory_order o = std::memory_order_seq_cst,
                    const place& at = place::current()) {
    return flag_.exchange(true, o, at);
  }
  void clear(std::memory_order o = std::memory_order_seq_cst, const place& at = place::current()) {
    flag_.store(false, o, at);
  }
  bool test(std::memory_order o = std::memory_order_seq_cst,
            const place& at = place::current()) const {
    return flag_.load(o, at);
  }
  void wait(bool old, std::memory_order o = std::memory_order_seq_cst,
            const place& at = place::current()) const {
    flag_.wait(old, o, at);
  }
  void notify_one(const place& at = place::current()) { flag_.notify_one(at); }
  void notify_all(const place& at = place::current()) { flag_.notify_all(at); }

 private:
  atomic<bool> flag_{false};
};

inline void atomic_thread_fence(std::memory_order order, const place& at = place::current()) {
  machine::fence(order, at);
}

}  // namespace caiman::model
