// SPDX-License-Identifier: MIT
// caiman-check: the workbench with the Caiman core as its client.
#include "caiman_client.hpp"

// NOLINTNEXTLINE(bugprone-exception-escape): nothing to be done about a failed allocation
int main(int argc, char** argv) {
  return caiman::model::check(argc, argv, caiman::model::caiman_client());
}
