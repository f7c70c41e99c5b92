// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// word_test.cpp: the arithmetic on one word, against runs found by halving
//
// Every value of the words of 2, 4, 8 and 16 slots, with every class and every position; words of
// 32 and 64 slots at random, from a fixed seed. The comparison itself is tested as well: it must
// see a first fit, a worst fit, a merge that looks to one side and counts that ignore alignment.
// Relies on naive_runs.hpp and Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/protocol/word.hpp"

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <random>

#include "naive_runs.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::protocol::word_bits;
using caiman::protocol::word_t;

constexpr word_t bit(unsigned pos) { return word_t{1} << pos; }

// Where the functions of `Bits` and the naive ones differ.
struct differences {
  std::size_t fit = 0;
  std::size_t largest = 0;
  std::size_t merged = 0;
  std::size_t merges = 0;
  std::size_t compared = 0;
  word_t last = 0;  // the last word with a difference

  std::size_t all() const { return fit + largest + merged + merges; }
};

template <class Bits>
bool same_fit(word_t free, unsigned cls, const naive::runs& runs) {
  const auto fit = Bits::best_fit(free, cls);
  const auto expected = naive::best_fit(runs, cls);
  if (!expected) return fit.mask == 0;
  word_t mask = 0;
  for (unsigned i = 0; i < 1U << cls; ++i) mask |= bit(static_cast<unsigned>(expected->pos) + i);
  return fit.mask == mask && fit.pos == expected->pos && fit.from == expected->cls;
}

template <class Bits>
naive::runs runs_of(word_t free) {
  return naive::maximal_runs(naive::slots_of(free, Bits::full_class), Bits::full_class);
}

// Each merge makes one run of two: so many are gone of the runs of a part of the word and of the
// bits that came to it.
template <class Bits>
bool same_merges(word_t free, const naive::runs& runs) {
  const word_t part = free & 0xa5c3'5a3c'0ff0'b6d9;
  const auto ones = static_cast<std::size_t>(std::popcount(free & ~part));
  return Bits::merges(part, free) == runs_of<Bits>(part).size() + ones - runs.size();
}

// Compares all functions of `Bits` on one word.
template <class Bits>
void compare(word_t free, differences& found) {
  const std::size_t before = found.all();
  const naive::runs runs = runs_of<Bits>(free);
  if (!same_merges<Bits>(free, runs)) ++found.merges;
  ++found.compared;
  for (unsigned cls = 0; cls <= Bits::full_class; ++cls) {
    if (!same_fit<Bits>(free, cls, runs)) ++found.fit;
    ++found.compared;
  }
  if (free != 0) {
    if (Bits::largest_class(free) != naive::largest_class(runs)) ++found.largest;
    ++found.compared;
  }
  for (unsigned pos = 0; pos < Bits::width; ++pos) {
    if ((free & bit(pos)) == 0) continue;
    if (Bits::merged_class(free, pos) != naive::class_at(runs, pos)) ++found.merged;
    ++found.compared;
  }
  if (found.all() != before) found.last = free;
}

template <class Bits>
differences compare_every_word() {
  differences found;
  for (word_t free = 0; free <= Bits::full; ++free) compare<Bits>(free, found);
  return found;
}

// Uniform words hardly ever have a run of more than four slots. These have: a few aligned runs,
// or all but a few, or bits of any density.
template <class Bits>
word_t random_word(std::mt19937_64& random) {
  word_t word = 0;
  const word_t kind = random() % 4;
  if (kind < 2) {
    for (word_t n = random() % 8; n > 0; --n) {
      const auto cls = static_cast<unsigned>(random() % (Bits::full_class + 1));
      const word_t group = random() % (Bits::width >> cls);
      for (unsigned i = 0; i < 1U << cls; ++i) {
        word |= bit(static_cast<unsigned>(group << cls) + i);
      }
    }
    if (kind == 1) word = ~word;
  } else {
    word = random();
    for (word_t n = random() % 4; n > 0; --n) word = kind == 2 ? word & random() : word | random();
  }
  return word & Bits::full;
}

constexpr std::uint64_t seed = 20240229;

template <class Bits>
differences compare_random_words(int words) {
  std::mt19937_64 random(seed);
  differences found;
  compare<Bits>(0, found);
  compare<Bits>(Bits::full, found);
  for (unsigned pos = 0; pos < Bits::width; ++pos) {
    compare<Bits>(bit(pos), found);
    compare<Bits>(Bits::full & ~bit(pos), found);
  }
  for (int i = 0; i < words; ++i) compare<Bits>(random_word<Bits>(random), found);
  return found;
}

// ---- wrong variants, to see that the comparison sees ------------------------------------------

template <unsigned Log2Fanout>
struct takes_first_fit : word_bits<Log2Fanout> {
  using right = word_bits<Log2Fanout>;
  static typename right::fit best_fit(word_t free, unsigned cls) {
    for (unsigned pos = 0; pos < right::width; pos += 1U << cls) {
      const word_t mask = right::run(cls) << pos;
      if ((free & mask) == mask) return {mask, pos, right::merged_class(free, pos)};
    }
    return {0, 0, 0};
  }
};

template <unsigned Log2Fanout>
struct takes_worst_fit : word_bits<Log2Fanout> {
  using right = word_bits<Log2Fanout>;
  static typename right::fit best_fit(word_t free, unsigned cls) {
    if (free == 0) return {0, 0, 0};
    const unsigned largest = right::largest_class(free);
    if (largest < cls) return {0, 0, 0};
    const auto fit = right::best_fit(free, largest);
    return {right::run(cls) << fit.pos, fit.pos, largest};
  }
};

// The right run, but the number of splits is lost.
template <unsigned Log2Fanout>
struct forgets_from : word_bits<Log2Fanout> {
  using right = word_bits<Log2Fanout>;
  static typename right::fit best_fit(word_t free, unsigned cls) {
    auto fit = right::best_fit(free, cls);
    fit.from = cls;
    return fit;
  }
};

template <unsigned Log2Fanout>
struct ignores_alignment : word_bits<Log2Fanout> {
  static unsigned largest_class(word_t free) {
    int longest = 0;
    for (unsigned pos = 0; pos < 64; ++pos) {
      longest = std::max(longest, std::countr_one(free >> pos));
    }
    return static_cast<unsigned>(std::bit_width(static_cast<unsigned>(longest))) - 1;
  }
};

template <unsigned Log2Fanout>
struct merges_upwards_only : word_bits<Log2Fanout> {
  using right = word_bits<Log2Fanout>;
  static unsigned merged_class(word_t free, unsigned pos) {
    return right::merged_class(free | (bit(pos) - 1), pos);
  }
};

template <unsigned Log2Fanout>
struct merges_downwards_only : word_bits<Log2Fanout> {
  using right = word_bits<Log2Fanout>;
  static unsigned merged_class(word_t free, unsigned pos) {
    return right::merged_class((free | ~(bit(pos) - 1)) & right::full, pos);
  }
};

template <unsigned Log2Fanout>
struct counts_neighbours : word_bits<Log2Fanout> {
  static unsigned merges(word_t before, word_t after) {
    const word_t pairs = after & after << 1;
    return static_cast<unsigned>(std::popcount(pairs & ~(before & before << 1)));
  }
};

template <class Compare>
void convict_wrong_variants(const Compare& compared_with) {
  CHECK(compared_with.template operator()<takes_first_fit>().fit > 0);
  CHECK(compared_with.template operator()<takes_worst_fit>().fit > 0);
  CHECK(compared_with.template operator()<forgets_from>().fit > 0);
  CHECK(compared_with.template operator()<ignores_alignment>().largest > 0);
  CHECK(compared_with.template operator()<merges_upwards_only>().merged > 0);
  CHECK(compared_with.template operator()<merges_downwards_only>().merged > 0);
  CHECK(compared_with.template operator()<counts_neighbours>().merges > 0);
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("runs and full words have the bits they are named after", "[word]",
                       ((unsigned Log2Fanout), Log2Fanout), 1, 2, 3, 4, 5, 6) {
  using bits = word_bits<Log2Fanout>;
  STATIC_REQUIRE(std::same_as<word_t, std::uint64_t>);
  STATIC_REQUIRE(bits::width == 1U << Log2Fanout);
  STATIC_REQUIRE(bits::full_class == Log2Fanout);
  STATIC_REQUIRE(std::popcount(bits::full) == int{bits::width});
  STATIC_REQUIRE(std::countr_one(bits::full) == int{bits::width});
  for (unsigned cls = 0; cls <= 6; ++cls) {
    INFO("class " << cls);
    word_t expected = 0;
    for (unsigned i = 0; i < 1U << cls; ++i) expected |= bit(i);
    CHECK(bits::run(cls) == expected);
  }
  CHECK(bits::run(Log2Fanout) == bits::full);
}

TEST_CASE("a word can be computed at compile time", "[word]") {
  using four = word_bits<2>;
  STATIC_REQUIRE(four::run(1) == 0b11);
  STATIC_REQUIRE(four::full == 0b1111);
  STATIC_REQUIRE(four::best_fit(0b1011, 0).pos == 3);  // the single slot, not the pair
  STATIC_REQUIRE(four::best_fit(0b1011, 0).from == 0);
  STATIC_REQUIRE(four::best_fit(0b1011, 1).mask == 0b0011);
  STATIC_REQUIRE(four::best_fit(0b1011, 2).mask == 0);
  STATIC_REQUIRE(four::best_fit(0b0110, 1).mask == 0);  // two slots, but no pair
  STATIC_REQUIRE(four::best_fit(0b1111, 0).from == 2);
  STATIC_REQUIRE(four::largest_class(0b0110) == 0);
  STATIC_REQUIRE(four::largest_class(0b1110) == 1);
  STATIC_REQUIRE(four::merged_class(0b1110, 1) == 0);
  STATIC_REQUIRE(four::merged_class(0b1110, 2) == 1);
  STATIC_REQUIRE(four::merges(0b1100, 0b1111) == 2);
  using wide = word_bits<6>;
  STATIC_REQUIRE(wide::full == ~word_t{0});
  STATIC_REQUIRE(wide::best_fit(wide::full, 6).mask == ~word_t{0});
  STATIC_REQUIRE(wide::best_fit(word_t{1} << 63, 0).pos == 63);
  STATIC_REQUIRE(wide::best_fit(~word_t{1}, 0).pos == 1);
  STATIC_REQUIRE(wide::largest_class(~word_t{1}) == 5);
  STATIC_REQUIRE(wide::merged_class(~word_t{1}, 63) == 5);
  STATIC_REQUIRE(noexcept(wide::best_fit(0, 0)));
  STATIC_REQUIRE(noexcept(wide::largest_class(1)));
  STATIC_REQUIRE(noexcept(wide::merged_class(1, 0)));
}

TEMPLATE_TEST_CASE_SIG("every narrow word splits and merges as by halving", "[word]",
                       ((unsigned Log2Fanout), Log2Fanout), 1, 2, 3, 4) {
  const auto found = compare_every_word<word_bits<Log2Fanout>>();
  INFO("last word that differs " << found.last);
  CHECK(found.fit == 0);
  CHECK(found.largest == 0);
  CHECK(found.merged == 0);
  CHECK(found.merges == 0);
  // Every class, its merges, the largest run of every word but 0, and every slot in half of the
  // words.
  const std::size_t slots = std::size_t{1} << Log2Fanout;
  const std::size_t words = std::size_t{1} << slots;
  CHECK(found.compared == words * (Log2Fanout + 2) + (words - 1) + words / 2 * slots);
}

TEMPLATE_TEST_CASE_SIG("random wide words split and merge as by halving", "[word]",
                       ((unsigned Log2Fanout), Log2Fanout), 5, 6) {
  const auto found = compare_random_words<word_bits<Log2Fanout>>(20'000);
  INFO("seed " << seed << ", last word that differs " << found.last);
  CHECK(found.fit == 0);
  CHECK(found.largest == 0);
  CHECK(found.merged == 0);
  CHECK(found.merges == 0);
  CHECK(found.compared > 20'000 * Log2Fanout);
}

// Words of two slots are too narrow to tell: there every fit is the best one.
TEMPLATE_TEST_CASE_SIG("the comparison of every narrow word can fail", "[word][control]",
                       ((unsigned Log2Fanout), Log2Fanout), 2, 3, 4) {
  convict_wrong_variants(
      []<template <unsigned> class Wrong>() { return compare_every_word<Wrong<Log2Fanout>>(); });
}

TEMPLATE_TEST_CASE_SIG("the comparison of random words can fail", "[word][control]",
                       ((unsigned Log2Fanout), Log2Fanout), 5, 6) {
  INFO("seed " << seed);
  convict_wrong_variants([]<template <unsigned> class Wrong>() {
    return compare_random_words<Wrong<Log2Fanout>>(1'000);
  });
}
