// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// error_test.cpp: the error enums as std::error_code, and the two error structs
//
// Programs outside the project switch on these values and print these messages, so numbers,
// categories and the form of the messages are part of the surface. Codes of another shared object
// come from error_peer.cpp. Relies on dlopen and Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/error.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <set>
#include <string>
#include <system_error>
#include <type_traits>

#include "error_peer.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::alloc_error;
using caiman::bad_range;
using caiman::buffer_full;
using caiman::build_error;

constexpr std::array all_alloc_errors{alloc_error::arena_full, alloc_error::request_too_large,
                                      alloc_error::contended};
constexpr std::array all_build_errors{build_error::size_overflow,    build_error::invalid_alignment,
                                      build_error::invalid_geometry, build_error::null_region,
                                      build_error::region_too_small, build_error::out_of_memory};

bool is_sentence(const std::string& text) {
  return text.size() > 10 && text.front() >= 'A' && text.front() <= 'Z' && text.back() == '.' &&
         text.find(' ') != std::string::npos && text.find('\n') == std::string::npos;
}

// Checks what must hold for every enumerator; `errors` is the whole enum in order of value.
template <class Errors>
void check_codes(const Errors& errors, const std::error_category& category) {
  std::set<std::string> messages;
  int value = 1;
  for (const auto error : errors) {
    const std::error_code code = error;
    INFO("value " << value << ": " << code.message());
    CHECK(code.value() == value);
    CHECK(static_cast<bool>(code));
    CHECK(&code.category() == &category);
    CHECK(code == make_error_code(error));
    CHECK(code == error);
    CHECK(is_sentence(code.message()));
    CHECK(code.message() != category.message(0));
    messages.insert(code.message());
    ++value;
  }
  CHECK(messages.size() == errors.size());
  CHECK(category.message(value) == category.message(0));
}

}  // namespace

TEST_CASE("an allocation error is a std::error_code", "[error]") {
  const std::error_code code = alloc_error::arena_full;
  CHECK(code);
  CHECK(code == alloc_error::arena_full);
  CHECK(code != alloc_error::contended);
  CHECK(code.category().name() == std::string("caiman.alloc"));
  check_codes(all_alloc_errors, caiman::alloc_category());
}

TEST_CASE("a build error is a std::error_code", "[error]") {
  const std::error_code code = build_error::invalid_geometry;
  CHECK(code);
  CHECK(code == build_error::invalid_geometry);
  CHECK(code != build_error::invalid_alignment);
  CHECK(code.category().name() == std::string("caiman.build"));
  check_codes(all_build_errors, caiman::build_category());
}

TEST_CASE("the enumerators keep their numbers", "[error]") {
  STATIC_REQUIRE(static_cast<int>(alloc_error::arena_full) == 1);
  STATIC_REQUIRE(static_cast<int>(alloc_error::request_too_large) == 2);
  STATIC_REQUIRE(static_cast<int>(alloc_error::contended) == 3);
  STATIC_REQUIRE(static_cast<int>(build_error::size_overflow) == 1);
  STATIC_REQUIRE(static_cast<int>(build_error::invalid_alignment) == 2);
  STATIC_REQUIRE(static_cast<int>(build_error::invalid_geometry) == 3);
  STATIC_REQUIRE(static_cast<int>(build_error::null_region) == 4);
  STATIC_REQUIRE(static_cast<int>(build_error::region_too_small) == 5);
  STATIC_REQUIRE(static_cast<int>(build_error::out_of_memory) == 6);
}

TEST_CASE("the categories are two, and neither is a standard one", "[error]") {
  const std::error_code alloc = alloc_error::arena_full;
  const std::error_code build = build_error::size_overflow;
  REQUIRE(alloc.value() == build.value());
  CHECK(alloc != build);
  CHECK(alloc.category() != build.category());
  CHECK(alloc != build_error::size_overflow);
  CHECK(alloc.message() != build.message());
  for (const auto* category : {&caiman::alloc_category(), &caiman::build_category()}) {
    CHECK(*category != std::generic_category());
    CHECK(*category != std::system_category());
  }
}

TEST_CASE("zero is not an error value", "[error]") {
  for (const auto* category : {&caiman::alloc_category(), &caiman::build_category()}) {
    CHECK_FALSE(std::error_code(0, *category));
    CHECK(is_sentence(category->message(0)));
    for (const int stray :
         {0, -1, 7, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) {
      CHECK(category->message(stray) == category->message(0));
    }
  }
}

TEST_CASE("only the enums convert, and without throwing", "[error]") {
  STATIC_REQUIRE(std::is_error_code_enum_v<alloc_error>);
  STATIC_REQUIRE(std::is_error_code_enum_v<build_error>);
  STATIC_REQUIRE_FALSE(std::is_error_condition_enum_v<alloc_error>);
  STATIC_REQUIRE_FALSE(std::is_error_condition_enum_v<build_error>);
  STATIC_REQUIRE(std::is_nothrow_constructible_v<std::error_code, alloc_error>);
  STATIC_REQUIRE(std::is_nothrow_constructible_v<std::error_code, build_error>);
  STATIC_REQUIRE_FALSE(std::convertible_to<alloc_error, int>);
  STATIC_REQUIRE_FALSE(std::convertible_to<buffer_full, std::error_code>);
  STATIC_REQUIRE_FALSE(std::convertible_to<bad_range, std::error_code>);
}

TEST_CASE("the error structs carry their numbers", "[error]") {
  constexpr buffer_full full{.remaining = 3, .requested = SIZE_MAX};
  CHECK(full.remaining == 3);
  CHECK(full.requested == SIZE_MAX);
  CHECK(full == buffer_full{3, SIZE_MAX});
  CHECK(full != buffer_full{3, 4});
  CHECK(full != buffer_full{4, SIZE_MAX});

  constexpr bad_range range{.offset = 1, .length = SIZE_MAX, .capacity = 16};
  CHECK(range.offset == 1);
  CHECK(range.length == SIZE_MAX);
  CHECK(range.capacity == 16);
  CHECK(range == bad_range{1, SIZE_MAX, 16});
  CHECK(range != bad_range{0, SIZE_MAX, 16});
  CHECK(range != bad_range{1, 2, 16});
  CHECK(range != bad_range{1, SIZE_MAX, 17});

  STATIC_REQUIRE(std::is_aggregate_v<buffer_full>);
  STATIC_REQUIRE(std::is_aggregate_v<bad_range>);
  STATIC_REQUIRE(std::is_trivially_copyable_v<buffer_full>);
  STATIC_REQUIRE(std::is_trivially_copyable_v<bad_range>);
}

namespace {

constexpr std::array conditions{
    std::errc::not_enough_memory,  std::errc::resource_unavailable_try_again,
    std::errc::value_too_large,    std::errc::invalid_argument,
    std::errc::bad_address,        std::errc::no_buffer_space,
    std::errc::message_size,       std::errc::operation_would_block,
    std::errc::result_out_of_range};

// That a code is equal to these of them, the first being the one it names, and to no other.
template <class Error>
void check_means(Error error, std::initializer_list<std::errc> wanted) {
  const std::error_code code = error;
  INFO(code.message());
  CHECK(code.default_error_condition() == *wanted.begin());
  for (const std::errc condition : conditions) {
    const bool same_number = std::ranges::any_of(
        wanted, [&](std::errc w) { return static_cast<int>(w) == static_cast<int>(condition); });
    INFO("condition " << static_cast<int>(condition));
    CHECK((code == condition) == same_number);
    CHECK((condition == code) == same_number);
  }
  CHECK(code == error);
  CHECK(error == code);
  CHECK_FALSE(code != error);
}

}  // namespace

TEST_CASE("each error is the std::errc that a stranger would look for", "[error]") {
  using std::errc;
  check_means(alloc_error::arena_full,
              {errc::not_enough_memory, errc::resource_unavailable_try_again});
  check_means(alloc_error::request_too_large, {errc::value_too_large});
  check_means(alloc_error::contended, {errc::resource_unavailable_try_again});
  check_means(build_error::size_overflow, {errc::value_too_large, errc::invalid_argument});
  check_means(build_error::invalid_alignment, {errc::invalid_argument});
  check_means(build_error::invalid_geometry, {errc::invalid_argument});
  check_means(build_error::null_region, {errc::bad_address, errc::invalid_argument});
  check_means(build_error::region_too_small, {errc::no_buffer_space, errc::invalid_argument});
  check_means(build_error::out_of_memory, {errc::not_enough_memory});
  STATIC_REQUIRE(all_alloc_errors.size() + all_build_errors.size() == 9);
}

TEST_CASE("a value without an error is nothing but itself", "[error]") {
  for (const auto* category : {&caiman::alloc_category(), &caiman::build_category()}) {
    for (const int stray : {0, -1, 7, 12}) {
      const std::error_code code(stray, *category);
      CHECK(code.default_error_condition() == std::error_condition(stray, *category));
      CHECK(code == std::error_condition(stray, *category));
      CHECK(code != std::error_condition(stray + 1, *category));
      CHECK(code != std::error_condition(stray, std::generic_category()));
      CHECK(code != std::error_condition());
    }
  }
  CHECK(std::error_code(1, std::generic_category()) != alloc_error::arena_full);
  CHECK(std::error_code(1, caiman::build_category()) != alloc_error::arena_full);
  CHECK(std::error_code(1, caiman::alloc_category()) != build_error::size_overflow);
}

TEST_CASE("a code of another shared object equals the enumerator here", "[error]") {
  void* const object = dlopen(CAIMAN_ERROR_PEER, RTLD_NOW | RTLD_LOCAL);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread here
  INFO("dlopen: " << (object == nullptr ? dlerror() : "opened"));
  REQUIRE(object != nullptr);
  const auto* const peer = static_cast<const error_peer*>(dlsym(object, "caiman_error_peer"));
  REQUIRE(peer != nullptr);
  // Else there would be nothing to see.
  REQUIRE(&peer->alloc_code(1).category() != &caiman::alloc_category());
  REQUIRE(&peer->build_code(1).category() != &caiman::build_category());

  for (const alloc_error made : all_alloc_errors) {
    const std::error_code theirs = peer->alloc_code(static_cast<int>(made));
    for (const alloc_error error : all_alloc_errors) {
      CHECK((theirs == error) == (made == error));
      CHECK((error != theirs) == (made != error));
      CHECK(peer->is_alloc(error, static_cast<int>(made)) == (made == error));
      const std::error_condition ours(static_cast<int>(error), caiman::alloc_category());
      CHECK((theirs == ours) == (made == error));
    }
    CHECK(theirs.message() == std::error_code(made).message());
    CHECK(theirs.default_error_condition() == std::error_code(made).default_error_condition());
    CHECK(theirs != std::error_code(made));  // the standard's rule, as the reference says
    CHECK_FALSE(peer->is_build(made, static_cast<int>(made)));
  }
  for (const build_error made : all_build_errors) {
    const std::error_code theirs = peer->build_code(static_cast<int>(made));
    for (const build_error error : all_build_errors) {
      CHECK((theirs == error) == (made == error));
      CHECK(peer->is_build(error, static_cast<int>(made)) == (made == error));
      const std::error_condition ours(static_cast<int>(error), caiman::build_category());
      CHECK((theirs == ours) == (made == error));
    }
    CHECK(theirs != alloc_error::arena_full);
    CHECK_FALSE(peer->is_alloc(made, static_cast<int>(made)));
  }
  CHECK(peer->alloc_code(1) == std::errc::not_enough_memory);
  CHECK(dlclose(object) == 0);
}
