// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// symbolic_word.cpp: arithmetic on terms
// ---------------------------------------------------------------------------------------------
#include "symbolic_word.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <stdexcept>

#include "paths.hpp"

namespace caiman::proof {
namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): of the path of this process
unsigned bits_now = 64;

std::vector<const word*>& living() {
  static std::vector<const word*> all;
  return all;
}

// All terms that words and numbers of this path are; the first is none.
std::vector<term>& pool() {
  static std::vector<term> all(1, truth(false));
  return all;
}

std::size_t oldest_usable = 1;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

std::uint64_t low_mask() { return bits_now == 64 ? ~0ULL : (1ULL << bits_now) - 1; }

// The number of a term in the pool, or 0 and its value.
std::size_t number_of(const term& of, std::uint64_t& value) {
  const term simple = of.simplify();
  if (simple.is_numeral_u64(value)) return 0;
  pool().push_back(simple);
  return pool().size() - 1;
}

// The zeroes above the highest one of `of`, and `more`; of 0 all of them.
term zeroes_above(const term& of, unsigned more) {
  const unsigned bits = of.get_sort().bv_size();
  term result = constant(bits + more, number::bits);
  for (unsigned i = 0; i < bits; ++i) {
    result = z3::ite(bit(of, i), constant(bits - 1 - i + more, number::bits), result);
  }
  return result;
}

}  // namespace

void word::appear() const noexcept { living().push_back(this); }
void word::disappear() const noexcept {
  std::vector<const word*>& all = living();
  const auto at = std::find(all.rbegin(), all.rend(), this);
  if (at != all.rend()) all.erase(std::next(at).base());
}
void word::vanish() noexcept {
  if (id_ != 0) disappear();
  // Stores that no compiler may take for dead.
  const_cast<volatile std::uint64_t&>(value_) = 0;
  const_cast<volatile std::size_t&>(id_) = 0;
}
const std::vector<const word*>& word::alive() { return living(); }

void forbid_older_terms() { oldest_usable = pool().size(); }

void set_word_bits(unsigned bits) { bits_now = bits; }
unsigned word_bits_now() { return bits_now; }

word::word(const term& low, std::uint64_t high) : id_(number_of(low, value_)) {
  value_ = id_ == 0 ? value_ | high : high;
  if (id_ != 0) appear();
}
const term& word::named() const {
  if (id_ < oldest_usable) throw std::logic_error("a word is used that a cut has forgotten");
  return pool()[id_];
}

term word::low() const {
  return is_constant() ? constant(value() & low_mask(), bits_now) : named();
}
std::uint64_t word::high() const { return value_ & ~low_mask(); }

word word::and_terms(const word& a, const word& b) {
  return word(a.low() & b.low(), a.high() & b.high());
}
word word::or_terms(const word& a, const word& b) {
  return word(a.low() | b.low(), a.high() | b.high());
}
word word::xor_terms(const word& a, const word& b) {
  return word(a.low() ^ b.low(), a.high() ^ b.high());
}
word word::invert_term(const word& a) { return word(~a.low(), ~a.high() & ~low_mask()); }

word word::add_terms(const word& a, const word& b) {
  std::uint64_t high = a.high() + b.high();
  if (bits_now < 64) {
    const term sum = z3::zext(a.low(), 1) + z3::zext(b.low(), 1);
    if (decide(bit(sum, bits_now))) high += 1ULL << bits_now;
  }
  return word(a.low() + b.low(), high);
}
word word::subtract_terms(const word& a, const word& b) {
  return a + invert_term(b.is_constant() ? word(b.low(), b.high()) : b) + word(1);
}
word word::shift_up(const word& a, unsigned n) {
  const term low = a.low();
  const bool stays =
      n == 0 ||
      (n < bits_now && known::here().holds(z3::lshr(low, constant(bits_now - n, bits_now)) ==
                                           constant(0, bits_now)));
  if (!stays && bits_now != 64) throw std::logic_error("a shift out of the words of the tree");
  return word(z3::shl(low, constant(n, bits_now)), a.high() << n);
}
word word::shift_up_by(const word& a, const number& n) {
  const term far = n.as_term();
  const term by = bits_now < number::bits ? far.extract(bits_now - 1, 0)
                                          : z3::zext(far, bits_now - number::bits);
  const term low = z3::shl(a.low(), by);
  const bool stays = known::here().holds(z3::ult(far, constant(bits_now, number::bits)) &&
                                         z3::lshr(low, by) == a.low());
  if (!stays || a.high() != 0) throw std::logic_error("a shift out of the words of the tree");
  return word(low);
}
word word::shift_down(const word& a, unsigned n) {
  const std::uint64_t high = a.high() >> n;
  if (n >= bits_now) return high;
  const term low = z3::lshr(a.low(), constant(n, bits_now)) | constant(high & low_mask(), bits_now);
  return word(low, high & ~low_mask());
}
bool word::equal_terms(const word& a, const word& b) {
  return a.high() == b.high() && decide(a.low() == b.low());
}

number::number(const term& value) : is_(value) {}
term number::as_term() const { return is_constant() ? constant(value(), bits) : is_.named(); }
number::operator unsigned() const {
  return is_constant() ? value() : static_cast<unsigned>(value_of(as_term()));
}
bool number::less(const number& a, const number& b) {
  return decide(z3::ult(a.as_term(), b.as_term()));
}

number countr_zero(const word& of) {
  if (of.is_constant()) return static_cast<unsigned>(std::countr_zero(of.value()));
  const term low = of.low();
  term result = constant(bits_now, number::bits);
  for (unsigned i = bits_now; i-- > 0;) {
    result = z3::ite(bit(low, i), constant(i, number::bits), result);
  }
  return number(result);
}
number countl_zero(const word& of) {
  if (of.is_constant()) return static_cast<unsigned>(std::countl_zero(of.value()));
  return number(zeroes_above(of.low(), 64 - bits_now));
}
number popcount(const word& of) {
  if (of.is_constant()) return static_cast<unsigned>(std::popcount(of.value()));
  const term low = of.low();
  term result = constant(static_cast<unsigned>(std::popcount(of.high())), number::bits);
  for (unsigned i = 0; i < bits_now; ++i)
    result = result + z3::zext(low.extract(i, i), number::bits - 1);
  return number(result);
}
number countl_zero(const number& of) {
  if (of.is_constant()) return static_cast<unsigned>(std::countl_zero(of.value()));
  return number(zeroes_above(of.as_term(), 0));
}

}  // namespace caiman::proof
