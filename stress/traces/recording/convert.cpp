// SPDX-License-Identifier: MIT
// Order, block numbers and what is left out; see convert.hpp.
#include "convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <utility>

namespace caiman::traces {
namespace {

constexpr std::uint32_t not_in_trace = UINT32_MAX;  // a live block of a size that is left out

class converter {
 public:
  converter(std::string name, const selection& chosen) : chosen_(chosen) {
    into_.result.name = std::move(name);
  }

  bool full() const { return into_.result.events.size() >= chosen_.most_events; }

  void add(const raw_record& record) {
    ++into_.records;
    switch (record.kind) {
      case raw_kind::allocated:
        allocate(record);
        break;
      case raw_kind::released:
        if (const auto block = take(record)) release(record.thread, *block);
        break;
      case raw_kind::resized_from:
        moving_[record.thread] = take(record);
        break;
      case raw_kind::resized_to: {
        const auto old = std::exchange(moving_[record.thread], std::nullopt);
        if (old && shrinks(*old, record)) {
          shrink(*old, record);
          break;
        }
        // The old block outlives the new one's coming: its content has to be copied.
        into_.result.resized += allocate(record) ? 1U : 0U;
        if (old) release(record.thread, *old);
        break;
      }
    }
  }

  conversion take_result() {
    into_.result.threads = static_cast<std::uint32_t>(threads_.size());
    return std::move(into_);
  }

 private:
  // Whether the block is in the trace.
  bool allocate(const raw_record& record) {
    make_up_for_lost(record);
    if (record.bytes > largest_request || record.bytes < chosen_.least_bytes ||
        record.bytes > chosen_.most_bytes) {
      ++(record.bytes > largest_request ? into_.result.left_out : into_.other_sizes);
      live_[record.address] = not_in_trace;
      return false;
    }
    if (full()) return false;  // the release of what was lost was the last event
    live_[record.address] = static_cast<std::uint32_t>(sizes_.size());
    // A request of nothing gets a block of its own all the same.
    sizes_.push_back(std::max(static_cast<std::uint32_t>(record.bytes), 1U));
    emit({record.thread, sizes_.back(), event_kind::allocation});
    return true;
  }

  // Whether a realloc makes a block of the trace smaller, and that shall be an event.
  bool shrinks(std::uint32_t block, const raw_record& record) const {
    return chosen_.shrinkings && block != not_in_trace && record.bytes < sizes_[block];
  }

  void shrink(std::uint32_t block, const raw_record& record) {
    make_up_for_lost(record);
    live_[record.address] = block;
    sizes_[block] = std::max(static_cast<std::uint32_t>(record.bytes), 1U);
    if (!full()) emit({record.thread, block, event_kind::shrinking, sizes_[block]});
  }

  // A block that is live where a record says that there is a new one.
  void make_up_for_lost(const raw_record& record) {
    const auto lost = live_.find(record.address);
    if (lost == live_.end()) return;
    ++into_.lost_releases;
    release(record.thread, lost->second);
    live_.erase(lost);
  }

  // The block that is live at the record's address, which it no longer is.
  std::optional<std::uint32_t> take(const raw_record& record) {
    const auto found = live_.find(record.address);
    if (found == live_.end()) {
      ++into_.unknown_releases;
      return std::nullopt;
    }
    const std::uint32_t block = found->second;
    live_.erase(found);
    return block;
  }

  void release(std::uint32_t thread, std::uint32_t block) {
    if (block != not_in_trace && !full()) emit({thread, block, event_kind::release});
  }

  // The thread is the recorder's.
  void emit(trace_event event) {
    const auto count = static_cast<std::uint32_t>(threads_.size());
    event.thread = threads_.try_emplace(event.thread, count).first->second;
    into_.result.events.push_back(event);
  }

  selection chosen_;
  conversion into_;
  mapped_vector<std::uint32_t> sizes_;                        // by block
  std::unordered_map<std::uint64_t, std::uint32_t> live_;     // block by address
  std::unordered_map<std::uint32_t, std::uint32_t> threads_;  // ours by the recorder's
  std::unordered_map<std::uint32_t, std::optional<std::uint32_t>> moving_;  // block by thread
};

}  // namespace

std::expected<mapped_vector<raw_record>, std::string> raw_records(byte_view file) {
  raw_head head;
  if (file.size() < sizeof head) return std::unexpected("it is not a recording");
  std::memcpy(&head, file.data(), sizeof head);
  if (head.magic != raw_magic) {
    return std::unexpected("it is not a recording, or one of another version");
  }
  const byte_view body = file.subspan(sizeof head);
  if (body.size() % sizeof(raw_record) != 0) return std::unexpected("it ends in the middle");
  mapped_vector<raw_record> records(body.size() / sizeof(raw_record));
  if (!records.empty()) std::memcpy(records.data(), body.data(), body.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto kind = static_cast<std::uint32_t>(records[i].kind);
    if (kind < static_cast<std::uint32_t>(raw_kind::allocated) ||
        kind > static_cast<std::uint32_t>(raw_kind::resized_to)) {
      return std::unexpected(fmt::format("record {} is of kind {}, which there is not", i, kind));
    }
  }
  return records;
}

std::expected<conversion, std::string> convert(mapped_vector<raw_record> records, std::string name,
                                               const selection& chosen) {
  const auto by_number = [](const raw_record& a, const raw_record& b) {
    return a.number < b.number;
  };
  std::sort(records.begin(), records.end(), by_number);
  const auto twice = std::adjacent_find(
      records.begin(), records.end(),
      [](const raw_record& a, const raw_record& b) { return a.number == b.number; });
  if (twice != records.end()) {
    return std::unexpected(fmt::format("two records have the number {}", twice->number));
  }
  converter made(std::move(name), chosen);
  for (const raw_record& record : records) {
    if (made.full()) break;
    made.add(record);
  }
  return made.take_result();
}

}  // namespace caiman::traces
