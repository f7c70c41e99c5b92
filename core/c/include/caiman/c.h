/* SPDX-License-Identifier: MIT */
/* ---------------------------------------------------------------------------------------------
 * c.h: Caiman for C, and for whatever binds C
 *
 * The index allocator, arenas of both kinds, buffers and bytes. A call that can fail returns 0 or
 * one of the numbers of `enum caiman_error`; sizes are bytes. Nothing is allocated but by the calls
 * named *_create, and by a put into a buffer of an arena that spills. What is created is destroyed
 * by the *_destroy of its kind.
 *
 * caiman_buffer and caiman_bytes lie where the caller wants them, and are empty if all zero. They
 * may be moved by assignment, if only the new one is used from then on; copied they may not be
 * (caiman_bytes_clone). A call that makes one overwrites what its last argument pointed to, so that
 * must be empty, or dropped before; on an error it is left alone. No pointer may be null but where
 * it says so. What is thread-safe in C++ is here: arenas and indices are, one buffer or bytes is
 * not. A misuse that is seen ends the program with one line on stderr. Needs C11, or C++.
 * --------------------------------------------------------------------------------------------- */
#ifndef CAIMAN_C_H
#define CAIMAN_C_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
/* Seen by who links the library. */
#define CAIMAN_C_API __attribute__((visibility("default")))
#else
#define CAIMAN_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Why a call failed; 0 is success. The numbers stay what they are. */
enum caiman_error {
  CAIMAN_OK = 0,
  CAIMAN_ARENA_FULL = 1,        /* no fitting run was free at some instant of the call */
  CAIMAN_REQUEST_TOO_LARGE = 2, /* no state of this arena could satisfy it */
  CAIMAN_CONTENDED = 3,         /* nothing can be said; rare, try again */
  CAIMAN_SIZE_OVERFLOW = 11,
  CAIMAN_INVALID_ALIGNMENT = 12,
  CAIMAN_INVALID_GEOMETRY = 13,
  CAIMAN_NULL_REGION = 14,
  CAIMAN_REGION_TOO_SMALL = 15,
  CAIMAN_OUT_OF_MEMORY = 16,
  CAIMAN_BUFFER_FULL = 21, /* it does not fit, and does not spill, or the heap is full */
  CAIMAN_BAD_RANGE = 22,   /* not inside */
  CAIMAN_NOT_UNIQUE = 23   /* somebody else has the block, or there is none */
};
/* A sentence, which is never freed; also for numbers that are none of these. */
CAIMAN_C_API const char* caiman_error_message(int error);
/* "0.2.1" */
CAIMAN_C_API const char* caiman_version(void);

/* ---- indices: blocks of 2^order min blocks, index in units of that ------------------------------
 */

typedef struct caiman_buddy caiman_buddy;

/* `min_blocks` of anything, from 1 to 2^32. INVALID_GEOMETRY, OUT_OF_MEMORY. */
CAIMAN_C_API int caiman_buddy_create(size_t min_blocks, caiman_buddy** made);
/* May be null. */
CAIMAN_C_API void caiman_buddy_destroy(caiman_buddy* buddy);
/* ARENA_FULL, REQUEST_TOO_LARGE, CONTENDED. */
CAIMAN_C_API int caiman_buddy_allocate(caiman_buddy* buddy, unsigned order, size_t* index);
CAIMAN_C_API void caiman_buddy_release(caiman_buddy* buddy, unsigned order, size_t index);
/* Gives back all but the first `keep` min blocks of a live block, and then the rest. */
CAIMAN_C_API void caiman_buddy_release_tail(caiman_buddy* buddy, unsigned order, size_t index,
                                            size_t keep);
CAIMAN_C_API void caiman_buddy_release_part(caiman_buddy* buddy, unsigned order, size_t index,
                                            size_t kept);
CAIMAN_C_API unsigned caiman_buddy_max_order(const caiman_buddy* buddy);
/* Exact when no other call runs. */
CAIMAN_C_API size_t caiman_buddy_free_min_blocks(const caiman_buddy* buddy);
CAIMAN_C_API size_t caiman_buddy_free_count(const caiman_buddy* buddy, unsigned order);

/* ---- arenas -------------------------------------------------------------------------------------
 */

/* Zeros are defaults. */
typedef struct caiman_options {
  size_t alignment; /* of every block; 0: 1 */
  int spills;       /* whether a buffer that is written past its capacity moves to the heap */
  int zeroes;       /* whether who gets a block finds zeros in it */
  int lazy;         /* whether pages are touched when they are used, not when the arena is made */
} caiman_options;

/* What ends a region that was lent: called once, with what the arena was given, by whichever thread
 * lets the last thing of the arena go. */
typedef void (*caiman_region_release)(void* region, size_t length, void* context);

typedef struct caiman_metrics {
  uint64_t allocations_ok, allocations_failed, frees, frozen, spills, splits, coalesces;
  size_t bytes_reserved, bytes_live, largest_free_block;
} caiman_metrics;

/* Blocks of any power of two. Buffers and bytes outlive it: the memory goes with the last of them.
 */
typedef struct caiman_arena caiman_arena;
/* Slots of one size. */
typedef struct caiman_slots caiman_slots;

/* Any number of min blocks in memory of its own: `total` is rounded down to a multiple of the min
 * block, that one up to a power of two; a buffer shows what was asked for. `options` may be null.
 * INVALID_GEOMETRY, INVALID_ALIGNMENT, SIZE_OVERFLOW, OUT_OF_MEMORY. */
CAIMAN_C_API int caiman_arena_create(size_t total, size_t min_block, const caiman_options* options,
                                     caiman_arena** made);
/* Over the caller's memory; a buffer shows its whole block. `release` may be null. On an error the
 * memory stays the caller's, and `release` is not called. Also NULL_REGION, REGION_TOO_SMALL. */
CAIMAN_C_API int caiman_arena_create_in(void* region, size_t length, size_t min_block,
                                        const caiman_options* options,
                                        caiman_region_release release, void* context,
                                        caiman_arena** made);
/* May be null. */
CAIMAN_C_API void caiman_arena_destroy(caiman_arena* arena);
CAIMAN_C_API size_t caiman_arena_total_size(const caiman_arena* arena);
CAIMAN_C_API size_t caiman_arena_min_block_size(const caiman_arena* arena);
CAIMAN_C_API const void* caiman_arena_base(const caiman_arena* arena);
CAIMAN_C_API void caiman_arena_metrics(const caiman_arena* arena, caiman_metrics* now);

/* `count` slots of at least `capacity` bytes, rounded up to the alignment; and over the caller's
 * memory as many as fit. Errors as above. */
CAIMAN_C_API int caiman_slots_create(size_t count, size_t capacity, const caiman_options* options,
                                     caiman_slots** made);
CAIMAN_C_API int caiman_slots_create_in(void* region, size_t length, size_t capacity,
                                        const caiman_options* options,
                                        caiman_region_release release, void* context,
                                        caiman_slots** made);
/* May be null. */
CAIMAN_C_API void caiman_slots_destroy(caiman_slots* slots);
CAIMAN_C_API size_t caiman_slots_count(const caiman_slots* slots);
CAIMAN_C_API size_t caiman_slots_capacity(const caiman_slots* slots);
CAIMAN_C_API size_t caiman_slots_free(const caiman_slots* slots);

/* Bare memory, as malloc has it: at least as large as its alignment, a power of two; null where
 * there is none. What is given back is looked at: another size or alignment, or another pointer,
 * ends the program with one line, where the arena can tell. */
CAIMAN_C_API void* caiman_arena_take(caiman_arena* arena, size_t size, size_t alignment);
CAIMAN_C_API void caiman_arena_give(caiman_arena* arena, void* memory, size_t size,
                                    size_t alignment);

/* ---- buffers: a block with one owner, to be written ---------------------------------------------
 */

/* What the offset of memory is that lies in no arena. */
#define CAIMAN_NO_OFFSET SIZE_MAX

typedef struct caiman_buffer {
  void* hidden[5];
} caiman_buffer;
typedef struct caiman_bytes {
  void* hidden[4];
} caiman_bytes;

/* ARENA_FULL, REQUEST_TOO_LARGE, CONTENDED. */
CAIMAN_C_API int caiman_arena_allocate(caiman_arena* arena, size_t length, caiman_buffer* made);
CAIMAN_C_API int caiman_slots_allocate(caiman_slots* slots, caiman_buffer* made);
/* Where it begins; `size` bytes are written of `capacity`. What is written behind them by hand
 * counts when caiman_buffer_advance says so. */
CAIMAN_C_API void* caiman_buffer_data(caiman_buffer* buffer);
CAIMAN_C_API size_t caiman_buffer_size(const caiman_buffer* buffer);
CAIMAN_C_API size_t caiman_buffer_capacity(const caiman_buffer* buffer);
/* In bytes, from the arena's base; NO_OFFSET after a spill. */
CAIMAN_C_API size_t caiman_buffer_offset(const caiman_buffer* buffer);
/* Behind what is written. BUFFER_FULL, and then nothing has changed. */
CAIMAN_C_API int caiman_buffer_put(caiman_buffer* buffer, const void* what, size_t length);
/* BUFFER_FULL. */
CAIMAN_C_API int caiman_buffer_advance(caiman_buffer* buffer, size_t length);
/* BAD_RANGE for more than is written. */
CAIMAN_C_API int caiman_buffer_truncate(caiman_buffer* buffer, size_t length);
/* Whole min blocks past what is written go back at once. */
CAIMAN_C_API void caiman_buffer_shrink(caiman_buffer* buffer);
/* What is written, without a copy; the buffer is empty afterwards. */
CAIMAN_C_API void caiman_buffer_freeze(caiman_buffer* buffer, caiman_bytes* made);
/* A part of the capacity. BAD_RANGE, and then the buffer is as it was. */
CAIMAN_C_API int caiman_buffer_freeze_part(caiman_buffer* buffer, size_t offset, size_t length,
                                           caiman_bytes* made);
/* Its block goes back, and it is empty. */
CAIMAN_C_API void caiman_buffer_drop(caiman_buffer* buffer);

/* ---- bytes: immutable, shared; the last one returns the block -----------------------------------
 */

CAIMAN_C_API const void* caiman_bytes_data(const caiman_bytes* bytes);
CAIMAN_C_API size_t caiman_bytes_size(const caiman_bytes* bytes);
CAIMAN_C_API size_t caiman_bytes_offset(const caiman_bytes* bytes);
CAIMAN_C_API void caiman_bytes_clone(const caiman_bytes* bytes, caiman_bytes* made);
/* A part that shares the block. BAD_RANGE. */
CAIMAN_C_API int caiman_bytes_slice(const caiman_bytes* bytes, size_t offset, size_t length,
                                    caiman_bytes* made);
CAIMAN_C_API int caiman_bytes_is_unique(const caiman_bytes* bytes);
/* The only bytes of their block become a buffer again. NOT_UNIQUE, and then they are as they were.
 */
CAIMAN_C_API int caiman_bytes_into_buffer(caiman_bytes* bytes, caiman_buffer* made);
/* This share goes, and they are empty. */
CAIMAN_C_API void caiman_bytes_drop(caiman_bytes* bytes);

#ifdef __cplusplus
}
#endif

#endif
