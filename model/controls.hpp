// ---------------------------------------------------------------------------------------------
// controls.hpp: what the checks must convict, each time they run
//
// The textbook protocol, and faults of our own core: patches under mutants/, replacements under
// faults/, or wrong orders where the name of a site says it all. A control names the programs and
// searches that convict it; one that survives them fails the run.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caiman::model {

struct attempt {
  std::string_view program;
  std::string_view searches;
};

struct control {
  std::string_view name;        // mutants/<name>.patch, a specimen, or of `orders`
  std::string_view properties;  // one of these must be what convicts it
  std::string_view fault;
  std::vector<attempt> attempts;
  std::string_view orders = {};  // the fault is these orders, of the shipped core
  bool together = false;         // one of faults/, which mutants/faults carries
};

std::span<const control> controls();

/// Whether what is wrong is in the program that every checker can run: the textbook protocol, or
/// two pools of slots over one buddy.
constexpr bool is_specimen(std::string_view control) noexcept {
  return control.starts_with("textbook-") || control.starts_with("two-pools");
}

/// The program that carries the faults of faults/, and what it is called in a trace while one of
/// them is in force.
inline constexpr std::string_view carrier = "faults";
inline std::string recorder_of(std::string_view fault) {
  return std::string(carrier) + " --fault " + std::string(fault);
}

}  // namespace caiman::model
