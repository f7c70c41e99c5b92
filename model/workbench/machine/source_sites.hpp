// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// source_sites.hpp: the accesses of a structure, by their places in the source
//
// A site is found when a thread comes by it for the first time. The order that it has in a run is
// the one that is written there, unless the run changes it. A compare-exchange is two sites: its
// second one is the order of its failure.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "caiman-model/accesses.hpp"

namespace caiman::model::machine {

/// A file's name without its folders, and the line.
std::string line_of(const place& at);

enum class site_kind : unsigned char { load, store, rmw, failure, fence };

struct site {
  place at;
  site_kind kind{};
  access what{};
  std::memory_order written{};
  bool varies = false;           // its order comes from a variable
  std::uint64_t times = 0;       // that a thread came by, in this run
  std::memory_order in_force{};  // what it is in this run
};

class site_table {
 public:
  /// The site of an access. Of a compare-exchange the next one is its failure's.
  std::uint32_t find(const place& at, site_kind kind, access what, std::memory_order written,
                     std::memory_order on_failure = std::memory_order_relaxed);
  site& operator[](std::uint32_t id) noexcept { return all_[id]; }
  const std::vector<site>& all() const noexcept { return all_; }

  /// All of them by file and line.
  std::vector<std::uint32_t> in_order() const;
  /// "queue.hpp:41"; with a column where several are in that line; "queue.hpp:41:fail".
  std::string name(std::uint32_t id) const;
  /// From now on: the orders as they are written, but for these.
  void use(const std::map<std::string, std::memory_order>& changed);
  /// Everything is seq_cst.
  void use_seq_cst(bool yes) noexcept;
  const std::map<std::string, std::memory_order>& changed() const noexcept { return changed_; }
  /// What is wrong with a change, empty if nothing is. A site that nobody has come by yet may be
  /// anything.
  std::string fault_of(const std::string& name, std::memory_order wanted) const;
  void forget_times() noexcept;

 private:
  std::uint32_t id_of(const place& at, site_kind kind, access what, std::memory_order written,
                      std::memory_order on_failure);
  void decide(std::uint32_t id);
  struct known {
    const char* file = nullptr;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::uint32_t id = 0;
  };
  std::vector<site> all_;
  std::array<known, 1024> cache_{};
  std::map<std::string, std::memory_order> changed_;
  bool seq_cst_ = false;
};

std::string_view name_of_order(std::memory_order order) noexcept;
std::expected<std::memory_order, std::string> order_named(std::string_view name);
/// What a kind of access may have, the weakest first.
const std::vector<std::memory_order>& orders_of(site_kind kind) noexcept;
/// `weaker` asks for less than `than`.
bool is_weaker(std::memory_order weaker, std::memory_order than) noexcept;

}  // namespace caiman::model::machine
