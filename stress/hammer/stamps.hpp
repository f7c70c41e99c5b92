// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stamps.hpp: the memory behind the blocks, and what its owners write
//
// `buddy` owns indices, never memory; overlap and missing hand-over edges show only in memory.
// Every min block has four words, and an owner stamps all of them over the whole block: both ends
// and the inside. The words are plain on purpose: ThreadSanitizer then reports an owner whose
// writes do not happen-before those of the next one, and without it a lost or early write is still
// seen as a wrong stamp. A new owner must find every word vacated, a releaser must find its own
// stamp in each.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <caiman/buddy.hpp>

namespace caiman::stress {

/// The owner of a block: unique for each time a block is handed out.
struct stamp {
  unsigned thread = 0;
  std::uint64_t serial = 0;  // counts what this thread was handed, from 1
};

/// A block together with the stamp its memory carries.
struct parcel {
  block what{};
  stamp mark{};
};

/// A word that did not hold what it must.
struct stamp_finding {
  std::size_t min_block = 0;
  unsigned word = 0;
  std::uint64_t value = 0;  // as stored, see describe()
};

class stamp_memory {
 public:
  static constexpr unsigned words_per_min_block = 4;

  explicit stamp_memory(unsigned max_order);

  /// Takes possession: each word must be vacated, then carries the stamp. Returns the first word
  /// that was not, and leaves the rest as it was. Caller: the new owner, before anything else.
  /// O(block).
  std::optional<stamp_finding> take(const parcel& held) noexcept;

  /// Gives up possession: each word must carry the stamp, then is vacated. Returns the first word
  /// that did not. Caller: the owner, before it releases the block. O(block).
  std::optional<stamp_finding> vacate(const parcel& held) noexcept;

  /// Spoils one word inside the block (an injected fault).
  void tear(const parcel& held) noexcept;

  /// "min block 12 word 3 carries the live stamp of thread 1 number 88", or what else it carries.
  static std::string describe(const stamp_finding& finding);

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace caiman::stress
