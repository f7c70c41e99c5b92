// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// recorder.hpp: makes the recording of one execution
//
// A search runs without it: one flag per access is all that it pays. A convicted execution is run
// once more with the flag up.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "relacy.hpp"
// Relacy first.
#include <functional>
#include <string_view>

#include "hooks.hpp"
#include "recording.hpp"

namespace caiman::model {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): one run at a time
extern bool recording_in_force;

/// Whether the access at hand is an event: what is looked at from outside is none.
inline bool is_recorded() { return recording_in_force && !rl::ctx().invariant_executing; }

class recorder {
 public:
  /// Of one access.
  struct access {
    const void* object = nullptr;
    std::memory_order order = std::memory_order_relaxed;
    int site = -1;
    location at;
  };

  void start();
  /// After the run; `raced` if it ended with a race.
  recording stop(bool raced, const std::function<std::string(const void*)>& name_of);

  /// From now on the threads run, or do not any more.
  void threads_run(bool yes) noexcept { threads_run_ = yes; }
  /// From now on the checks look around: what they load is no event.
  void checks_look() noexcept { checks_look_ = true; }

  /// The event to come.
  std::uint32_t next() const noexcept { return static_cast<std::uint32_t>(made_.events.size()); }
  std::uint64_t value(std::uint32_t id) const noexcept { return made_.events[id].after; }

  /// A read of what event `source` wrote; its value. `newest`: what wrote the newest.
  std::uint64_t read(event_kind what, const access& a, std::uint32_t source, std::uint32_t newest);
  std::uint32_t write(event_kind what, const access& a, std::uint32_t replaced,
                      std::uint64_t value);
  std::uint32_t change(event_kind what, const access& a, std::uint32_t source, std::uint64_t value);
  std::uint32_t plain(event_kind what, const void* object, const location& at,
                      std::uint32_t newest);
  void plain_done(std::uint32_t id, std::uint64_t value) noexcept;
  void fence(const location& at);
  void owned(event_kind what, unsigned owner, std::size_t first, std::size_t count);
  std::uint32_t note(std::string_view text);
  /// Of the last event.
  void say(std::string_view text);
  /// The property is lost at event `id`, unless it was before.
  void lost_at(std::uint32_t id) noexcept;

  void begin_operation(std::string_view text);
  void end_operation(std::string_view result);

 private:
  static constexpr std::size_t lanes = max_threads + 1;  // the last is nobody's

  int thread() const noexcept;
  std::size_t lane() const noexcept {
    return thread() == no_thread ? lanes - 1 : static_cast<std::size_t>(thread());
  }
  std::uint32_t add(event e);
  static event event_of(event_kind what, const access& a);
  /// A bit for the thread at hand if what it writes releases.
  unsigned released(std::memory_order order) const noexcept;
  bool acquired(const event& from, std::memory_order order) const noexcept;
  void find_race();
  void cut();

  recording made_;
  bool threads_run_ = false;
  bool checks_look_ = false;
  std::array<int, lanes> operation_{};
  std::array<std::uint32_t, lanes> fenced_{};  // the last fence of each, no_event for none
  std::array<std::uint64_t, max_threads>
      known_{};  // what the last plain access knew of each thread
};

recorder& the_recorder() noexcept;

}  // namespace caiman::model
