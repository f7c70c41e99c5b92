// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// client.hpp: what a program hands to the workbench to have it checked
//
// The workbench brings the engine and the commands; a client brings its subjects, its table of
// memory orders, and as data what it has decided to check: scenarios, which must pass; controls,
// which must be convicted; what the audit and its cost need to know. Its main is one line:
//
//   int main(int argc, char** argv) { return caiman::model::check(argc, argv, my_client()); }
//
// The texts that the views name must live as long as the program.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "part.hpp"
#include "program.hpp"
#include "sites.hpp"
#include "world.hpp"

namespace caiman::model {

// ---- what must pass ----------------------------------------------------------------------------

/// Whether a full search is known to end: not, only with the executions of a deeper level than
/// quick, or at every level.
enum class ends : unsigned char { no, late, soon };

struct scenario {
  std::string_view name;
  std::string_view properties;  // the ids that it is there for; all checks run in all of them
  std::string_view program;     // program.hpp has the notation
  unsigned bound;               // context bounds up to this are tried
  ends full;                    // where it ends within a level, a full search is made
  std::string_view why;
  /// No variants: its set-up needs the places that releases into the tree leave, or it is about
  /// something that is the same with stacks.
  bool bare = false;
};

/// Another form of the subject that a scenario is run with, with less effort.
struct variant {
  std::string name;
  std::string program;
};

// ---- what must be convicted --------------------------------------------------------------------

struct attempt {
  std::string_view program;
  std::string_view searches;
};

/// A fault, and the programs and searches that convict it; one that survives them fails the run.
struct control {
  std::string_view name;        // that of the mutant's program, of the specimen, or of `orders`
  std::string_view properties;  // one of these must be what convicts it
  std::string_view fault;
  std::vector<attempt> attempts;
  std::string_view orders = {};  // the fault is these orders, of the shipped subject
  bool together = false;         // one of those that the carrier (below) has
};

/// Programs with a fault, built beside the checker.
struct mutant_programs {
  std::string_view folder{};   // from that of the checker
  std::string_view carrier{};  // the one that carries several faults, and takes `--fault NAME`
  /// Whether a control's fault is in every checker: a specimen.
  bool (*is_specimen)(std::string_view control) = nullptr;
  /// Puts a fault in force; false if this program carries none of that name.
  bool (*put_in_force)(const std::string& fault) = nullptr;
};

// ---- the audit -------------------------------------------------------------------------------

/// A run that convicted a weakening before, and is tried first.
struct known_killer {
  std::string_view site{};
  std::string_view order{};
  std::string_view scenario{};
  std::string_view program{};
  std::string_view search{};
};

struct audit_data {
  std::span<const known_killer> killers{};
  /// The file of the table, from the root of its repository, and a regular expression of one row of
  /// it: its first two groups are site and order. For `--since`.
  std::string_view table_file{};
  std::string_view table_row{};
  // What the audit itself must show: that a relaxed order of this site dies,
  std::string_view vital_site{};
  // that another order of this one, which decides nothing, lives,
  std::string_view harmless_site{};
  // and that this control, a mutant's, dies.
  std::string_view vital_mutant{};
};

/// What an order costs is seen by compiling a probe, with PROBE_SITE and PROBE_ORDER, and with
/// PROBE_PART (for its instructions) or PROBE_MAIN (to time it).
struct cost_data {
  std::string source{};
  std::vector<std::string> options{};
  /// The part of the probe that has a site, and whether one of its loops can feel that part.
  int (*part_of)(std::string_view site, std::string_view where) = nullptr;
  bool (*felt_in)(int part, std::string_view pair) = nullptr;
};

// ---- all of it -------------------------------------------------------------------------------

struct client {
  std::string_view title{};  // for --help
  // Its subjects, made anew for each execution in the storage given; nullptr if there is none such.
  // Of worlds there are the shipped one (buddy) and a specimen (textbook).
  world* (*make_world)(subject_kind which, const world_spec& spec, void* storage,
                       std::size_t size) = nullptr;
  part* (*make_part)(subject_kind which, const world_spec& spec, void* storage,
                     std::size_t size) = nullptr;
  std::vector<site_row> sites{};     // the orders that ship, at most max_sites
  std::span<const site_use> uses{};  // where each site stands; empty: nobody knows
  std::string_view sources{};        // in traces a path is shown from this part of it on
  std::string_view usual_program{};  // what `run` runs unless it is told otherwise

  std::span<const scenario> scenarios{};
  std::vector<variant> (*variants)(const scenario&) = nullptr;
  std::span<const control> controls{};
  mutant_programs mutants{};
  audit_data audit{};
  cost_data cost{};
};

/// The command line of a program that checks `what`, which must stay: run, replay, show; of a
/// client with scenarios also list, verify and audit. Its exit code.
int check(int argc, char** argv, const client& what);

/// For programs with a main of their own that run the engine: from now on it checks this.
void use_client(const client& what) noexcept;

}  // namespace caiman::model
