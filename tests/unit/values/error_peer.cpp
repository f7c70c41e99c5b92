// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// error_peer.cpp: codes that another shared object made
//
// Compiled with hidden visibility and dlopened by error_test.cpp, so that the categories in here
// are objects of its own. Relies on nothing but the header.
// ---------------------------------------------------------------------------------------------
#include <system_error>

#include "caiman/error.hpp"
#include "error_peer.hpp"

namespace {

std::error_code alloc_code(int value) { return static_cast<caiman::alloc_error>(value); }
std::error_code build_code(int value) { return static_cast<caiman::build_error>(value); }
bool is_alloc(const std::error_code& code, int value) {
  return code == static_cast<caiman::alloc_error>(value);
}
bool is_build(const std::error_code& code, int value) {
  return code == static_cast<caiman::build_error>(value);
}

}  // namespace

extern "C" [[gnu::visibility("default")]] const error_peer caiman_error_peer{alloc_code, build_code,
                                                                             is_alloc, is_build};
