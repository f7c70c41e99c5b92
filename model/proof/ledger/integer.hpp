// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// integer.hpp: a number whose value the solver may choose
//
// The interface of a built-in integer, as far as the ledger and shares use it: sums, marks in the
// low bits, and divisions by powers of two, which are shifts to the solver. A comparison that can
// go both ways makes two paths. Such a number has no cuts to fear: what counts has no loop without
// a bound of its own. Relies on paths.hpp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <stdexcept>

#include "solver/known.hpp"
#include "solver/paths.hpp"

namespace caiman::proof {

/// Whether an integer has a sign.
enum class below_zero : bool { never, may_be };

/// Of so many bits.
template <unsigned Bits, below_zero Sign = below_zero::never>
class integer {
 public:
  template <std::integral I>
  integer(I value)
      : is_(constant(static_cast<std::uint64_t>(value) & mask, Bits)), dividend_(is_) {}
  explicit integer(const term& value) : is_(value.simplify()), dividend_(is_) {}
  /// The same bits, read the other way.
  template <below_zero Other>
  explicit integer(const integer<Bits, Other>& other) : is_(other.as_term()), dividend_(is_) {}

  const term& as_term() const { return is_; }

  friend integer operator+(const integer& a, const integer& b) { return integer(a.is_ + b.is_); }
  friend integer operator-(const integer& a, const integer& b) { return integer(a.is_ - b.is_); }
  friend integer operator&(const integer& a, const integer& b) { return integer(a.is_ & b.is_); }
  friend integer operator|(const integer& a, const integer& b) { return integer(a.is_ | b.is_); }
  friend integer operator~(const integer& a) { return integer(~a.is_); }
  // By a power of two, each.
  friend integer operator*(const integer& a, const integer& b) {
    log2_of(b);
    return integer(a.is_ * b.is_);
  }
  friend integer operator/(const integer& a, const integer& b) {
    const term by = constant(log2_of(b), Bits);
    if constexpr (Sign == below_zero::never) return integer(z3::lshr(a.is_, by));
    // Towards zero.
    const term is_below = a.is_.extract(Bits - 1, Bits - 1) == constant(1, 1);
    integer result(z3::ashr(z3::ite(is_below, a.is_ + b.is_ - constant(1, Bits), a.is_), by));
    // Without a remainder it is 0 where the dividend is.
    if (known::here().holds((a.is_ & (b.is_ - constant(1, Bits))) == constant(0, Bits)))
      result.dividend_ = a.is_;
    return result;
  }
  friend integer operator%(const integer& a, const integer& b) requires(Sign == below_zero::never) {
    return integer(a.is_ & constant((std::uint64_t{1} << log2_of(b)) - 1, Bits));
  }
  integer& operator+=(const integer& b) { return *this = *this + b; }
  integer& operator-=(const integer& b) { return *this = *this - b; }
  integer& operator|=(const integer& b) { return *this = *this | b; }

  friend bool operator==(const integer& a, const integer& b) {
    const bool is_zero = z3::eq(b.is_, constant(0, Bits));
    return decide(is_zero ? a.dividend_ == b.is_ : a.is_ == b.is_);
  }
  friend bool operator<(const integer& a, const integer& b) {
    return decide(Sign == below_zero::never ? z3::ult(a.is_, b.is_) : a.is_ < b.is_);
  }

 private:
  static constexpr std::uint64_t mask = Bits == 64 ? ~0ULL : (1ULL << Bits) - 1;
  static unsigned log2_of(const integer& of) {
    std::uint64_t value = 0;
    if (!of.is_.is_numeral_u64(value) || !std::has_single_bit(value))
      throw std::logic_error("a number is divided by no power of two");
    return static_cast<unsigned>(std::countr_zero(value));
  }

  term is_;
  term dividend_;  // is 0 where this is
};

}  // namespace caiman::proof
