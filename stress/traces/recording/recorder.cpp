// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// recorder.cpp: a library for LD_PRELOAD that writes down what a program asks of malloc
//
//   CAIMAN_TRACE=PREFIX        record into PREFIX.<process>.raw (raw.hpp); else do nothing
//   CAIMAN_TRACE_ONLY=NAME     only a program of this name (a compiler driver starts several)
//   CAIMAN_TRACE_EVENTS=N      stop after about N records
//   CAIMAN_TRACE_FORKS=1       a child of fork begins a recording of its own (a server that forks)
//
// Takes the place of malloc, calloc, realloc, free, aligned_alloc, posix_memalign, memalign, valloc
// and pvalloc; operators new and delete, strdup and the like come through these. The work is done
// by glibc under the names __libc_malloc and so on. So there is nothing to look up, hence no call
// that comes too early; a program that brings another allocator gets glibc's.
//
// Nothing here allocates through the functions it replaces: buffers are of mmap, files are written
// with open and pwrite. Each thread fills a buffer of its own; it is written when it is full, when
// the thread ends and when the program does. A child of fork stops recording or begins one of its
// own, without the blocks of before; a program that is started by exec begins anew. A program that
// is killed, or leaves by _exit, loses its last buffers. Relies on glibc 2.26 or newer on Linux.
// Built without sanitizers: those bring their own malloc.
// ---------------------------------------------------------------------------------------------
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "raw.hpp"

// The names are those of glibc and of C, the state is that of a process, and what there is to warn
// of getenv and strerror does not matter before the program runs or when recording is over.
// NOLINTBEGIN(clang-diagnostic-reserved-identifier,readability-identifier-naming)
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t each);
void* __libc_realloc(void* block, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* block);
}
// NOLINTEND(clang-diagnostic-reserved-identifier,readability-identifier-naming)
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables,concurrency-mt-unsafe)
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)

namespace caiman::traces {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t buffer_bytes = std::size_t{1} << 20;

// ---- the state of the process -----------------------------------------------------------------

// Everything here is constant-initialised, since the first hook may be called before any
// constructor, and the last one after every destructor.
std::atomic<bool> recording{false};
std::atomic<std::uint64_t> next_number{1};
std::atomic<std::uint64_t> written{sizeof(raw_head)};  // where the next buffer goes in the file
std::atomic<std::uint32_t> threads{0};
std::uint64_t last_number = std::numeric_limits<std::uint64_t>::max();
pid_t recorded_process = 0;
pthread_key_t thread_end;
char prefix_name[PATH_MAX];  // from the root: the program may change its folder
char file_name[PATH_MAX];
bool children_too = false;

// One line, without stdio, which may allocate or be closed already.
void say(const char* what) {
  char line[PATH_MAX + 100];
  const int length = std::snprintf(line, sizeof line, "trace_recorder: '%s': %s: %s\n", file_name,
                                   what, std::strerror(errno));
  const auto shown = std::min(static_cast<std::size_t>(std::max(length, 0)), sizeof line - 1);
  // Nobody is left to be told when this fails.
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line, shown);
}

bool write_all(int file, const void* what, std::size_t bytes, std::uint64_t offset) {
  const char* from = static_cast<const char*>(what);
  while (bytes > 0) {
    const ssize_t done = pwrite(file, from, bytes, static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    from += done;
    bytes -= static_cast<std::size_t>(done);
    offset += static_cast<std::uint64_t>(done);
  }
  return true;
}

// Opened for each buffer: daemons close files that they do not know, and a number that was handed
// out again would be somebody else's file.
bool write_to_file(int flags, const void* what, std::size_t bytes, std::uint64_t offset) {
  const int file = open(file_name, flags | O_WRONLY | O_CLOEXEC, 0644);
  if (file < 0) return false;
  const bool whole = write_all(file, what, bytes, offset);
  return close(file) == 0 && whole;
}

// ---- buffers ----------------------------------------------------------------------------------

struct buffer {
  buffer* next;                    // all buffers there ever were
  std::atomic<bool> in_use;        // by a thread
  std::atomic<bool> writing;       // a lock: the owner, or the end of the program
  std::atomic<std::size_t> count;  // records there are; only the owner changes it
  std::size_t kept;                // of these, how many are in the file
  std::uint32_t thread;
  unsigned ends_seen;
};

constexpr std::size_t records_per_buffer = (buffer_bytes - page) / sizeof(raw_record);
static_assert(sizeof(buffer) <= page);

std::atomic<buffer*> all_buffers{nullptr};

raw_record* records_of(buffer& of) {
  return reinterpret_cast<raw_record*>(reinterpret_cast<char*>(&of) + page);
}

void flush(buffer& what) {
  const int error_before = errno;
  while (what.writing.exchange(true, std::memory_order_acquire)) sched_yield();
  const std::size_t count = what.count.load(std::memory_order_acquire);
  const std::size_t bytes = (count - what.kept) * sizeof(raw_record);
  // A child that came about by a bare clone has our memory and not our file.
  if (bytes > 0 && getpid() == recorded_process) {
    const std::uint64_t offset = written.fetch_add(bytes, std::memory_order_relaxed);
    if (!write_to_file(0, records_of(what) + what.kept, bytes, offset)) {
      recording.store(false, std::memory_order_relaxed);
      say("cannot be written");
    }
  }
  what.kept = count;
  what.writing.store(false, std::memory_order_release);
  errno = error_before;
}

// For the owner, whose buffer is full or no longer needed.
void flush_and_empty(buffer& mine) {
  flush(mine);
  while (mine.writing.exchange(true, std::memory_order_acquire)) sched_yield();
  mine.kept = 0;
  mine.count.store(0, std::memory_order_relaxed);
  mine.writing.store(false, std::memory_order_release);
}

buffer* unused_buffer() {
  for (buffer* at = all_buffers.load(std::memory_order_acquire); at != nullptr; at = at->next) {
    if (!at->in_use.exchange(true, std::memory_order_acquire)) return at;
  }
  return nullptr;
}

buffer* new_buffer() {
  const int error_before = errno;
  void* const memory =
      mmap(nullptr, buffer_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  errno = error_before;
  if (memory == MAP_FAILED) return nullptr;
  auto* const made = new (memory) buffer{};
  made->in_use.store(true, std::memory_order_relaxed);
  made->next = all_buffers.load(std::memory_order_relaxed);
  while (!all_buffers.compare_exchange_weak(made->next, made, std::memory_order_release,
                                            std::memory_order_relaxed)) {
  }
  return made;
}

// ---- threads ----------------------------------------------------------------------------------

// Of the initial-exec model, which needs no allocation on the first access.
#define CAIMAN_OF_THREAD __attribute__((tls_model("initial-exec"))) thread_local
CAIMAN_OF_THREAD buffer* own_buffer = nullptr;
CAIMAN_OF_THREAD bool own_ended = false;
CAIMAN_OF_THREAD bool inside = false;  // so that nothing done in here is recorded

// The destructors of a thread's keys run in rounds. Ours asks for another round as long as there
// may be one, so that it is the last to run and sees what the others release.
void thread_ends(void* value) {
  auto* const mine = static_cast<buffer*>(value);
  inside = true;
  if (++mine->ends_seen < PTHREAD_DESTRUCTOR_ITERATIONS &&
      pthread_setspecific(thread_end, mine) == 0) {
    inside = false;
    return;
  }
  flush_and_empty(*mine);
  own_buffer = nullptr;
  own_ended = true;
  mine->in_use.store(false, std::memory_order_release);
}

buffer* buffer_of_thread() {
  if (own_buffer != nullptr) return own_buffer;
  if (own_ended) return nullptr;
  inside = true;
  buffer* mine = unused_buffer();
  if (mine == nullptr) mine = new_buffer();
  if (mine != nullptr) {
    mine->thread = threads.fetch_add(1, std::memory_order_relaxed);
    mine->ends_seen = 0;
    own_buffer = mine;
    pthread_setspecific(thread_end, mine);
  }
  inside = false;
  return mine;
}

// ---- records ----------------------------------------------------------------------------------

// The next place in the one order, or 0: not recorded.
std::uint64_t take_number() {
  if (!recording.load(std::memory_order_relaxed) || inside) return 0;
  const std::uint64_t number = next_number.fetch_add(1, std::memory_order_acq_rel);
  return number <= last_number ? number : 0;
}

void put(raw_kind kind, std::uint64_t number, const void* address, std::size_t bytes) {
  if (number == 0) return;
  buffer* const mine = buffer_of_thread();
  if (mine == nullptr) return;
  std::size_t count = mine->count.load(std::memory_order_relaxed);
  if (count == records_per_buffer) {
    flush_and_empty(*mine);
    count = 0;
  }
  records_of(*mine)[count] = {number, std::bit_cast<std::uintptr_t>(address), bytes, mine->thread,
                              kind};
  mine->count.store(count + 1, std::memory_order_release);
}

void* allocated(void* block, std::size_t bytes) {
  if (block != nullptr) put(raw_kind::allocated, take_number(), block, bytes);
  return block;
}

// ---- begin and end ----------------------------------------------------------------------------

// Sets what the names of all files begin with.
bool set_prefix(const char* prefix) {
  char folder[PATH_MAX] = "";
  if (prefix[0] != '/' && getcwd(folder, sizeof folder) == nullptr) return false;
  const int length = std::snprintf(prefix_name, sizeof prefix_name, "%s%s%s", folder,
                                   prefix[0] == '/' ? "" : "/", prefix);
  return length > 0 && static_cast<std::size_t>(length) < sizeof prefix_name;
}

// The file of this process.
bool begin_file() {
  recorded_process = getpid();
  const int length =
      std::snprintf(file_name, sizeof file_name, "%s.%d.raw", prefix_name, recorded_process);
  if (length <= 0 || static_cast<std::size_t>(length) >= sizeof file_name) return false;
  const raw_head head{.process = static_cast<std::uint64_t>(recorded_process)};
  return write_to_file(O_CREAT | O_EXCL, &head, sizeof head, 0);
}

// The one thread that there is in a child. What lies in the buffers is the parent's, and so is a
// lock that another thread held.
void in_child_of_fork() {
  if (!recording.exchange(false, std::memory_order_relaxed) || !children_too) return;
  for (buffer* at = all_buffers.load(std::memory_order_relaxed); at != nullptr; at = at->next) {
    at->kept = 0;
    at->count.store(0, std::memory_order_relaxed);
    at->writing.store(false, std::memory_order_relaxed);
    at->in_use.store(at == own_buffer, std::memory_order_relaxed);
  }
  written.store(sizeof(raw_head), std::memory_order_relaxed);
  if (!begin_file()) return say("nothing is recorded");
  recording.store(true, std::memory_order_release);
}

[[gnu::constructor]] void begin() {
  const char* const prefix = std::getenv("CAIMAN_TRACE");
  if (prefix == nullptr) return;
  const char* const only = std::getenv("CAIMAN_TRACE_ONLY");
  if (only != nullptr && std::strcmp(only, program_invocation_short_name) != 0) return;
  if (const char* const limit = std::getenv("CAIMAN_TRACE_EVENTS")) {
    last_number = std::strtoull(limit, nullptr, 10);
  }
  children_too = std::getenv("CAIMAN_TRACE_FORKS") != nullptr;
  if (!set_prefix(prefix) || !begin_file() || pthread_key_create(&thread_end, thread_ends) != 0 ||
      pthread_atfork(nullptr, nullptr, in_child_of_fork) != 0) {
    say("nothing is recorded");
    return;
  }
  recording.store(true, std::memory_order_release);
}

[[gnu::destructor]] void end() {
  if (!recording.exchange(false, std::memory_order_acq_rel)) return;
  for (buffer* at = all_buffers.load(std::memory_order_acquire); at != nullptr; at = at->next) {
    flush(*at);
  }
}

}  // namespace
}  // namespace caiman::traces

// ---- the functions that are replaced ------------------------------------------------------------

using caiman::traces::allocated;
using caiman::traces::put;
using caiman::traces::raw_kind;
using caiman::traces::take_number;

#define CAIMAN_REPLACES extern "C" __attribute__((visibility("default")))

CAIMAN_REPLACES void* malloc(std::size_t bytes) noexcept {
  return allocated(__libc_malloc(bytes), bytes);
}

CAIMAN_REPLACES void* calloc(std::size_t count, std::size_t each) noexcept {
  // The product is right where there is a block: glibc refuses one that overflows.
  return allocated(__libc_calloc(count, each), count * each);
}

CAIMAN_REPLACES void free(void* block) noexcept {
  if (block == nullptr) return;
  put(raw_kind::released, take_number(), block, 0);
  __libc_free(block);
}

CAIMAN_REPLACES void* realloc(void* block, std::size_t bytes) noexcept {
  if (block == nullptr) return allocated(__libc_realloc(nullptr, bytes), bytes);
  const std::uint64_t before = take_number();
  void* const moved = __libc_realloc(block, bytes);
  if (moved != nullptr) {
    put(raw_kind::resized_from, before, block, 0);
    put(raw_kind::resized_to, take_number(), moved, bytes);
  } else if (bytes == 0) {
    put(raw_kind::released, before, block, 0);
  }
  return moved;
}

CAIMAN_REPLACES void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  return allocated(__libc_memalign(alignment, bytes), bytes);
}

CAIMAN_REPLACES void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  return memalign(alignment, bytes);
}

CAIMAN_REPLACES int posix_memalign(void** result, std::size_t alignment,
                                   std::size_t bytes) noexcept {
  if (!std::has_single_bit(alignment) || alignment % sizeof(void*) != 0) return EINVAL;
  const int error_before = errno;
  void* const block = memalign(alignment, bytes);
  errno = error_before;
  if (block == nullptr) return ENOMEM;
  *result = block;
  return 0;
}

CAIMAN_REPLACES void* valloc(std::size_t bytes) noexcept {
  return memalign(static_cast<std::size_t>(sysconf(_SC_PAGESIZE)), bytes);
}

CAIMAN_REPLACES void* pvalloc(std::size_t bytes) noexcept {
  const auto whole = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  if (bytes > SIZE_MAX - whole) {
    errno = ENOMEM;
    return nullptr;
  }
  return memalign(whole, (bytes + whole - 1) / whole * whole);
}

// NOLINTEND(readability-inconsistent-declaration-parameter-name)
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables,concurrency-mt-unsafe)
