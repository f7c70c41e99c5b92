// SPDX-License-Identifier: MIT
#include "audit/code_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

#include "audit/orders_text.hpp"
#include "commands/pool.hpp"
#include "engine/current_client.hpp"
#include "engine/orders.hpp"

namespace caiman::model {
namespace {

bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Where a literal ends that begins at `at`: behind its closing quote.
std::size_t end_of_literal(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (++at; at < text.size() && text[at] != quote; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

bool is_code(const std::string& path) {
  constexpr std::array<std::string_view, 9> endings{".hpp", ".cpp", ".h",   ".c",  ".hh",
                                                    ".cc",  ".hxx", ".ipp", ".inc"};
  const std::string ending = std::filesystem::path(path).extension().string();
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

/// What git prints; an error if it fails.
std::expected<std::string, std::string> git(std::vector<std::string> words) {
  job_result printed;
  // What went wrong is ours to say.
  words.insert(words.begin(), {"/bin/sh", "-c", "exec git \"$@\" 2>/dev/null", "git"});
  run_jobs({words}, 1, [&](std::size_t, job_result ended) { printed = std::move(ended); });
  if (!printed.started || printed.exit_code != 0) return std::unexpected("git fails");
  return std::move(printed.output);
}

/// Paths that git prints, each ended by a 0.
std::vector<std::string> paths_in(const std::string& printed) {
  std::vector<std::string> all;
  std::istringstream in(printed);
  for (std::string path; std::getline(in, path, '\0');) all.push_back(path);
  return all;
}

/// Whether these are the orders that this program was built with.
bool ours(const std::map<std::string, std::string, std::less<>>& orders) {
  const auto& rows = shipped_sites();
  return std::all_of(rows.begin(), rows.end(), [&](const site_row& row) {
    const auto found = orders.find(row.name);
    return found != orders.end() && found->second == name_of(row.order);
  });
}

}  // namespace

std::string code_in(std::string_view text) {
  std::string code;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("//")) {
      at = std::min(text.find('\n', at), text.size());
    } else if (rest.starts_with("/*")) {
      const std::size_t end = text.find("*/", at + 2);
      at = end == std::string_view::npos ? text.size() : end + 2;
    } else if (rest[0] == '"' || (rest[0] == '\'' && (at == 0 || !in_word(text[at - 1])))) {
      const std::size_t end = end_of_literal(text, at);
      code += text.substr(at, end - at);
      at = end;
    } else if (std::isspace(static_cast<unsigned char>(rest[0])) != 0) {
      // One space for all of it, where it parts two words.
      ++at;
      if (!code.empty() && in_word(code.back())) code += ' ';
    } else {
      if (!in_word(rest[0]) && code.ends_with(' ')) code.pop_back();
      code += rest[0];
      ++at;
    }
  }
  return code;
}

std::string code_beside_orders(std::string_view text) {
  const std::regex row{std::string(client_in_force().audit.table_row)};
  const std::regex literal{R"re("(\\.|[^"\\])*")re"};
  std::string kept;
  const char* from = text.data();
  for (std::cregex_iterator at(text.data(), text.data() + text.size(), row), end; at != end; ++at) {
    kept.append(from, (*at)[2].first);
    from = (*at)[2].second;
  }
  kept.append(from, text.data() + text.size());
  // The texts of a row go with its order.
  return std::regex_replace(code_in(kept), literal, "");
}

std::expected<std::vector<std::string>, std::string> code_changed_since(
    const std::string& revision) {
  const client& of = client_in_force();
  const std::string table(of.audit.table_file);
  std::string folder(of.sources);
  if (folder.empty()) folder = std::filesystem::path(table).parent_path().string() + "/";
  const std::string where = fmt::format(":(top,glob)**/{}**", folder == "/" ? "" : folder);
  const auto top = git({"rev-parse", "--show-toplevel"});
  const auto changed =
      git({"diff", "--name-only", "--no-renames", "--no-relative", "-z", revision, "--", where});
  const auto added =
      git({"ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--", where});
  if (!top || !changed || !added) return std::unexpected("git cannot tell what code has changed");
  const std::filesystem::path root(top->substr(0, top->find('\n')));
  std::vector<std::string> all;
  for (const std::string& path : paths_in(*changed + *added)) {
    if (!is_code(path)) continue;
    std::ifstream in(root / path, std::ios::binary);
    const std::string now{std::istreambuf_iterator<char>(in), {}};
    const std::string before = git({"show", fmt::format("{}:{}", revision, path)}).value_or("");
    if (path == table && !ours(orders_in(now))) {
      return std::unexpected(
          fmt::format("this program has other orders than {}: build it again", path));
    }
    const auto part = path == table ? code_beside_orders : code_in;
    if (part(now) != part(before)) all.push_back(path);
  }
  return all;
}

}  // namespace caiman::model
