// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// program_target.cpp: texts that somebody gives to caiman-check
//
// The parsers of programs, of searches and of orders: whatever the text, they answer, and what they
// refuse they refuse in one short printable line. What they take, they write and take again as the
// same thing, and it keeps to the limits that the engine has room for. program.dict has the words.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "caiman-model/program.hpp"
#include "caiman-model/world.hpp"
#include "caiman/orders.hpp"
#include "choices.hpp"
#include "commands/plan.hpp"
#include "engine/current_client.hpp"

namespace {

using namespace caiman::model;
using caiman::fuzz::expect;

bool is_one_line(const std::string& message, std::size_t longest) {
  return !message.empty() && message.size() <= longest &&
         std::all_of(message.begin(), message.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

void read_program(std::string_view text) {
  const auto p = parse_program(text);
  if (!p) {
    expect(p.error().starts_with("program: ") && is_one_line(p.error(), 160), "not one line");
    return;
  }
  expect(p->max_order <= 5 && p->threads.size() >= 2 && p->threads.size() <= max_threads,
         "larger than the engine");
  expect(p->min_blocks() <= max_min_blocks, "more blocks than the engine has");
  expect(p->setup.size() <= 16, "a set-up longer than the engine's");
  for (const auto& ops : p->threads) expect(ops.size() <= 16, "a thread longer than the engine's");
  for (const setup_step& s : p->setup) {
    expect(s.thread < p->threads.size() && s.owner < p->threads.size(), "no such thread");
  }
  expect(parse_program(to_string(*p)) == *p, "written and read, it is another program");
}

void read_searches(std::string_view text) {
  const auto p = parse_plan(text);
  if (!p) return;
  expect(!p->empty(), "no search at all");
  const std::string written = to_string(*p);
  const auto again = parse_plan(written);
  expect(again.has_value() && to_string(*again) == written, "written and read, other searches");
}

/// The sites are the real ones, and nothing else of the client is needed.
bool use_sites() {
  static const client ours = [] {
    client made;
    for (const auto& row : caiman::protocol::order_table)
      made.sites.push_back({row.name, row.order});
    return made;
  }();
  use_client(ours);
  return true;
}

void read_orders(std::string_view text) {
  [[maybe_unused]] static const bool once = use_sites();
  const auto changes = parse_orders(text);
  if (!changes) return;
  for (const auto& [site, order] : *changes) {
    expect(site < shipped_sites().size(), "an order of no site");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_program(text);
  read_searches(text);
  read_orders(text);
  return 0;
}
