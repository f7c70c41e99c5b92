// SPDX-License-Identifier: MIT
// The bytes of a trace, out and in; see format.hpp.
#include "format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>

namespace caiman::traces {
namespace {

constexpr std::string_view magic = "caimantr";
constexpr std::size_t version_bytes = 2;
constexpr std::size_t checksum_bytes = 8;
constexpr std::uint64_t first_version = 1;
constexpr std::uint64_t shrinking_version = 2;  // of what has a block that shrinks
constexpr unsigned group_bits = 7;              // of a varint, in each byte

class sink {
 public:
  void text(std::string_view what) { bytes_.insert(bytes_.end(), what.begin(), what.end()); }
  void fixed(std::uint64_t value, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
  }
  void varint(std::uint64_t value) {
    for (; value >> group_bits != 0; value >>= group_bits) {
      bytes_.push_back(static_cast<std::uint8_t>(value | 0x80U));
    }
    bytes_.push_back(static_cast<std::uint8_t>(value));
  }
  byte_view view() const { return bytes_; }
  byte_list take() { return std::move(bytes_); }

 private:
  byte_list bytes_;
};

// Goes over bytes that may be anything. After the first fault every further read gives 0, so that
// a reader may look for a fault where it suits.
class source {
 public:
  explicit source(byte_view bytes) : left_(bytes) {}

  std::string text(std::uint64_t length) {
    if (length > left_.size()) return fail("it ends in the middle"), std::string{};
    const byte_view part = take(static_cast<std::size_t>(length));
    return {part.begin(), part.end()};
  }
  std::uint64_t fixed(std::size_t count) {
    if (count > left_.size()) return fail("it ends in the middle");
    const byte_view part = take(count);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value |= std::uint64_t{part[i]} << (8 * i);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += group_bits) {
      if (left_.empty()) return fail("it ends in the middle");
      const std::uint64_t byte = take(1)[0];
      const std::uint64_t group = byte & 0x7fU;
      const bool overlong = shift != 0 && byte == 0;
      if (shift >= 64 || group << shift >> shift != group || overlong) {
        return fail("a number in it has no proper form");
      }
      value |= group << shift;
      if (byte == group) return value;
    }
  }

  /// A varint that may not be larger than a bound.
  std::uint64_t varint_up_to(std::uint64_t most, std::string_view what) {
    const std::uint64_t value = varint();
    if (value > most) return fail(fmt::format("{} is {}, {} at most can be", what, value, most));
    return value;
  }

  std::uint64_t fail(std::string why) {
    if (!fault_) fault_ = std::move(why);
    left_ = {};
    return 0;
  }
  std::size_t left() const { return left_.size(); }
  const std::optional<std::string>& fault() const { return fault_; }

 private:
  byte_view take(std::size_t count) {
    const byte_view part = left_.first(count);
    left_ = left_.subspan(count);
    return part;
  }

  byte_view left_;
  std::optional<std::string> fault_;
};

struct thread_run {
  std::uint32_t thread;
  std::uint64_t length;
};

mapped_vector<thread_run> runs_of(const trace& what) {
  mapped_vector<thread_run> runs;
  for (const trace_event& event : what.events) {
    if (runs.empty() || runs.back().thread != event.thread) runs.push_back({event.thread, 0});
    ++runs.back().length;
  }
  return runs;
}

void put_runs(sink& into, const trace& what) {
  const auto runs = runs_of(what);
  into.varint(runs.size());
  for (const thread_run& run : runs) {
    into.varint(run.thread);
    into.varint(run.length);
  }
}

std::uint64_t version_for(const trace& what) {
  const bool shrinks =
      std::any_of(what.events.begin(), what.events.end(),
                  [](const trace_event& each) { return each.kind == event_kind::shrinking; });
  return shrinks ? shrinking_version : first_version;
}

// How many kinds of events a version tells apart: by the remainder of that.
std::uint64_t kinds_in(std::uint64_t version) { return version == first_version ? 2 : 4; }

void put_events(sink& into, const trace& what, std::uint64_t kinds) {
  std::uint64_t blocks = 0;
  for (const trace_event& event : what.events) {
    const auto kind = static_cast<std::uint64_t>(event.kind);
    if (event.kind == event_kind::allocation) {
      into.varint(kinds * std::uint64_t{event.value - 1} + kind);
      ++blocks;
      continue;
    }
    into.varint(kinds * (blocks - 1 - event.value) + kind);
    if (event.kind == event_kind::shrinking) into.varint(event.kept - 1);
  }
}

// Sets the thread of every event, of which there must be as many as the runs have together.
void get_runs(source& from, trace& into, std::uint64_t events) {
  const std::uint64_t runs = from.varint_up_to(events, "the number of runs");
  if (events > from.left()) from.fail("it ends in the middle");  // an event has a byte at least
  if (from.fault()) return;
  into.events.reserve(events);
  for (std::uint64_t i = 0; i < runs && !from.fault(); ++i) {
    const auto thread = static_cast<std::uint32_t>(from.varint_up_to(most_threads, "a thread"));
    const std::uint64_t length = from.varint_up_to(events - into.events.size(), "a run's length");
    if (length == 0) from.fail("a run has no events");
    if (!into.events.empty() && into.events.back().thread == thread) {
      from.fail("two runs on end are of one thread");
    }
    if (!from.fault())
      into.events.resize(into.events.size() + length, {thread, 0, event_kind::allocation});
  }
  if (into.events.size() != events) from.fail("its runs do not cover its events");
}

// Bytes less 1, as a file has them. Cut off, not taken over: complaint_about has the words for what
// is out of range.
std::uint32_t bytes_of(std::uint64_t less_one) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(less_one, 1U << 31U)) + 1;
}

// What becomes of a block that was there before.
void get_later_event(source& from, trace_event& event, std::uint64_t age, std::uint64_t blocks,
                     std::size_t i) {
  if (event.kind > event_kind::shrinking) {
    from.fail(fmt::format("event {} is of kind {}, which there is not", i,
                          static_cast<unsigned>(event.kind)));
    return;
  }
  if (age >= blocks) {
    from.fail(fmt::format("event {} {} a block before the first one", i,
                          event.kind == event_kind::release ? "releases" : "shrinks"));
    return;
  }
  event.value = static_cast<std::uint32_t>(blocks - 1 - age);
  if (event.kind == event_kind::shrinking) event.kept = bytes_of(from.varint());
}

void get_events(source& from, trace& into, std::uint64_t kinds) {
  std::uint64_t blocks = 0;
  for (std::size_t i = 0; i < into.events.size() && !from.fault(); ++i) {
    trace_event& event = into.events[i];
    const std::uint64_t value = from.varint();
    event.kind = static_cast<event_kind>(value % kinds);
    if (event.kind == event_kind::allocation) {
      event.value = bytes_of(value / kinds);
      ++blocks;
    } else {
      get_later_event(from, event, value / kinds, blocks, i);
    }
  }
}

// Returns the version.
std::expected<std::uint64_t, std::string> check_frame(byte_view content) {
  if (content.size() < magic.size() ||
      !std::equal(magic.begin(), magic.end(), content.begin(),
                  [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; })) {
    return std::unexpected("it is not a trace");
  }
  source after_magic(content.subspan(magic.size()));
  const std::uint64_t found = after_magic.fixed(version_bytes);
  if (after_magic.fault()) return std::unexpected(*after_magic.fault());
  if (found != first_version && found != shrinking_version) {
    return std::unexpected(fmt::format("it is of version {}, and versions {} and {} can be read",
                                       found, first_version, shrinking_version));
  }
  if (after_magic.left() < checksum_bytes) return std::unexpected("it ends in the middle");
  const std::size_t covered = content.size() - checksum_bytes;
  source last(content.subspan(covered));
  if (last.fixed(checksum_bytes) != checksum(content.first(covered))) {
    return std::unexpected("its checksum is wrong: it was cut off or changed");
  }
  return found;
}

}  // namespace

std::uint64_t checksum(byte_view of) {
  constexpr std::uint64_t offset_basis = 0xcbf29ce484222325U;
  constexpr std::uint64_t prime = 0x100000001b3U;
  std::uint64_t state = offset_basis;
  for (const std::uint8_t byte : of) state = (state ^ byte) * prime;
  return state;
}

std::expected<byte_list, std::string> encode(const trace& what) {
  if (auto complaint = complaint_about(what)) return std::unexpected(std::move(*complaint));
  sink out;
  out.text(magic);
  const std::uint64_t version = version_for(what);
  out.fixed(version, version_bytes);
  out.varint(what.name.size());
  out.text(what.name);
  out.varint(what.threads);
  out.varint(what.left_out);
  out.varint(what.resized);
  out.varint(what.events.size());
  put_runs(out, what);
  put_events(out, what, kinds_in(version));
  out.fixed(checksum(out.view()), checksum_bytes);
  if (out.view().size() > largest_content) return std::unexpected("it is too long for a file");
  return out.take();
}

std::expected<trace, std::string> decode(byte_view content) {
  const auto version = check_frame(content);
  if (!version) return std::unexpected(version.error());
  const std::size_t head = magic.size() + version_bytes;
  source from(content.subspan(head, content.size() - head - checksum_bytes));
  trace got;
  got.name = from.text(from.varint());
  got.threads =
      static_cast<std::uint32_t>(from.varint_up_to(most_threads, "the number of threads"));
  got.left_out = from.varint();
  got.resized = from.varint();
  const std::uint64_t events = from.varint_up_to(from.left(), "the number of events");
  get_runs(from, got, events);
  get_events(from, got, kinds_in(*version));
  if (from.fault()) return std::unexpected(*from.fault());
  if (from.left() != 0) return std::unexpected("there are bytes behind its last event");
  if (auto complaint = complaint_about(got)) return std::unexpected(std::move(*complaint));
  if (*version != version_for(got)) return std::unexpected("no block shrinks in its version 2");
  return got;
}

}  // namespace caiman::traces
