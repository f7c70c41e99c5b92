// SPDX-License-Identifier: MIT
#include "caiman-model/recorder.hpp"

#include "shim/own_heap.hpp"

namespace caiman::model {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): one run at a time
bool recording_in_force = false;

recorder& the_recorder() noexcept {
  static recorder only;
  return only;
}

void recorder::start() {
  made_ = {};
  made_.events.reserve(1024);
  threads_run_ = false;
  checks_look_ = false;
  operation_.fill(-1);
  fenced_.fill(no_event);
  known_ = {};
  recording_in_force = true;
}

recording recorder::stop(bool raced, const std::function<std::string(const void*)>& name_of) {
  recording_in_force = false;
  if (raced) find_race();
  cut();
  std::vector<const void*> unknown;
  for (const event& e : made_.events) {
    std::string name = e.object == nullptr ? std::string() : name_of(e.object);
    if (e.object != nullptr && name.empty()) {
      auto at = std::find(unknown.begin(), unknown.end(), e.object);
      if (at == unknown.end()) at = unknown.insert(at, e.object);
      name = "address #" + std::to_string(at - unknown.begin() + 1);
    }
    made_.objects.push_back(std::move(name));
  }
  return std::move(made_);
}

/// While the execution runs all events are needed, since loads are told by the event that they
/// read.
void recorder::cut() {
  auto& events = made_.events;
  if (events.size() <= most_events) return;
  event end;
  end.text = "the trace is cut here: " + std::to_string(events.size() - most_events) +
             " more events are not shown";
  events.resize(most_events);
  events.push_back(std::move(end));
  const auto gone = [](std::uint32_t id) { return id != no_event && id >= most_events; };
  if (gone(made_.lost_at)) made_.lost_at = most_events;
  if (gone(made_.race_second)) made_.race_first = made_.race_second = no_event;
  for (std::size_t i = 0; i < made_.operations.size(); ++i) {
    operation_span& span = made_.operations[i];
    if (!gone(span.last)) continue;
    span.result.clear();
    if (gone(span.first)) span.first = no_event;
    const auto last = std::find_if(events.rbegin(), events.rend(), [&](const event& e) {
      return e.operation == static_cast<int>(i);
    });
    span.last =
        last == events.rend() ? no_event : static_cast<std::uint32_t>(events.rend() - last - 1);
  }
}

// ---- who and when --------------------------------------------------------------------------

int recorder::thread() const noexcept {
  return threads_run_ ? static_cast<int>(rl::ctx().threadx_->index_) : no_thread;
}

std::uint32_t recorder::add(event e) {
  const own_heap lasts;
  e.thread = thread();
  e.operation = operation_[lane()];
  const std::uint32_t id = next();
  if (e.operation >= 0) {
    operation_span& span = made_.operations[static_cast<std::size_t>(e.operation)];
    if (span.first == no_event) span.first = id;
    span.last = id;
  }
  made_.events.push_back(std::move(e));
  return id;
}

event recorder::event_of(event_kind what, const access& a) {
  event e;
  e.kind = what;
  e.site = a.site;
  e.order = a.order;
  e.at = a.at;
  e.object = a.object;
  return e;
}

// ---- atomics -------------------------------------------------------------------------------

unsigned recorder::released(std::memory_order order) const noexcept {
  const bool releasing = releases(order) || fenced_[lane()] != no_event;
  return releasing && thread() != no_thread ? 1U << lane() : 0;
}

bool recorder::acquired(const event& from, std::memory_order order) const noexcept {
  const unsigned own = thread() == no_thread ? ~0U : 1U << lane();
  return acquires(order) && (from.carries & ~own) != 0;
}

std::uint64_t recorder::read(event_kind what, const access& a, std::uint32_t source,
                             std::uint32_t newest) {
  const std::uint64_t seen = value(source);
  if (checks_look_) return seen;
  event e = event_of(what, a);
  e.has_after = true;
  e.after = seen;
  e.reads_from = source;
  e.stale = source != newest;
  e.synchronises = acquired(made_.events[source], a.order);
  add(std::move(e));
  return seen;
}

std::uint32_t recorder::write(event_kind what, const access& a, std::uint32_t replaced,
                              std::uint64_t value_now) {
  event e = event_of(what, a);
  e.has_before = replaced != no_event;
  if (e.has_before) e.before = value(replaced);
  e.has_after = true;
  e.after = value_now;
  e.carries = released(a.order);
  return add(std::move(e));
}

std::uint32_t recorder::change(event_kind what, const access& a, std::uint32_t source,
                               std::uint64_t value_now) {
  const event& from = made_.events[source];
  event e = event_of(what, a);
  e.has_before = true;
  e.before = from.after;
  e.has_after = true;
  e.after = value_now;
  e.reads_from = source;
  e.synchronises = acquired(from, a.order);
  e.carries = from.carries | released(a.order);
  return add(std::move(e));
}

/// It releases for the stores that follow, and acquires for the loads since the last one.
void recorder::fence(const location& at) {
  const std::uint32_t last = fenced_[lane()];
  event e = event_of(event_kind::fence, {nullptr, std::memory_order_seq_cst, -1, at});
  const std::uint32_t id = add(std::move(e));
  fenced_[lane()] = id;
  const own_heap lasts;
  for (std::uint32_t i = last == no_event ? 0 : last; i < id; ++i) {
    event& read = made_.events[i];
    if (read.thread != thread() || read.reads_from == no_event || read.synchronises) continue;
    if (!acquired(made_.events[read.reads_from], std::memory_order_acquire)) continue;
    read.synchronises = true;
    read.text = "through the fence, event " + std::to_string(id);
  }
}

// ---- plain variables -----------------------------------------------------------------------

std::uint32_t recorder::plain(event_kind what, const void* object, const location& at,
                              std::uint32_t newest) {
  if (thread() != no_thread) {
    for (unsigned t = 0; t < settings.threads; ++t)
      known_[t] = rl::ctx().threadx_->acq_rel_order_[t];
  }
  event e = event_of(what, {object, std::memory_order_relaxed, -1, at});
  if (what == event_kind::plain_read) {
    e.reads_from = newest;
  } else if (newest != no_event) {
    e.has_before = true;
    e.before = value(newest);
  }
  return add(std::move(e));
}

void recorder::plain_done(std::uint32_t id, std::uint64_t value_now) noexcept {
  event& e = made_.events[id];
  e.has_after = true;
  e.after = value_now;
  e.clock = rl::ctx().threadx_->own_acq_rel_order_;
}

/// The race is between the last plain access, which never returned, and the newest conflicting one
/// of which its thread did not know.
void recorder::find_race() {
  auto& events = made_.events;
  const auto is_plain = [](const event& e) {
    return e.kind == event_kind::plain_read || e.kind == event_kind::plain_write;
  };
  const auto second = std::find_if(events.rbegin(), events.rend(),
                                   [&](const event& e) { return is_plain(e) && !e.has_after; });
  if (second == events.rend()) return;
  made_.race_second = static_cast<std::uint32_t>(events.rend() - second - 1);
  lost_at(made_.race_second);
  const auto first = std::find_if(second + 1, events.rend(), [&](const event& e) {
    return is_plain(e) && e.object == second->object && e.thread != no_thread &&
           e.thread != second->thread &&
           (e.kind == event_kind::plain_write || second->kind == event_kind::plain_write) &&
           e.clock > known_[static_cast<std::size_t>(e.thread)];
  });
  if (first != events.rend()) {
    made_.race_first = static_cast<std::uint32_t>(events.rend() - first - 1);
  }
}

// ---- what the harness knows ----------------------------------------------------------------

void recorder::owned(event_kind what, unsigned owner, std::size_t first, std::size_t count) {
  event e;
  e.kind = what;
  e.owner = owner;
  e.first = first;
  e.count = count;
  add(std::move(e));
}

std::uint32_t recorder::note(std::string_view text) {
  const own_heap lasts;
  event e;
  e.text = text;
  return add(std::move(e));
}

void recorder::say(std::string_view text) {
  const own_heap lasts;
  made_.events.back().text = text;
}

void recorder::lost_at(std::uint32_t id) noexcept {
  if (made_.lost_at == no_event) made_.lost_at = id;
}

void recorder::begin_operation(std::string_view text) {
  const own_heap lasts;
  operation_[lane()] = static_cast<int>(made_.operations.size());
  made_.operations.push_back({thread(), std::string(text), {}, no_event, no_event});
}

void recorder::end_operation(std::string_view result) {
  const own_heap lasts;
  int& current = operation_[lane()];
  if (current < 0) return;
  made_.operations[static_cast<std::size_t>(current)].result = result;
  current = -1;
}

}  // namespace caiman::model
