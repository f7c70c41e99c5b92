// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// lines.hpp: who has a copy of which cache line
//
// Caches without end that keep each other in step as MESI does. A line is nobody's, or one core has
// it alone and may write it, or several have copies that they may read. An access that the caller's
// own copy does not allow is a transfer (another core has what is wanted) or an upgrade (the caller
// has a copy, and all others must drop theirs). Both are counted by what lies in the line. Relies
// on nothing.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <unordered_map>

namespace caiman::scale {

/// The most virtual threads that there are, each on a core of its own.
inline constexpr unsigned most_threads = 256;

/// What lies in a line.
enum class object : unsigned char { word, hint, last_word, counter, stack, pool, lock, other };
inline constexpr std::array<std::string_view, 8> object_names{
    "words", "hints", "last words", "counters", "stacks", "slot pool", "lock", "other"};

enum class access : unsigned char { load, store, rmw };

/// What happened to the lines of one sort.
struct tally {
  std::uint64_t loads = 0;
  std::uint64_t stores = 0;
  std::uint64_t rmws = 0;       ///< Read-modify-writes.
  std::uint64_t transfers = 0;  ///< Accesses to a line that only others had.
  std::uint64_t upgrades = 0;   ///< Writes to a line that others had, too.
  std::uint64_t dropped = 0;    ///< Copies that others lost by a write.

  std::uint64_t accesses() const noexcept { return loads + stores + rmws; }
  /// Messages between caches.
  std::uint64_t moves() const noexcept { return transfers + upgrades; }
  tally& operator+=(const tally& other) noexcept;
  friend bool operator==(const tally&, const tally&) = default;
};

/// One per sort of object.
using tallies = std::array<tally, object_names.size()>;
tally sum_of(const tallies& all) noexcept;

/// All lines that anybody has touched. For one thread of the system.
class lines {
 public:
  static constexpr std::size_t line_bytes = 64;

  struct line {
    std::bitset<most_threads> holders;
    unsigned owner = nobody;    // has it alone
    std::uint64_t free_at = 0;  // until then it is on its way to somebody
    object what = object::other;
  };
  enum class outcome : unsigned char { hit, first, transfer, upgrade };

  /// What lies in [begin, begin + bytes). Said before any of it is touched.
  void name(const void* begin, std::size_t bytes, object what);
  line& at(const void* address);
  /// A thread's access; counted, and the line is as it leaves it.
  outcome touch(line& which, unsigned thread, access how) noexcept;

  /// The same of whom it does not matter who has what.
  void count(access how) noexcept { count_in(counted_[0], how); }

  const tallies& counted() const noexcept { return counted_; }
  void forget_counts() noexcept { counted_ = {}; }

 private:
  static constexpr unsigned nobody = ~0U;
  struct named_range {
    std::uintptr_t end;
    object what;
  };
  object what_is_at(std::uintptr_t address) const noexcept;
  static void count_in(tally& count, access how) noexcept {
    ++(how == access::load ? count.loads : how == access::store ? count.stores : count.rmws);
  }

  std::unordered_map<std::uintptr_t, line> lines_;
  std::map<std::uintptr_t, named_range> names_;
  tallies counted_{};
};

}  // namespace caiman::scale
