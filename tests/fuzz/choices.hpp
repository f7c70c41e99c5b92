// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// choices.hpp: bytes as decisions
//
// A fuzzer changes bytes; a target needs operations that make sense. Every decision takes the next
// byte, so that a byte changed, left out or copied in changes, leaves out or repeats one decision
// and lets the others be, which is what mutation and minimisation live on. When the bytes are at
// an end every decision is 0. Nothing outside an object is kept from one input to the next.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <span>

namespace caiman::fuzz {

class choices {
 public:
  choices(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

  bool more() const { return !left_.empty(); }
  unsigned byte() {
    if (left_.empty()) return 0;
    const unsigned value = left_.front();
    left_ = left_.subspan(1);
    return value;
  }
  /// 0 to `most`, which is below 256.
  unsigned up_to(unsigned most) { return byte() % (most + 1); }
  bool maybe() { return up_to(1) == 1; }
  /// Of the size that people ask for, or a hostile one: near a power of two, or near the largest.
  std::size_t any_size() {
    const unsigned kind = byte();
    if (kind < 0xc0) return std::size_t{byte()} << (kind % 6);
    const std::size_t power = std::size_t{1} << (byte() % 64);
    return (kind < 0xe0 ? power : std::size_t{0}) + byte() - 128U;  // 0 - 1 is the largest there is
  }

 private:
  std::span<const std::uint8_t> left_;
};

/// Ends the program, as every fuzzer wants it, and says where.
inline void expect(bool holds, const char* what,
                   std::source_location at = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "fuzz target: %s (%s, line %u)\n", what, at.file_name(),
               static_cast<unsigned>(at.line()));
  std::abort();
}

}  // namespace caiman::fuzz

// What fuzzers call; 0 always.
// NOLINTNEXTLINE(readability-identifier-naming): the name is theirs
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
