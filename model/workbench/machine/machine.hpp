// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// machine.hpp: one execution of a small concurrent program, step by step
//
// The threads of a program are fibres of one thread of the system. Before each access the machine
// asks the chooser who goes on; at each load, which of the values that C++20 allows (memory.hpp) is
// seen. It ends with the first fault: a race, misused memory, threads that wait for ever, a crash,
// or what the program itself finds. The same choices make the same execution.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <csetjmp>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "caiman-model/accesses.hpp"
#include "caiman-model/recording.hpp"
#include "machine/chooser.hpp"
#include "machine/fibre.hpp"
#include "machine/heap.hpp"
#include "machine/memory.hpp"
#include "machine/source_sites.hpp"
#include "machine/total_order.hpp"

namespace caiman::model::machine {

/// What an execution is made of; all of it runs on fibres.
class play {
 public:
  virtual ~play() = default;
  virtual void set_up() = 0;
  virtual void thread(unsigned index) = 0;
  virtual void end() = 0;
  /// After each change of something atomic, from outside: what is wrong, nullptr for nothing.
  virtual const char* look() { return nullptr; }
  virtual bool looks() const noexcept { return false; }
  /// What is asked of a trace.
  virtual std::string operation_text(int /*operation*/) { return {}; }
  virtual std::string state_text() { return {}; }
};

struct fault {
  std::string property;  // empty: there is none
  std::string text;
};

/// When an operation began and ended, for its history.
struct span {
  unsigned thread = 0;
  bool begun = false;
  bool ended = false;
  std::array<std::uint32_t, most_threads> known{};  // at its first access
  std::uint32_t end_step = 0;
  std::uint64_t begin_time = 0;
  std::uint64_t end_time = 0;
};

struct limits {
  unsigned steps = 10'000;   // of an execution
  unsigned events = 20'000;  // of a recording
};

class machine_state {
 public:
  static constexpr unsigned main_thread = most_threads - 1;

  machine_state();
  ~machine_state();
  machine_state(const machine_state&) = delete;
  machine_state& operator=(const machine_state&) = delete;

  /// Once; the fault is empty if there is none.
  fault run(play& what, unsigned threads, chooser& by, bool recorded);

  // ---- what the play says ----------------------------------------------------------------------

  void begin_operation(int index);
  void end_operation(const std::string* result);
  [[noreturn]] void stop(std::string property, std::string text);
  [[noreturn]] void crash(const char* what);
  /// While it lives, new and delete are the checked ones.
  class user_code {
   public:
    user_code() noexcept;
    ~user_code();
    user_code(const user_code&) = delete;
    user_code& operator=(const user_code&) = delete;

   private:
    bool was_;
  };
  std::vector<span>& spans() noexcept { return spans_; }
  std::uint64_t steps() const noexcept { return steps_; }
  /// Of all executions so far.
  std::uint64_t all_steps() const noexcept { return all_steps_; }
  bool any_access() const noexcept { return any_access_; }
  bool is_recorded() const noexcept { return recorded_; }
  recording take_recording() { return std::move(made_); }
  void check_leaks();
  /// All orders seq_cst, in the order of the execution; or as they are.
  void use_seq_cst(bool yes) noexcept {
    sites.use_seq_cst(yes);
    total_.keep_to_execution(yes);
  }
  limits most;
  site_table sites;
  /// Places of loops that wait without a yield.
  std::set<std::string> waits_without_yield;

  // ---- what the checked types ask (accesses.cpp, blocks.cpp)
  // -------------------------------------

  void begin(cell& of, const place& here);
  void end(cell& of);
  std::uint64_t load(cell& of, std::memory_order written, const place& here);
  void store(cell& of, std::uint64_t value, std::memory_order written, const place& here);
  std::uint64_t change_value(cell& of, access what, change how, std::uint64_t operand,
                             std::memory_order written, const place& here);
  bool compare_exchange(cell& of, exchange_of& what, const place& here);
  void wait(cell& of, std::uint64_t old, std::memory_order order, const place& here);
  void notify(cell& of, bool all, const place& here);
  void fence(std::memory_order written, const place& here);
  cell& cell_at(void* object, std::uint64_t value_now);
  std::uint64_t newest(cell& of);
  void plain_begin(plain_state& of, const void* object, const place& here);
  void plain_read(plain_state& of, const void* object, const place& here);
  void plain_write(plain_state& of, const void* object, const place& here);
  void plain_value(std::uint64_t value) noexcept;
  void lock(lock_state& of, const place& here, bool only_try, bool* got);
  void unlock(lock_state& of, const place& here);
  void sleep(cell& bell, lock_state& held, const place& here);
  void signal(cell& bell, bool all, const place& here);
  void yield(const place& here);
  unsigned current() const noexcept { return current_; }
  void* take(std::size_t bytes, std::size_t alignment);
  void give_back(void* memory);
  bool runs() const noexcept { return runs_; }

 private:
  enum class phase : unsigned char { set_up, threads, end };
  struct spin {
    std::uint32_t location;
    std::uint64_t value;
    std::uint32_t line;
    std::uint32_t times;
  };
  struct actor {
    view now;      // what it knows
    view pending;  // what an acquire fence would add
    view fenced;   // what its last release fence covers
    bool has_fence = false;
    bool fresh = false;  // its loads see the newest value
    bool weak_failed = false;
    place last;
    int operation = -1;
    std::uint32_t sleeps_on = none;
    std::uint64_t changes_seen = 0;
    std::vector<spin> spins;
    fibre::exceptions thrown;
  };
  struct plain_record {
    doing written_at;
    unsigned writer = 0;
    std::uint32_t written = 0;
    std::array<std::uint32_t, most_threads> read{};
    std::array<doing, most_threads> read_at;
    std::uint32_t event = no_event;
    std::array<std::uint32_t, most_threads> read_event{};
  };
  class entry;

  // Scheduling.
  static void job(void* context, unsigned index);
  void run_job(unsigned index);
  void turn(const place& at);
  void step(const place& at);
  void switch_to(unsigned thread);
  void leave_to_next();
  unsigned next_after_block();
  void wait_for_others();
  void block_on(std::uint32_t location);
  void changed();
  bool note_repeat(std::uint32_t location, std::uint64_t value, const place& at);
  std::string where_they_wait(unsigned which) const;

  // Memory.
  /// A load that releases, or a store that acquires, means nothing.
  void refuse_order(site_kind kind, std::memory_order order, const place& here);
  std::uint32_t at(cell& of, const place& here);
  touch pick_exchange(std::uint32_t id, std::uint64_t expected, std::memory_order won,
                      std::memory_order lost);
  bool fails_for_nothing(const touch& next);
  void use_block(const void* object, const place& here, const char* what);
  std::uint32_t pick(std::uint32_t id, std::memory_order order, bool attach, bool* stale);
  std::uint32_t put(std::uint32_t id, std::uint32_t rank, std::uint64_t value,
                    std::memory_order order, std::uint32_t read);
  void acquire_from(const message& m, std::memory_order order);
  void seen_by_seq_cst(std::uint32_t id, std::uint32_t store, std::memory_order order);
  void bell_wake(std::uint32_t location, bool all);
  void lock_taken(std::uint32_t location);
  void look_around();
  plain_record& record_of(plain_state& of, const void* object, const place& here);
  [[noreturn]] void race(const char* what, const place& here, unsigned other, const doing& earlier,
                         const char* did, std::uint32_t event);

  // Recording (events.cpp).
  std::uint32_t event_of(event_kind what, const void* object, const place& here,
                         std::memory_order order, int site);
  void told(std::uint32_t id, std::uint64_t value) noexcept;
  std::uint32_t note(std::string text);
  void read_event(event_kind what, cell& of, const place& here, std::memory_order order, int site,
                  std::uint32_t store, bool stale);
  void write_event(event_kind what, cell& of, const place& here, std::memory_order order, int site,
                   std::uint32_t store, std::uint32_t read);
  std::string who(unsigned thread) const;
  /// "at queue.hpp:41"; for an operator, which cannot know its place, "in pop() after
  /// queue.hpp:40".
  std::string where(const doing& what) const;
  doing now(const place& at) const;

  memory memory_;
  total_order total_;
  heap heap_;
  std::array<std::unique_ptr<fibre>, most_threads> fibres_;
  std::array<actor, most_threads> actors_;
  std::jmp_buf home_{};
  chooser* by_ = nullptr;
  play* what_ = nullptr;
  phase phase_ = phase::set_up;
  unsigned current_ = main_thread;
  unsigned ready_ = 0;
  unsigned waiting_ = 0;
  unsigned asleep_ = 0;
  unsigned idle_ = 0;
  unsigned threads_ = 0;
  std::uint64_t changes_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t all_steps_ = 0;
  std::uint64_t time_ = 0;
  std::uint32_t execution_ = 0;
  bool runs_ = false;
  bool looks_ = false;
  bool recorded_ = false;
  bool any_access_ = false;
  fault found_;
  std::vector<span> spans_;
  std::vector<plain_record> plains_;
  std::size_t plains_used_ = 0;
  std::unordered_map<void*, std::unique_ptr<cell>> refs_;
  recording made_;
  std::uint32_t last_plain_ = no_event;
};

/// The only one: the checked types have no other way to find it.
machine_state& the_machine();

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): one thread runs all
extern bool user_code_runs;

/// Signals of a structure that crashes become faults of its execution while one of these lives.
class crash_guard {
 public:
  crash_guard();
  ~crash_guard();
  crash_guard(const crash_guard&) = delete;
  crash_guard& operator=(const crash_guard&) = delete;
};

}  // namespace caiman::model::machine
