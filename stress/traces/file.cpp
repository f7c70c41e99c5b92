// SPDX-License-Identifier: MIT
// The compressed file around the bytes of a trace; see format.hpp.
#include <unistd.h>
#include <zstd.h>

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "format.hpp"

namespace caiman::traces {
namespace {

constexpr std::size_t largest_file = largest_content;
constexpr int compression_level = 19;  // files are written once and kept for years

std::unexpected<std::string> about(const std::filesystem::path& file, const std::string& what) {
  return std::unexpected(fmt::format("'{}': {}", file.string(), what));
}

std::string last_system_error() { return std::generic_category().message(errno); }

}  // namespace

std::expected<byte_list, std::string> compress(byte_view content) {
  byte_list file(ZSTD_compressBound(content.size()));
  const std::size_t size =
      ZSTD_compress(file.data(), file.size(), content.data(), content.size(), compression_level);
  if (ZSTD_isError(size) != 0) return std::unexpected(ZSTD_getErrorName(size));
  file.resize(size);
  return file;
}

// The size that a frame states is one of the lengths not to be believed. So there is room for the
// most that is allowed, which costs nothing before it is written to; and no window in the memory of
// malloc.
std::expected<byte_list, std::string> decompress(byte_view file, std::size_t most) {
  const std::size_t frame = ZSTD_findFrameCompressedSize(file.data(), file.size());
  if (ZSTD_isError(frame) != 0) {
    return std::unexpected(
        fmt::format("not zstd, cut off or damaged: {}", ZSTD_getErrorName(frame)));
  }
  if (frame != file.size()) return std::unexpected("there are bytes behind its end");
  mapped_allocator<std::uint8_t> memory;
  std::uint8_t* const room = memory.allocate(most);
  const std::size_t size = ZSTD_decompress(room, most, file.data(), file.size());
  byte_list content;
  if (ZSTD_isError(size) == 0) content.assign(room, room + size);
  memory.deallocate(room, most);
  if (ZSTD_isError(size) == 0) return content;
  return std::unexpected(
      fmt::format("damaged, or beyond {} bytes: {}", most, ZSTD_getErrorName(size)));
}

std::expected<byte_list, std::string> read_file(const std::filesystem::path& from,
                                                std::size_t most) {
  std::ifstream in(from, std::ios::binary);
  if (!in) return about(from, "cannot be read: " + last_system_error());
  byte_list bytes;
  std::array<char, 1U << 16U> part{};
  while (in.read(part.data(), part.size()), in.gcount() > 0) {
    const auto count = static_cast<std::size_t>(in.gcount());
    if (count > most - bytes.size()) return about(from, fmt::format("is beyond {} bytes", most));
    bytes.insert(bytes.end(), part.begin(), part.begin() + in.gcount());
  }
  // A folder can be opened, and then not be read.
  if (!in.eof()) return about(from, "cannot be read");
  return bytes;
}

std::expected<trace, std::string> read_trace(const std::filesystem::path& from) {
  const auto file = read_file(from, largest_file);
  if (!file) return std::unexpected(file.error());
  const auto content = decompress(*file, largest_content);
  if (!content) return about(from, content.error());
  auto got = decode(*content);
  if (!got) return about(from, got.error());
  return got;
}

std::expected<void, std::string> write_trace(const std::filesystem::path& to, const trace& what) {
  const auto content = encode(what);
  if (!content) return about(to, "not written: " + content.error());
  const auto file = compress(*content);
  if (!file) return about(to, "not written: " + file.error());
  const std::filesystem::path unfinished = to.string() + fmt::format(".{}.tmp", getpid());
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(file->data()),
            static_cast<std::streamsize>(file->size()));
  out.close();
  std::error_code failed;
  if (out) std::filesystem::rename(unfinished, to, failed);
  if (out && !failed) return {};
  const std::string why = failed ? failed.message() : last_system_error();
  std::filesystem::remove(unfinished, failed);
  return about(to, "cannot be written: " + why);
}

}  // namespace caiman::traces
