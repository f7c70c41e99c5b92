// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// states.cpp: fingerprints of a stack
// ---------------------------------------------------------------------------------------------
#include "states.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <vector>

namespace caiman::proof {
namespace {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): of the check that runs
const char* stack_begin = nullptr;

}  // namespace

void set_stack_begin(const void* at) { stack_begin = static_cast<const char*>(at); }

fingerprint fingerprint_of(const call_state& state, const std::string& more) {
  const auto* newest = static_cast<const char*>(state.frame);
  std::vector<unsigned char> bytes(newest, stack_begin);
  for (const word* each : word::alive()) {
    const auto* at = reinterpret_cast<const char*>(each);
    if (std::less<>()(at, newest) || !std::less<>()(at, stack_begin)) continue;
    std::fill_n(bytes.begin() + (at - newest), sizeof(word), static_cast<unsigned char>(0xff));
  }
  const auto* registers = reinterpret_cast<const unsigned char*>(&state.registers);
  bytes.insert(bytes.end(), registers, registers + sizeof state.registers);
  bytes.insert(bytes.end(), more.begin(), more.end());
  fingerprint all;
  for (const unsigned char each : bytes) all.add(each);
  return all;
}

}  // namespace caiman::proof

// What -pg and -mfentry call where a function begins that they were given for, before it has a
// frame: zeroes what lies below the stack pointer, which is nobody's any more. 4 KiB are more than
// any such frame has. Keeps every register. The lines are AT&T's.
asm(R"(
        .text
        .globl  __fentry__
        .type   __fentry__, @function
__fentry__:
        movq    %rdi, -8(%rsp)
        movq    %rcx, -16(%rsp)
        movq    %rax, -24(%rsp)
        leaq    -4120(%rsp), %rdi
        movl    $512, %ecx
        xorl    %eax, %eax
        rep stosq
        movq    -8(%rsp), %rdi
        movq    -16(%rsp), %rcx
        movq    -24(%rsp), %rax
        movq    $0, -8(%rsp)
        movq    $0, -16(%rsp)
        movq    $0, -24(%rsp)
        ret
        .size   __fentry__, . - __fentry__
)");
