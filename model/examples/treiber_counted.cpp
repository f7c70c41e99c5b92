// SPDX-License-Identifier: MIT
#include "treiber.hpp"

int main(int argc, char** argv) {
  using namespace caiman::model;
  return check_structure(
      argc, argv,
      {make_structure<treiber::checked_stack<true>>, treiber::orders, treiber::program});
}
