// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// execution.hpp: what happens in one execution, and every check of it
//
// One object for the whole process (Relacy runs one execution at a time, on fibres of one thread),
// reset for each. No heap inside an execution: Relacy would count it.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "caiman-model/checked_atomic.hpp"
#include "caiman-model/part.hpp"
#include "caiman-model/relacy.hpp"
#include "caiman-model/world.hpp"
#include "engine/engine.hpp"
#include "engine/history.hpp"

namespace caiman::model {

class execution {
 public:
  /// Before a run: the program, and after how many executions and seconds to stop it (0: never).
  void prepare(const request& what, std::uint64_t most_executions, double seconds);
  /// Before the second, recorded run of an execution: what was found stays. A conviction ends it by
  /// itself.
  void prepare_again(bool convicted) noexcept {
    most_executions_ = convicted ? 0 : executions_ + 1;
    deadline_ = {};
    searching_ = false;
    passed_.reset();
  }
  /// After it: the recording, and what there is to draw.
  recording recorded(bool raced);

  // Relacy's three hooks.
  void begin();
  void run_thread(unsigned index);
  void end();

  // Hooks of the checked policy.
  unsigned slot() noexcept;
  unsigned slot_at_hand() const noexcept;
  bool must_ask() const noexcept;
  unsigned slots_seen() const noexcept;
  bool in_threads() const noexcept { return acting_ == outside; }
  void before_access();
  void sleep_at(const void* address);
  void wake_one_at(const void* address);
  void zero_payload(std::size_t first, std::size_t count);
  [[noreturn]] void fail(const char* property, const char* text);

  std::uint64_t executions() const noexcept { return executions_; }
  /// Whether one is on its way, so that it could fail.
  bool runs() const noexcept { return runs_; }
  /// It runs on for ever, so that to run it again would be to record without end.
  void note_endless() noexcept { endless_ = true; }
  bool endless() const noexcept { return endless_; }
  /// Atomic accesses of all executions so far.
  std::uint64_t accesses() const noexcept { return accesses_; }
  finding fault() const noexcept { return fault_; }
  unsigned largest_stop() const noexcept { return largest_stop_; }
  bool stop_too_soon() const noexcept { return stop_too_soon_; }
  const site_set& touched() const noexcept { return touched_; }
  void note_touched(const site_set& sites) noexcept { touched_ |= sites; }

 private:
  static constexpr std::size_t most_blocks = 48;
  static constexpr int nobody = -1;
  static constexpr unsigned outside = ~0U;  // no thread: set-up or end

  struct holding {
    unsigned order = 0;
    std::size_t index = 0;
    std::size_t kept = 0;  // min blocks, from the first one on
    bool live = false;

    std::size_t first() const noexcept { return index << order; }
    bool whole() const noexcept { return kept == std::size_t{1} << order; }
  };
  struct actor {
    std::array<holding, most_blocks> blocks{};  // in the order in which they came to the thread
    std::size_t taken = 0;
    unsigned slot = 0;
    bool asked = true;  // for its slot, or has one from the start
    unsigned steps = 0;
    bool stopped = false;
    const void* sleeps_at = nullptr;
    bool done = false;
    bool releasing = false;
    block_set releasing_blocks = 0;
  };
  struct moment {
    unsigned thread = 0;
    std::uint64_t clock = 0;  // of the thread, at the end of the operation
    std::uint64_t time = 0;   // of the execution
  };

  void build_cells();
  void seat_threads();
  void tear_down();
  void set_up();
  unsigned acting() const noexcept;
  void build_subject();
  void operate(unsigned thread, const operation& op);
  void operate_part(unsigned thread, const operation& op, unsigned owner);
  void end_request(unsigned order, const grant& got);
  std::string by(unsigned thread, std::string text) const;
  void take(unsigned thread, const operation& op, unsigned owner);
  void release(unsigned thread, unsigned which);
  void give_back(const holding& h);
  void cut(unsigned thread, const operation& op);
  void trim(unsigned thread, unsigned most);
  void note_released(unsigned thread, std::size_t first, std::size_t count, record_set earlier);
  void own(unsigned owner, unsigned order, std::size_t index);
  void disown(unsigned owner, std::size_t first, std::size_t count);
  void touch(unsigned thread, std::size_t first, std::size_t count, bool fresh);
  record_set records_before(unsigned thread) const;
  void note(unsigned thread, record::kind what, unsigned order, block_set blocks,
            record_set earlier);

  void let_stopped_go(unsigned thread);
  void check_around_stopped(unsigned thread);
  void check_visible_around_stopped(unsigned thread, block_set free, bool moving);
  block_set live_blocks() const noexcept;
  unsigned live_count() const noexcept;
  void check_quiescent();
  void check_whole();
  std::string name_of(const void* address) const;

  const request* what_ = nullptr;
  std::uint64_t most_executions_ = 0;
  std::chrono::steady_clock::time_point deadline_;  // if it is not the clock's zero
  bool searching_ = false;                          // not recording what a search found
  std::uint64_t executions_ = 0;
  std::uint64_t accesses_ = 0;
  bool runs_ = false;
  bool endless_ = false;
  finding fault_;
  std::optional<recording> passed_;  // while recording: an execution that has come to its end
  unsigned largest_stop_ = 0;
  bool stop_too_soon_ = false;
  site_set touched_;  // by the threads of all executions so far

  world* world_ = nullptr;      // either,
  part* part_ = nullptr;        // or
  subject* subject_ = nullptr;  // both
  unsigned acting_ = 0;         // whose slot set-up and end use; `outside` while the threads run
  unsigned stop_at_ = 0;
  unsigned finished_ = 0;
  std::uint32_t refused_at_ = no_event;  // while recording: where the last refusal came
  std::uint64_t time_ = 0;
  std::array<actor, max_threads> actors_{};
  std::array<int, max_min_blocks> owner_{};
  history history_;
  std::array<moment, history::most> moments_{};

  alignas(std::max_align_t) std::array<std::byte, std::size_t{64} * 1024> subject_storage_{};
  alignas(checked_plain<unsigned>)
      std::array<std::byte, sizeof(checked_plain<unsigned>) * max_min_blocks> cell_storage_{};
  checked_plain<unsigned>& cell(std::size_t i) noexcept {
    return reinterpret_cast<checked_plain<unsigned>*>(cell_storage_.data())[i];
  }
  /// What a thread did before it ended or stopped, the look around the stopped one has seen.
  alignas(
      rl::atomic<unsigned>) std::array<std::byte, sizeof(rl::atomic<unsigned>)> finish_storage_{};
  rl::atomic<unsigned>& finish_line() noexcept {
    return *reinterpret_cast<rl::atomic<unsigned>*>(finish_storage_.data());
  }
  std::size_t min_blocks() const noexcept { return what_->what.min_blocks(); }
  block_set all_blocks() const noexcept {
    return static_cast<block_set>((std::uint64_t{1} << min_blocks()) - 1);
  }
};

execution& current_execution() noexcept;

}  // namespace caiman::model
