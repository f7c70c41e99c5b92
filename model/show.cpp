#include "show.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <string>

#include "command.hpp"
#include "show_text.hpp"
#include "trace.hpp"

namespace caiman::model {
namespace {

struct show_arguments {
  std::string file;
  bool whole = false;
};

int show(const show_arguments& given) {
  const auto trace = read_trace(given.file);
  if (!trace) return bad_input(trace.error());
  fmt::print("{}", text_of(*trace, given.whole));
  return 0;
}

}  // namespace

void add_show(CLI::App& app, int& code) {
  const auto given = std::make_shared<show_arguments>();
  auto* command = app.add_subcommand("show", "a trace, for people");
  command->add_option("file", given->file, "what --trace-out or --traces wrote")->required();
  command->add_flag("--whole", given->whole, "the set-up event by event, too");
  command->callback([given, &code] { code = show(*given); });
}

}  // namespace caiman::model
