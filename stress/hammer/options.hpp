// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// options.hpp: the command line of the hammer as a value
//
// Bad input ends here, with one line on stderr and exit code 2; past this point every option is in
// range. Relies on CLI11.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../common/target.hpp"

namespace caiman::stress {

enum class mode : unsigned char { uniform, mixed, pressure, burst };

/// Faults the harness can put between itself and the allocator, to show that its checks see them.
enum class fault : unsigned char {
  none,
  double_hand_out,    // a block that is live is handed out
  lost_block,         // a release is dropped
  torn_stamp,         // a word inside a live block is overwritten
  false_full,         // a success is reported as a refusal
  wrong_count,        // one split is counted that did not happen
  contended_forever,  // from some request on, the answer is always `contended`
  standstill,         // a request never returns
};

std::string_view name_of(mode which);
std::string_view name_of(pop which);

/// How often each order is asked for: weights[k] is the weight of order k, 0 to max_order.
struct order_mix {
  std::string text;
  std::vector<std::uint64_t> weights;

  unsigned largest_order() const;  // with a weight above 0
};

struct options {
  mode how = mode::uniform;
  unsigned threads = 2;
  double seconds = 5;
  unsigned max_order = 12;
  unsigned log2_fanout = 6;
  pop pops = pop::shipped;
  order_mix mix;
  std::uint64_t seed = 0;
  fault injected = fault::none;
  double patience = 60;  // seconds without progress that count as a failure
  std::string json;      // file name, empty for none
};

/// Reads the command line into `chosen`. Returns the exit code when the program is to end at once:
/// 0 after --help, 2 after a message on stderr.
std::optional<int> parse_options(int argc, char** argv, options& chosen);

/// The command line that runs the same again.
std::string command_line(const options& chosen);

}  // namespace caiman::stress
