// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// words.cpp: the arithmetic of word.hpp, for all words
//
// The functions of the core run on a word that the solver chooses, and what they return is compared
// with statements that look at runs one by one. Compiled with access to what is private, for
// free_groups. The statements: a run is free if all its bits are; it is maximal if it is free and
// the run of the next class that it lies in is not.
// ---------------------------------------------------------------------------------------------
#include "words.hpp"

#include <array>
#include <cstdint>
#include <utility>

#include "caiman/protocol/word.hpp"

namespace caiman::proof {
namespace {

/// Statements of words with 2^F bits.
template <unsigned F>
struct statements {
  static constexpr unsigned bits = 1U << F;
  static std::uint64_t run(unsigned cls) { return cls >= 6 ? ~0ULL : (1ULL << (1U << cls)) - 1; }
  static term is_free(const term& of, unsigned cls, unsigned pos) {
    const term mask = constant(run(cls) << pos, bits);
    return (of & mask) == mask;
  }
  static term is_maximal(const term& of, unsigned cls, unsigned pos) {
    if (cls == F) return is_free(of, cls, pos);
    return is_free(of, cls, pos) && !is_free(of, cls + 1, pos & ~((2U << cls) - 1));
  }
  static term some_free(const term& of, unsigned cls) {
    term result = truth(false);
    for (unsigned pos = 0; pos < bits; pos += 1U << cls) result = result || is_free(of, cls, pos);
    return result;
  }
  static term some_maximal(const term& of, unsigned cls, unsigned below = bits) {
    term result = truth(false);
    for (unsigned pos = 0; pos < below; pos += 1U << cls)
      result = result || is_maximal(of, cls, pos);
    return result;
  }
};

void word_must(const term& free, const term& claim, const char* what) {
  must(claim, what, [&] {
    const auto values = known::here().counterexample(claim, {free});
    return finding{what, "word", values.empty() ? "" : "free = " + std::to_string(values[0])};
  });
}

template <unsigned F>
term any_word() {
  return known::here().fresh("free", statements<F>::bits);
}

template <unsigned F>
void best_fit() {
  using bits = protocol::word_bits<F>;
  using is = statements<F>;
  const unsigned cls = choose(F + 1);
  const term free = any_word<F>();
  const auto fit = bits::best_fit(word(free), cls);
  if (fit.mask == word(0)) {
    word_must(free, !is::some_free(free, cls), "none, though there is one");
    return;
  }
  const auto pos = static_cast<unsigned>(fit.pos);
  word_must(free, fit.mask.low() == constant(is::run(cls) << pos, is::bits),
            "the mask is not the run at pos");
  word_must(free, truth(pos % (1U << cls) == 0 && pos < is::bits), "it is not aligned");
  word_must(free, is::is_free(free, cls, pos), "the run is not free");
  word_must(free, truth(fit.from >= cls && fit.from <= F), "the class that it is cut from is none");
  word_must(free, is::is_maximal(free, fit.from, pos), "it does not begin a maximal run");
  word_must(free, !is::some_maximal(free, fit.from, pos), "it is not the first of its class");
  for (unsigned less = cls; less < fit.from; ++less) {
    word_must(free, !is::some_maximal(free, less), "a smaller maximal run has room");
  }
}

template <unsigned F>
void largest_class() {
  using is = statements<F>;
  const term free = any_word<F>();
  known::here().assume(free != constant(0, is::bits));
  const unsigned cls = protocol::word_bits<F>::largest_class(word(free));
  word_must(free, truth(cls <= F) && is::some_free(free, cls), "there is no run of this class");
  if (cls < F) word_must(free, !is::some_free(free, cls + 1), "there is a larger one");
}

template <unsigned F>
void merged_class() {
  using is = statements<F>;
  const unsigned pos = choose(is::bits);
  const term free = any_word<F>();
  known::here().assume(is::is_free(free, 0, pos));
  const unsigned cls = protocol::word_bits<F>::merged_class(word(free), pos);
  word_must(free, truth(cls <= F), "the class is none");
  word_must(free, is::is_maximal(free, cls, pos & ~((1U << cls) - 1)),
            "not the class of the maximal run that holds pos");
}

template <unsigned F>
void free_groups() {
  using is = statements<F>;
  const unsigned cls = choose(F + 1);
  const term free = any_word<F>();
  const word tops = protocol::word_bits<F>::free_groups(word(free), cls);
  word_must(free, truth((tops & ~protocol::word_bits<F>::full) == word(0)), "tops above the word");
  for (unsigned pos = 0; pos < is::bits; ++pos) {
    const bool is_top = (pos + 1) % (1U << cls) == 0;
    const term expected = is_top ? is::is_free(free, cls, pos + 1 - (1U << cls)) : truth(false);
    word_must(free, bit(tops.low(), pos) == expected, "a top that is none, or a group without one");
  }
}

template <unsigned F>
void add_fanout(checks& all) {
  const std::string suffix = "/f" + std::to_string(1U << F);
  const auto add = [&](const char* name, void (*body)(), const char* about) {
    all.push_back({name + suffix, about, [body](const effort& limits) {
                     set_word_bits(1U << F);
                     return explore(limits, body);
                   }});
  };
  add("best_fit", best_fit<F>, "the first run in the smallest maximal run that has room");
  add("largest_class", largest_class<F>, "the class of the largest free run");
  add("merged_class", merged_class<F>, "the class of the maximal free run that holds a bit");
  add("free_groups", free_groups<F>, "the top bit of every free group, and no other bit");
}

}  // namespace

void add_word_checks(checks& all) {
  [&]<unsigned... Less>(std::integer_sequence<unsigned, Less...>) {
    (add_fanout<Less + 1>(all), ...);
  }
  (std::make_integer_sequence<unsigned, 6>());
}

}  // namespace caiman::proof
