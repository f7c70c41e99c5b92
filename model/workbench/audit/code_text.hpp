// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// code_text.hpp: whether the code around the orders is that of another revision
//
// What convicted a weaker order before says something of an order that changed, and nothing of code
// that did: so an audit of what changed must know of it.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace caiman::model {

/// The text without comments, and with as little space as keeps its words apart.
std::string code_in(std::string_view text);
/// The same of the file that has the table of orders, without the orders of its rows and without
/// its texts.
std::string code_beside_orders(std::string_view text);

/// The files of the client's code, from the root of the repository around the current directory,
/// in which it differs from that of a git revision in more than comments and orders. An error is
/// fit for a one-line message.
std::expected<std::vector<std::string>, std::string> code_changed_since(
    const std::string& revision);

}  // namespace caiman::model
