// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// desk_parts.hpp: waiters and answers for the harnesses of the desk
//
// What an arena has beside the waiting room, as small as it goes: first come, first served.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "genmc_sync.hpp"
// then the core
#include "caiman/detail/waiting.hpp"

namespace caiman::genmc {

using namespace detail;

/// What try_take() gives: the index of a unit, or "full". A number, not a struct of two.
class answer {
 public:
  static constexpr std::uint64_t full = ~std::uint64_t{0};
  explicit answer(std::uint64_t index) noexcept : index_(index) {}
  explicit operator bool() const noexcept { return index_ != full; }
  std::size_t operator*() const noexcept { return index_; }
  // NOLINTNEXTLINE(readability-convert-member-functions-to-static): as std::expected's
  alloc_error error() const noexcept { return alloc_error::arena_full; }

 private:
  std::uint64_t index_;
};

/// First come, first served; for two.
class plain_waiters {
 public:
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): a braced array would be a memset
  plain_waiters() noexcept { all_[0] = all_[1] = nullptr; }
  plain_waiters(plain_waiters&& /*empty*/) noexcept : plain_waiters() {}
  plain_waiters(const plain_waiters&) = delete;
  plain_waiters& operator=(plain_waiters&&) = delete;
  plain_waiters& operator=(const plain_waiters&) = delete;
  ~plain_waiters() = default;

  void add(waiter& one) noexcept { all_[end_++] = &one; }
  static void remove(waiter& /*one*/) noexcept { assert(false); }
  void serve(waiter& /*one*/) noexcept { ++next_; }
  waiter* pick(unsigned bar) noexcept { return bar > 0 && next_ < end_ ? all_[next_] : nullptr; }
  std::size_t size() const noexcept { return end_ - next_; }

 private:
  waiter* all_[2];
  std::size_t next_ = 0;
  std::size_t end_ = 0;
};

/// Who waits for a unit.
class customer : public waiter {
 public:
  customer() noexcept : waiter(0) {}
  bool is_served() const noexcept { return index() != 0; }
};

}  // namespace caiman::genmc
