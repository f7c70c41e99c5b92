// SPDX-License-Identifier: MIT
// Encoding and checking of stamps; see stamps.hpp.
#include <fmt/format.h>

#include "stamps.hpp"

namespace caiman::stress {
namespace {

constexpr std::uint64_t live_bit = std::uint64_t{1} << 63U;
constexpr unsigned serial_bits = 48;
constexpr std::uint64_t serial_mask = (std::uint64_t{1} << serial_bits) - 1;

// The position goes into the word, so that a stamp copied or shifted to another place is wrong
// there.
constexpr std::uint64_t place_code(std::size_t position) {
  return (static_cast<std::uint64_t>(position) * 0x9e3779b97f4a7c15U) >> 1U;
}

constexpr std::uint64_t encode(const stamp& mark, bool live, std::size_t position) {
  const std::uint64_t plain = (live ? live_bit : 0) | std::uint64_t{mark.thread} << serial_bits |
                              (mark.serial & serial_mask);
  return plain ^ place_code(position);
}

struct extent {
  std::size_t first, last;  // words, half open
};

extent words_of(block what) {
  constexpr std::size_t per_block = stamp_memory::words_per_min_block;
  const std::size_t first = (what.index << what.order) * per_block;
  return {first, first + (per_block << what.order)};
}

stamp_finding finding_at(std::size_t position, std::uint64_t value) {
  constexpr std::size_t per_block = stamp_memory::words_per_min_block;
  return {position / per_block, static_cast<unsigned>(position % per_block), value};
}

}  // namespace

stamp_memory::stamp_memory(unsigned max_order)
    : words_(std::size_t{words_per_min_block} << max_order) {
  for (std::size_t position = 0; position < words_.size(); ++position) {
    words_[position] = encode({}, false, position);
  }
}

std::optional<stamp_finding> stamp_memory::take(const parcel& held) noexcept {
  const auto [first, last] = words_of(held.what);
  for (std::size_t position = first; position < last; ++position) {
    if (((words_[position] ^ place_code(position)) & live_bit) != 0) {
      return finding_at(position, words_[position]);
    }
    words_[position] = encode(held.mark, true, position);
  }
  return std::nullopt;
}

std::optional<stamp_finding> stamp_memory::vacate(const parcel& held) noexcept {
  const auto [first, last] = words_of(held.what);
  for (std::size_t position = first; position < last; ++position) {
    if (words_[position] != encode(held.mark, true, position)) {
      return finding_at(position, words_[position]);
    }
    words_[position] = encode(held.mark, false, position);
  }
  return std::nullopt;
}

void stamp_memory::tear(const parcel& held) noexcept {
  const auto [first, last] = words_of(held.what);
  words_[first + (last - first) / 2] ^= 0xff00U;
}

std::string stamp_memory::describe(const stamp_finding& finding) {
  const std::size_t position = finding.min_block * words_per_min_block + finding.word;
  const std::uint64_t plain = finding.value ^ place_code(position);
  const std::uint64_t thread = (plain & ~live_bit) >> serial_bits;
  const std::uint64_t serial = plain & serial_mask;
  const std::string_view state = (plain & live_bit) != 0 ? "the live stamp" : "the vacated stamp";
  return fmt::format("min block {} word {} carries {} of thread {} number {} (raw {:#018x})",
                     finding.min_block, finding.word, state, thread, serial, finding.value);
}

}  // namespace caiman::stress
