// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// replay.cpp: the inputs of a corpus, without a fuzzer
//
// A plain main around LLVMFuzzerTestOneInput for any compiler: every file that is named, and every
// file of a folder that is named, in the order of their names, once. What a fuzzer once found stays
// found. No input at all is a mistake of the caller's. Each input lies in memory of its own size,
// so that AddressSanitizer sees a read past its end.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>
#include <vector>

#include "choices.hpp"

namespace {

using std::filesystem::path;

std::vector<path> inputs_in(int argc, char** argv) {
  std::vector<path> all;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      all.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      if (entry.is_regular_file()) all.push_back(entry.path());
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

bool run(const path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> read{std::istreambuf_iterator<char>(in),
                               std::istreambuf_iterator<char>()};
  if (!in) {
    std::fprintf(stderr, "replay: cannot read '%s'\n", file.c_str());
    return false;
  }
  const auto input = std::make_unique<std::uint8_t[]>(read.size());
  std::copy(read.begin(), read.end(), input.get());
  std::printf("%s\n", file.c_str());
  std::fflush(stdout);  // the last line is the one that ended the program
  LLVMFuzzerTestOneInput(input.get(), read.size());
  return true;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): a folder that cannot be read ends it, and should
int main(int argc, char** argv) {
  const std::vector<path> inputs = inputs_in(argc, argv);
  if (inputs.empty()) {
    std::fprintf(stderr, "replay: no inputs; want files, or folders with files\n");
    return 2;
  }
  for (const path& file : inputs) {
    if (!run(file)) return 2;
  }
  std::printf("%zu inputs, nothing found\n", inputs.size());
  return 0;
}
