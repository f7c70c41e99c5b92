// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// recording.hpp: what happened in one execution, event by event
//
// Plain data, in the order of execution, which is modification order in Relacy (but for an exchange
// that is placed before the newest store). The recorder makes it, trace.hpp writes it down.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace caiman::model {

/// Where in the source an access stands, taken by default arguments.
struct location {
  const char* function = "";
  const char* file = "";
  int line = 0;
  static constexpr location here(const char* function = __builtin_FUNCTION(),
                                 const char* file = __builtin_FILE(),
                                 int line = __builtin_LINE()) noexcept {
    return {function, file, line};
  }
};

/// A memory order and, in the bits above it, the site that it was asked for: so the site comes to
/// the access in the argument that the access has anyway. 0 where there is no site.
inline constexpr int site_shift = 8;
constexpr std::memory_order with_site(std::memory_order order, std::size_t site) noexcept {
  return static_cast<std::memory_order>(static_cast<int>(order) | static_cast<int>(site + 1)
                                                                      << site_shift);
}
constexpr std::memory_order order_of(std::memory_order tagged) noexcept {
  return static_cast<std::memory_order>(static_cast<int>(tagged) & ((1 << site_shift) - 1));
}
/// -1 for none.
constexpr int site_of(std::memory_order tagged) noexcept {
  return (static_cast<int>(tagged) >> site_shift) - 1;
}

constexpr bool acquires(std::memory_order o) noexcept {
  return o == std::memory_order_acquire || o == std::memory_order_acq_rel ||
         o == std::memory_order_seq_cst;
}
constexpr bool releases(std::memory_order o) noexcept {
  return o == std::memory_order_release || o == std::memory_order_acq_rel ||
         o == std::memory_order_seq_cst;
}

enum class event_kind : unsigned char {
  load,
  store,
  exchange,
  fetch_add,
  fetch_or,
  fetch_and,
  cas,
  cas_failed,
  fence,
  plain_read,
  plain_write,
  own,
  disown,
  build,
  note,
  fetch_sub,
  fetch_xor,
  lock,
  unlock
};

/// As a trace has them.
inline constexpr std::array<const char*, 19> event_kind_names = {
    "load",       "store",     "exchange",   "fetch_add",   "fetch_or", "fetch_and", "cas",
    "cas_failed", "fence",     "plain_read", "plain_write", "own",      "disown",    "build",
    "note",       "fetch_sub", "fetch_xor",  "lock",        "unlock"};

inline constexpr std::uint32_t no_event = ~std::uint32_t{0};
/// A recording has no more than these, and a note of how many it lacks: an execution that runs on
/// and on has nothing new to tell.
inline constexpr std::uint32_t most_events = 5000;
/// Set-up and end, which no thread does.
inline constexpr int no_thread = -1;

struct event {
  event_kind kind = event_kind::note;
  int thread = no_thread;
  int operation = -1;  // -1 for none
  int site = -1;       // -1 for none
  std::memory_order order = std::memory_order_relaxed;
  location at;
  const void* object = nullptr;  // nullptr for none
  bool has_before = false;
  bool has_after = false;
  bool stale = false;         // read, and there was a newer value
  bool synchronises = false;  // read, and acquired what another thread released
  unsigned carries = 0;       // wrote: the threads, a bit each, whose releases a reader acquires
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  std::uint32_t reads_from = no_event;
  std::uint64_t clock = 0;  // of its thread, when it was done; 0: it never was
  // own and disown: whose, and which min blocks.
  unsigned owner = 0;
  std::size_t first = 0;
  std::size_t count = 0;
  std::string text;
};

struct operation_span {
  int thread = no_thread;
  std::string text;
  std::string result;  // empty: it never returned
  std::uint32_t first = no_event;
  std::uint32_t last = no_event;
};

struct recording {
  std::vector<event> events;
  std::vector<operation_span> operations;
  std::vector<std::string> objects;  // one per event: what it touched, empty for none
  std::uint32_t lost_at = no_event;  // the event at which, or after which, the property is lost
  std::uint32_t race_first = no_event;
  std::uint32_t race_second = no_event;
  // What there is to draw.
  struct level {
    std::size_t words = 0;
    std::size_t bits = 0;  // slots of a word
  };
  std::vector<level> levels;
};

}  // namespace caiman::model
