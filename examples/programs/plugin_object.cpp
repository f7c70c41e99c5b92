// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// plugin_object.cpp: the object that plugin.cpp loads
//
// It unpacks records with zstd into memory of its host's arena, and gives back there what the host
// has allocated. It builds no arena, so it may be closed while the host's lives. Relies on zstd.
// ---------------------------------------------------------------------------------------------
#include <zstd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "plugin.hpp"

namespace programs {

struct unpacker {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  std::array<caiman::bytes, 8> last{};
  std::size_t next = 0;
};

}  // namespace programs

namespace {

using programs::piece;
using programs::unpacker;

/// 0 if it is no record.
std::size_t unpacked_size(const std::byte* data, std::size_t size) {
  const auto found = ZSTD_getFrameContentSize(data, size);
  return found == ZSTD_CONTENTSIZE_ERROR || found == ZSTD_CONTENTSIZE_UNKNOWN
             ? 0
             : static_cast<std::size_t>(found);
}

unpacker* open() { return new unpacker; }

void close(unpacker* me) {
  ZSTD_freeDCtx(me->context);
  delete me;
}

caiman::bytes unpack(unpacker* me, const caiman::buddy_arena& in, caiman::bytes packed) {
  const std::size_t size = unpacked_size(packed.data(), packed.size());
  auto into = in.allocate(size);
  if (size == 0 || !into) return {};
  const std::size_t done =
      ZSTD_decompressDCtx(me->context, into->spare().data(), size, packed.data(), packed.size());
  if (ZSTD_isError(done) != 0) return {};
  into->advance(done);
  caiman::bytes made = std::move(*into).freeze();
  me->last[me->next++ % me->last.size()] = made;
  packed = {};  // back into the host's arena
  return made;
}

// NOLINTBEGIN(cppcoreguidelines-no-malloc): as plugins for C have it
piece unpack_to_heap(unpacker* me, piece packed) {
  const std::size_t size = unpacked_size(packed.data, packed.size);
  piece made{size == 0 ? nullptr : static_cast<std::byte*>(std::malloc(size)), 0};
  if (made.data != nullptr) {
    const std::size_t done =
        ZSTD_decompressDCtx(me->context, made.data, size, packed.data, packed.size);
    if (ZSTD_isError(done) == 0) made.size = done;
  }
  std::free(packed.data);
  return made;
}

void give_back(piece old) { std::free(old.data); }
// NOLINTEND(cppcoreguidelines-no-malloc)

constexpr programs::plugin_api mine{open, close, unpack, unpack_to_heap, give_back};

}  // namespace

extern "C" [[gnu::visibility("default")]] const programs::plugin_api* caiman_program_plugin() {
  return &mine;
}
