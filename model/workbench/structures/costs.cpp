// SPDX-License-Identifier: MIT
#include "structures/costs.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>

namespace caiman::model::machine {
namespace {

using order = std::memory_order;

bool acquires_too(order o) {
  return o == order::acquire || o == order::acq_rel || o == order::seq_cst;
}
bool releases_too(order o) {
  return o == order::release || o == order::acq_rel || o == order::seq_cst;
}

std::string on_x86(const site& s, order o) {
  switch (s.kind) {
    case site_kind::load:
      return "mov";
    case site_kind::store:
      return o == order::seq_cst ? "xchg" : "mov";
    case site_kind::fence:
      return o == order::seq_cst ? "lock or" : "none";
    case site_kind::failure:
      return "none of its own";
    case site_kind::rmw:
      return s.what == access::exchange ? "xchg" : "lock";
  }
  return {};
}

std::string on_arm(const site& s, order o) {
  const std::string suffix = std::string(acquires_too(o) ? "a" : "") + (releases_too(o) ? "l" : "");
  switch (s.kind) {
    case site_kind::load:
      return acquires_too(o) ? "ldar" : "ldr";
    case site_kind::store:
      return releases_too(o) ? "stlr" : "str";
    case site_kind::fence:
      return o == order::relaxed ? "none" : o == order::acquire ? "dmb ishld" : "dmb ish";
    case site_kind::failure:
      return "none of its own";
    case site_kind::rmw:
      return (s.what == access::cas        ? "cas"
              : s.what == access::exchange ? "swp"
                                           : "ld<op>") +
             suffix;
  }
  return {};
}

template <class F>
double nanoseconds(F once) {
  constexpr int times = 2'000'000;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) once();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start)
             .count() /
         times;
}

}  // namespace

std::string table_of_costs(const site_table& sites) {
  std::atomic<int> word{0};
  const double store = nanoseconds([&] { word.store(1, order::release); });
  const double exchange = nanoseconds([&] { word.store(1, order::seq_cst); });
  const double locked = nanoseconds([&] { word.fetch_add(1, order::relaxed); });
  const double fence = nanoseconds([&] { std::atomic_thread_fence(order::seq_cst); });
  std::string all = fmt::format("{:<28} {:<9} {:<16} {}\n", "site", "order", "x86-64", "AArch64");
  for (const std::uint32_t i : sites.in_order()) {
    const site& s = sites.all()[i];
    for (const order o : orders_of(s.kind)) {
      all += fmt::format("{:<28} {:<9} {:<16} {:<10}{}\n", sites.name(i), name_of_order(o),
                         on_x86(s, o), on_arm(s, o), o == s.written ? " <- written" : "");
    }
  }
  return all + fmt::format(
                   "one thread of this processor: a store {:.1f} ns, a store of seq_cst {:.1f}, a "
                   "read-modify-write {:.1f}, a fence of seq_cst {:.1f}\n",
                   store, exchange, locked, fence);
}

}  // namespace caiman::model::machine
