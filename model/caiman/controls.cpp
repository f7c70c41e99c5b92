// SPDX-License-Identifier: MIT
// Which controls there are say faults/ and mutants/: faults/faults.py makes the rows.
#include "caiman_client.hpp"

namespace caiman::model {

std::span<const control> controls() {
  static const std::vector<control> all = {
#include "fault_controls.inc"
  };
  return all;
}

}  // namespace caiman::model
