// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// plain.hpp: data that threads hand to each other
//
// A variable that is not atomic: an access that nothing orders after a conflicting one of another
// thread is a data race, and convicts. It converts to and from T by reading and writing it. What
// nobody wraps in it is not watched.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "accesses.hpp"

namespace caiman::model {

template <class T>
class plain {
 public:
  plain(const place& at = place::current()) : plain(T{}, at) {}  // NOLINT: converts from T
  plain(T value, const place& at = place::current())             // NOLINT
      : value_(std::move(value)) {
    machine::plain_begin(state_, this, at);
  }
  plain(const plain& other) : plain(other.read()) {}
  plain& operator=(const plain& other) {
    write(other.read());
    return *this;
  }
  ~plain() = default;

  operator T() const { return read(); }  // NOLINT(google-explicit-constructor)
  // A template, so that a T is no candidate for the assignment of another plain.
  template <class U>
  requires std::convertible_to<U, T> plain& operator=(U&& v) {
    write(T(std::forward<U>(v)));
    return *this;
  }
  T read(const place& at = place::current()) const {
    machine::plain_read(state_, this, at);
    T value = value_;
    machine::plain_value(number(value));
    return value;
  }
  void write(T value, const place& at = place::current()) {
    machine::plain_write(state_, this, at);
    machine::plain_value(number(value));
    value_ = std::move(value);
  }
  // As the checked cells of the core have them.
  T load(const place& at = place::current()) const { return read(at); }
  void store(T value, const place& at = place::current()) { write(std::move(value), at); }

 private:
  // NOLINTBEGIN(bugprone-sizeof-expression): of pointers, too
  static std::uint64_t number(const T& value) noexcept {
    std::uint64_t all = 0;
    if constexpr (std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(all)) {
      std::memcpy(&all, static_cast<const void*>(&value), sizeof(T));
    }
    return all;
  }
  // NOLINTEND(bugprone-sizeof-expression)
  T value_;
  mutable machine::plain_state state_;
};

}  // namespace caiman::model
