// SPDX-License-Identifier: MIT
#include "caiman-model/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <charconv>

#include "caiman-model/world.hpp"

namespace caiman::model {
namespace {

/// Largest number of operations of a thread or a set-up: what the engine has room for.
constexpr std::size_t most_operations = 16;

bool has_number(const operation& op) {
  return op.what != operation::kind::add && op.what != operation::kind::drop;
}

/// What `core=` can name, and the operations that it has.
struct core_name {
  subject_kind core;
  std::string_view name;
  std::string_view operations;
};
constexpr core_name cores[] = {
    {subject_kind::buddy, "buddy", "AMXFTG"},       {subject_kind::textbook, "textbook", "AMXF"},
    {subject_kind::arena, "arena", "AFHD"},         {subject_kind::ledger, "ledger", "AFHD"},
    {subject_kind::shares, "shares", "HD"},         {subject_kind::cold, "cold", "W"},
    {subject_kind::waiting, "waiting", "AFTDEPLR"}, {subject_kind::handshake, "handshake", "AFE"},
    {subject_kind::litmus, "litmus", "FE"},         {subject_kind::structure, "structure", "C"}};
constexpr std::string_view policies[] = {"fair", "fifo", "stack"};
const core_name& row_of(subject_kind core) { return cores[static_cast<std::size_t>(core)]; }

class reader {
 public:
  explicit reader(std::string_view text) : text_(text) {}

  void skip_space() {
    while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_.front())) != 0) {
      text_.remove_prefix(1);
    }
  }
  bool at_end() {
    skip_space();
    return text_.empty();
  }
  bool take(std::string_view token) {
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }
  bool number(unsigned& value) {
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc{} || value > 999) return false;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return true;
  }
  bool op(operation& value) {
    constexpr std::string_view letters = "AMXFTGHDWEPLRC";
    if (text_.empty() || letters.find(text_.front()) == std::string_view::npos) return false;
    value.what = static_cast<operation::kind>(text_.front());
    text_.remove_prefix(1);
    if (has_number(value) && !number(value.arg)) return false;
    return value.what != operation::kind::cut || (take(":") && number(value.keep));
  }
  /// What comes next, fit for a one-line message.
  std::string rest() const {
    std::string next(text_.substr(0, 24));
    std::replace_if(
        next.begin(), next.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return next;
  }

 private:
  std::string_view text_;
};

using failure = std::unexpected<std::string>;

failure bad(const char* what, const reader& in) {
  return failure(fmt::format("program: {} at '{}'", what, in.rest()));
}

/// An option of how threads use the arena: its slots, its stacks, one that stops.
bool read_use(reader& in, program& p) {
  if (in.take("slots=shared")) {
    p.slots = slot_use::shared;
    p.pool = 0;  // of an option before
    return true;
  }
  if (in.take("slots=pool:")) {
    p.slots = slot_use::pooled;
    return in.number(p.pool);
  }
  if (in.take("objects=ask")) {
    p.code = objects::ask;
    return true;
  }
  if (in.take("objects=apart")) {
    p.code = objects::apart;
    return true;
  }
  if (in.take("stacks=")) {
    p.announced = false;
    return in.number(p.stack_depth);
  }
  if (in.take("announced=")) {
    p.announced = true;
    return in.number(p.stack_depth);
  }
  if (in.take("returns=light")) {
    p.light = true;
    return true;
  }
  if (in.take("fences=one-sided")) {
    p.one_sided = true;
    return true;
  }
  if (in.take("stop=")) {
    p.stops = true;
    return in.number(p.stop_thread) && in.take(":") && in.number(p.stop_most);
  }
  if (in.take("waiters=")) {
    for (unsigned i = 0; i < std::size(policies); ++i) {
      if (!in.take(policies[i])) continue;
      p.policy = static_cast<waiters>(i);
      return true;
    }
  }
  return false;
}

bool read_core(reader& in, program& p) {
  const auto* const named = std::find_if(std::begin(cores) + 1, std::end(cores),
                                         [&](const core_name& c) { return in.take(c.name); });
  if (named == std::end(cores)) return false;
  p.core = named->core;
  return true;
}

bool read_fanout(reader& in, program& p) {
  unsigned fanout = 0;
  if (!in.number(fanout) || !std::has_single_bit(fanout)) return false;
  p.log2_fanout = static_cast<unsigned>(std::countr_zero(fanout));
  return true;
}

bool read_init(reader& in, program& p) {
  p.init = in.take("zero") ? memory::zero : memory::cold;
  return p.init == memory::zero || in.take("cold");
}

bool read_head(reader& in, program& p) {
  for (in.skip_space(); !in.take(":"); in.skip_space()) {
    if (in.take("fanout=")) {
      if (!read_fanout(in, p)) return false;
    } else if (in.take("order=")) {
      if (!in.number(p.max_order)) return false;
    } else if (in.take("blocks=")) {
      if (!in.number(p.blocks) || p.blocks == 0) return false;
    } else if (in.take("looks=")) {
      if (!in.number(p.looks)) return false;
    } else if (in.take("init=")) {
      if (!read_init(in, p)) return false;
    } else if (in.take("core=")) {
      if (!read_core(in, p)) return false;
    } else if (!read_use(in, p)) {
      return false;
    }
  }
  return true;
}

bool read_setup(reader& in, program& p) {
  for (in.skip_space(); !in.take(";"); in.skip_space()) {
    setup_step step;
    if (!in.number(step.thread) || !in.op(step.op)) return false;
    step.owner = step.thread;
    if (in.take(">") && !in.number(step.owner)) return false;
    p.setup.push_back(step);
  }
  return true;
}

bool read_threads(reader& in, program& p) {
  p.threads.emplace_back();
  while (!in.at_end()) {
    if (in.take("|")) {
      p.threads.emplace_back();
      continue;
    }
    operation op;
    if (!in.op(op)) return false;
    p.threads.back().push_back(op);
  }
  return true;
}

const char* fault_of_operation(const operation& op, const program& p) {
  if (row_of(p.core).operations.find(static_cast<char>(op.what)) == std::string_view::npos) {
    return "this core has no such operation";
  }
  if (op.what == operation::kind::warm) {
    return (std::size_t{op.arg} + 1) * 2 > (std::size_t{1} << p.max_order)
               ? "there is no such block to warm"
               : nullptr;
  }
  if (op.what == operation::kind::refuse) {
    return op.arg >= p.threads.size() ? "there is no such thread" : nullptr;
  }
  if (p.core == subject_kind::ledger && op.what == operation::kind::take && op.arg != 0) {
    return "blocks of a ledger have no order";
  }
  if (op.what == operation::kind::cut && op.keep == 0) return "a block that is cut keeps something";
  const bool of_order = op.what != operation::kind::release && op.what != operation::kind::cut &&
                        op.what != operation::kind::call;
  return of_order && op.arg > p.max_order ? "order too large" : nullptr;
}

const char* fault_of_operations(const program& p) {
  const std::size_t threads = p.threads.size();
  if (p.setup.size() > most_operations) return "at most 16 steps of set-up";
  for (const setup_step& s : p.setup) {
    if (s.thread >= threads || s.owner >= threads) return "there is no such thread in the set-up";
    if (const char* fault = fault_of_operation(s.op, p)) return fault;
  }
  for (const auto& ops : p.threads) {
    if (ops.size() > most_operations) return "at most 16 operations a thread";
    for (const operation& op : ops) {
      if (const char* fault = fault_of_operation(op, p)) return fault;
    }
  }
  return nullptr;
}

const char* fault_of_size(const program& p) {
  if (p.log2_fanout < 1 || p.log2_fanout > 3) return "fanout must be 2, 4 or 8";
  if (p.max_order > 5) return "order must be at most 5 (32 min blocks)";
  if (p.blocks != 0 && (p.blocks <= 1U << p.max_order || p.blocks >= 2U << p.max_order ||
                        p.blocks > max_min_blocks)) {
    return "blocks are more than 2^order and less than twice as many, at most 32";
  }
  if (p.blocks != 0 && p.core != subject_kind::buddy) return "only the buddy has blocks=";
  return nullptr;
}

const char* fault_of(const program& p) {
  const std::size_t threads = p.threads.size();
  if (const char* fault = fault_of_size(p)) return fault;
  if (threads < 2 || threads > max_threads) return "there must be 2 or 3 threads";
  if (p.slots == slot_use::pooled && (p.pool < 1 || p.pool > model_slots) &&
      (p.pool != turned_slots || p.is_part())) {
    return "a pool has 1 to 3 slots; of a buddy also 7";
  }
  if (p.code == objects::apart && p.slots != slot_use::own) {
    return "objects apart have slots of their own";
  }
  if (p.stack_depth > model_stack_room) return "stacks are at most 3 deep";
  if (p.announced && p.stack_depth == 0) return "the announced pop needs stacks";
  if (p.core == subject_kind::arena && p.log2_fanout != 1) return "core=arena has fan-out 2";
  if (p.core == subject_kind::waiting && (p.log2_fanout != 1 || p.max_order > 3)) {
    return "core=waiting has fan-out 2 and at most order 3";
  }
  if (p.light && p.core != subject_kind::ledger && p.core != subject_kind::arena) {
    return "there are no returns here that could be light";
  }
  if (p.policy != waiters::fair && p.core != subject_kind::waiting) return "nobody waits here";
  if (p.init != memory::any && p.core != subject_kind::buddy) return "only the buddy has init=";
  if (p.looks < 1) return "a failing request looks again at least once";
  if (p.stops && p.stop_thread >= threads) return "there is no such thread to stop";
  if (p.stops && p.stop_most < 1) return "a thread stops after at least one step";
  return fault_of_operations(p);
}

std::string notation_of(const operation& op) {
  const char letter = static_cast<char>(op.what);
  if (op.what == operation::kind::cut) return fmt::format("{}{}:{}", letter, op.arg, op.keep);
  return has_number(op) ? fmt::format("{}{}", letter, op.arg) : std::string(1, letter);
}

/// How threads use the arena: read_use() reads it.
std::string text_of_use(const program& p) {
  std::string text;
  if (p.slots == slot_use::shared) text += " slots=shared";
  if (p.slots == slot_use::pooled) text += fmt::format(" slots=pool:{}", p.pool);
  if (p.code != objects::one) {
    text += p.code == objects::ask ? " objects=ask" : " objects=apart";
  }
  if (p.stops) text += fmt::format(" stop={}:{}", p.stop_thread, p.stop_most);
  if (p.looks != program::plenty_of_looks) text += fmt::format(" looks={}", p.looks);
  if (p.stack_depth != 0) {
    text += fmt::format(" {}={}", p.announced ? "announced" : "stacks", p.stack_depth);
  }
  if (p.light) text += " returns=light";
  if (p.one_sided) text += " fences=one-sided";
  return text;
}

}  // namespace

std::string_view name_of(subject_kind core) noexcept { return row_of(core).name; }

std::expected<program, std::string> parse_program(std::string_view text) {
  reader in(text);
  program p;
  if (!read_head(in, p)) {
    return bad(
        "expected fanout=, order=, blocks=, slots=, objects=, stop=, stacks=, returns=, fences=, "
        "init=, "
        "core=, "
        "waiters= or ':'",
        in);
  }
  if (!read_setup(in, p)) return bad("expected <thread><op> or ';' in the set-up", in);
  if (!read_threads(in, p)) return bad("expected an operation or '|'", in);
  if (const char* fault = fault_of(p)) return failure(fmt::format("program: {}", fault));
  return p;
}

sizes sizes_of(const program& p) {
  const bool alone = p.core == subject_kind::handshake || p.core == subject_kind::litmus;
  const bool blocks = !alone && p.core != subject_kind::ledger && p.core != subject_kind::shares;
  const bool words = blocks && p.core != subject_kind::cold;
  return {p.threads.size(), blocks ? p.min_blocks() : 0, words ? 1U << p.log2_fanout : 0};
}

std::string to_string(const program& p) {
  const std::string core = fmt::format("core={}", name_of(p.core));
  std::string text = p.is_part() ? core : std::string();
  if (!p.is_part() || p.log2_fanout != program{}.log2_fanout) {
    text += fmt::format("{}fanout={}", text.empty() ? "" : " ", 1U << p.log2_fanout);
  }
  if (!p.is_part() || p.max_order != program{}.max_order) {
    text += fmt::format(" order={}", p.max_order);
  }
  if (p.blocks != 0) text += fmt::format(" blocks={}", p.blocks);
  text += text_of_use(p);
  if (p.init != memory::any) text += p.init == memory::zero ? " init=zero" : " init=cold";
  if (p.policy != waiters::fair) {
    text += fmt::format(" waiters={}", policies[static_cast<std::size_t>(p.policy)]);
  }
  if (p.core == subject_kind::textbook) text += " " + core;
  text += " :";
  for (const setup_step& s : p.setup) {
    text += fmt::format(" {}{}", s.thread, notation_of(s.op));
    if (s.owner != s.thread) text += fmt::format(">{}", s.owner);
  }
  text += " ;";
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    text += t == 0 ? " " : " | ";
    for (const operation& op : p.threads[t]) text += notation_of(op);
  }
  return text;
}

}  // namespace caiman::model
