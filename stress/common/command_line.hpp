// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// command_line.hpp: what the command lines of all programs here do alike
//
// Wrong use ends as one line on stderr that begins with the program's name, and exit code 2. Values
// that have names are said in one table each, which reads and writes them. Relies on CLI11.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "target.hpp"

namespace caiman::stress {

/// A row of a table of names.
template <class Value>
struct named {
  std::string_view name;
  Value value;
};

inline constexpr named<pop> pop_names[] = {{"tree", pop::tree},
                                           {"exchange", pop::exchange},
                                           {"announced", pop::announced},
                                           {"shipped", pop::shipped}};

/// Of a value that stands in the table.
template <class Value, std::size_t Rows>
constexpr std::string_view name_in(const named<Value> (&names)[Rows], Value which) {
  return std::ranges::find(names, which, &named<Value>::value)->name;
}

/// An option whose values have names; what is in `into` is its default. The table must outlive the
/// parsing.
template <class Value, std::size_t Rows>
void add_named(CLI::App& app, const std::string& option, Value& into,
               const named<Value> (&names)[Rows], const std::string& about = {}) {
  std::vector<std::string> known;
  for (const named<Value>& row : names) known.emplace_back(row.name);
  const auto read = [&](const std::string& name) {
    into = std::ranges::find(names, name, &named<Value>::name)->value;
  };
  app.add_option_function<std::string>(option, read, about)
      ->check(CLI::IsMember(known))
      ->default_str(std::string(name_in(names, into)));
}

/// Says what is wrong; the exit code.
inline int complain(std::string_view program, std::string_view what, int code = 2) {
  fmt::print(stderr, "{}: {}\n", program, what);
  return code;
}

/// Parses by an app that has the program's name. The exit code, if the program is to end at once: 0
/// after --help, 2 after a complaint.
inline std::optional<int> parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return complain(app.get_name(), error.what());
  }
  return std::nullopt;
}

/// The whole program: what breaks it is one line, too, and this exit code.
template <class Run>
int run_program(std::string_view name, int broken, Run run) {
  try {
    return run();
  } catch (const std::exception& error) {
    return complain(name, error.what(), broken);
  }
}

}  // namespace caiman::stress
