// SPDX-License-Identifier: MIT
// A plugin: its functions, under one name.
#include "object.hpp"

extern "C" [[gnu::visibility("default")]] const objects::api* caiman_test_object() {
  return &objects::mine;
}
