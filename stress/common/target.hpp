// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// target.hpp: the allocator under the hammer, its fan-out and policy hidden
//
// Both are template parameters of `buddy` and command-line options here. One virtual call
// between the two lets the harness be compiled once; it synchronises nothing, so that it cannot
// hide a missing edge of the allocator. Calls have the thread-safety and progress of the call they
// forward.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>

#include <caiman/buddy.hpp>

namespace caiman::stress {

using protocol::merge_counts;

/// What is in front of the tree: nothing, stacks with one of the two pops, or what ships.
enum class pop : unsigned char { tree, exchange, announced, shipped };

class target {
 public:
  target() = default;
  target(const target&) = delete;
  target& operator=(const target&) = delete;
  virtual ~target() = default;

  virtual std::expected<block, alloc_error> allocate(unsigned order) noexcept = 0;
  virtual void release(block what) noexcept = 0;

  // Exact when no other call runs.
  virtual bool is_free(block what) const = 0;
  virtual std::size_t free_count(unsigned order) const = 0;
  virtual std::optional<unsigned> largest_free_order() const = 0;
  virtual std::size_t free_min_blocks() const = 0;
  virtual merge_counts counts() const = 0;
  virtual std::uint64_t rescans() const = 0;
  virtual void for_each_free(const std::function<void(block)>& f) const = 0;

  /// Whether the thread with this slot is inside a move; exact for one that stands still.
  virtual bool moving(unsigned slot) const = 0;
};

/// A fresh buddy of this fan-out, log2_fanout 1 to 6, with these stacks. Throws what `buddy`
/// throws, and std::invalid_argument for another fan-out.
std::unique_ptr<target> make_target(pop pops, unsigned log2_fanout, unsigned max_order);

}  // namespace caiman::stress
