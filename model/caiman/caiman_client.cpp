// SPDX-License-Identifier: MIT
#include "caiman_client.hpp"

#include <string>

#include "faults/faults.hpp"

namespace caiman::model {
namespace {

/// Where each site stands in the core, as core_sites.py found it when this was built.
constexpr site_use uses[] = {
#include "core_sites.inc"
};

constexpr known_killer killers[] = {
#include "audit_killers.inc"
};

world* make_world(subject_kind which, const world_spec& spec, void* storage, std::size_t size) {
  return which == subject_kind::textbook ? make_textbook(spec, storage, size)
                                         : make_buddy(spec, storage, size);
}

/// The textbook protocol, or two pools of slots over one buddy.
bool is_specimen(std::string_view control) {
  return control.starts_with("textbook-") || control.starts_with("two-pools");
}

bool put_in_force(const std::string& fault) {
  static std::string name;  // which the core is asked for by its address
  name = fault;
  if (!carries_fault(name.c_str())) return false;
  caiman_fault_in_force = name.c_str();
  return true;
}

/// The part of cost_probe.cpp that has a site's accesses.
int part_of(std::string_view site, std::string_view where) {
  if (site.starts_with("slot_") || site == "slots_seen") return 3;
  if (where.find("/ledger.hpp") != std::string_view::npos) return 1;
  if (where.find("/shares.hpp") != std::string_view::npos) return 2;
  if (where.find("/cold.hpp") != std::string_view::npos) return 4;
  if (where.find("/waiting.hpp") != std::string_view::npos) return 5;
  return 0;
}

/// The loops of cost_probe.cpp that a part's sites can be felt in.
bool felt_in(int part, std::string_view pair) {
  if (part == 1) return pair == "ledger" || pair == "handle";
  if (part == 2) return pair == "share";
  return part == 0 && (pair == "stacks" || pair == "announced" || pair == "tree");
}

}  // namespace

const client& caiman_client() {
  static const client ours{
      .title = "Model checks of the Caiman core",
      .make_world = make_world,
      .make_part = make_part,
      .sites = rows_of_order_table(),
      .uses = uses,
      .sources = "core/caiman/",
      .scenarios = scenarios(),
      .variants = variants_of,
      .controls = controls(),
      .mutants = {"caiman/mutants", "faults", is_specimen, put_in_force},
      .audit = {killers, "core/caiman/orders.hpp",
                R"(\{\s*site::(\w+)\s*,\s*"\w+"\s*,\s*(?:mo|detail)::(\w+)\s*,)", "release",
                "word_hint", "claim-by-store"},
      .cost = {CAIMAN_SOURCE_ROOT "/model/caiman/cost_probe.cpp",
               {"-I" CAIMAN_SOURCE_ROOT "/core"},
               part_of,
               felt_in}};
  return ours;
}

}  // namespace caiman::model
