// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// in_force.cpp: asks the loader, and then the library itself
//
// The symbols malloc and free must come from the wanted file; and the library, asked through a call
// of its own, must know a block that was just taken. Each is easy to fool alone. Relies on dlfcn
// and on one documented call per library.
// ---------------------------------------------------------------------------------------------
#include "in_force.hpp"

#include <dlfcn.h>
#include <malloc.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>

namespace caiman::bench {
namespace {

constexpr std::size_t probe_bytes = 100'000;  // below glibc's threshold for mappings of their own

struct freer {
  void operator()(void* p) const noexcept { std::free(p); }  // NOLINT(cppcoreguidelines-no-malloc)
};
using probe = std::unique_ptr<void, freer>;

probe take() {
  probe taken(std::malloc(probe_bytes));  // NOLINT(cppcoreguidelines-no-malloc)
  void* address = taken.get();
  asm volatile("" : "+r"(address) : : "memory");  // or the compiler leaves the pair out
  return taken;
}

template <class Signature>
Signature* find(const char* symbol) {
  return reinterpret_cast<Signature*>(dlsym(RTLD_DEFAULT, symbol));
}

std::filesystem::path file_of(const char* symbol) {
  void* const address = dlsym(RTLD_DEFAULT, symbol);
  Dl_info found{};
  if (address == nullptr || dladdr(address, &found) == 0 || found.dli_fname == nullptr) return {};
  return found.dli_fname;
}

bool glibc_knows() {
  const std::size_t before = mallinfo2().uordblks;
  const probe taken = take();
  return mallinfo2().uordblks >= before + probe_bytes;
}

bool jemalloc_knows() {
  auto* ask = find<int(const char*, void*, std::size_t*, void*, std::size_t)>("mallctl");
  if (ask == nullptr) return false;
  const auto allocated = [ask] {
    std::uint64_t bytes = 0;
    std::size_t size = sizeof bytes;
    return ask("thread.allocated", &bytes, &size, nullptr, 0) == 0 ? bytes : 0;
  };
  const std::uint64_t before = allocated();
  const probe taken = take();
  return allocated() >= before + probe_bytes;
}

bool mimalloc_knows() {
  auto* ask = find<bool(const void*)>("mi_is_in_heap_region");
  const probe taken = take();
  return ask != nullptr && ask(taken.get());
}

bool tcmalloc_knows() {
  constexpr int owned = 1;
  auto* ask = find<int(const void*)>("MallocExtension_GetOwnership");
  const probe taken = take();
  return ask != nullptr && ask(taken.get()) == owned;
}

bool tbbmalloc_knows() {
  auto* ask = find<std::size_t(void*, std::size_t (*)(void*))>("__TBB_malloc_safer_msize");
  const probe taken = take();
  return ask != nullptr && ask(taken.get(), nullptr) >= probe_bytes;
}

bool knows(const heap& asked) {
  if (asked.name == jemalloc.name) return jemalloc_knows();
  if (asked.name == mimalloc.name) return mimalloc_knows();
  if (asked.name == tcmalloc.name) return tcmalloc_knows();
  if (asked.name == tbbmalloc.name) return tbbmalloc_knows();
  return asked.name == glibc.name && glibc_knows();
}

}  // namespace

std::optional<std::string> not_in_force(const heap& wanted) {
  for (const char* symbol : {"malloc", "free"}) {
    const std::string file = file_of(symbol).filename().string();
    if (!file.starts_with(wanted.name)) {
      return std::string(symbol) + " is served by '" + file + "', not by " +
             std::string(wanted.name);
    }
  }
  if (!knows(wanted)) return std::string(wanted.name) + " does not know a block that malloc gave";
  return std::nullopt;
}

std::string malloc_file() {
  std::error_code ignored;
  return std::filesystem::canonical(file_of("malloc"), ignored).filename().string();
}

}  // namespace caiman::bench
