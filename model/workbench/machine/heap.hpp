// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// heap.hpp: the memory that a structure under check takes with new
//
// Freed memory is handed out again, which is a choice of the search: so ABA is found, and what is
// used after it is freed is convicted while it is free. A block also knows which step of each
// thread used it last: to free it without being ordered after them is a race.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "machine/memory.hpp"

namespace caiman::model::machine {

/// Who did something, in which operation, where, and the last place before it that is known.
struct doing {
  unsigned thread = 0;
  int operation = -1;
  place at;
  place after;
};

struct block {
  std::byte* start = nullptr;
  std::size_t size = 0;
  bool live = false;
  doing made;
  doing freed;
  std::array<std::uint32_t, most_threads> used{};  // the step of its last use by each thread
  std::array<doing, most_threads> used_at{};
};

/// Where memory is asked for, so that pointers have the same values in every run.
void* usual_address(std::size_t gigabytes) noexcept;

class heap {
 public:
  static constexpr std::size_t region_bytes = std::size_t{256} << 20;
  static constexpr std::size_t granule = 16;

  heap();
  heap(const heap&) = delete;
  heap& operator=(const heap&) = delete;
  ~heap();

  /// A new execution: everything is free and nothing was.
  void clear() noexcept;
  /// Whether it is memory of an execution. Of static storage, since operator delete asks it before
  /// and after anything else lives.
  static bool holds(const void* at) noexcept {
    const auto* byte = static_cast<const std::byte*>(at);
    return region_ != nullptr && byte >= region_ && byte < region_ + region_bytes;
  }
  /// nullptr where there is no room. `again`: a freed block of this size, if there is one.
  block* take(std::size_t bytes, std::size_t alignment, bool again);
  bool could_reuse(std::size_t bytes, std::size_t alignment) const noexcept;
  /// The block around an address, nullptr if there never was one.
  block* around(const void* at) noexcept;
  void free(block& gone);
  /// The first that lives.
  const block* any_live() const noexcept;
  std::size_t live() const noexcept { return live_; }

 private:
  static std::size_t rounded(std::size_t bytes) noexcept {
    return ((bytes == 0 ? 1 : bytes) + granule - 1) / granule * granule;
  }
  static constinit std::byte* region_;
  std::uint32_t* owner_ = nullptr;  // of each granule, its block
  std::size_t used_ = 0;
  std::vector<block> blocks_;
  std::size_t blocks_used_ = 0;
  std::vector<std::uint32_t> freed_;  // the last one last
  std::size_t live_ = 0;
};

}  // namespace caiman::model::machine
