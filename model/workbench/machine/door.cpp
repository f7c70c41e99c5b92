// SPDX-License-Identifier: MIT
// What the checked types call: in an execution the machine, outside one an ordinary variable.
#include <cstdio>
#include <cstdlib>
#include <new>

#include "caiman-model/accesses.hpp"
#include "machine/machine.hpp"

namespace caiman::model::machine {
namespace {

machine_state* running() noexcept {
  machine_state& all = the_machine();
  return all.runs() ? &all : nullptr;
}

}  // namespace

void begin(cell& of, const place& at) {
  if (auto* m = running()) m->begin(of, at);
}
void end(cell& of) {
  if (auto* m = running()) m->end(of);
}
std::uint64_t load(cell& of, std::memory_order order, const place& at) {
  auto* m = running();
  return m != nullptr ? m->load(of, order, at) : of.first;
}
void store(cell& of, std::uint64_t value, std::memory_order order, const place& at) {
  if (auto* m = running()) return m->store(of, value, order, at);
  of.first = value;
}
std::uint64_t read_modify_write(cell& of, access what, change how, std::uint64_t operand,
                                std::memory_order order, const place& at) {
  if (auto* m = running()) return m->change_value(of, what, how, operand, order, at);
  const std::uint64_t old = of.first;
  of.first = how(old, operand);
  return old;
}
bool compare_exchange(cell& of, exchange_of& what, const place& at) {
  if (auto* m = running()) return m->compare_exchange(of, what, at);
  const bool equal = of.first == what.expected;
  what.expected = of.first;
  if (equal) of.first = what.desired;
  return equal;
}
void wait(cell& of, std::uint64_t old, std::memory_order order, const place& at) {
  if (auto* m = running()) m->wait(of, old, order, at);
}
void notify(cell& of, bool all, const place& at) {
  if (auto* m = running()) m->notify(of, all, at);
}
void fence(std::memory_order order, const place& at) {
  if (auto* m = running()) m->fence(order, at);
}
cell& cell_at(void* object, std::uint64_t value_now) {
  if (auto* m = running()) return m->cell_at(object, value_now);
  std::fputs("an atomic_ref of the checker is for use in an operation\n", stderr);
  std::abort();
}
std::uint64_t newest(cell& of) {
  auto* m = running();
  return m != nullptr ? m->newest(of) : of.first;
}
void plain_begin(plain_state& of, const void* object, const place& at) {
  if (auto* m = running()) m->plain_begin(of, object, at);
}
void plain_read(plain_state& of, const void* object, const place& at) {
  if (auto* m = running()) m->plain_read(of, object, at);
}
void plain_write(plain_state& of, const void* object, const place& at) {
  if (auto* m = running()) m->plain_write(of, object, at);
}
void plain_value(std::uint64_t value) {
  if (auto* m = running()) m->plain_value(value);
}
void lock(lock_state& of, const place& at) {
  bool got = false;
  if (auto* m = running()) m->lock(of, at, false, &got);
}
bool try_lock(lock_state& of, const place& at) {
  bool got = true;
  if (auto* m = running()) m->lock(of, at, true, &got);
  return got;
}
void unlock(lock_state& of, const place& at) {
  if (auto* m = running()) m->unlock(of, at);
}
void sleep(cell& bell, lock_state& held, const place& at) {
  if (auto* m = running()) m->sleep(bell, held, at);
}
void signal(cell& bell, bool all, const place& at) {
  if (auto* m = running()) m->signal(bell, all, at);
}
void yield(const place& at) {
  if (auto* m = running()) m->yield(at);
}
unsigned thread_index() noexcept { return the_machine().current(); }
void fail(const char* text, const place& at) {
  user_code_runs = false;
  if (auto* m = running()) m->stop("check", std::string(text) + ", at " + line_of(at));
  std::fprintf(stderr, "%s, at %s\n", text, line_of(at).c_str());
  std::abort();
}

}  // namespace caiman::model::machine

// ---- new and delete ----------------------------------------------------------------------------

// NOLINTBEGIN(cppcoreguidelines-no-malloc): these are new and delete
namespace {

using caiman::model::machine::heap;
using caiman::model::machine::the_machine;
using caiman::model::machine::user_code_runs;

void* taken(std::size_t bytes, std::size_t alignment) {
  if (user_code_runs) return the_machine().take(bytes, alignment);
  if (alignment <= alignof(std::max_align_t)) return std::malloc(bytes == 0 ? 1 : bytes);
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void* taken_or_throw(std::size_t bytes, std::size_t alignment) {
  void* at = taken(bytes, alignment);
  if (at == nullptr) throw std::bad_alloc();
  return at;
}

void given_back(void* at) noexcept {
  if (at == nullptr) return;
  if (heap::holds(at)) {
    the_machine().give_back(at);
  } else {
    std::free(at);
  }
}

constexpr std::size_t usual = alignof(std::max_align_t);

}  // namespace
// NOLINTEND(cppcoreguidelines-no-malloc)

// NOLINTBEGIN(misc-new-delete-overloads)
void* operator new(std::size_t n) { return taken_or_throw(n, usual); }
void* operator new[](std::size_t n) { return taken_or_throw(n, usual); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return taken(n, usual); }
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return taken(n, usual); }
void* operator new(std::size_t n, std::align_val_t a) {
  return taken_or_throw(n, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t n, std::align_val_t a) {
  return taken_or_throw(n, static_cast<std::size_t>(a));
}
void operator delete(void* at) noexcept { given_back(at); }
void operator delete[](void* at) noexcept { given_back(at); }
void operator delete(void* at, std::size_t) noexcept { given_back(at); }
void operator delete[](void* at, std::size_t) noexcept { given_back(at); }
void operator delete(void* at, std::align_val_t) noexcept { given_back(at); }
void operator delete[](void* at, std::align_val_t) noexcept { given_back(at); }
void operator delete(void* at, std::size_t, std::align_val_t) noexcept { given_back(at); }
void operator delete[](void* at, std::size_t, std::align_val_t) noexcept { given_back(at); }
// NOLINTEND(misc-new-delete-overloads)
