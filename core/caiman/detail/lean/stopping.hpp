// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stopping.hpp: std::stop_token, where the standard library has one
//
// libc++ 19 has one with -fexperimental-library alone. Without it nobody can ask a waiter to stop,
// and all else is as ever. One of the places where the preprocessor decides.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#if defined(__cpp_lib_jthread)
#include <stop_token>
#endif

namespace caiman::inline v0::detail {

#if defined(__cpp_lib_jthread)

using std::stop_token;

template <class Callback>
using stop_callback = std::stop_callback<Callback>;

#else

/// Stands for a token that nobody can stop.
struct stop_token {
  [[nodiscard]] static constexpr bool stop_requested() noexcept { return false; }
};

/// Never called.
template <class Callback>
struct stop_callback {
  constexpr stop_callback(const stop_token& /*of*/, const Callback& /*call*/) noexcept {}
};

#endif

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
