// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// shared_table.hpp: numbers by fingerprints, in memory that all paths share
//
// For what was met or answered before, on this path or on another: a path is a process. One of them
// at a time runs, so the table is bare.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace caiman::proof {

/// Two hashes of something, of 64 bits each: what agrees in both is taken for the same.
struct fingerprint {
  std::uint64_t first = 0xcbf29ce484222325;
  std::uint64_t second = 0x84222325cbf29ce4;
  /// One part more.
  void add(std::uint64_t what) noexcept {
    first = (first ^ what) * 0x100000001b3;
    first ^= first >> 29;
    second = (second + what) * 0x9e3779b97f4a7c15;
    second ^= second >> 32;
  }
  /// The same.
  void add(const fingerprint& other) noexcept {
    add(other.first);
    add(other.second);
  }
  friend bool operator==(const fingerprint&, const fingerprint&) = default;
};

/// See above. Of this process, and of those that it makes afterwards.
class shared_table {
 public:
  /// Room for 2^21, which takes no memory until it is used. Throws std::bad_alloc.
  shared_table();
  shared_table(const shared_table&) = delete;
  shared_table& operator=(const shared_table&) = delete;
  ~shared_table();

  /// What was put there, if something was.
  std::optional<std::uint64_t> find(const fingerprint& of) const;
  /// False: there is no more room, and nothing has happened.
  [[nodiscard]] bool put(const fingerprint& of, std::uint64_t value);

 private:
  struct cell {
    fingerprint of;
    std::uint64_t value = 0;
    bool is_there = false;
  };
  struct memory {
    std::size_t there = 0;
    cell all[std::size_t{1} << 22];
  };
  cell& place_of(const fingerprint& what) const;

  memory* memory_;
};

}  // namespace caiman::proof
