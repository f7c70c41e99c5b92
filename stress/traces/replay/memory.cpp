// SPDX-License-Identifier: MIT
// Reads and sets back what Linux keeps about the process; see memory.hpp.
#include "memory.hpp"

#include <fstream>
#include <limits>
#include <string>
#include <string_view>

namespace caiman::traces {
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

bool set_mark_back() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5\n" << std::flush;
  return file.good();
}

}  // namespace

std::uint64_t resident_bytes() { return status_bytes("VmRSS:"); }

memory_watch::memory_watch() : base_(resident_bytes()), set_back_(set_mark_back()) {}

memory_use memory_watch::seen() const {
  if (!set_back_) return {};
  return {base_, status_bytes("VmHWM:")};
}

}  // namespace caiman::traces
