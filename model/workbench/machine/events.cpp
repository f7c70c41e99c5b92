// SPDX-License-Identifier: MIT
// What a recorded execution notes of each access (recording.hpp).
#include <algorithm>

#include "machine/machine.hpp"

namespace caiman::model::machine {

std::string machine_state::who(unsigned thread) const {
  if (thread == main_thread) return phase_ == phase::end ? "the end" : "the set-up";
  return "thread " + std::to_string(thread);
}

doing machine_state::now(const place& at) const {
  const actor& me = actors_[current_];
  return {current_, me.operation, at, me.last};
}

std::string machine_state::where(const doing& what) const {
  const auto is_ours = [](const place& at) {
    const std::string_view file = at.file_name();
    return at.line() == 0 || file.find("caiman-model/") != std::string_view::npos ||
           file.find("/include/c++/") != std::string_view::npos;
  };
  if (!is_ours(what.at)) return "at " + line_of(what.at);
  std::string text = what.operation >= 0 ? "in " + what_->operation_text(what.operation) : "";
  if (!is_ours(what.after)) text += (text.empty() ? "after " : " after ") + line_of(what.after);
  return text.empty() ? "somewhere" : text;
}

void machine_state::crash(const char* what) {
  stop("crash", who(current_) + " crashes " + where(now({})) + ": " + what);
}

std::uint32_t machine_state::event_of(event_kind what, const void* object, const place& here,
                                      std::memory_order order, int site) {
  if (made_.events.size() >= most.events) {
    recorded_ = false;
    event cut;
    cut.text = "the recording is cut here: it has " + std::to_string(most.events) + " events";
    made_.events.push_back(std::move(cut));
    made_.objects.emplace_back();
    return static_cast<std::uint32_t>(made_.events.size()) - 1;
  }
  event e;
  e.kind = what;
  e.thread = current_ == main_thread ? no_thread : static_cast<int>(current_);
  e.operation = actors_[current_].operation;
  e.site = site;
  e.order = order;
  e.at = {here.function_name(), here.file_name(), static_cast<int>(here.line())};
  e.object = object;
  const auto id = static_cast<std::uint32_t>(made_.events.size());
  if (e.operation >= 0) {
    operation_span& s = made_.operations[static_cast<std::size_t>(e.operation)];
    if (s.first == no_event) s.first = id;
    s.last = id;
  }
  made_.events.push_back(std::move(e));
  return id;
}

void machine_state::told(std::uint32_t id, std::uint64_t value) noexcept {
  event& e = made_.events[id];
  e.has_after = true;
  e.after = value;
}

std::uint32_t machine_state::note(std::string text) {
  const std::uint32_t id = event_of(event_kind::note, nullptr, {}, std::memory_order_relaxed, -1);
  if (recorded_) made_.events[id].text = std::move(text);
  return id;
}

void machine_state::read_event(event_kind what, cell& of, const place& here,
                               std::memory_order order, int site, std::uint32_t store, bool stale) {
  const message& m = memory_[of.location].messages[store];
  const std::uint32_t id = event_of(what, &of, here, order, site);
  if (!recorded_) return;
  event& e = made_.events[id];
  e.has_after = true;
  e.after = m.value;
  e.reads_from = m.event;
  e.stale = stale;
  const actor& me = actors_[current_];
  if (m.released == none || !acquires(order)) return;
  const view& carried = memory_.kept(m.released);
  for (unsigned t = 0; t < most_threads; ++t) {
    if (t != current_ && t != main_thread && carried.steps[t] > me.now.steps[t]) {
      e.synchronises = true;
    }
  }
}

void machine_state::write_event(event_kind what, cell& of, const place& here,
                                std::memory_order order, int site, std::uint32_t store,
                                std::uint32_t read) {
  location& l = memory_[of.location];
  const std::uint32_t id = event_of(what, &of, here, order, site);
  if (!recorded_) return;
  event& e = made_.events[id];
  e.has_after = true;
  e.after = l.messages[store].value;
  const std::uint32_t rank = l.messages[store].rank;
  if (rank > 0) {
    e.has_before = true;
    e.before = l.messages[l.order[rank - 1]].value;
  }
  if (read != none) {
    e.reads_from = l.messages[read].event;
    e.synchronises = acquires(order) && l.messages[read].released != none;
  }
  if (rank + 1 < l.order.size()) e.text = "stands before a newer store";
  l.messages[store].event = id;
}

}  // namespace caiman::model::machine
