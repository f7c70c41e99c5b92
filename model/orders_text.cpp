#include "orders_text.hpp"

#include <fmt/format.h>

#include <regex>
#include <vector>

#include "pool.hpp"

namespace caiman::model {

std::map<std::string, std::string, std::less<>> orders_in(std::string_view text) {
  static const std::regex row(R"(\{\s*site::(\w+)\s*,\s*"\w+"\s*,\s*(?:mo|detail)::(\w+)\s*,)");
  std::map<std::string, std::string, std::less<>> orders;
  for (std::cregex_iterator at(text.data(), text.data() + text.size(), row), end; at != end; ++at) {
    orders[(*at)[1].str()] = (*at)[2].str();
  }
  return orders;
}

std::expected<std::map<std::string, std::string, std::less<>>, std::string> orders_of_revision(
    const std::string& revision) {
  job_result shown;
  if (revision.empty() || revision[0] == '-' || revision.find(':') != std::string::npos) {
    return std::unexpected(fmt::format("'{}' is no revision", revision));
  }
  run_jobs({{"/usr/bin/env", "git", "show", revision + ":core/caiman/orders.hpp"}}, 1,
           [&](std::size_t, job_result ended) { shown = std::move(ended); });
  if (!shown.started || shown.exit_code != 0) {
    return std::unexpected(fmt::format("git has no core/caiman/orders.hpp at '{}'", revision));
  }
  auto orders = orders_in(shown.output);
  if (orders.empty()) {
    return std::unexpected(fmt::format("no rows in orders.hpp at '{}'", revision));
  }
  return orders;
}

}  // namespace caiman::model
