// ---------------------------------------------------------------------------------------------
// misuse_test.cpp: a release that must not be ends the program, with one line
//
// Each wrong release happens in a child process. The parent makes the situation with legal calls
// and forks, the child inherits the buddy, makes the one call and leaves by _exit. The same child
// with a legal call instead is the control. So the child does next to nothing, which keeps the
// sanitizers content too; it takes no part in the run of the tests and writes no core file.
// Relies on POSIX (fork, pipe, waitpid) and Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <tuple>

#include "caiman/buddy.hpp"
#include "caiman/sequential_sync.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::block;
using caiman::buddy;
using caiman::native_sync;
using caiman::sequential_sync;

constexpr const char* free_already = "it is free already, wholly or in part";
constexpr const char* no_such_order = "there is no such order";
constexpr const char* no_such_index = "there is no such index";

// How a child process ended.
struct ending {
  int signal;        // 0: none
  int exit_code;     // -1: none
  std::string said;  // on stderr
};

std::string read_all(int from) {
  std::string text;
  char part[256];
  for (ssize_t n = read(from, part, sizeof part); n > 0; n = read(from, part, sizeof part)) {
    text.append(part, static_cast<std::size_t>(n));
  }
  return text;
}

template <class Act>
ending in_child(const Act& act) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit no_core{0, 0};
    if (setrlimit(RLIMIT_CORE, &no_core) != 0 || dup2(ends[1], STDERR_FILENO) < 0 ||
        std::signal(SIGABRT, SIG_DFL) == SIG_ERR) {  // Catch2 would report the signal as its own
      _exit(99);
    }
    close(ends[0]);
    close(ends[1]);
    act();
    _exit(0);
  }
  close(ends[1]);
  ending end{0, -1, read_all(ends[0])};
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
  return end;
}

template <class Buddy>
void check_caught(Buddy& tree, const char* why, std::initializer_list<block> wrong) {
  for (const block& b : wrong) {
    INFO("order " << b.order << ", index " << b.index);
    const auto end = in_child([&] { tree.release(b); });
    CHECK(end.signal == SIGABRT);
    CHECK(end.said == "caiman: release of block {order " + std::to_string(b.order) + ", index " +
                          std::to_string(b.index) + "}: " + why + "\n");
  }
}

template <class Buddy>
void check_legal(Buddy& tree, std::initializer_list<block> right) {
  for (const block& b : right) {
    INFO("order " << b.order << ", index " << b.index);
    const auto end = in_child([&] { tree.release(b); });
    CHECK(end.signal == 0);
    CHECK(end.exit_code == 0);
    CHECK(end.said.empty());
  }
}

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
  // Gives the min blocks from `first` up to `end` back.
  void release(std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) tree.release({0, i});
  }
};

// Fan-outs 2 and 64 are the ends of the range; 4 and 8 have several classes in every word.
using arenas =
    std::tuple<arena<native_sync, 1>, arena<native_sync, 2>, arena<native_sync, 3>,
               arena<native_sync, 6>, arena<sequential_sync, 1>, arena<sequential_sync, 6>>;

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

TEMPLATE_LIST_TEST_CASE("a second release is caught in a word that stays", "[misuse]", arenas) {
  TestType in;
  in.take_all();
  check_legal(in.tree, {{0, 0}, {0, 1}, {0, 2 * in.half - 1}});
  const std::size_t last = in.half - 1;
  in.tree.release({0, last});
  check_caught(in.tree, free_already, {{0, last}});
  CHECK(in.tree.free_count(0) == 1);
  check_caught(in.tree, free_already, {{0, last}});
  check_legal(in.tree, {{0, last - 1}, {0, 0}});
}

TEMPLATE_LIST_TEST_CASE("a second release is caught right after the pair", "[misuse]", arenas) {
  TestType in;
  const block b = in.tree.allocate(0).value();
  check_legal(in.tree, {b});
  in.tree.release(b);  // the word is full again, and stays so until somebody looks
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
  SECTION("that was handed out whole") { in.tree.release(in.tree.allocate(in.max_order).value()); }
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
  in.tree.release(whole);
  for (const unsigned order : {0U, in.width - 1, in.width, in.half_order - 1}) {
    check_caught(in.tree, free_already, {{order, first >> order}});
  }
  check_legal(in.tree, {rest});
}

TEMPLATE_LIST_TEST_CASE("a second release is caught when the word below was kept full", "[misuse]",
                        arenas) {
  TestType in;
  const block whole = in.tree.allocate(in.width).value();
  in.tree.release(whole);
  const block part = in.tree.allocate(0).value();
  REQUIRE(part.index >> in.width == whole.index);
  in.tree.release(part);
  check_caught(in.tree, free_already, {whole, part});
}

TEMPLATE_LIST_TEST_CASE(
    "the release of a block with a free part in its word, or the word below, "
    "is caught",
    "[misuse]", arenas) {
  TestType in;
  in.take_all();
  in.tree.release({0, 0});
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
  check_caught(tree, free_already, {b});
}
