// SPDX-License-Identifier: MIT
// replay, show and list.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "machine/machine.hpp"
#include "structures/session.hpp"
#include "structures/trace_of.hpp"
#include "trace/page.hpp"
#include "trace/show_text.hpp"
#include "trace/trace.hpp"
#include "trace/whole_file.hpp"

namespace caiman::model::machine {
namespace {

using nlohmann::json;

int replay(session& in, const std::string& file) {
  const auto trace = read_trace(file);
  if (!trace) return in.complain(trace.error());
  const auto what = parse_scenario(trace->at("program").get_ref<const std::string&>(), in.of());
  const auto choices = parse_choices(trace->at("state").get_ref<const std::string&>());
  if (!what) return in.complain(fmt::format("'{}': {}", file, what.error()));
  if (!choices) return in.complain(fmt::format("'{}': {}", file, choices.error()));
  const auto& search = trace->at("search").get_ref<const std::string&>();
  const bool seq_cst = search.find("all orders seq_cst") != std::string::npos;
  std::string orders;
  for (const json& row : trace->at("orders")) {
    if (seq_cst || row.at("used") == row.at("shipped")) continue;
    orders += fmt::format("{}{}={}", orders.empty() ? "" : ",",
                          row.at("site").get_ref<const std::string&>(),
                          row.at("used").get_ref<const std::string&>());
  }
  if (const auto used = in.use_orders(orders); !used) {
    return in.complain(fmt::format("'{}': {}", file, used.error()));
  }
  conviction one{*what, {method::again, 0, 0}, seq_cst, 1, {}, *choices, 0};
  const json now = trace_of(in.on(), in.of(), one, in.program());
  for (const char* part : {"property", "operations", "events", "race"}) {
    if (now.at(part) == trace->at(part)) continue;
    fmt::print("not reproduced: {} differ\n", part);
    return 1;
  }
  fmt::print("reproduced: {}; all {} events are the same\n",
             printable(now.at("property").at("id").get<std::string>()), now.at("events").size());
  return 0;
}

int show(session& in, const std::string& file, const std::string& page) {
  const auto trace = read_trace(file);
  if (!trace) return in.complain(trace.error());
  if (page.empty()) {
    fmt::print("{}", text_of(*trace));
    return 0;
  }
  const auto done = write_whole(page, page_of(*trace));
  return done ? 0 : in.complain(done.error());
}

int list(session& in) {
  in.find_sites();
  fmt::print("operations\n");
  for (const operation_info& o : in.of().operations()) {
    fmt::print("  {}, {} choices of arguments{}\n", o.name, o.choices,
               o.threads == 0 ? std::string() : fmt::format(", at most {} threads", o.threads));
  }
  fmt::print("sites\n");
  static const char* const kinds[] = {"load", "store", "read-modify-write", "failing exchange",
                                      "fence"};
  const site_table& sites = the_machine().sites;
  for (const std::uint32_t i : sites.in_order()) {
    const site& s = sites.all()[i];
    fmt::print("  {:<28} {:<18} {}\n", sites.name(i), kinds[static_cast<std::size_t>(s.kind)],
               name_of_order(s.written));
  }
  return 0;
}

}  // namespace

void add_replay(CLI::App& app, session& in, int& code) {
  const auto file = std::make_shared<std::string>();
  auto* command = app.add_subcommand("replay", "the execution of a trace again, and compares it");
  command->add_option("file", *file, "what --trace-out wrote")->required();
  command->callback([file, &in, &code] { code = replay(in, *file); });
}

void add_show(CLI::App& app, session& in, int& code) {
  const auto file = std::make_shared<std::string>();
  const auto page = std::make_shared<std::string>();
  auto* command = app.add_subcommand("show", "a trace as text, or as a page");
  command->add_option("file", *file, "what --trace-out wrote")->required();
  command->add_option("-o,--output", *page, "writes a page there");
  command->callback([file, page, &in, &code] { code = show(in, *file, *page); });
}

void add_list(CLI::App& app, session& in, int& code) {
  app.add_subcommand("list", "the operations, and the memory orders by their places")
      ->callback([&in, &code] { code = list(in); });
}

}  // namespace caiman::model::machine
