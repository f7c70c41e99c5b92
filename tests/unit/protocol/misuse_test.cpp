// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// misuse_test.cpp: a release that must not be ends the program, with one line
//
// The parent makes the situation with legal calls, a child process makes the one call that is wrong
// (child.hpp); the same child with a legal call instead is the control. So the child does next to
// nothing, which keeps the sanitizers content too. With stacks, what is said here holds for blocks
// that lie in the tree, so a look drains them first; for those that lie in a stack see
// stack_misuse_test.cpp.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <tuple>

#include "../child.hpp"
#include "caiman/buddy.hpp"
#include "caiman/sequential_sync.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::announced_pop_sync;
using caiman::block;
using caiman::buddy;
using caiman::native_sync;
using caiman::sequential_sync;
using caiman::tree_only_sync;
using child::check_caught;
using child::check_legal;
using child::free_already;
using child::in_child;
using child::no_such_index;
using child::no_such_order;

// Three levels, with two slots in the one word at the top: the halves of the arena.
template <class Sync, unsigned Log2Fanout>
struct arena {
  static constexpr unsigned width = Log2Fanout;
  static constexpr std::size_t in_word = std::size_t{1} << width;
  static constexpr unsigned half_order = 2 * width;
  static constexpr std::size_t half = std::size_t{1} << half_order;
  static constexpr unsigned max_order = half_order + 1;

  buddy<Sync, Log2Fanout> tree{max_order};

  // Every min block handed out as a block of its own.
  void take_all() {
    while (tree.allocate(0)) {
    }
    REQUIRE(tree.free_min_blocks() == 0);
  }
  // Gives blocks back, into the tree: free_min_blocks drains stacks, and does nothing else.
  void release(block b) {
    tree.release(b);
    drain();
  }
  // The min blocks from `first` up to `end`.
  void release(std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) tree.release({0, i});
    drain();
  }

 private:
  void drain() const {
    if (caiman::protocol::owner_stacks<Sync>::orders != 0) REQUIRE(tree.free_min_blocks() > 0);
  }
};

// Fan-outs 2 and 64 are the ends of the range; 4 and 8 have several classes in every word.
using arenas =
    std::tuple<arena<tree_only_sync, 1>, arena<tree_only_sync, 2>, arena<tree_only_sync, 3>,
               arena<tree_only_sync, 6>, arena<sequential_sync, 1>, arena<sequential_sync, 6>,
               arena<native_sync, 1>, arena<native_sync, 2>, arena<native_sync, 3>,
               arena<native_sync, 6>, arena<announced_pop_sync, 1>, arena<announced_pop_sync, 6>>;

}  // namespace

TEST_CASE("a child process tells how it ended", "[misuse][control]") {
  const auto quiet = in_child([] {});
  CHECK(quiet.signal == 0);
  CHECK(quiet.exit_code == 0);
  CHECK(quiet.said.empty());
  const auto left = in_child([] { _exit(3); });
  CHECK(left.exit_code == 3);
  const auto aborted = in_child([] {
    if (write(STDERR_FILENO, "two\nlines\n", 10) == 10) std::abort();
  });
  CHECK(aborted.signal == SIGABRT);
  CHECK(aborted.exit_code == -1);
  CHECK(aborted.said == "two\nlines\n");
}

TEST_CASE("a broken invariant ends the program, with one line", "[misuse]") {
  const auto end = in_child([] { native_sync::invariant(false, "words"); });
  CHECK(end.signal == SIGABRT);
  CHECK(end.said == "caiman: broken invariant, perhaps by an earlier misuse: words\n");
  child::check_quiet([] { native_sync::invariant(true, "words"); });
}

TEMPLATE_LIST_TEST_CASE("a second release is caught in a word that stays", "[misuse]", arenas) {
  TestType in;
  in.take_all();
  check_legal(in.tree, {{0, 0}, {0, 1}, {0, 2 * in.half - 1}});
  const std::size_t last = in.half - 1;
  in.release({0, last});
  check_caught(in.tree, free_already, {{0, last}});
  CHECK(in.tree.free_count(0) == 1);
  check_caught(in.tree, free_already, {{0, last}});
  check_legal(in.tree, {{0, last - 1}, {0, 0}});
}

TEMPLATE_LIST_TEST_CASE("a second release is caught right after the pair", "[misuse]", arenas) {
  TestType in;
  const block b = in.tree.allocate(0).value();
  check_legal(in.tree, {b});
  in.release(b);  // the word is full again, and stays so until somebody looks
  check_caught(in.tree, free_already, {b});
}

TEMPLATE_LIST_TEST_CASE("a second release is caught after the block has merged upwards", "[misuse]",
                        arenas) {
  TestType in;
  in.take_all();
  SECTION("into the word above, as the releases left it") {
    in.release(0, 2 * in.in_word);
    check_caught(in.tree, free_already, {{0, 0}, {0, in.in_word - 1}, {0, in.in_word}});
  }
  SECTION("into the word above, after an observer") {
    in.release(0, in.in_word);
    REQUIRE(in.tree.is_free({in.width, 0}));
    check_caught(in.tree, free_already, {{0, 0}, {0, in.in_word - 1}, {in.width, 0}});
  }
  SECTION("two words up, as the releases left it") {
    in.release(0, in.half);
    check_caught(in.tree, free_already, {{0, 0}, {0, in.half - 1}, {0, in.half / 2}});
  }
  SECTION("two words up, after an observer") {
    in.release(0, in.half);
    REQUIRE(in.tree.is_free({in.half_order, 0}));
    check_caught(in.tree, free_already, {{0, 0}, {0, in.half - 1}, {in.half_order, 0}});
  }
  check_legal(in.tree, {{0, in.half}, {0, 2 * in.half - 1}});
}

TEMPLATE_LIST_TEST_CASE("a second release is caught when everything is one block", "[misuse]",
                        arenas) {
  TestType in;
  SECTION("that was never handed out") {}
  SECTION("that was handed out whole") { in.release(in.tree.allocate(in.max_order).value()); }
  SECTION("that merged, as the releases left it") {
    in.take_all();
    in.release(0, 2 * in.half);
    check_caught(in.tree, free_already, {{0, 0}, {0, in.half}, {0, 2 * in.half - 1}});
  }
  SECTION("that merged, after an observer") {
    in.take_all();
    in.release(0, 2 * in.half);
  }
  REQUIRE(in.tree.is_free({in.max_order, 0}));
  for (const unsigned order : {0U, in.width, in.half_order, in.max_order}) {
    check_caught(in.tree, free_already, {{order, (2 * in.half >> order) - 1}});
  }
  const block all = in.tree.allocate(in.max_order).value();
  check_legal(in.tree, {all});
}

TEMPLATE_LIST_TEST_CASE("the release of a part of a free block is caught", "[misuse]", arenas) {
  TestType in;
  const block whole = in.tree.allocate(in.half_order).value();
  const std::size_t first = whole.index << in.half_order;
  const block rest = in.tree.allocate(in.half_order).value();
  in.release(whole);
  for (const unsigned order : {0U, in.width - 1, in.width, in.half_order - 1}) {
    check_caught(in.tree, free_already, {{order, first >> order}});
  }
  check_legal(in.tree, {rest});
}

TEMPLATE_LIST_TEST_CASE("a second release is caught when the word below was kept full", "[misuse]",
                        arenas) {
  TestType in;
  const block whole = in.tree.allocate(in.width).value();
  in.release(whole);
  const block part = in.tree.allocate(0).value();
  REQUIRE(part.index >> in.width == whole.index);
  in.release(part);
  check_caught(in.tree, free_already, {whole, part});
}

TEMPLATE_LIST_TEST_CASE(
    "the release of a block with a free part in its word, or the word below, "
    "is caught",
    "[misuse]", arenas) {
  TestType in;
  in.take_all();
  in.release({0, 0});
  for (unsigned order = 1; order < in.half_order; ++order) {
    check_caught(in.tree, free_already, {{order, 0}});
  }
  in.release(1, in.half);
  REQUIRE(in.tree.is_free({in.half_order, 0}));
  check_caught(in.tree, free_already, {{in.max_order, 0}});
  check_legal(in.tree, {{0, in.half}});
}

TEMPLATE_LIST_TEST_CASE("an order that there is not is caught", "[misuse]", arenas) {
  TestType in;
  const block b = in.tree.allocate(0).value();
  for (const unsigned order : {in.max_order + 1, 64U, ~0U}) {
    check_caught(in.tree, no_such_order, {{order, 0}});
  }
  check_caught(in.tree, no_such_order, {{in.max_order + 1, SIZE_MAX}, {~0U, SIZE_MAX}});
  check_legal(in.tree, {b});
}

TEMPLATE_LIST_TEST_CASE("an index that there is not is caught", "[misuse]", arenas) {
  TestType in;
  in.take_all();
  for (const unsigned order : {0U, in.half_order, in.max_order}) {
    const std::size_t end = 2 * in.half >> order;
    check_caught(in.tree, no_such_index, {{order, end}, {order, SIZE_MAX}});
  }
  // would wrap to index 0 if it became a number of min blocks
  check_caught(in.tree, no_such_index, {{in.max_order, std::size_t{1} << (64 - in.max_order)}});
  check_legal(in.tree, {{0, 2 * in.half - 1}});
}

TEMPLATE_LIST_TEST_CASE("misuse of a buddy of one min block is caught", "[misuse]", arenas) {
  decltype(TestType::tree) tree(0);
  check_caught(tree, free_already, {{0, 0}});
  const block b = tree.allocate(0).value();
  check_caught(tree, no_such_index, {{0, 1}});
  check_caught(tree, no_such_order, {{1, 0}});
  check_legal(tree, {b});
  tree.release(b);
  check_caught(tree, free_already, {b});  // seen wherever it lies
}
