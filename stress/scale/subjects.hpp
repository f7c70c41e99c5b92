// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// subjects.hpp: what is put under the virtual threads, and under real ones
//
// Each subject is there twice, over counted atomics and over those of the processor, from the same
// source. And two of them with a fault: what must show as growth.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

namespace caiman::scale {

enum class subject_kind : unsigned char { shipped, tree, textbook, mutex, wide };
inline constexpr std::array<std::string_view, 5> subject_names{"shipped", "tree", "textbook",
                                                               "mutex", "wide-255"};

/// What can be wrong with the shipped core in a test of ours.
enum class fault : unsigned char { none, shared_counter, false_sharing, scan };
inline constexpr std::array<std::string_view, 4> fault_names{"none", "shared-counter",
                                                             "false-sharing", "scan"};

/// An allocator of indices. All but the constructor may be called by any threads at once.
class subject {
 public:
  subject() = default;
  subject(const subject&) = delete;
  subject& operator=(const subject&) = delete;
  virtual ~subject() = default;

  /// False: there is none.
  virtual bool take(unsigned order, std::size_t& index) = 0;
  virtual void give(unsigned order, std::size_t index) = 0;
};

/// Of so many min blocks, under the machine that there is.
std::unique_ptr<subject> simulated(subject_kind what, std::size_t min_blocks,
                                   fault with = fault::none);
/// The same for threads of the system.
std::unique_ptr<subject> native(subject_kind what, std::size_t min_blocks);

}  // namespace caiman::scale
