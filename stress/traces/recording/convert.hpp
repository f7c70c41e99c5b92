// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// convert.hpp: from what the recorder wrote to a trace
//
// Puts the records in their one order, turns addresses into block numbers, numbers the threads by
// their first event, and leaves out what is too large. A recording need not be whole: it begins in
// the middle of a program, and threads may be cut short. What does not fit is left out and counted:
// releases of blocks that nobody saw allocated, and blocks whose release was lost, which shows when
// their address is handed out again. Relies on raw.hpp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "../events.hpp"
#include "../format.hpp"
#include "../mapped.hpp"
#include "raw.hpp"

namespace caiman::traces {

/// What of a recording becomes part of the trace.
struct selection {
  std::uint64_t most_events = UINT32_MAX;  // at most the first so many
  // Requests of other sizes are left out, with their releases; those of more than largest_request
  // are, too, and are counted apart. What a block shrinks to does not matter.
  std::uint64_t least_bytes = 0;
  std::uint64_t most_bytes = largest_request;
  bool shrinkings = false;  // a realloc to less is one; else it is a request and a release
};

/// The records of a file; the error says what is wrong with it.
std::expected<mapped_vector<raw_record>, std::string> raw_records(byte_view file);

struct conversion {
  trace result;
  std::uint64_t records = 0;           // that were looked at
  std::uint64_t unknown_releases = 0;  // of blocks that nobody saw allocated
  std::uint64_t lost_releases = 0;     // made up for, at the next allocation at the same address
  std::uint64_t other_sizes = 0;       // requests that are left out for their size, up to 1 MiB
};

/// `name` is not checked here.
std::expected<conversion, std::string> convert(mapped_vector<raw_record> records, std::string name,
                                               const selection& chosen);

}  // namespace caiman::traces
