// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// plugin.hpp: what plugin.cpp and the object that it loads know of each other
//
// The plugin unpacks records. With an arena both hand over ownership as C++ objects, in either
// direction; without one as C does it: the plugin gives memory of malloc, and a function that gives
// it back.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <caiman/caiman.hpp>
#include <cstddef>

namespace programs {

struct piece {
  std::byte* data = nullptr;
  std::size_t size = 0;
};

/// Of one thread each.
struct unpacker;

struct plugin_api {
  unpacker* (*open)();
  void (*close)(unpacker*);
  /// Takes a record out of the arena, packed, and drops it; what is unpacked lies in the arena, and
  /// the plugin holds the last few for itself. Empty: it is no record, or there is no room.
  caiman::bytes (*unpack)(unpacker*, const caiman::buddy_arena& in, caiman::bytes packed);
  /// The same with memory of malloc. Both are given back with the function below.
  piece (*unpack_to_heap)(unpacker*, piece packed);
  void (*give_back)(piece);
};

inline constexpr const char* plugin_entry = "caiman_program_plugin";

}  // namespace programs
