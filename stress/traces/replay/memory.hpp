// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// memory.hpp: how much memory and processor time the process really had, from now on
//
// ru_maxrss does not do: it is never set back, and it starts with what the parent had at the time
// of the exec. Linux keeps a high-water mark for the process itself, which can be set to what there
// is now. Relies on /proc of Linux; where it is not to be had, or the mark cannot be set back, the
// figures are 0. Page faults and
// processor time are those of getrusage().
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>

namespace caiman::traces {

struct memory_use {
  std::uint64_t base = 0;    // resident bytes when the watch began
  std::uint64_t peak = 0;    // the most since then
  std::uint64_t faults = 0;  // pages that the system had to find since then
  double cpu_seconds = 0;    // of all threads since then, the system's work for them included
};

/// Resident bytes of the process now.
std::uint64_t resident_bytes();

class memory_watch {
 public:
  memory_watch();
  memory_use seen() const;

 private:
  std::uint64_t base_;
  std::uint64_t faults_;
  double cpu_seconds_;
  bool set_back_;
};

}  // namespace caiman::traces
