// ---------------------------------------------------------------------------------------------
// verify.hpp: the main job: every scenario against the shipped core, every control against the
// checks, a table, one word at the end
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "plan.hpp"

namespace caiman::model {

struct verify_arguments {
  std::string self;  // this program's path: jobs are calls of it
  level how_much = level::quick;
  std::string only;
  std::string program;
  std::uint64_t seed = 0;
  std::string traces;           // a directory for a trace of each scenario that fails,
  bool control_traces = false;  // and of each control
  unsigned jobs = std::thread::hardware_concurrency();
  std::string json;  // write the table there, as data
  std::string page;  // and there, as a page
};

/// 0 PASS, 1 FAIL, 2 nothing to run.
int run_verify(const verify_arguments& given);

}  // namespace caiman::model
