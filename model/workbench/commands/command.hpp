// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// command.hpp: what the subcommands have in common: what they say, and how a job is asked for
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "caiman-model/client.hpp"
#include "commands/plan.hpp"
#include "commands/pool.hpp"

namespace caiman::model {

/// What this program is called, as its messages and traces name it; set once.
void call_program(const std::string& self);
const std::string& program_name();

/// Says what is wrong with what was given, in one line; the exit code.
int bad_input(const std::string& message);

/// Says that a run with these troubles, of so many parts, is broken, in one line; the exit code.
int broken_run(const std::vector<std::string>& troubles, std::size_t parts);

/// A line on one search of a program, and, if it convicts, one with the line that replays it.
std::string describe_briefly(const program& p, const outcome& o, const std::string& changes);
std::string replay_line(const outcome& o);
/// A line on one search of a program; with its replay line, and the trace if asked, if it convicts.
/// `changes`: of the orders, as --orders has them.
std::string describe(const program& p, const outcome& o, bool with_trace,
                     const std::string& changes = {});

/// Lines on the sites that the threads came by in these searches of a program: of the orders that
/// were changed those that they never asked for, if nothing convicts; all of them if `all_sites`.
std::vector<std::string> coverage_of(const std::vector<outcome>& results,
                                     const std::string& changes, bool all_sites);

/// A fault that this program carries is in force from now on; false if it carries none such.
bool put_fault_in_force(const std::string& name);
/// What records a trace while that fault is in force; the program's own name while none is.
std::string recorder_of(std::string_view fault);
std::string name_in_traces(const std::string& self);

/// This program, as a job is to call it: with the fault that is in force.
std::vector<std::string> this_program(const std::string& self);

/// The program that has a control's fault, and its option for it if there is one: this one, or a
/// mutant's build beside it.
std::vector<std::string> checker_of(const control& c, const std::string& self);

/// One program to be run by another process, which prints JSON (plan.hpp).
struct job_request {
  std::vector<std::string> checker{};  // checker_of, or this_program
  std::string program{};
  std::string searches{};
  std::string orders{};
  std::uint64_t seed = 0;
  double seconds = 0;
  std::string title{};
  bool as_found = false;
};
std::vector<std::string> command_of(const job_request& job);

/// What such a job found; never empty. An error, in a few words, of one that says nothing about the
/// program that it ran: it could not be started, was ended, or printed less than was asked for.
std::expected<std::vector<outcome>, std::string> results_of(const job_result& ended,
                                                            const std::string& program,
                                                            const std::string& searches);

}  // namespace caiman::model
