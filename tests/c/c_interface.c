/* SPDX-License-Identifier: MIT */
/* ---------------------------------------------------------------------------------------------
 * c_interface.c: a program in C that does all that caiman-c can do, errors included
 *
 * Prints "c: right", or the first line that is not as it should be.
 * --------------------------------------------------------------------------------------------- */
#include <caiman/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                             \
  do {                                                               \
    if (!(condition)) {                                              \
      printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                       \
    }                                                                \
  } while (0)

static void indices(void) {
  caiman_buddy* buddy = NULL;
  CHECK(caiman_buddy_create(0, &buddy) == CAIMAN_INVALID_GEOMETRY);
  CHECK(caiman_buddy_create(SIZE_MAX, &buddy) == CAIMAN_INVALID_GEOMETRY);
  CHECK(buddy == NULL);
  CHECK(caiman_buddy_create(100, &buddy) == CAIMAN_OK);
  CHECK(caiman_buddy_max_order(buddy) == 6);
  CHECK(caiman_buddy_free_min_blocks(buddy) == 100);
  size_t index = 99;
  CHECK(caiman_buddy_allocate(buddy, 7, &index) == CAIMAN_REQUEST_TOO_LARGE);
  CHECK(index == 99);
  CHECK(caiman_buddy_allocate(buddy, 6, &index) == CAIMAN_OK);
  CHECK(index == 0);
  size_t none = 0;
  CHECK(caiman_buddy_allocate(buddy, 6, &none) == CAIMAN_ARENA_FULL);
  caiman_buddy_release_tail(buddy, 6, index, 3);
  CHECK(caiman_buddy_free_min_blocks(buddy) == 97);
  caiman_buddy_release_part(buddy, 6, index, 3);
  CHECK(caiman_buddy_free_count(buddy, 6) == 1);
  CHECK(caiman_buddy_allocate(buddy, 0, &index) == CAIMAN_OK);
  caiman_buddy_release(buddy, 0, index);
  caiman_buddy_destroy(buddy);
  caiman_buddy_destroy(NULL);
}

static void buffers(caiman_arena* arena) {
  caiman_buffer buffer = {{0}};
  CHECK(caiman_buffer_size(&buffer) == 0 && caiman_buffer_capacity(&buffer) == 0);
  CHECK(caiman_buffer_offset(&buffer) == CAIMAN_NO_OFFSET);
  CHECK(caiman_buffer_put(&buffer, "x", 1) == CAIMAN_BUFFER_FULL);
  CHECK(caiman_buffer_truncate(&buffer, 0) == CAIMAN_OK);
  caiman_buffer_shrink(&buffer);
  caiman_bytes nothing = {{0}};
  caiman_buffer_freeze(&buffer, &nothing);
  CHECK(caiman_bytes_size(&nothing) == 0 && !caiman_bytes_is_unique(&nothing));
  caiman_bytes_drop(&nothing);
  caiman_bytes zero = {{0}};
  caiman_bytes_clone(&zero, &nothing);
  CHECK(caiman_bytes_into_buffer(&nothing, &buffer) == CAIMAN_NOT_UNIQUE);
  caiman_bytes_drop(&nothing);
  caiman_bytes_drop(&zero);
  caiman_buffer_drop(&buffer);
  CHECK(caiman_arena_allocate(arena, 1u << 20, &buffer) == CAIMAN_REQUEST_TOO_LARGE);
  CHECK(caiman_arena_allocate(arena, 1000, &buffer) == CAIMAN_OK);
  CHECK(caiman_buffer_capacity(&buffer) == 1000);
  CHECK(caiman_buffer_put(&buffer, "hello ", 6) == CAIMAN_OK);
  memcpy((char*)caiman_buffer_data(&buffer) + 6, "world", 5);
  CHECK(caiman_buffer_advance(&buffer, 5) == CAIMAN_OK);
  CHECK(caiman_buffer_size(&buffer) == 11);
  char much[1000] = {0};
  CHECK(caiman_buffer_put(&buffer, much, sizeof much) == CAIMAN_BUFFER_FULL);
  CHECK(caiman_buffer_put(&buffer, much, SIZE_MAX) == CAIMAN_BUFFER_FULL);
  CHECK(caiman_buffer_advance(&buffer, 990) == CAIMAN_BUFFER_FULL);
  CHECK(caiman_buffer_advance(&buffer, SIZE_MAX) == CAIMAN_BUFFER_FULL);
  CHECK(caiman_buffer_truncate(&buffer, 12) == CAIMAN_BAD_RANGE);
  CHECK(caiman_buffer_put(&buffer, NULL, 0) == CAIMAN_OK);
  const size_t offset = caiman_buffer_offset(&buffer);
  CHECK((const char*)caiman_arena_base(arena) + offset == (char*)caiman_buffer_data(&buffer));
  caiman_metrics now;
  caiman_arena_metrics(arena, &now);
  CHECK(now.bytes_live == 1024);
  caiman_buffer_shrink(&buffer);
  caiman_arena_metrics(arena, &now);
  CHECK(now.bytes_live == 256 && now.allocations_ok == 1);

  caiman_bytes all = {{0}};
  CHECK(caiman_buffer_freeze_part(&buffer, 250, 7, &all) == CAIMAN_BAD_RANGE);
  CHECK(caiman_buffer_freeze_part(&buffer, 1, SIZE_MAX, &all) == CAIMAN_BAD_RANGE);
  CHECK(caiman_buffer_size(&buffer) == 11 && caiman_bytes_size(&all) == 0);
  caiman_buffer_freeze(&buffer, &all);
  CHECK(caiman_buffer_capacity(&buffer) == 0);
  CHECK(caiman_bytes_size(&all) == 11);
  CHECK(memcmp(caiman_bytes_data(&all), "hello world", 11) == 0);

  caiman_bytes part = {{0}};
  CHECK(caiman_bytes_slice(&all, 6, 6, &part) == CAIMAN_BAD_RANGE);
  CHECK(caiman_bytes_slice(&all, 12, 0, &part) == CAIMAN_BAD_RANGE);
  CHECK(caiman_bytes_slice(&all, 1, SIZE_MAX, &part) == CAIMAN_BAD_RANGE);
  CHECK(caiman_bytes_slice(&all, 6, 5, &part) == CAIMAN_OK);
  CHECK(caiman_bytes_offset(&part) == offset + 6);
  CHECK(!caiman_bytes_is_unique(&all));
  CHECK(caiman_bytes_into_buffer(&part, &buffer) == CAIMAN_NOT_UNIQUE);
  CHECK(caiman_bytes_size(&part) == 5);
  caiman_bytes clone;
  caiman_bytes_clone(&part, &clone);
  caiman_bytes_drop(&all);
  caiman_bytes_drop(&part);
  CHECK(caiman_bytes_is_unique(&clone));
  CHECK(memcmp(caiman_bytes_data(&clone), "world", 5) == 0);
  CHECK(caiman_bytes_into_buffer(&clone, &buffer) == CAIMAN_OK);
  CHECK(caiman_bytes_size(&clone) == 0);
  caiman_buffer moved = buffer; /* and `buffer` is not used any more */
  CHECK(caiman_buffer_size(&moved) == 5);
  CHECK(caiman_buffer_truncate(&moved, 0) == CAIMAN_OK);
  caiman_buffer_drop(&moved);
  caiman_arena_metrics(arena, &now);
  CHECK(now.bytes_live == 0 && now.frees == 1 && now.frozen == 1);
}

static void bare(caiman_arena* arena) {
  void* memory = caiman_arena_take(arena, 100, 512);
  CHECK(memory != NULL && (uintptr_t)memory % 512 == 0);
  memset(memory, 1, 100);
  CHECK(caiman_arena_take(arena, SIZE_MAX, 1) == NULL);
  CHECK(caiman_arena_take(arena, 1, (size_t)1 << 40) == NULL);
  caiman_arena_give(arena, memory, 100, 512);
}

static void arenas(void) {
  caiman_arena* arena = NULL;
  CHECK(caiman_arena_create(0, 256, NULL, &arena) == CAIMAN_INVALID_GEOMETRY);
  CHECK(caiman_arena_create(SIZE_MAX, SIZE_MAX, NULL, &arena) == CAIMAN_SIZE_OVERFLOW);
  caiman_options options = {0};
  options.alignment = 3;
  CHECK(caiman_arena_create(100000, 256, &options, &arena) == CAIMAN_INVALID_ALIGNMENT);
  CHECK(arena == NULL);
  options.alignment = 0;
  options.lazy = 1;
  CHECK(caiman_arena_create(100000, 256, &options, &arena) == CAIMAN_OK);
  CHECK(caiman_arena_total_size(arena) == 99840);
  CHECK(caiman_arena_min_block_size(arena) == 256);
  buffers(arena);
  bare(arena);

  caiman_buffer kept = {{0}};
  CHECK(caiman_arena_allocate(arena, 10, &kept) == CAIMAN_OK);
  caiman_arena_destroy(arena); /* the memory stays for the buffer */
  CHECK(caiman_buffer_put(&kept, "0123456789", 10) == CAIMAN_OK);
  caiman_buffer_drop(&kept);
  caiman_arena_destroy(NULL);
}

static int released = 0;
static void release(void* region, size_t length, void* context) {
  CHECK(length == 4096 && context == (void*)&released);
  free(region);
  ++released;
}

static void regions(void) {
  caiman_arena* arena = NULL;
  caiman_options options = {0};
  options.spills = options.zeroes = 1;
  char* region = aligned_alloc(256, 4096);
  CHECK(region != NULL);
  memset(region, 'x', 4096);
  CHECK(caiman_arena_create_in(NULL, 4096, 256, &options, release, &released, &arena) ==
        CAIMAN_NULL_REGION);
  CHECK(caiman_arena_create_in(region, 100, 256, &options, release, &released, &arena) ==
        CAIMAN_REGION_TOO_SMALL);
  CHECK(arena == NULL && released == 0);
  CHECK(caiman_arena_create_in(region, 4096, 256, &options, release, &released, &arena) ==
        CAIMAN_OK);
  caiman_buffer buffer;
  CHECK(caiman_arena_allocate(arena, 200, &buffer) == CAIMAN_OK);
  CHECK(*(char*)caiman_buffer_data(&buffer) == 0);
  char much[300] = {'m'};
  CHECK(caiman_buffer_put(&buffer, much, sizeof much) == CAIMAN_OK); /* spills */
  CHECK(caiman_buffer_offset(&buffer) == CAIMAN_NO_OFFSET);
  caiman_metrics now;
  caiman_arena_metrics(arena, &now);
  CHECK(now.spills == 1 && now.bytes_live == 0);
  caiman_arena_destroy(arena);
  CHECK(released == 1);
  CHECK(caiman_buffer_size(&buffer) == 300);
  caiman_buffer_drop(&buffer);
}

static void slots(void) {
  caiman_slots* three = NULL;
  CHECK(caiman_slots_create(0, 100, NULL, &three) == CAIMAN_INVALID_GEOMETRY);
  CHECK(caiman_slots_create(SIZE_MAX, 100, NULL, &three) == CAIMAN_SIZE_OVERFLOW);
  CHECK(caiman_slots_create(3, 100, NULL, &three) == CAIMAN_OK);
  CHECK(caiman_slots_count(three) == 3 && caiman_slots_capacity(three) == 100);
  caiman_buffer held[3];
  for (int i = 0; i < 3; ++i) CHECK(caiman_slots_allocate(three, &held[i]) == CAIMAN_OK);
  caiman_buffer more = {{0}};
  CHECK(caiman_slots_allocate(three, &more) == CAIMAN_ARENA_FULL);
  CHECK(caiman_slots_free(three) == 0);
  for (int i = 0; i < 3; ++i) caiman_buffer_drop(&held[i]);
  CHECK(caiman_slots_free(three) == 3);
  caiman_slots_destroy(three);
  static char region[1000];
  CHECK(caiman_slots_create_in(region, sizeof region, 300, NULL, NULL, NULL, &three) == CAIMAN_OK);
  CHECK(caiman_slots_count(three) == 3);
  caiman_slots_destroy(three);
}

int main(void) {
  indices();
  arenas();
  regions();
  slots();
  CHECK(strcmp(caiman_error_message(CAIMAN_ARENA_FULL), "the arena is full") == 0);
  CHECK(strcmp(caiman_error_message(-5), "no error of Caiman's") == 0);
  printf("c: right, %s\n", caiman_version());
  return 0;
}
