// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// error_peer.hpp: what error_test.cpp and the shared object beside it know of each other
// ---------------------------------------------------------------------------------------------
#pragma once

#include <system_error>

/// Codes made in the other object, and what it takes codes of ours for.
struct error_peer {
  std::error_code (*alloc_code)(int value);
  std::error_code (*build_code)(int value);
  bool (*is_alloc)(const std::error_code& code, int value);
  bool (*is_build)(const std::error_code& code, int value);
};

extern "C" const error_peer caiman_error_peer;
