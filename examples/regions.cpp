// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// regions.cpp: an arena over memory that is there already
//
// A static buffer, memory shared between processes, a file in memory. The arena keeps nothing of
// its own in the region, so what lies there is exactly what was written into the buffers; another
// process, or one that reads the file later, needs the offset and the length, nothing else. The
// arena itself belongs to one process.
// ---------------------------------------------------------------------------------------------
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <caiman/arena.hpp>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "expect.hpp"

namespace {

constexpr std::size_t region_size = std::size_t{256} * 1024;
constexpr std::string_view greeting = "written in place";

// Each arena unmaps its region when it ends.
caiman::buddy_arena over_mapping(int file) {
  void* const at = mmap(nullptr, region_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  expect(at != MAP_FAILED, "a mapping");
  auto built = caiman::buddy_arena::from_region(static_cast<std::byte*>(at), region_size,
                                                caiman::buddy_hint::min_alloc(4096),
                                                [](std::byte* p, std::size_t n) { munmap(p, n); })
                   .build();
  expect(built.has_value(), "an arena over it");
  return *built;
}

// The second of two buffers, so that its offset is not 0. Gives the offset.
std::size_t write_greeting(const caiman::buddy_arena& arena, caiman::bytes& keep) {
  const auto first = arena.allocate(4096);
  auto second = arena.allocate(10000);
  expect(first && second, "two buffers");
  second->put(greeting);
  keep = std::move(*second).freeze();
  return static_cast<std::size_t>(keep.data() - arena.base());
}

void over_a_static_buffer() {
  alignas(4096) static std::byte memory[std::size_t{64} * 1024];
  const auto arena =
      caiman::buddy_arena::from_region(memory, sizeof memory, caiman::buddy_hint::min_alloc(256))
          .build();
  expect(arena.has_value() && arena->total_size() == sizeof memory, "all of it is used");
  const auto got = arena->allocate(sizeof memory);
  expect(got.has_value(), "in one piece, since metadata lies elsewhere");
  expect(!arena->allocate(1), "and then it is full");
  std::puts("static buffer: one block of 64 KiB");
}

void over_shared_memory() {
  const std::string name = "/caiman-example-" + std::to_string(getpid());
  const int file = shm_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600);
  expect(file >= 0, "shared memory");
  shm_unlink(name.c_str());  // the child inherits the open file
  expect(ftruncate(file, region_size) == 0, "of the size that we want");
  const caiman::buddy_arena arena = over_mapping(file);
  caiman::bytes keep;
  const std::size_t offset = write_greeting(arena, keep);

  const pid_t child = fork();
  expect(child >= 0, "another process");
  if (child == 0) {
    // It maps the memory itself, at an address of its own.
    const void* const at = mmap(nullptr, region_size, PROT_READ, MAP_SHARED, file, 0);
    if (at == MAP_FAILED) _exit(2);
    const std::string_view all(static_cast<const char*>(at), region_size);
    _exit(all.substr(offset, greeting.size()) == greeting ? 0 : 1);
  }
  int status = 0;
  expect(waitpid(child, &status, 0) == child && status == 0, "the other process read the greeting");
  close(file);
  std::printf("shared memory: another process read the buffer at offset %zu\n", offset);
}

void over_a_file() {
  std::FILE* const temporary = std::tmpfile();  // it goes when it is closed
  expect(temporary != nullptr, "a file");
  const int file = fileno(temporary);
  expect(ftruncate(file, region_size) == 0, "of the size that we want");
  std::size_t offset = 0;
  {
    const caiman::buddy_arena arena = over_mapping(file);
    caiman::bytes keep;
    offset = write_greeting(arena, keep);
  }  // unmapped here, with the last of arena and bytes
  std::string read_back(greeting.size(), ' ');
  expect(pread(file, read_back.data(), read_back.size(), static_cast<off_t>(offset)) ==
             static_cast<ssize_t>(greeting.size()),
         "the file can be read");
  expect(read_back == greeting, "and has the greeting at its offset");
  std::fclose(temporary);
  std::printf("file: it has the buffer at offset %zu\n", offset);
}

}  // namespace

int main() {
  over_a_static_buffer();
  over_shared_memory();
  over_a_file();
}
