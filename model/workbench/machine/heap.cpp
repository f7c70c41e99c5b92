// SPDX-License-Identifier: MIT
#include "machine/heap.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

namespace caiman::model::machine {
namespace {

void* reserve(void* wish, std::size_t bytes) {
  void* at =
      mmap(wish, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  return at;
}

// What was never written, and what is gone, should look like nothing that anybody meant.
constexpr int fresh_byte = 0xcd;
constexpr int freed_byte = 0xdd;
constexpr std::size_t most_filled = 1024;

}  // namespace

void* usual_address(std::size_t gigabytes) noexcept {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address is asked for
  return reinterpret_cast<void*>((std::uintptr_t{64} + gigabytes) << 30);
}

constinit std::byte* heap::region_ = nullptr;

heap::heap()
    : owner_(
          static_cast<std::uint32_t*>(reserve(nullptr, region_bytes / granule * sizeof(*owner_)))) {
  region_ = static_cast<std::byte*>(reserve(usual_address(0), region_bytes));
}

heap::~heap() {
  munmap(std::exchange(region_, nullptr), region_bytes);
  munmap(owner_, region_bytes / granule * sizeof(*owner_));
}

void heap::clear() noexcept {
  used_ = 0;
  blocks_used_ = 0;
  freed_.clear();
  live_ = 0;
}

bool heap::could_reuse(std::size_t bytes, std::size_t alignment) const noexcept {
  return std::any_of(freed_.begin(), freed_.end(), [&](std::uint32_t i) {
    return rounded(blocks_[i].size) == rounded(bytes) &&
           reinterpret_cast<std::uintptr_t>(blocks_[i].start) % alignment == 0;
  });
}

block* heap::take(std::size_t bytes, std::size_t alignment, bool again) {
  ++live_;
  if (again) {
    for (std::size_t i = freed_.size(); i-- > 0;) {
      block& b = blocks_[freed_[i]];
      if (rounded(b.size) != rounded(bytes)) continue;
      if (reinterpret_cast<std::uintptr_t>(b.start) % alignment != 0) continue;
      freed_.erase(freed_.begin() + static_cast<std::ptrdiff_t>(i));
      b.live = true;
      b.used.fill(0);
      std::memset(b.start, fresh_byte, std::min(bytes, most_filled));
      return &b;
    }
  }
  const std::size_t start = (used_ + alignment - 1) / alignment * alignment;
  if (bytes > region_bytes || start + rounded(bytes) > region_bytes) return nullptr;
  if (blocks_used_ == blocks_.size()) blocks_.emplace_back();
  block& b = blocks_[blocks_used_];
  b = {};
  b.start = region_ + start;
  b.size = bytes;
  b.live = true;
  used_ = start + rounded(bytes);
  for (std::size_t g = start / granule; g < used_ / granule; ++g) {
    owner_[g] = static_cast<std::uint32_t>(blocks_used_);
  }
  ++blocks_used_;
  std::memset(b.start, fresh_byte, std::min(bytes, most_filled));
  return &b;
}

block* heap::around(const void* at) noexcept {
  if (!holds(at)) return nullptr;
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(at) - region_);
  if (offset >= used_) return nullptr;
  const std::uint32_t index = owner_[offset / granule];
  if (index >= blocks_used_) return nullptr;  // a gap of alignment
  block& b = blocks_[index];
  const auto* byte = static_cast<const std::byte*>(at);
  return byte >= b.start && byte < b.start + rounded(b.size) ? &b : nullptr;
}

void heap::free(block& gone) {
  gone.live = false;
  --live_;
  std::memset(gone.start, freed_byte, std::min(gone.size, most_filled));
  freed_.push_back(static_cast<std::uint32_t>(&gone - blocks_.data()));
}

const block* heap::any_live() const noexcept {
  for (std::size_t i = 0; i < blocks_used_; ++i) {
    if (blocks_[i].live) return &blocks_[i];
  }
  return nullptr;
}

}  // namespace caiman::model::machine
