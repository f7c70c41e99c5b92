// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stage.hpp: threads at work, one of which can be stopped anywhere
//
// Every thread takes and releases blocks at random and says beforehand, in memory of its own, what
// it is about to do, so that the checks, which find it stopped, know what it holds and may carry. A
// signal stops the victim where it is, if that is inside a call: its handler waits in read(), for
// as long as is wanted, and makes no other call. The others can be told to give everything back and
// rest.
//
// All that is watched is written before it matters and read after a system call of both sides (the
// pipe, or fork), and the owner of every min block is one atomic that is exchanged: two owners at
// once are seen by the second of them.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <pthread.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "../common/target.hpp"

namespace caiman::stress {

/// Faults that the checks must see.
enum class freeze_fault : unsigned char {
  none,
  locked,  // a mutex around every call, which the stopped thread may hold
  hoard,   // the victim has a block that it does not tell of
  twice,   // a block is handed out that is live
};

struct freeze_options {
  unsigned points = 200;
  unsigned moving = 0;   // of these inside a move, at least
  bool forks = false;    // stop all threads at once, in a child, instead of one
  unsigned threads = 3;  // the victim is one of them
  unsigned max_order = 10;
  unsigned log2_fanout = 2;
  pop pops = pop::shipped;
  std::uint64_t seed = 1;
  double patience = 20;  // seconds without progress that count as failure
  freeze_fault fault = freeze_fault::none;
};

/// One thread, and what it says of itself.
class actor {
 public:
  static constexpr std::size_t most_held = 12;

  enum class call : int { none, allocate, release };

  // held[i] counts only while has[i]: a block is two words, and a thread that is stopped between
  // them must not be found with half of one and half of another.
  std::array<block, most_held> held{};
  std::array<std::atomic<bool>, most_held> has{};
  std::size_t holds = 0;        // its own count of them
  volatile unsigned order = 0;  // of the call
  std::atomic<call> inside{call::none};
  std::atomic<std::uint64_t> calls{0};
  std::atomic<bool> resting{false};
  unsigned slot = 0;
  unsigned id = 0;
  std::mt19937_64 random;
};

class stage {
 public:
  explicit stage(const freeze_options& asked);
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;
  ~stage();

  target& allocator() { return *allocator_; }
  const freeze_options& asked() const { return asked_; }
  std::vector<std::unique_ptr<actor>>& cast() { return cast_; }
  actor& victim() { return *cast_.front(); }

  /// Stops the victim; false if it was between two calls, and has gone on.
  bool stop_victim() const;
  static void let_victim_go();
  /// Waits until all but the victim have made so many calls more; false when patience is at an end.
  bool others_go_on(std::uint64_t calls);
  /// The others give everything back and rest; or go on. False when patience is at an end.
  bool rest_others();
  void wake_others();
  /// Everybody gives everything back and ends.
  void end();

  /// A finding, printed at once: there may be nobody to print it later.
  void fail(const char* what, std::size_t number = 0);
  bool failed() const { return failed_.load(); }

  /// Blocks of one thread: takes the owner's mark, or fails.
  bool own(block b, unsigned who);
  void disown(block b, unsigned who);

 private:
  void act(actor& me);
  void step(actor& me);
  void take(actor& me);
  void give(actor& me, std::size_t which);
  void give_one(actor& me);
  void give_all(actor& me);
  template <class Condition>
  bool wait_for(Condition holds) const;

  const freeze_options& asked_;
  std::unique_ptr<target> allocator_;
  std::unique_ptr<std::atomic<unsigned>[]> owner_;
  std::vector<std::unique_ptr<actor>> cast_;
  std::atomic<bool> rest_{false};
  std::atomic<bool> over_{false};
  std::atomic<bool> failed_{false};
  std::mutex lock_;  // of the fault `locked`
  std::vector<std::thread> threads_;
  pthread_t victim_thread_{};
};

}  // namespace caiman::stress
