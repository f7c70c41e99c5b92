// SPDX-License-Identifier: MIT
#include "machine/memory.hpp"

#include <algorithm>

namespace caiman::model::machine {

void memory::clear() noexcept {
  used_ = 0;
  views_used_ = 0;
  fences.seen.clear();
}

std::uint32_t memory::add(std::uint64_t value, unsigned maker, std::uint32_t step,
                          const place& at) {
  if (used_ == locations_.size()) locations_.emplace_back();
  location& l = locations_[used_];
  l.messages.clear();
  l.messages.push_back({value, 0, none, none, false});
  l.order.assign(1, 0);
  l.seq_cst = 0;
  l.maker = maker;
  l.made = step;
  l.where = at;
  l.alive = true;
  l.old_reads.fill(0);
  return used_++;
}

void memory::see(view& by, std::uint32_t id, std::uint32_t store) {
  if (store == 0) return;  // everybody knows the first
  if (by.seen.size() <= id) by.seen.resize(id + 1, 0);
  const auto& messages = locations_[id].messages;
  std::uint32_t& known = by.seen[id];
  if (messages[store].rank > messages[known].rank) known = store;
}

void memory::join(view& to, const view& from) {
  for (unsigned t = 0; t < most_threads; ++t) to.steps[t] = std::max(to.steps[t], from.steps[t]);
  if (to.seen.size() < from.seen.size()) to.seen.resize(from.seen.size(), 0);
  for (std::uint32_t id = 0; id < from.seen.size(); ++id) {
    const std::uint32_t store = from.seen[id];
    std::uint32_t& known = to.seen[id];
    if (store == known) continue;
    const auto& messages = locations_[id].messages;
    if (messages[store].rank > messages[known].rank) known = store;
  }
}

std::uint32_t memory::keep(const view& one) {
  if (views_used_ == views_.size()) views_.emplace_back();
  view& copy = views_[views_used_];
  copy.steps = one.steps;
  copy.seen.assign(one.seen.begin(), one.seen.end());
  return views_used_++;
}

std::uint32_t memory::floor(const view& by, std::uint32_t id, bool seq_cst) noexcept {
  const location& l = locations_[id];
  std::uint32_t rank = l.messages[by.at(id)].rank;
  if (seq_cst) {
    rank = std::max({rank, l.messages[l.seq_cst].rank, l.messages[fences.at(id)].rank});
  }
  return rank;
}

std::uint32_t memory::insert(std::uint32_t id, std::uint32_t rank, std::uint64_t value,
                             bool attached) {
  location& l = locations_[id];
  const auto store = static_cast<std::uint32_t>(l.messages.size());
  l.messages.push_back({value, rank, none, none, attached});
  for (std::uint32_t i = rank; i < l.order.size(); ++i) ++l.messages[l.order[i]].rank;
  l.order.insert(l.order.begin() + rank, store);
  return store;
}

}  // namespace caiman::model::machine
