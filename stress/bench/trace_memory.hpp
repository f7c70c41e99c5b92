// ---------------------------------------------------------------------------------------------
// trace_memory.hpp: how much memory the process really had, from now on
//
// ru_maxrss does not do: it is never set back, and it starts with what the parent had at the time
// of the exec. Linux keeps a high-water mark for the process itself, which can be set to what there
// is now. Relies on /proc of Linux; where it is not to be had, all figures are 0.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>

namespace caiman::bench {

struct memory_use {
  std::uint64_t base = 0;  // resident bytes when the watch began
  std::uint64_t peak = 0;  // the most since then
};

class memory_watch {
 public:
  memory_watch();
  memory_use seen() const;

 private:
  std::uint64_t base_;
};

}  // namespace caiman::bench
