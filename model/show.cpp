#include "show.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <string>

#include "page.hpp"

namespace caiman::model {
namespace {

struct arguments {
  std::string file;
  std::string page;
};

int show(const arguments& given) {
  const auto data = read_page_data(given.file);
  const auto written = data ? write_whole(given.page, page_of(*data))
                            : std::expected<void, std::string>(std::unexpected(data.error()));
  if (written) return 0;
  fmt::print(stderr, "caiman-check: {}\n", written.error());
  return 2;
}

}  // namespace

void add_show(CLI::App& app, int& code) {
  const auto given = std::make_shared<arguments>();
  auto* command = app.add_subcommand("show", "a page of a trace, an audit or a verify run");
  command->add_option("file", given->file, "what --json or --trace-out wrote")->required();
  command->add_option("-o,--output", given->page, "the page; one file, for any browser")
      ->required();
  command->callback([given, &code] { code = show(*given); });
}

}  // namespace caiman::model
