// Reads and sets back what Linux keeps about the process; see trace_memory.hpp.
#include "trace_memory.hpp"

#include <fstream>
#include <limits>
#include <string>
#include <string_view>

namespace caiman::bench {
namespace {

// A line such as "VmHWM:     1234 kB" of /proc/self/status, in bytes.
std::uint64_t status_bytes(std::string_view key) {
  constexpr std::uint64_t kib = 1024;
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    std::uint64_t value = 0;
    if (word == key && status >> value) return value * kib;
    status.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace

memory_watch::memory_watch() : base_(status_bytes("VmRSS:")) {
  std::ofstream("/proc/self/clear_refs") << "5\n";
}

memory_use memory_watch::seen() const { return {base_, status_bytes("VmHWM:")}; }

}  // namespace caiman::bench
