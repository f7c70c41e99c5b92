// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// lines.cpp: see lines.hpp
// ---------------------------------------------------------------------------------------------
#include "lines.hpp"

#include <iterator>

namespace caiman::scale {

tally& tally::operator+=(const tally& other) noexcept {
  loads += other.loads;
  stores += other.stores;
  rmws += other.rmws;
  transfers += other.transfers;
  upgrades += other.upgrades;
  dropped += other.dropped;
  return *this;
}

tally sum_of(const tallies& all) noexcept {
  tally sum;
  for (const tally& each : all) sum += each;
  return sum;
}

void lines::name(const void* begin, std::size_t bytes, object what) {
  const auto from = reinterpret_cast<std::uintptr_t>(begin);
  names_[from] = {from + bytes, what};
}

object lines::what_is_at(std::uintptr_t address) const noexcept {
  auto after = names_.upper_bound(address);
  if (after == names_.begin()) return object::other;
  const named_range& before = std::prev(after)->second;
  return address < before.end ? before.what : object::other;
}

lines::line& lines::at(const void* address) {
  const auto where = reinterpret_cast<std::uintptr_t>(address);
  const auto [found, is_new] = lines_.try_emplace(where / line_bytes);
  if (is_new) found->second.what = what_is_at(where);
  return found->second;
}

lines::outcome lines::touch(line& which, unsigned thread, access how) noexcept {
  tally& count = counted_[static_cast<std::size_t>(which.what)];
  count_in(count, how);
  const bool has_copy = which.holders.test(thread);
  const bool is_first = which.holders.none();
  if (how == access::load) {
    if (has_copy) return outcome::hit;
    which.holders.set(thread);
    which.owner = is_first ? thread : nobody;
    if (is_first) return outcome::first;
    ++count.transfers;
    return outcome::transfer;
  }
  if (which.owner == thread) return outcome::hit;
  const std::size_t others = which.holders.count() - (has_copy ? 1U : 0U);
  which.holders.reset();
  which.holders.set(thread);
  which.owner = thread;
  count.dropped += others;
  if (is_first) return outcome::first;
  ++(has_copy ? count.upgrades : count.transfers);
  return has_copy ? outcome::upgrade : outcome::transfer;
}

}  // namespace caiman::scale
