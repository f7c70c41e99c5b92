// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// closing.hpp: when a shared object is closed
//
// Code of any shared object may use an arena, but the object that built it must stay: others ask it
// for the slots of its threads, and the arena's own code is there. An object that is closed too
// early would leave them calling into nothing, so its closing looks, and ends the program with one
// line.
//
// How it knows closing from the end of the program, where an arena may well be alive: at dlclose
// the functions with the attribute `destructor` run before the destructors of static objects, at
// exit they run after them (System V ABI for .fini_array and __cxa_finalize, and glibc's exit); but
// of an object that was there when the program began they run as at dlclose, so the look asks for
// that, too. Not told apart: an object that was opened before main began, and is there at the end.
// Not part of the public surface.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <atomic>
#include <cstddef>

#include "caiman/detail/os.hpp"
#include "caiman/detail/raise.hpp"

namespace caiman::inline v0::detail {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): one of each per shared object
/// How much there is that this shared object built.
[[gnu::__visibility__("hidden")]] constinit inline std::atomic<std::size_t> built_here{0};
/// Whether this shared object is being closed.
[[gnu::__visibility__("hidden")]] constinit inline bool closing = false;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

[[gnu::__destructor__, gnu::__used__, gnu::__visibility__("hidden")]] inline void
note_closing() noexcept {
  closing = true;
}

/// Ended after all static objects that could have an arena: it is made before them.
struct [[gnu::__visibility__("hidden")]] closing_look {
  constexpr closing_look() noexcept = default;
  closing_look(const closing_look&) = delete;
  closing_look& operator=(const closing_look&) = delete;
  ~closing_look() {
    if (!closing || built_here.load(std::memory_order_relaxed) == 0) return;
    if (os::was_linked(this)) return;
    abort_with_line("caiman: a shared object was closed while an arena that it built is in use");
  }
};
[[gnu::__used__, gnu::__visibility__("hidden")]] inline const closing_look look_at_closing;

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
