// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// format.hpp: a trace as a file of a byte or two per event
//
// Made to be kept in a repository: small, the same on every machine, and read with suspicion. A
// file is one zstd frame (`zstd -dc FILE` shows the content). The content, all integers little
// endian, "varint" an unsigned LEB128 of at most 64 bits in its shortest form:
//
//   magic      8 bytes   "caimantr"
//   version    2 bytes   1; 2 if a block shrinks in it, and only then
//   name       varint length, then that many characters
//   threads    varint
//   left_out   varint    requests beyond 1 MiB that are not in the trace
//   resized    varint    allocations that are the second half of a realloc
//   events     varint
//   runs       varint
//   then runs  times     varint thread, varint events in a row by this thread (1 or more)
//   then events times, in version 1, a varint:
//                        even, 2 * (bytes - 1): an allocation; blocks are numbered from 0 up
//                        odd, 2 * age + 1: a release of the block that was allocated `age`
//                        allocations before the newest one
//   and in version 2, by its remainder of 4:
//                        0, 4 * (bytes - 1): an allocation
//                        1, 4 * age + 1: a release
//                        2, 4 * age + 2: a block shrinks, and a varint, bytes - 1, says to what
//                        3: nothing that there is
//   checksum   8 bytes   FNV-1a, 64 bits, of everything before it
//
// FNV-1a takes every byte into its state in a way that can be undone, so no change of a single byte
// goes unseen. No length of the file is believed: counts are compared with the bytes that are there
// before memory is taken for them, and the content is limited to `largest_content`.
// Relies on libzstd.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <span>
#include <string>

#include "events.hpp"
#include "mapped.hpp"

namespace caiman::traces {

using byte_list = mapped_vector<std::uint8_t>;
using byte_view = std::span<const std::uint8_t>;

inline constexpr std::size_t largest_content = std::size_t{64} << 20;

/// The content of a file, without compression. The error says what is wrong with the trace.
std::expected<byte_list, std::string> encode(const trace& what);
/// The error says what is wrong with the content. A trace that comes out is without complaint.
std::expected<trace, std::string> decode(byte_view content);
/// The checksum of the format, for those who make contents by hand.
std::uint64_t checksum(byte_view of);

std::expected<byte_list, std::string> compress(byte_view content);
/// Refuses what is not exactly one frame, and more than `most` bytes of content.
std::expected<byte_list, std::string> decompress(byte_view file, std::size_t most);

/// Errors name the file. Writing goes to a temporary file that is renamed at the end.
std::expected<trace, std::string> read_trace(const std::filesystem::path& from);
std::expected<void, std::string> write_trace(const std::filesystem::path& to, const trace& what);

/// A whole file; the error names it. Refuses more than `most` bytes.
std::expected<byte_list, std::string> read_file(const std::filesystem::path& from,
                                                std::size_t most);

}  // namespace caiman::traces
