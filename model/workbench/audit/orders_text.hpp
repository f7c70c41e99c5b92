// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// orders_text.hpp: the table of orders as another revision had it
// ---------------------------------------------------------------------------------------------
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>

namespace caiman::model {

/// Site to order, from the text of an orders.hpp.
std::map<std::string, std::string, std::less<>> orders_in(std::string_view text);

/// The same of a git revision, in the repository around the current directory. An error is fit for
/// a one-line message.
std::expected<std::map<std::string, std::string, std::less<>>, std::string> orders_of_revision(
    const std::string& revision);

}  // namespace caiman::model
