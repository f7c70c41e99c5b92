// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// symbolic_word.hpp: a word whose value the solver may choose
//
// The interface of std::uint64_t, as far as the core uses it on words. Such a word is a constant,
// or a term: then it has a path for each way that a comparison of it can go. Terms are as wide as
// the words of the tree at hand; the bits above are constant, and a carry into them is decided. A
// number counts bits of words, in the same way. Which of them live, and where, is known, so that
// the state of a call can be compared with an earlier one (states.hpp). Relies on paths.hpp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "known.hpp"

namespace caiman::proof {

/// The terms that words are now must not be used any more; who does so throws std::logic_error.
void forbid_older_terms();

/// So many bits have the words of the tree at hand. Set once, before a check begins.
void set_word_bits(unsigned bits);
/// The same.
unsigned word_bits_now();

class word;
class number;
/// Ones.
number popcount(const word& of);

/// What the tree is made of: a constant, or a term that has a number. One that dies leaves zeroes
/// behind. (g++ 12 cannot evaluate a table of words whose parts lie in a class of their own.)
class word {
 public:
  constexpr word() noexcept = default;
  template <std::integral I>
  constexpr word(I value) noexcept : value_(static_cast<std::uint64_t>(value)) {}
  constexpr word(const word& other) noexcept : value_(other.value_), id_(other.id_) {
    if (id_ != 0) appear();
  }
  constexpr word& operator=(const word& other) noexcept {
    if (id_ != 0) disappear();
    value_ = other.value_;
    id_ = other.id_;
    if (id_ != 0) appear();
    return *this;
  }
  constexpr ~word() {
    if (!std::is_constant_evaluated()) vanish();
  }
  /// A term of word_bits_now() bits, and constant bits above them.
  explicit word(const term& low, std::uint64_t high = 0);

  /// Its low word_bits_now() bits.
  term low() const;
  /// Whether it is no term.
  constexpr bool is_constant() const noexcept { return id_ == 0; }
  /// Of one that is no term.
  constexpr std::uint64_t value() const noexcept { return value_; }
  /// Where those lie that are terms.
  static const std::vector<const word*>& alive();

  friend constexpr word operator&(const word& a, const word& b) {
    return both(a, b) ? word(a.value() & b.value()) : and_terms(a, b);
  }
  friend constexpr word operator|(const word& a, const word& b) {
    return both(a, b) ? word(a.value() | b.value()) : or_terms(a, b);
  }
  friend constexpr word operator^(const word& a, const word& b) {
    return both(a, b) ? word(a.value() ^ b.value()) : xor_terms(a, b);
  }
  friend constexpr word operator+(const word& a, const word& b) {
    return both(a, b) ? word(a.value() + b.value()) : add_terms(a, b);
  }
  friend constexpr word operator-(const word& a, const word& b) {
    return both(a, b) ? word(a.value() - b.value()) : subtract_terms(a, b);
  }
  friend constexpr word operator~(const word& a) {
    return a.is_constant() ? word(~a.value()) : invert_term(a);
  }
  template <std::integral I>
  friend constexpr word operator<<(const word& a, I n) {
    return a.is_constant() ? word(a.value() << n) : shift_up(a, static_cast<unsigned>(n));
  }
  friend constexpr word operator<<(const word& a, const number& n);
  template <std::integral I>
  friend constexpr word operator>>(const word& a, I n) {
    return a.is_constant() ? word(a.value() >> n) : shift_down(a, static_cast<unsigned>(n));
  }
  constexpr word& operator|=(const word& b) {
    const word result = *this | b;
    return *this = result;
  }
  constexpr word& operator&=(const word& b) {
    const word result = *this & b;
    return *this = result;
  }
  friend constexpr bool operator==(const word& a, const word& b) {
    return both(a, b) ? a.value() == b.value() : equal_terms(a, b);
  }

 private:
  static constexpr bool both(const word& a, const word& b) {
    return a.is_constant() && b.is_constant();
  }
  static word and_terms(const word& a, const word& b);
  static word or_terms(const word& a, const word& b);
  static word xor_terms(const word& a, const word& b);
  static word add_terms(const word& a, const word& b);
  static word subtract_terms(const word& a, const word& b);
  static word invert_term(const word& a);
  static word shift_up(const word& a, unsigned n);
  static word shift_up_by(const word& a, const number& n);
  static word shift_down(const word& a, unsigned n);
  static bool equal_terms(const word& a, const word& b);
  std::uint64_t high() const;
  const term& named() const;
  void appear() const noexcept;
  void disappear() const noexcept;
  void vanish() noexcept;

  friend class number;
  friend number popcount(const word& of);
  std::uint64_t value_ = 0;
  std::size_t id_ = 0;
};

/// What counts the bits of a word: an unsigned of 32 bits.
class number {
 public:
  static constexpr unsigned bits = 32;
  template <std::integral I>
  constexpr number(I value) noexcept : is_(static_cast<std::uint32_t>(value)) {}
  explicit number(const term& value);
  term as_term() const;
  constexpr bool is_constant() const noexcept { return is_.is_constant(); }
  constexpr unsigned value() const noexcept { return static_cast<unsigned>(is_.value()); }
  /// A path for each value that it can have.
  explicit operator unsigned() const;
  explicit operator std::size_t() const { return static_cast<unsigned>(*this); }

  friend constexpr number operator^(const number& a, const number& b) {
    return both(a, b) ? number(a.value() ^ b.value()) : number(a.as_term() ^ b.as_term());
  }
  friend constexpr number operator+(const number& a, const number& b) {
    return both(a, b) ? number(a.value() + b.value()) : number(a.as_term() + b.as_term());
  }
  friend constexpr number operator-(const number& a, const number& b) {
    return both(a, b) ? number(a.value() - b.value()) : number(a.as_term() - b.as_term());
  }
  friend constexpr bool operator<(const number& a, const number& b) {
    return both(a, b) ? a.value() < b.value() : less(a, b);
  }

 private:
  static constexpr bool both(const number& a, const number& b) {
    return a.is_constant() && b.is_constant();
  }
  static bool less(const number& a, const number& b);

  word is_;  // of other terms than words are
};

constexpr word operator<<(const word& a, const number& n) {
  return n.is_constant() ? a << n.value() : word::shift_up_by(a, n);
}

/// Zeroes below the lowest one. Of a word of the tree, which is not 0.
number countr_zero(const word& of);
/// Zeroes above the highest one, of 64 bits. Of a word of the tree, which is not 0.
number countl_zero(const word& of);
/// Zeroes above the highest one, of 32 bits.
number countl_zero(const number& of);

}  // namespace caiman::proof
