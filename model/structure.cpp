// The other side of the engine, where world.cpp and parts.cpp are for the core: the one structure.
#include "structure.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

#include "replay.hpp"
#include "run_command.hpp"
#include "show.hpp"

namespace caiman::model {
namespace {

const structure*& in_force() noexcept {
  static const structure* only = nullptr;
  return only;
}

}  // namespace

world* make_world(const world_spec& /*spec*/, void* /*storage*/, std::size_t /*size*/) {
  return nullptr;
}

part* make_part(core_part which, const world_spec& spec, void* storage, std::size_t size) {
  return which == core_part::structure ? in_force()->make(spec, storage, size) : nullptr;
}

const std::vector<site_row>& shipped_sites() { return in_force()->orders; }

int check_structure(int argc, char** argv, const structure& what) {
  if (what.orders.size() > max_sites) {
    fmt::print(stderr, "{}: at most {} memory orders\n", argv[0], max_sites);
    return 2;
  }
  in_force() = &what;
  CLI::App app{"Model checks of a structure"};
  app.require_subcommand(1);
  int code = 2;
  add_run(app, argv[0], code, what.program);
  add_replay(app, argv[0], code);
  add_show(app, code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "{}: {}\n", argv[0], error.what());
    return 2;
  }
  return code;
}

}  // namespace caiman::model
