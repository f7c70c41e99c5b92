// SPDX-License-Identifier: MIT
// What a person reads of a search.
#include <fmt/format.h>

#include <cmath>

#include "machine/machine.hpp"
#include "structures/session.hpp"
#include "trace/show_text.hpp"

namespace caiman::model::machine {
namespace {

std::string notes_of() {
  std::string notes;
  for (const std::string& at : the_machine().waits_without_yield) {
    notes += fmt::format(
        "note: the loop at {} waits for another thread without a yield; m::this_thread::yield() "
        "says so\n",
        at);
  }
  for (std::uint32_t i = 0; i < the_machine().sites.all().size(); ++i) {
    const site& s = the_machine().sites.all()[i];
    if (s.varies) {
      notes += fmt::format("note: the order of {} comes from a variable: as a site it is one\n",
                           the_machine().sites.name(i));
    }
  }
  return notes;
}

/// What no thread came by was not checked.
std::string coverage() {
  std::string notes;
  const auto& all = the_machine().sites.all();
  std::size_t seen = 0;
  std::size_t known = 0;
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    if (all[i].kind == site_kind::failure) continue;
    ++known;
    if (all[i].times > 0) ++seen;
    if (all[i].times == 0) {
      notes += fmt::format("note: no thread came by {}\n", the_machine().sites.name(i));
    }
  }
  return fmt::format("threads came by {} of {} places with a memory order\n{}", seen, known, notes);
}

std::string orders_text(const conviction& found) {
  const order_changes& changed = the_machine().sites.changed();
  if (found.seq_cst) return "all orders seq_cst, answers in the order of time";
  return changed.empty() ? "the orders as they are written"
                         : "the written orders but for " + to_string(changed);
}

}  // namespace

std::string report_of(session& in, const conviction& found, const std::string& replay,
                      const tally& seen) {
  std::size_t operations = 0;
  for (const auto& t : found.what.threads) operations += t.size();
  std::string text = fmt::format("{}: {}\n", found.found.property, printable(found.found.text));
  text += fmt::format("scenario: {}\n", printable(to_string(found.what, in.of())));
  text += fmt::format(
      "{} threads, {} operations, {} switches of threads that could go on; {}; {} executions in "
      "all, {:.1f} s\n",
      found.what.threads.size(), operations, found.switches, orders_text(found), seen.executions,
      seen.seconds);
  text += fmt::format("replay: {}\n", replay);
  return text + notes_of();
}

std::string report_of_pass(session& in, const tally& seen, const session_options& options) {
  std::string text;
  const order_changes& changed = the_machine().sites.changed();
  const std::string orders = changed.empty() ? "the orders as they are written"
                                             : "the written orders but for " + to_string(changed);
  if (in.fixed()) {
    text = fmt::format("no violation in {} executions of the program, {}{}\n", seen.executions,
                       orders, seen.exhausted > 0 ? ": exhausted, within the machine's model" : "");
  } else {
    text = fmt::format(
        "no violation in {} executions of {} invented scenarios (seed {}, up to {} threads), {}\n",
        seen.executions, seen.scenarios, options.seed, seen.threads, orders);
    text += fmt::format(
        "each: random, PCT of depth 3, context bounds 0 to 2, a full search as far as it went; "
        "once more with all orders seq_cst and answers in the order of time\n"
        "{} of them to the end of context bound 2, {} of a full search, within the machine's "
        "model\n",
        seen.bounded, seen.exhausted);
    text += fmt::format(
        "PCT meets a fault of 3 ordered steps in {} threads and {} steps with a chance of at least "
        "1 in {:.0f} an execution\n",
        seen.threads, seen.longest, seen.threads * std::pow(seen.longest, 2));
  }
  text += fmt::format("{:.1f} s, {:.0f} executions a second\n", seen.seconds,
                      seen.seconds > 0 ? static_cast<double>(seen.executions) / seen.seconds : 0);
  if (seen.timed_out) text += "the time was up before all that was planned was done\n";
  if (!in.of().has_specification() && !in.fixed()) {
    text += "note: no operation has a specification: answers are not judged\n";
  }
  return text + coverage() + notes_of();
}

}  // namespace caiman::model::machine
