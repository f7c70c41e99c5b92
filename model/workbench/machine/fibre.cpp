// SPDX-License-Identifier: MIT
// The jumps leave one stack for another, which a fortified longjmp takes for an error.
#undef _FORTIFY_SOURCE  // NOLINT(clang-diagnostic-reserved-macro-identifier)
#include "machine/fibre.hpp"

#include <cxxabi.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <new>

#include "machine/heap.hpp"

namespace caiman::model::machine {
namespace {

std::size_t page_bytes() noexcept { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

fibre::fibre(job what, void* context, unsigned index)
    : what_(what), context_(context), index_(index) {
  void* at = mmap(usual_address(1 + index), stack_bytes + page_bytes(), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  stack_ = static_cast<std::byte*>(at);
  mprotect(stack_, page_bytes(), PROT_NONE);
}

fibre::~fibre() { munmap(stack_, stack_bytes + page_bytes()); }

void fibre::run(unsigned high, unsigned low) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): makecontext passes ints
  auto* self = reinterpret_cast<fibre*>(static_cast<std::uintptr_t>(high) << 32 | low);
  for (;;) self->what_(self->context_, self->index_);
}

void fibre::make() {
  is_made_ = true;
  ucontext_t made{};
  getcontext(&made);
  made.uc_stack.ss_sp = stack_ + page_bytes();
  made.uc_stack.ss_size = stack_bytes;
  made.uc_link = nullptr;
  const auto self = reinterpret_cast<std::uintptr_t>(this);
  makecontext(&made, reinterpret_cast<void (*)()>(&run), 2, static_cast<unsigned>(self >> 32),
              static_cast<unsigned>(self));
  setcontext(&made);
}

void fibre::jump(std::jmp_buf& from, fibre& to) {
  if (_setjmp(from) != 0) return;
  if (!to.is_made_) to.make();
  _longjmp(to.here_, 1);
}

void fibre::leave(std::jmp_buf& home) { _longjmp(home, 1); }

void fibre::rest(std::jmp_buf& home) {
  if (_setjmp(here_) == 0) _longjmp(home, 1);
}

fibre::exceptions put_away_exceptions() noexcept {
  fibre::exceptions own;
  auto* runtime = reinterpret_cast<std::byte*>(abi::__cxa_get_globals());
  std::memcpy(&own, runtime, sizeof(own));
  std::memset(runtime, 0, sizeof(own));
  return own;
}

void put_back_exceptions(const fibre::exceptions& own) noexcept {
  std::memcpy(reinterpret_cast<std::byte*>(abi::__cxa_get_globals()), &own, sizeof(own));
}

}  // namespace caiman::model::machine
