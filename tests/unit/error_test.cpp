// ---------------------------------------------------------------------------------------------
// error_test.cpp: the error enums as std::error_code, and the two error structs
//
// Programs outside the project switch on these values and print these messages, so numbers,
// categories and the form of the messages are part of the surface.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/error.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <system_error>
#include <type_traits>

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
