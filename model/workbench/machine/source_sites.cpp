// SPDX-License-Identifier: MIT
#include "machine/source_sites.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <tuple>

namespace caiman::model::machine {
namespace {

using order = std::memory_order;
constexpr order relaxed = std::memory_order_relaxed;
constexpr order acquire = std::memory_order_acquire;
constexpr order release = std::memory_order_release;
constexpr order acq_rel = std::memory_order_acq_rel;
constexpr order seq_cst = std::memory_order_seq_cst;

std::string_view file_of(const place& at) noexcept {
  const std::string_view path = at.file_name();
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool same_line(const place& a, const place& b) noexcept {
  return a.line() == b.line() && std::strcmp(a.file_name(), b.file_name()) == 0;
}

}  // namespace

std::string line_of(const place& at) {
  return std::string(file_of(at)) + ":" + std::to_string(at.line());
}

std::uint32_t site_table::find(const place& at, site_kind kind, access what, order written,
                               order on_failure) {
  const auto hash = reinterpret_cast<std::uintptr_t>(at.file_name()) / 8 +
                    std::uintptr_t{at.line()} * 31 + std::uintptr_t{at.column()} * 7;
  known& slot = cache_[hash % cache_.size()];
  const bool hit = slot.file == at.file_name() && slot.line == at.line() &&
                   slot.column == at.column() && all_[slot.id].what == what &&
                   all_[slot.id].kind == kind;
  if (!hit)
    slot = {at.file_name(), at.line(), at.column(), id_of(at, kind, what, written, on_failure)};
  const auto now = [&](std::uint32_t id, order here) {
    if (all_[id].written == here) [[likely]]
      return;
    all_[id].varies = true;
    all_[id].written = here;
    decide(id);
  };
  now(slot.id, written);
  if (what == access::cas) now(slot.id + 1, on_failure);
  ++all_[slot.id].times;
  return slot.id;
}

/// One that was found before, or a new one.
std::uint32_t site_table::id_of(const place& at, site_kind kind, access what, order written,
                                order on_failure) {
  for (std::uint32_t id = 0; id < all_.size(); ++id) {
    const site& s = all_[id];
    if (s.kind == kind && s.what == what && s.at.column() == at.column() && same_line(s.at, at)) {
      return id;
    }
  }
  const auto id = static_cast<std::uint32_t>(all_.size());
  all_.push_back({at, kind, what, written});
  if (what == access::cas) all_.push_back({at, site_kind::failure, what, on_failure});
  // Names depend on what else stands in a line.
  for (std::uint32_t i = 0; i < all_.size(); ++i) decide(i);
  return id;
}

std::vector<std::uint32_t> site_table::in_order() const {
  std::vector<std::uint32_t> ids(all_.size());
  std::iota(ids.begin(), ids.end(), 0U);
  std::stable_sort(ids.begin(), ids.end(), [&](std::uint32_t a, std::uint32_t b) {
    const place& one = all_[a].at;
    const place& two = all_[b].at;
    return std::make_tuple(std::string_view(one.file_name()), one.line(), one.column()) <
           std::make_tuple(std::string_view(two.file_name()), two.line(), two.column());
  });
  return ids;
}

std::string site_table::name(std::uint32_t id) const {
  const site& s = all_[id];
  const bool alone = std::all_of(all_.begin(), all_.end(), [&](const site& other) {
    return !same_line(other.at, s.at) || other.at.column() == s.at.column();
  });
  std::string text = line_of(s.at);
  if (!alone) text += ":" + std::to_string(s.at.column());
  if (s.kind == site_kind::failure) text += ":fail";
  return text;
}

void site_table::decide(std::uint32_t id) {
  site& s = all_[id];
  s.in_force = seq_cst_ ? seq_cst : s.written;
  if (seq_cst_ || changed_.empty()) return;
  std::string whole = line_of(s.at);
  if (s.kind == site_kind::failure) whole += ":fail";
  auto found = changed_.find(name(id));
  if (found == changed_.end()) found = changed_.find(whole);
  if (found == changed_.end()) return;
  const auto& may = orders_of(s.kind);
  if (std::find(may.begin(), may.end(), found->second) != may.end()) s.in_force = found->second;
}

void site_table::use(const std::map<std::string, order>& changed) {
  changed_ = changed;
  for (std::uint32_t i = 0; i < all_.size(); ++i) decide(i);
}

void site_table::use_seq_cst(bool yes) noexcept {
  seq_cst_ = yes;
  for (std::uint32_t i = 0; i < all_.size(); ++i) decide(i);
}

void site_table::forget_times() noexcept {
  for (site& s : all_) s.times = 0;
}

std::string site_table::fault_of(const std::string& name, order wanted) const {
  bool found = false;
  std::string why;
  for (std::uint32_t i = 0; i < all_.size(); ++i) {
    std::string whole = line_of(all_[i].at);
    if (all_[i].kind == site_kind::failure) whole += ":fail";
    if (this->name(i) != name && whole != name) continue;
    const auto& may = orders_of(all_[i].kind);
    if (std::find(may.begin(), may.end(), wanted) != may.end()) {
      found = true;
    } else {
      static const char* const what[] = {"a load", "a store", "a read-modify-write",
                                         "a failing compare-exchange", "a fence"};
      why = name + " is " + what[static_cast<std::size_t>(all_[i].kind)] + ", which has no " +
            std::string(name_of_order(wanted));
    }
  }
  if (found) return {};
  return why.empty() ? "no thread comes by '" + name + "'" : why;
}

std::string_view name_of_order(order o) noexcept {
  switch (o) {
    case relaxed:
      return "relaxed";
    case std::memory_order_consume:
      return "consume";
    case acquire:
      return "acquire";
    case release:
      return "release";
    case acq_rel:
      return "acq_rel";
    case seq_cst:
      return "seq_cst";
  }
  return "?";
}

std::expected<order, std::string> order_named(std::string_view name) {
  for (const order o : {relaxed, acquire, release, acq_rel, seq_cst}) {
    if (name == name_of_order(o)) return o;
  }
  return std::unexpected("there is no memory order '" + std::string(name) + "'");
}

const std::vector<order>& orders_of(site_kind kind) noexcept {
  static const std::vector<order> reads{relaxed, acquire, seq_cst};
  static const std::vector<order> writes{relaxed, release, seq_cst};
  static const std::vector<order> both{relaxed, acquire, release, acq_rel, seq_cst};
  if (kind == site_kind::load || kind == site_kind::failure) return reads;
  return kind == site_kind::store ? writes : both;
}

bool is_weaker(order weaker, order than) noexcept {
  if (weaker == than || weaker == seq_cst) return false;
  if (than == seq_cst || weaker == relaxed) return true;
  return than == acq_rel && weaker != acq_rel;
}

}  // namespace caiman::model::machine
