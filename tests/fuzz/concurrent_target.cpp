// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// concurrent_target.cpp: bytes as a small concurrent program, which Relacy explores
//
// Every input is a right program (tests/model/rehearsal.hpp): fan-out, order, stacks, slots, a
// set-up, two or three threads of up to four operations. Each gets the same few hundred executions,
// random ones and context bound 1; what convicts it is printed with the line that runs it again.
//
// Relacy leaks some 60 KiB a search, so a process is good for some 10,000 inputs: run it with
// -runs, again and again over one corpus. No sanitizers here: Relacy keeps its state in fibres.
// ---------------------------------------------------------------------------------------------
#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include "../model/rehearsal.hpp"
#include "caiman_client.hpp"
#include "choices.hpp"
#include "commands/plan.hpp"

namespace {

using namespace caiman::model;
using caiman::fuzz::choices;
using kind = operation::kind;

constexpr unsigned most_setup = 8;
constexpr unsigned most_steps = 4;

unsigned any_order(choices& in, unsigned max_order) {
  const unsigned choice = in.byte();
  return choice < 0x80 ? 0 : choice % (max_order + 1);
}

/// A thread's n-th live block, released or cut, or a request where there is none; or a trim.
operation any_operation(choices& in, const rehearsal& so_far, unsigned max_order, unsigned thread) {
  const auto live = so_far.live(thread);
  const auto large = so_far.large(thread);
  const unsigned choice = in.byte();
  if (choice >= 0xf8) return {kind::trim, in.up_to(max_order)};
  if (choice >= 0xd0 && !large.empty()) {
    const unsigned which = large[choice % large.size()];
    return {kind::cut, which, 1 + in.up_to(so_far.kept(thread, which) - 2)};
  }
  if (choice < 0x80 || live.empty()) return {kind::take, any_order(in, max_order)};
  return {kind::release, live[choice % live.size()]};
}

void draw_setup(choices& in, program& p, rehearsal& so_far, unsigned threads) {
  for (unsigned steps = in.up_to(most_setup); steps > 0; --steps) {
    const unsigned who = in.byte();
    const unsigned thread = who % threads;
    operation op = any_operation(in, so_far, p.max_order, thread);
    if (op.what == kind::take && so_far.must_fail(op.arg)) op.what = kind::must_fail;
    if (op.what == kind::take && !so_far.must_fit(op.arg)) continue;
    const unsigned owner = is_request(op) ? who / threads % threads : thread;
    p.setup.push_back({thread, op, owner});
    so_far.set_up(p.setup.back());
  }
}

program draw(choices& in) {
  program p;
  p.log2_fanout = 1 + in.up_to(2);
  const unsigned size = in.byte();
  p.max_order = 1 + size % 4;
  if (size >= 0x80) {  // no power of two
    p.blocks = (1U << p.max_order) + 1 + in.byte() % ((1U << p.max_order) - 1);
  }
  p.stack_depth = in.up_to(2);
  p.announced = p.stack_depth != 0 && in.maybe();
  const unsigned use = in.up_to(7);
  if (use == 1) p.slots = slot_use::shared;
  if (use == 2) {
    p.slots = slot_use::pooled;
    p.pool = 1 + in.up_to(2);
  }
  const unsigned threads = in.up_to(3) == 3 ? 3 : 2;
  rehearsal so_far(p);
  draw_setup(in, p, so_far, threads);
  p.threads.resize(threads);
  for (unsigned t = 0; t < threads; ++t) {
    for (unsigned steps = 1 + in.up_to(most_steps - 1); steps > 0; --steps) {
      const operation op = any_operation(in, so_far, p.max_order, t);
      if (so_far.operate(t, op)) p.threads[t].push_back(op);
    }
  }
  return p;
}

world* make_world(subject_kind /*which*/, const world_spec& spec, void* storage, std::size_t size) {
  return make_buddy(spec, storage, size);
}

/// Of the client no more than what these programs can ask for.
bool use_buddy() {
  static const client ours{.make_world = make_world, .sites = rows_of_order_table()};
  use_client(ours);
  return true;
}

const plan& searches() {
  static const plan all = parse_plan("random:150@shipped,bound1:250@shipped").value();
  return all;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  [[maybe_unused]] static const bool once = use_buddy();
  choices in(data, size);
  const program p = draw(in);
  caiman::fuzz::expect(is_right(p) && parse_program(to_string(p)) == p, "made a wrong program");
  const outcome o = run_plan(p, searches(), 0, {}).back();
  if (o.seen.what == verdict::outcome::passed) return 0;
  std::fprintf(stderr, "%s violated: %s\n./ci/verify --program '%s'\n", o.seen.property.c_str(),
               o.seen.text.c_str(), to_string(p).c_str());
  std::abort();
}
