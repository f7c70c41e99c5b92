// SPDX-License-Identifier: MIT
#include "commands/list.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "engine/current_client.hpp"
#include "engine/order_lattice.hpp"
#include "engine/orders.hpp"

namespace caiman::model {
namespace {

nlohmann::json scenarios_as_json() {
  nlohmann::json all = nlohmann::json::array();
  for (const scenario& s : client_in_force().scenarios) {
    const auto p = parse_program(s.program);
    nlohmann::json row{{"name", s.name},   {"properties", s.properties},
                       {"why", s.why},     {"program", s.program},
                       {"bound", s.bound}, {"full", s.full != ends::no}};
    if (p) {
      const sizes of = sizes_of(*p);
      row["threads"] = of.threads;
      row["blocks"] = of.blocks == 0 ? nlohmann::json() : nlohmann::json(of.blocks);
      row["fanout"] = of.fanout == 0 ? nlohmann::json() : nlohmann::json(of.fanout);
    }
    row["variants"] = nlohmann::json::array();
    for (const variant& v : variants(s)) {
      row["variants"].push_back({{"name", v.name}, {"program", v.program}});
    }
    all.push_back(std::move(row));
  }
  return all;
}

nlohmann::json sites_as_json() {
  nlohmann::json all = nlohmann::json::array();
  const auto& rows = shipped_sites();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    nlohmann::json row{{"name", rows[i].name},
                       {"order", name_of(rows[i].order)},
                       {"pairs", rows[i].pairs},
                       {"without", rows[i].without},
                       {"kept", rows[i].kept},
                       {"uses", nlohmann::json::array()},
                       {"weaker", nlohmann::json::array()}};
    for (const site_use& use : client_in_force().uses) {
      if (use.site != rows[i].name) continue;
      row["uses"].push_back({{"at", use.where}, {"access", name_of(use.kind)}});
    }
    for (const auto o : weaker_orders(i, rows[i].order)) row["weaker"].push_back(name_of(o));
    all.push_back(std::move(row));
  }
  return all;
}

void print_json() {
  nlohmann::json all{{"caiman_list", 1},
                     {"scenarios", scenarios_as_json()},
                     {"controls", nlohmann::json::array()},
                     {"sites", sites_as_json()}};
  for (const control& c : client_in_force().controls) {
    nlohmann::json row{{"name", c.name},     {"properties", c.properties}, {"fault", c.fault},
                       {"orders", c.orders}, {"together", c.together},     {"attempts", {}}};
    for (const attempt& a : c.attempts) {
      row["attempts"].push_back({{"program", a.program}, {"searches", a.searches}});
    }
    all["controls"].push_back(std::move(row));
  }
  fmt::print("{}\n", all.dump(1));
}

void print_sites() {
  fmt::print("sites\n");
  for (const site_row& row : shipped_sites()) {
    fmt::print("  {:<15} {:<8} {}\n", row.name, name_of(row.order), row.pairs);
    std::string last;
    for (const site_use& use : client_in_force().uses) {
      const std::string text = fmt::format("{} {}", use.where, name_of(use.kind));
      if (use.site == row.name && text != last) fmt::print("  {:<15} {:<8} {}\n", "", "", text);
      if (use.site == row.name) last = text;
    }
  }
}

void print_text() {
  fmt::print("scenarios: name, properties, threads, min blocks, fan-out\n");
  for (const scenario& s : client_in_force().scenarios) {
    const auto p = parse_program(s.program);
    const sizes of = p ? sizes_of(*p) : sizes{};
    fmt::print("  {:<20} {:<10} {} {:>2} {}  {}\n  {:<20} {}\n", s.name, s.properties, of.threads,
               of.blocks == 0 ? "-" : std::to_string(of.blocks),
               of.fanout == 0 ? "-" : std::to_string(of.fanout), s.why, "", s.program);
  }
  fmt::print("controls\n");
  for (const control& c : client_in_force().controls) {
    fmt::print("  {:<24} {:<8} {}\n", c.name, c.properties, c.fault);
  }
  print_sites();
}

}  // namespace

void add_list(CLI::App& app, int& code) {
  auto json = std::make_shared<bool>(false);
  auto* command = app.add_subcommand("list", "the scenarios, the controls and the order sites");
  command->add_flag("--json", *json);
  command->callback([json, &code] {
    if (*json) {
      print_json();
    } else {
      print_text();
    }
    code = 0;
  });
}

}  // namespace caiman::model
