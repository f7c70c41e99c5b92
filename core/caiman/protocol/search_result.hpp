// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// search_result.hpp: a block, or why there is none
//
// What the tree's searches return, and the buddy turns into an error or a block. Two registers, so
// that a search that stays out of the caller's code gives it back without memory.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>

namespace caiman::inline v0::protocol {

/// What a search for a block came to.
struct search_result {
  /// How it ended.
  enum class end : unsigned char {
    claimed,   ///< With a block.
    full,      ///< There was no room at some instant of the call.
    contended  ///< Every look was disturbed.
  };
  std::size_t index = 0;  ///< Of the block, in units of 2^order min blocks.
  end how = end::full;    ///< Which of them.

  /// Whether there is a block.
  [[nodiscard]] constexpr bool ok() const noexcept { return how == end::claimed; }
};

}  // namespace caiman::v0::protocol

#endif  // CAIMAN_REQUIREMENTS_MET
