// SPDX-License-Identifier: MIT
// Reads and sets back what Linux keeps about the process; see memory.hpp.
#include "memory.hpp"

#include <sys/resource.h>

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

std::uint64_t page_faults() {
  rusage now{};
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-union-access): so glibc has it
  return getrusage(RUSAGE_SELF, &now) == 0 ? static_cast<std::uint64_t>(now.ru_minflt) : 0;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double cpu_seconds() {
  rusage now{};
  if (getrusage(RUSAGE_SELF, &now) != 0) return 0;
  return seconds_of(now.ru_utime) + seconds_of(now.ru_stime);
}

bool set_mark_back() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5\n" << std::flush;
  return file.good();
}

}  // namespace

std::uint64_t resident_bytes() { return status_bytes("VmRSS:"); }

memory_watch::memory_watch()
    : base_(resident_bytes()),
      faults_(page_faults()),
      cpu_seconds_(cpu_seconds()),
      set_back_(set_mark_back()) {}

memory_use memory_watch::seen() const {
  const double cpu = cpu_seconds() - cpu_seconds_;
  const std::uint64_t faults = page_faults() - faults_;
  if (!set_back_) return {0, 0, faults, cpu};
  return {base_, status_bytes("VmHWM:"), faults, cpu};
}

}  // namespace caiman::traces
