// SPDX-License-Identifier: MIT
// The client of a program that has one structure and a table of orders, and nothing else to say.
#include "caiman-model/structure.hpp"

#include "caiman-model/client.hpp"

namespace caiman::model {
namespace {

const structure*& in_force() noexcept {
  static const structure* only = nullptr;
  return only;
}

part* make_only(subject_kind which, const world_spec& spec, void* storage, std::size_t size) {
  return which == subject_kind::structure ? in_force()->make(spec, storage, size) : nullptr;
}

}  // namespace

int check_structure(int argc, char** argv, const structure& what) {
  in_force() = &what;
  const client only{.title = "Model checks of a structure",
                    .make_part = make_only,
                    .sites = what.orders,
                    .usual_program = what.program};
  return check(argc, argv, only);
}

}  // namespace caiman::model
