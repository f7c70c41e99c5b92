// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// recorder_victim.cpp: a program to be recorded
//
// Does each thing that the recorder must get right, once, with a size that nothing else has: so
// that recorder_test.cpp, which has the list of sizes, can tell them apart. Its exit code is
// 0 unless a function did not do its work. Relies on POSIX threads and fork.
// ---------------------------------------------------------------------------------------------
#include <malloc.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>
#include <vector>

// To call malloc, and to do with it what careful programs do not, is what this program is for.
// NOLINTBEGIN(cppcoreguidelines-no-malloc,bugprone-suspicious-realloc-usage,concurrency-mt-unsafe)
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
namespace {

bool all_well = true;

void want(bool what) { all_well = all_well && what; }

bool aligned(const void* block, std::size_t to) {
  return block != nullptr && reinterpret_cast<std::uintptr_t>(block) % to == 0;
}

// More than there is; out of sight of the compiler, which would warn.
volatile std::size_t too_much = SIZE_MAX / 2;

void use(void* block) {
  want(block != nullptr);
  if (block != nullptr) static_cast<volatile char*>(block)[0] = 1;
}

void every_function() {
  void* block = std::malloc(10'007);
  use(block);
  block = std::realloc(block, 20'011);
  use(block);
  std::free(block);
  block = std::calloc(3, 10'009);
  use(block);
  std::free(block);
  block = std::aligned_alloc(64, 10'048);
  want(aligned(block, 64));
  std::free(block);
  want(posix_memalign(&block, 4096, 12'289) == 0 && aligned(block, 4096));
  std::free(block);
  block = memalign(256, 10'061);
  want(aligned(block, 256));
  std::free(block);
  auto* const object = ::operator new(10'037);
  use(object);
  ::operator delete(object);
  auto* const wide = ::operator new (10'112, std::align_val_t{128});
  want(aligned(wide, 128));
  ::operator delete (wide, std::align_val_t{128});
  static char text[10'069];
  std::memset(text, 'x', sizeof text - 1);
  char* const copy = strdup(text);
  use(copy);
  std::free(copy);
  std::free(std::realloc(nullptr, 10'079));
}

void what_is_refused() {
  errno = 0;
  want(std::malloc(too_much) == nullptr && errno == ENOMEM);
  want(std::calloc(too_much, 3) == nullptr);
  void* block = nullptr;
  want(posix_memalign(&block, 3, 10) == EINVAL);
  want(posix_memalign(&block, 64, too_much) == ENOMEM);
  block = std::malloc(10'091);
  use(block);
  want(std::realloc(block, too_much) == nullptr);  // and the block stays
  std::free(block);
}

void what_is_large() {
  constexpr std::size_t large = std::size_t{3} << 20;
  void* block = std::malloc(large);
  use(block);
  block = std::realloc(block, 10'093);
  use(block);
  block = std::realloc(block, large);
  use(block);
  std::free(block);
}

// More than a buffer of records, allocated by one thread and released by another.
void two_threads() {
  constexpr std::size_t count = 40'000;
  std::vector<void*> blocks(count);
  std::thread([&] {
    for (void*& block : blocks) block = std::malloc(1'009);
  }).join();
  std::thread([&] {
    for (void* const block : blocks) {
      errno = EBADF;  // which a free must not change, not even one that fills a buffer
      std::free(block);
      want(errno == EBADF);
    }
  }).join();
}

// The second thread gives back what the first one takes, at the same time, so that addresses are
// handed out again at once: 10163 bytes are too many for a thread's own cache in glibc.
void hand_over() {
  constexpr std::size_t count = 40'000;
  std::array<std::atomic<void*>, 16> ring{};
  std::thread second([&] {
    for (std::size_t i = 0; i < count; ++i) {
      void* block = nullptr;
      while ((block = ring[i % ring.size()].exchange(nullptr)) == nullptr)
        std::this_thread::yield();
      std::free(block);
    }
  });
  for (std::size_t i = 0; i < count; ++i) {
    void* const block = std::malloc(10'163);
    while (ring[i % ring.size()].load() != nullptr) std::this_thread::yield();
    ring[i % ring.size()].store(block);
  }
  second.join();
}

// Destructors of keys run at the end of a thread, after those of C++; this one is made late.
void end_of_thread() {
  pthread_key_t key = 0;
  want(pthread_key_create(&key, std::free) == 0);
  std::thread([&] { want(pthread_setspecific(key, std::malloc(10'133)) == 0); }).join();
  for (int i = 0; i < 100; ++i) std::thread([] { std::free(std::malloc(10'139)); }).join();
}

// A child that goes on, for longer than its parent will, and ends as a program does.
void child() {
  const pid_t process = fork();
  if (process == 0) {
    for (int i = 0; i < 500'000; ++i) std::free(std::malloc(10'141));
    std::exit(0);
  }
  int status = 1;
  want(process > 0 && waitpid(process, &status, 0) == process && status == 0);
}

// A thread that is still at work when the program ends.
void left_running() {
  std::thread([] {
    for (;; usleep(50)) {
      for (int i = 0; i < 100; ++i) std::free(std::malloc(10'151));
    }
  }).detach();
  usleep(10'000);
}

}  // namespace

int main() {
  every_function();
  what_is_refused();
  what_is_large();
  two_threads();
  hand_over();
  end_of_thread();
  child();
  left_running();
  use(std::malloc(10'159));  // until the end
  return all_well ? 0 : 1;
}
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)
// NOLINTEND(cppcoreguidelines-no-malloc,bugprone-suspicious-realloc-usage,concurrency-mt-unsafe)
