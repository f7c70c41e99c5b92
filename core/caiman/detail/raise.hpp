// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// raise.hpp: what throws, for units with and without exceptions alike
//
// A unit that is compiled with -fno-exceptions may not say `throw`, and what it would say instead
// must not differ from what others say: an inline function is compiled in many units and the linker
// keeps one of them. So the core never says `throw`, `try` or `catch`. It calls what the standard
// library throws with itself, which lies in the library and is the same whatever the flags.
//
// In a program that catches nothing, or cannot, such an exception ends in std::terminate: then
// std::set_terminate is the hook, and std::current_exception() tells it which. What a misuse ends
// throws nothing; that one's hook is set_misuse_hook (error.hpp).
// Relies on names that libstdc++ and libc++ both have for their own use.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "caiman/detail/attributes.hpp"
#include "caiman/error.hpp"

namespace caiman::inline v0::detail {

/// Throws std::length_error.
[[gnu::__cold__, gnu::__noreturn__]] CAIMAN_COLD inline void raise_length_error(const char* what) {
  std::__throw_length_error(what);
}
/// Throws std::out_of_range.
[[gnu::__cold__, gnu::__noreturn__]] CAIMAN_COLD inline void raise_out_of_range(const char* what) {
  std::__throw_out_of_range(what);
}
/// Throws std::bad_alloc.
[[gnu::__cold__, gnu::__noreturn__]] CAIMAN_COLD inline void raise_bad_alloc() {
  std::__throw_bad_alloc();
}

/// Ends the program with one line on stderr, made as printf would, and tells the hook of it before
/// the end: all that a misuse ends goes through here. No heap.
[[gnu::__cold__, gnu::__noreturn__, gnu::__format__(__printf__, 1, 2)]] CAIMAN_COLD inline void
abort_with_line(const char* form, ...) noexcept {
  char line[320];  // longer ones are cut
  std::va_list parts;
  va_start(parts, form);
  const int length = std::vsnprintf(line, sizeof line - 1, form, parts);
  va_end(parts);
  char* const end = line + std::clamp<int>(length, 0, sizeof line - 2);
  end[0] = '\n';
  end[1] = '\0';
  std::fputs(line, stderr);  // at once, or lines of two threads mix
  end[0] = '\0';
  if (const misuse_hook hook = hook_of_misuse.load()) hook(line);
  std::abort();
}

/// Ends the program with one line: only a misuse that no release could see breaks an invariant.
[[gnu::__cold__, gnu::__noreturn__]] CAIMAN_COLD inline void abort_for_invariant(
    const char* message) noexcept {
  abort_with_line("caiman: broken invariant, perhaps by an earlier misuse: %s", message);
}
/// Ends the program with one line that names the block.
[[gnu::__cold__, gnu::__noreturn__]] CAIMAN_COLD inline void abort_for_misuse(
    const char* what, unsigned order, std::uint64_t index) noexcept {
  abort_with_line("caiman: release of block {order %u, index %llu}: %s", order,
                  static_cast<unsigned long long>(index), what);
}

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
