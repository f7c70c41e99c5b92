// SPDX-License-Identifier: MIT
#include "trace/whole_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <system_error>

namespace caiman::model {

bool can_write(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  std::error_code unknown;
  return std::filesystem::is_directory(folder, unknown) &&
         !std::filesystem::is_directory(path, unknown) && access(folder.c_str(), W_OK) == 0;
}

std::expected<void, std::string> write_whole(const std::string& path, std::string_view text) {
  const std::string beside = fmt::format("{}.{}.part", path, getpid());
  std::ofstream out(beside, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(beside, path, error);
  if (out && !error) return {};
  std::error_code ignored;
  std::filesystem::remove(beside, ignored);
  return std::unexpected(fmt::format("cannot write '{}'", path));
}

}  // namespace caiman::model
