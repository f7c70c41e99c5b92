// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// misuse_hook_test.cpp: who is told of a misuse before it ends the program
//
// Each kind of misuse, in a child process whose hook repeats on stderr what it was told: the line
// is there first, the hook gets it once, and the program is aborted behind it. That an object
// was closed too early is tests/objects'; that nothing in the core ends the program by another way
// is tests/house's. Relies on POSIX and Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstring>
#include <memory_resource>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "../child.hpp"
#include "caiman/resource.hpp"
#include "caiman/sequential_sync.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::block;
using caiman::buddy;

static_assert(std::is_same_v<caiman::misuse_hook, void (*)(const char*) noexcept>);

void say(const char* text) noexcept {
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) ::_exit(98);
}
void repeat(const char* line) noexcept {
  say("told: ");
  say(line);
  say("\n");
}

/// What a child says that acts under a hook which repeats.
template <class Act>
std::string told(const Act& act) {
  const auto end = child::in_child([&] {
    caiman::set_misuse_hook(repeat);
    act();
  });
  CHECK(end.signal == SIGABRT);
  return end.said;
}
/// `line`, which ends as lines do, and the hook's word about it.
std::string twice(const std::string& line) { return line + "told: " + line; }
/// That the hook was told what stands there, however it goes on.
void check_told(const std::string& begin, const std::string& said) {
  INFO(said);
  CHECK(said.starts_with(begin));
  const std::size_t length = said.find('\n') + 1;
  CHECK(said == twice(said.substr(0, length)));
}

TEST_CASE("a hook is exchanged for the one before", "[misuse_hook]") {
  REQUIRE(caiman::set_misuse_hook(repeat) == nullptr);
  CHECK(caiman::set_misuse_hook(say) == repeat);
  CHECK(caiman::set_misuse_hook(nullptr) == say);
  CHECK(caiman::set_misuse_hook(nullptr) == nullptr);
}

TEST_CASE("without a hook there is the line alone", "[misuse_hook]") {
  buddy<> tree(3);
  child::check_ends_with({3, 0}, child::free_already, [&] { tree.release({3, 0}); });
  child::check_ends_with({3, 0}, child::free_already, [&] {
    caiman::set_misuse_hook(repeat);
    caiman::set_misuse_hook(nullptr);
    tree.release({3, 0});
  });
}

TEMPLATE_TEST_CASE("a hook is told of each misuse of a buddy", "[misuse_hook]", buddy<>,
                   buddy<caiman::tree_only_sync>, buddy<caiman::announced_pop_sync>,
                   buddy<caiman::sequential_sync>) {
  TestType tree(3);
  const auto check = [&](block b, const char* why) {
    CHECK(told([&] { tree.release(b); }) == twice(child::complaint(b, why)));
  };
  check({3, 0}, child::free_already);
  check({0, 5}, child::free_already);
  check({4, 0}, child::no_such_order);
  check({1, 4}, child::no_such_index);
  const block once = tree.allocate(0).value();
  CHECK(told([&] {
          tree.release(once);
          tree.release(once);
        }) == twice(child::complaint(once, child::free_already)));
}

TEST_CASE("a hook is told of a second release that a drain finds", "[misuse_hook]") {
  buddy<> tree(3);
  const block once = tree.allocate(0).value();
  const std::string said = told([&] {
    tree.release_owned(once);
    tree.release_owned(once);
    static_cast<void>(tree.free_min_blocks());
  });
  check_told("caiman: release of block {order 0, index 0}: ", said);
}

TEST_CASE("a hook is told of a broken invariant", "[misuse_hook]") {
  const std::string line = "caiman: broken invariant, perhaps by an earlier misuse: words\n";
  CHECK(told([] { caiman::native_sync::invariant(false, "words"); }) == twice(line));
  CHECK(told([] { caiman::sequential_sync::invariant(false, "words"); }) == twice(line));
}

TEST_CASE("a hook is told of what was given back to a resource and is not its own",
          "[misuse_hook]") {
  const auto arena =
      caiman::buddy_arena::builder(caiman::buddy_geometry::exact(4096, 64).value()).build().value();
  caiman::buddy_resource memory(arena);
  std::byte foreign[64];
  void* const at = memory.allocate(64, 64);
  check_told("caiman: deallocate of 64 bytes at ",
             told([&] { memory.deallocate(foreign, 64, 64); }));
  check_told("caiman: deallocate of 8192 bytes at ",
             told([&] { memory.deallocate(at, 8192, 64); }));
  check_told("caiman: deallocate of 128 bytes at ",
             told([&] { memory.deallocate(static_cast<std::byte*>(at) + 64, 128, 64); }));
  memory.deallocate(at, 64, 64);
}

TEST_CASE("a long line is cut for the hook as on stderr", "[misuse_hook]") {
  const std::string name(1000, 'x');
  const std::string said = told([&] { caiman::native_sync::invariant(false, name.c_str()); });
  check_told("caiman: broken invariant, perhaps by an earlier misuse: xxxx", said);
  CHECK(said.size() < 700);
}

TEST_CASE("a hook that ends the program itself does", "[misuse_hook]") {
  const auto end = child::in_child([] {
    caiman::set_misuse_hook([](const char* /*line*/) noexcept { ::_exit(7); });
    caiman::native_sync::invariant(false, "words");
  });
  CHECK(end.signal == 0);
  CHECK(end.exit_code == 7);
}

}  // namespace
