// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// states.cpp: fingerprints of a stack
// ---------------------------------------------------------------------------------------------
#include "states.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <vector>

namespace caiman::proof {
namespace {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): of the check that runs
const char* stack_begin = nullptr;

std::uint64_t mix(std::uint64_t hash, const unsigned char* data, std::size_t size,
                  std::uint64_t prime) {
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ data[i]) * prime;
  return hash;
}

}  // namespace

void set_stack_begin(const void* at) { stack_begin = static_cast<const char*>(at); }

std::pair<std::uint64_t, std::uint64_t> fingerprint(const call_state& state,
                                                    const std::string& more) {
  const auto* newest = static_cast<const char*>(state.frame);
  std::vector<unsigned char> bytes(newest, stack_begin);
  for (const word* each : word::alive()) {
    const auto* at = reinterpret_cast<const char*>(each);
    if (std::less<>()(at, newest) || !std::less<>()(at, stack_begin)) continue;
    std::fill_n(bytes.begin() + (at - newest), sizeof(word), static_cast<unsigned char>(0xff));
  }
  const auto* registers = reinterpret_cast<const unsigned char*>(&state.registers);
  bytes.insert(bytes.end(), registers, registers + sizeof state.registers);
  bytes.insert(bytes.end(), more.begin(), more.end());
  return {mix(0xcbf29ce484222325, bytes.data(), bytes.size(), 0x100000001b3),
          mix(0x84222325cbf29ce4, bytes.data(), bytes.size(), 0x9e3779b97f4a7c15)};
}

[[gnu::noinline]] void scrub_stack() noexcept {
  volatile std::uint64_t below[4096];
  for (volatile std::uint64_t& each : below) each = 0;
}

}  // namespace caiman::proof
