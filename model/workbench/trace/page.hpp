// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// page.hpp: a trace, an audit or a verify run as a page
//
// One HTML file that needs no other and no network. The page itself (viewer/) is compiled in; what
// is shown is put into it as data, so that nothing a file says can become part of the page.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace caiman::model {

/// No browser would like a page of more than this.
inline constexpr std::size_t most_page_bytes = std::size_t{64} << 20;

/// And none of ours nests deeper.
inline constexpr int most_page_depth = 16;

/// What is wrong with it, in one line; empty if a page can be made of it.
std::string fault_of_page_data(const nlohmann::json& data);

/// The page of a result that is right, by its kind.
std::string page_of(const nlohmann::json& data);

/// The result that this text is. Says in one line why it is none.
std::expected<nlohmann::json, std::string> parse_page_data(std::string_view text);

/// The same of a file.
std::expected<nlohmann::json, std::string> read_page_data(const std::string& path);

/// A result as the text of a file.
std::string text_of_data(const nlohmann::json& data);

}  // namespace caiman::model
