// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// payload.hpp: what a block is filled with, and whether it is still there
//
// Where blocks are buffers, a replay writes all of a block when it comes and reads all of it when
// it goes, as the program did. The content follows from a number, so that what is read is compared,
// too: two owners of one byte, and a block whose content was lost when it shrank, do not pass.
// About as fast as a memset and a memcmp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace caiman::traces {

/// No other slot has it.
inline std::uint64_t content_of(std::uint32_t slot) {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;
  return (std::uint64_t{slot} + 1) * odd;
}

inline void write_payload(std::byte* at, std::size_t bytes, std::uint64_t content) {
  std::size_t done = 0;
  for (; done + sizeof content <= bytes; done += sizeof content) {
    std::memcpy(at + done, &content, sizeof content);
  }
  std::memcpy(at + done, &content, bytes - done);
}

/// Reads all, whatever it finds.
inline bool holds_payload(const std::byte* at, std::size_t bytes, std::uint64_t content) {
  std::uint64_t wrong = 0;
  std::size_t done = 0;
  for (; done + sizeof content <= bytes; done += sizeof content) {
    std::uint64_t found = 0;
    std::memcpy(&found, at + done, sizeof found);
    wrong |= found ^ content;
  }
  std::uint64_t last = content;
  std::memcpy(&last, at + done, bytes - done);
  return (wrong | (last ^ content)) == 0;
}

}  // namespace caiman::traces
