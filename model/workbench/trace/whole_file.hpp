// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// whole_file.hpp: a result goes into its file whole, or not at all
// ---------------------------------------------------------------------------------------------
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace caiman::model {

/// Whether there is a folder that a file can be put into: to be asked before the work, not after
/// it.
bool can_write(const std::string& path);

/// All of the text or nothing: a file that was there is replaced when the new one is complete.
std::expected<void, std::string> write_whole(const std::string& path, std::string_view text);

}  // namespace caiman::model
