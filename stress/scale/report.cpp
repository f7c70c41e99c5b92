// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// report.cpp: see report.hpp
// ---------------------------------------------------------------------------------------------
#include "report.hpp"

#include <fstream>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace caiman::scale {
namespace {

std::string_view name_of(workload what) { return workload_names[static_cast<std::size_t>(what)]; }
std::string_view name_of(subject_kind what) {
  return subject_names[static_cast<std::size_t>(what)];
}

/// The lines that move most, in words: "hints 9.6, words 5.3".
std::string movers(const outcome& row) {
  std::string text;
  for (std::size_t i = 0; i < object_names.size(); ++i) {
    const double moves = row.per_operation(row.counted[i].moves());
    if (moves < 0.005) continue;
    text += fmt::format("{}{} {:.2f}", text.empty() ? "" : ", ", object_names[i], moves);
  }
  return text;
}

}  // namespace

void print_curves(const std::vector<outcome>& rows) {
  fmt::print("{:5} {:14} {:>7} {:>9} {:>6} {:>9} {:>8} {:>7} {:>10}  {}\n", "", "", "threads",
             "accesses", "RMWs", "transfers", "upgrades", "refused", "ns", "moved per operation");
  for (const outcome& row : rows) {
    const tally sum = sum_of(row.counted);
    fmt::print("{:5} {:14} {:7} {:9.1f} {:6.2f} {:9.2f} {:8.2f} {:7.3f} {:10.1f}  {}\n",
               name_of(row.of.what), name_of(row.of.under), row.of.threads,
               row.per_operation(sum.accesses()), row.per_operation(sum.rmws),
               row.per_operation(sum.transfers), row.per_operation(sum.upgrades),
               row.per_operation(row.refused), row.ns_of_operation(), movers(row));
  }
}

void print_growth(const std::vector<growth_row>& rows) {
  fmt::print("{:>9} {:>5} {:>12} {:>6} {:>8} {:>12} {:>10} {:>11} {:>13}\n", "max_order", "slots",
             "metadata, B", "first", "refused", "checkerboard", "taken over", "free blocks",
             "largest order");
  for (const growth_row& row : rows) {
    fmt::print("{:9} {:5} {:12} {:6} {:8} {:>12} {:10} {:11} {:13}\n", row.max_order, row.slots,
               row.metadata, row.first, row.refused,
               row.checkered == 0 ? "-" : std::to_string(row.checkered), row.taken_over,
               row.free_blocks, row.largest_order);
  }
}

void print_comparisons(const std::vector<comparison>& rows) {
  if (rows.empty()) return;
  fmt::print("one way to the other processor: {:.1f} ns\n", rows.front().one_way_ns);
  fmt::print("{:5} {:14} {:>12} {:>13} {:>16} {:>15}\n", "", "", "1 thread, ns", "2 threads, ns",
             "moves, simulated", "moves, measured");
  for (const comparison& row : rows) {
    fmt::print("{:5} {:14} {:12.1f} {:13.1f} {:16.2f} {:15.2f}\n", name_of(row.what),
               name_of(row.under), row.alone_ns, row.beside_ns, row.simulated, row.measured());
  }
}

void to_json(nlohmann::json& into, const outcome& row) {
  into = {{"workload", name_of(row.of.what)},
          {"subject", name_of(row.of.under)},
          {"threads", row.of.threads},
          {"seed", row.of.seed},
          {"operations", row.operations},
          {"refused", row.refused},
          {"fences", row.fences},
          {"ns", row.ns_of_operation()}};
  for (std::size_t i = 0; i < object_names.size(); ++i) {
    const tally& each = row.counted[i];
    if (each.accesses() == 0) continue;
    into["counted"][std::string(object_names[i])] = {
        {"loads", each.loads},         {"stores", each.stores},     {"rmws", each.rmws},
        {"transfers", each.transfers}, {"upgrades", each.upgrades}, {"dropped", each.dropped}};
  }
}

void to_json(nlohmann::json& into, const growth_row& row) {
  into = {{"max_order", row.max_order},
          {"slots", row.slots},
          {"metadata", row.metadata},
          {"first", row.first},
          {"refused", row.refused},
          {"checkered", row.checkered},
          {"taken_over", row.taken_over},
          {"free_blocks", row.free_blocks},
          {"largest_order", row.largest_order}};
}

void to_json(nlohmann::json& into, const comparison& row) {
  into = {{"workload", name_of(row.what)}, {"subject", name_of(row.under)},
          {"alone_ns", row.alone_ns},      {"beside_ns", row.beside_ns},
          {"simulated", row.simulated},    {"measured", row.measured()},
          {"one_way_ns", row.one_way_ns}};
}

void write_json(const std::string& file, const nlohmann::json& what) {
  std::ofstream out(file);
  out << what.dump(1) << '\n';
  if (!out.flush()) throw std::runtime_error("cannot write " + file);
}

}  // namespace caiman::scale
