// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// caiman_c.cpp: the library caiman-c, which is Caiman for C
//
// Each call is one of C++'s, with what would throw asked before. A caiman_buffer has room for a
// buffer, and caiman_bytes for bytes; both are empty if all zero, which C says and a test asks. No
// exception leaves: what is called here throws nothing then. Relies on the headers of the core.
// ---------------------------------------------------------------------------------------------
#include "caiman/c.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <new>
#include <span>
#include <utility>

#include "caiman/arena.hpp"
#include "caiman/buddy.hpp"
#include "caiman/buffer.hpp"
#include "caiman/bytes.hpp"
#include "caiman/detail/raw_blocks.hpp"
#include "caiman/error.hpp"
#include "caiman/fixed_arena.hpp"
#include "caiman/version.hpp"

struct caiman_buddy {
  caiman::buddy<> tree;
};
struct caiman_arena {
  caiman::buddy_arena arena;
};
struct caiman_slots {
  caiman::fixed_arena arena;
};

namespace {

using caiman::alloc_error;
using caiman::buffer;
using caiman::build_error;
using caiman::bytes;

static_assert(sizeof(caiman_buffer) == sizeof(buffer) && alignof(caiman_buffer) == alignof(buffer));
static_assert(sizeof(caiman_bytes) == sizeof(bytes) && alignof(caiman_bytes) == alignof(bytes));
static_assert(CAIMAN_NO_OFFSET == buffer::npos && CAIMAN_NO_OFFSET == bytes::npos);

int number(alloc_error error) noexcept {
  static_assert(static_cast<int>(alloc_error::arena_full) == CAIMAN_ARENA_FULL);
  static_assert(static_cast<int>(alloc_error::request_too_large) == CAIMAN_REQUEST_TOO_LARGE);
  static_assert(static_cast<int>(alloc_error::contended) == CAIMAN_CONTENDED);
  return static_cast<int>(error);
}
int number(build_error error) noexcept {
  static_assert(static_cast<int>(build_error::size_overflow) + 10 == CAIMAN_SIZE_OVERFLOW);
  static_assert(static_cast<int>(build_error::invalid_alignment) + 10 == CAIMAN_INVALID_ALIGNMENT);
  static_assert(static_cast<int>(build_error::invalid_geometry) + 10 == CAIMAN_INVALID_GEOMETRY);
  static_assert(static_cast<int>(build_error::null_region) + 10 == CAIMAN_NULL_REGION);
  static_assert(static_cast<int>(build_error::region_too_small) + 10 == CAIMAN_REGION_TOO_SMALL);
  static_assert(static_cast<int>(build_error::out_of_memory) + 10 == CAIMAN_OUT_OF_MEMORY);
  return static_cast<int>(error) + 10;
}

buffer& of(caiman_buffer* b) noexcept { return *std::launder(reinterpret_cast<buffer*>(b)); }
const buffer& of(const caiman_buffer* b) noexcept {
  return *std::launder(reinterpret_cast<const buffer*>(b));
}
bytes& of(caiman_bytes* b) noexcept { return *std::launder(reinterpret_cast<bytes*>(b)); }
const bytes& of(const caiman_bytes* b) noexcept {
  return *std::launder(reinterpret_cast<const bytes*>(b));
}
void make(caiman_buffer* at, buffer&& from) noexcept {
  ::new (static_cast<void*>(at)) buffer(std::move(from));
}
void make(caiman_bytes* at, bytes&& from) noexcept {
  ::new (static_cast<void*>(at)) bytes(std::move(from));
}

/// Where a handle lies that the caller destroys.
template <class Handle, class Arena>
int created(std::expected<Arena, build_error> built, Handle** made) noexcept {
  if (!built) return number(built.error());
  auto* const handle = new (std::nothrow) Handle{*std::move(built)};
  if (handle == nullptr) return CAIMAN_OUT_OF_MEMORY;
  *made = handle;
  return CAIMAN_OK;
}
/// The same over a region, which stays the caller's if there is no room for the handle.
template <class Handle, class Builder>
int created_in(Builder builder, Handle** made) noexcept {
  std::unique_ptr<Handle> handle(new (std::nothrow) Handle{});
  if (handle == nullptr) return CAIMAN_OUT_OF_MEMORY;
  auto built = builder.build();
  if (!built) return number(built.error());
  handle->arena = *std::move(built);
  *made = handle.release();
  return CAIMAN_OK;
}

template <class Builder>
Builder& with(Builder& builder, const caiman_options& options) noexcept {
  if (options.spills != 0) builder.auto_spill();
  if (options.zeroes != 0) builder.init(caiman::init_policy::zero);
  return builder;
}
caiman_options or_default(const caiman_options* options) noexcept {
  caiman_options is = options == nullptr ? caiman_options{} : *options;
  if (is.alignment == 0) is.alignment = 1;
  return is;
}
caiman::page_size pages_of(const caiman_options& options) noexcept {
  return options.lazy != 0 ? caiman::page_size::unknown() : caiman::page_size::automatic();
}
/// Small enough for a hook to hold without the heap, on every library.
struct lent {
  caiman_region_release release;
  void* context;
  void operator()(std::byte* region, std::size_t length) const { release(region, length, context); }
};
caiman::region_release to_release(caiman_region_release release, void* context) noexcept {
  if (release == nullptr) return {};
  return lent{release, context};
}

int got(std::expected<buffer, alloc_error> taken, caiman_buffer* made) noexcept {
  if (!taken) return number(taken.error());
  make(made, *std::move(taken));
  return CAIMAN_OK;
}

const char* sentence(int error) noexcept {
  switch (error) {
    case CAIMAN_OK:
      return "success";
    case CAIMAN_ARENA_FULL:
      return "the arena is full";
    case CAIMAN_REQUEST_TOO_LARGE:
      return "the request is larger than the arena";
    case CAIMAN_CONTENDED:
      return "another thread stood still in the middle of a move: try again";
    case CAIMAN_SIZE_OVERFLOW:
      return "a size is larger than the address space";
    case CAIMAN_INVALID_ALIGNMENT:
      return "the alignment is no power of two, or does not go with the sizes";
    case CAIMAN_INVALID_GEOMETRY:
      return "the sizes do not go together";
    case CAIMAN_NULL_REGION:
      return "there is no region";
    case CAIMAN_REGION_TOO_SMALL:
      return "not one block fits into the region";
    case CAIMAN_OUT_OF_MEMORY:
      return "the system has no memory for it";
    case CAIMAN_BUFFER_FULL:
      return "it does not fit into the buffer";
    case CAIMAN_BAD_RANGE:
      return "the range is not inside";
    case CAIMAN_NOT_UNIQUE:
      return "somebody else has the block, or there is none";
    default:
      return "no error of Caiman's";
  }
}

}  // namespace

extern "C" {

const char* caiman_error_message(int error) { return sentence(error); }
const char* caiman_version() { return CAIMAN_VERSION_STRING; }

// ---- indices ---------------------------------------------------------------------------------

int caiman_buddy_create(size_t min_blocks, caiman_buddy** made) {
  using tree = caiman::buddy<>;
  if (min_blocks == 0 || min_blocks > std::size_t{1} << tree::largest_max_order) {
    return CAIMAN_INVALID_GEOMETRY;
  }
  tree::metadata own(tree::root_of(min_blocks), std::nothrow);
  if (own.bytes == nullptr) return CAIMAN_OUT_OF_MEMORY;
  auto* const there = new (std::nothrow) caiman_buddy{tree(std::move(own), min_blocks)};
  if (there == nullptr) return CAIMAN_OUT_OF_MEMORY;
  *made = there;
  return CAIMAN_OK;
}
void caiman_buddy_destroy(caiman_buddy* buddy) { delete buddy; }
int caiman_buddy_allocate(caiman_buddy* buddy, unsigned order, size_t* index) {
  const auto block = buddy->tree.allocate(order);
  if (!block) return number(block.error());
  *index = block->index;
  return CAIMAN_OK;
}
void caiman_buddy_release(caiman_buddy* buddy, unsigned order, size_t index) {
  buddy->tree.release({order, index});
}
void caiman_buddy_release_tail(caiman_buddy* buddy, unsigned order, size_t index, size_t keep) {
  buddy->tree.release_tail({order, index}, keep);
}
void caiman_buddy_release_part(caiman_buddy* buddy, unsigned order, size_t index, size_t kept) {
  buddy->tree.release_part({order, index}, kept);
}
unsigned caiman_buddy_max_order(const caiman_buddy* buddy) { return buddy->tree.max_order(); }
size_t caiman_buddy_free_min_blocks(const caiman_buddy* buddy) {
  return buddy->tree.free_min_blocks();
}
size_t caiman_buddy_free_count(const caiman_buddy* buddy, unsigned order) {
  return buddy->tree.free_count(order);
}

// ---- arenas ----------------------------------------------------------------------------------

int caiman_arena_create(size_t total, size_t min_block, const caiman_options* options,
                        caiman_arena** made) {
  const caiman_options is = or_default(options);
  auto geometry = caiman::buddy_geometry::fit(total, min_block);
  if (geometry) geometry = geometry->with_alignment(is.alignment);
  if (!geometry) return number(geometry.error());
  auto builder = caiman::buddy_arena::builder(*geometry);
  return created(with(builder, is).prefault(pages_of(is)).build(), made);
}
int caiman_arena_create_in(void* region, size_t length, size_t min_block,
                           const caiman_options* options, caiman_region_release release,
                           void* context, caiman_arena** made) {
  const caiman_options is = or_default(options);
  auto builder = caiman::buddy_arena::from_region(static_cast<std::byte*>(region), length,
                                                  caiman::buddy_hint::min_alloc(min_block),
                                                  to_release(release, context));
  return created_in(std::move(with(builder, is).with_alignment(is.alignment)), made);
}
void caiman_arena_destroy(caiman_arena* arena) { delete arena; }
size_t caiman_arena_total_size(const caiman_arena* arena) { return arena->arena.total_size(); }
size_t caiman_arena_min_block_size(const caiman_arena* arena) {
  return arena->arena.min_block_size();
}
const void* caiman_arena_base(const caiman_arena* arena) { return arena->arena.base(); }
void caiman_arena_metrics(const caiman_arena* arena, caiman_metrics* now) {
  const caiman::arena_metrics m = arena->arena.metrics();
  *now = {.allocations_ok = m.allocations_ok,
          .allocations_failed = m.allocations_failed,
          .frees = m.frees,
          .frozen = m.frozen,
          .spills = m.spills,
          .splits = m.splits,
          .coalesces = m.coalesces,
          .bytes_reserved = m.bytes_reserved,
          .bytes_live = m.bytes_live,
          .largest_free_block = m.largest_free_block};
}
void* caiman_arena_take(caiman_arena* arena, size_t size, size_t alignment) {
  const caiman::detail::raw_blocks own(arena->arena);
  if (void* const at = own.take_at_hand(size, alignment)) return at;
  return own.take(size, alignment);
}
void caiman_arena_give(caiman_arena* arena, void* memory, size_t size, size_t alignment) {
  const caiman::detail::raw_blocks own(arena->arena);
  if (!own.has(memory)) decltype(own)::wrong(memory, size, alignment, "it is not of this arena");
  own.give(memory, size, alignment);
}

int caiman_slots_create(size_t count, size_t capacity, const caiman_options* options,
                        caiman_slots** made) {
  const caiman_options is = or_default(options);
  auto builder = caiman::fixed_arena::with_slot_capacity(count, capacity);
  return created(with(builder, is).prefault(pages_of(is)).alignment(is.alignment).build(), made);
}
int caiman_slots_create_in(void* region, size_t length, size_t capacity,
                           const caiman_options* options, caiman_region_release release,
                           void* context, caiman_slots** made) {
  const caiman_options is = or_default(options);
  auto builder = caiman::fixed_arena::from_region(static_cast<std::byte*>(region), length,
                                                  caiman::slot_spec::size(capacity),
                                                  to_release(release, context));
  return created_in(std::move(with(builder, is).alignment(is.alignment)), made);
}
void caiman_slots_destroy(caiman_slots* slots) { delete slots; }
size_t caiman_slots_count(const caiman_slots* slots) { return slots->arena.slot_count(); }
size_t caiman_slots_capacity(const caiman_slots* slots) { return slots->arena.slot_capacity(); }
size_t caiman_slots_free(const caiman_slots* slots) { return slots->arena.metrics().slots_free; }

// ---- buffers ---------------------------------------------------------------------------------

int caiman_arena_allocate(caiman_arena* arena, size_t length, caiman_buffer* made) {
  return got(arena->arena.allocate(length), made);
}
int caiman_slots_allocate(caiman_slots* slots, caiman_buffer* made) {
  return got(slots->arena.allocate(), made);
}
void* caiman_buffer_data(caiman_buffer* buffer) { return of(buffer).data(); }
size_t caiman_buffer_size(const caiman_buffer* buffer) { return of(buffer).size(); }
size_t caiman_buffer_capacity(const caiman_buffer* buffer) { return of(buffer).capacity(); }
size_t caiman_buffer_offset(const caiman_buffer* buffer) { return of(buffer).offset(); }
int caiman_buffer_put(caiman_buffer* buffer, const void* what, size_t length) {
  const auto put = of(buffer).try_put(std::span(static_cast<const std::byte*>(what), length));
  return put ? CAIMAN_OK : CAIMAN_BUFFER_FULL;
}
int caiman_buffer_advance(caiman_buffer* buffer, size_t length) {
  if (length > of(buffer).capacity() - of(buffer).size()) return CAIMAN_BUFFER_FULL;
  of(buffer).advance(length);
  return CAIMAN_OK;
}
int caiman_buffer_truncate(caiman_buffer* buffer, size_t length) {
  if (length > of(buffer).size()) return CAIMAN_BAD_RANGE;
  of(buffer).truncate(length);
  return CAIMAN_OK;
}
void caiman_buffer_shrink(caiman_buffer* buffer) { of(buffer).shrink_to_fit(); }
void caiman_buffer_freeze(caiman_buffer* buffer, caiman_bytes* made) {
  make(made, std::move(of(buffer)).freeze());
}
int caiman_buffer_freeze_part(caiman_buffer* buffer, size_t offset, size_t length,
                              caiman_bytes* made) {
  auto part = std::move(of(buffer)).freeze(offset, length);
  if (!part) return CAIMAN_BAD_RANGE;
  make(made, *std::move(part));
  return CAIMAN_OK;
}
void caiman_buffer_drop(caiman_buffer* buffer) {
  // One that is all zero has no block, and is not what an empty buffer is in C++.
  if (of(buffer).data() != nullptr) std::move(of(buffer)).abandon();
}

// ---- bytes -----------------------------------------------------------------------------------

const void* caiman_bytes_data(const caiman_bytes* bytes) { return of(bytes).data(); }
size_t caiman_bytes_size(const caiman_bytes* bytes) { return of(bytes).size(); }
size_t caiman_bytes_offset(const caiman_bytes* bytes) { return of(bytes).offset(); }
void caiman_bytes_clone(const caiman_bytes* from, caiman_bytes* made) {
  make(made, bytes(of(from)));
}
int caiman_bytes_slice(const caiman_bytes* bytes, size_t offset, size_t length,
                       caiman_bytes* made) {
  const std::size_t size = of(bytes).size();
  if (offset > size || length > size - offset) return CAIMAN_BAD_RANGE;
  make(made, of(bytes).slice(offset, length));
  return CAIMAN_OK;
}
int caiman_bytes_is_unique(const caiman_bytes* bytes) { return of(bytes).is_unique() ? 1 : 0; }
int caiman_bytes_into_buffer(caiman_bytes* bytes, caiman_buffer* made) {
  if (!of(bytes).is_unique()) return CAIMAN_NOT_UNIQUE;
  make(made, *std::move(of(bytes)).try_into_buffer());
  return CAIMAN_OK;
}
void caiman_bytes_drop(caiman_bytes* bytes) {
  if (of(bytes).data() != nullptr) of(bytes).clear();  // the same
}
}
