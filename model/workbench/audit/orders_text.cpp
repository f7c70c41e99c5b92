// SPDX-License-Identifier: MIT
#include "audit/orders_text.hpp"

#include <fmt/format.h>

#include <regex>
#include <vector>

#include "commands/pool.hpp"
#include "engine/current_client.hpp"

namespace caiman::model {

std::map<std::string, std::string, std::less<>> orders_in(std::string_view text) {
  const std::regex row{std::string(client_in_force().audit.table_row)};
  std::map<std::string, std::string, std::less<>> orders;
  for (std::cregex_iterator at(text.data(), text.data() + text.size(), row), end; at != end; ++at) {
    orders[(*at)[1].str()] = (*at)[2].str();
  }
  return orders;
}

std::expected<std::map<std::string, std::string, std::less<>>, std::string> orders_of_revision(
    const std::string& revision) {
  const std::string table(client_in_force().audit.table_file);
  job_result shown;
  if (revision.empty() || revision[0] == '-' || revision.find(':') != std::string::npos) {
    return std::unexpected(fmt::format("'{}' is no revision", revision));
  }
  run_jobs({{"/bin/sh", "-c", "exec git show \"$0\" 2>/dev/null",
             fmt::format("{}:{}", revision, table)}},
           1, [&](std::size_t, job_result ended) { shown = std::move(ended); });
  if (!shown.started || shown.exit_code != 0) {
    return std::unexpected(fmt::format("git has no {} at '{}'", table, revision));
  }
  auto orders = orders_in(shown.output);
  if (orders.empty()) {
    return std::unexpected(fmt::format("no rows in {} at '{}'", table, revision));
  }
  return orders;
}

}  // namespace caiman::model
