// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// raw.hpp: what the recorder writes and trace_pack reads
//
// A file of one process: a head, then records in no order, each with its place in the one order of
// all threads. Lives from a recording to its packing on one machine, so it is plain structs in the
// machine's own byte order; the format to keep is that of format.hpp.
//
// A release takes its number before the block goes back, an allocation takes its number after the
// block is there, so the numbers order whatever the program itself orders: allocation before
// release, and release before the next allocation at the same address.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <type_traits>

namespace caiman::traces {

inline constexpr std::uint64_t raw_magic = 0x31776172'6e6d6163;  // "camnraw1" in memory

enum class raw_kind : std::uint32_t {
  allocated = 1,
  released = 2,
  // A realloc that went well: what it takes back, and what it gives; two records of one thread with
  // no other record of this thread between them.
  resized_from = 3,
  resized_to = 4,
};

struct raw_head {
  std::uint64_t magic = raw_magic;
  std::uint64_t process = 0;
};

struct raw_record {
  std::uint64_t number;  // in the one order; 0 is no record, gaps are allowed
  std::uint64_t address;
  std::uint64_t bytes;  // of what was asked for; 0 for what is taken back
  std::uint32_t thread;
  raw_kind kind;
};

static_assert(std::is_trivially_copyable_v<raw_record> && sizeof(raw_record) == 32);

}  // namespace caiman::traces
