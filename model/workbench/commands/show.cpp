// SPDX-License-Identifier: MIT
#include "commands/show.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <expected>
#include <memory>
#include <string>

#include "commands/command.hpp"
#include "trace/page.hpp"
#include "trace/show_text.hpp"
#include "trace/trace.hpp"
#include "trace/whole_file.hpp"

namespace caiman::model {
namespace {

struct show_arguments {
  std::string file;
  std::string page;
  bool whole = false;
};

std::expected<void, std::string> show_page(const show_arguments& given) {
  const auto data = read_page_data(given.file);
  if (!data) return std::unexpected(data.error());
  return write_whole(given.page, page_of(*data));
}

std::expected<void, std::string> show_text(const show_arguments& given) {
  const auto trace = read_trace(given.file);
  if (!trace) return std::unexpected(trace.error());
  fmt::print("{}", text_of(*trace, given.whole));
  return {};
}

int show(const show_arguments& given) {
  const auto shown = given.page.empty() ? show_text(given) : show_page(given);
  return shown ? 0 : bad_input(shown.error());
}

}  // namespace

void add_show(CLI::App& app, int& code) {
  const auto given = std::make_shared<show_arguments>();
  auto* command =
      app.add_subcommand("show", "a trace as text; that, an audit or a table as a page");
  command->add_option("file", given->file, "what --trace-out, --traces or --json wrote")
      ->required();
  auto* page = command->add_option("-o,--output", given->page,
                                   "write a page there: one file, for any browser");
  command->add_flag("--whole", given->whole, "of a trace as text the set-up event by event, too")
      ->excludes(page);
  command->callback([given, &code] { code = show(*given); });
}

}  // namespace caiman::model
