// SPDX-License-Identifier: MIT
// Threads that can be stopped; see stage.hpp.
#include "stage.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <stdexcept>

#include "caiman/native_sync.hpp"

namespace caiman::stress {
namespace {

// What a signal handler can reach. One stage at a time.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
int said[2];  // the victim's answers: 's' it stands still, 'p' it was between two calls
int go[2];    // a byte lets it go
actor* on_stage = nullptr;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void write_one(int to, char what) {
  while (write(to, &what, 1) < 0 && errno == EINTR) {
  }
}
char read_one(int from) {
  char what = 0;
  while (read(from, &what, 1) < 0 && errno == EINTR) {
  }
  return what;
}

void stand_still(int /*signal*/) {
  const int before = errno;
  if (on_stage->inside.load(std::memory_order_relaxed) == actor::call::none) {
    write_one(said[1], 'p');
  } else {
    write_one(said[1], 's');
    read_one(go[0]);
  }
  errno = before;
}

}  // namespace

stage::stage(const freeze_options& asked)
    : asked_(asked),
      allocator_(make_target(asked.pops, asked.log2_fanout, asked.max_order)),
      owner_(new std::atomic<unsigned>[std::size_t{1} << asked.max_order]()) {
  struct sigaction action {};
  action.sa_handler = stand_still;
  if (pipe2(said, O_CLOEXEC) != 0 || pipe2(go, O_CLOEXEC) != 0 ||
      sigaction(SIGUSR1, &action, nullptr) != 0) {
    throw std::runtime_error("no pipe, or no signal");
  }
  for (unsigned id = 0; id < asked.threads; ++id) {
    cast_.push_back(std::make_unique<actor>());
    cast_.back()->id = id + 1;
    cast_.back()->random.seed(asked.seed + id);
  }
  on_stage = cast_.front().get();
  for (auto& each : cast_) threads_.emplace_back([this, &each] { act(*each); });
  victim_thread_ = threads_.front().native_handle();
  others_go_on(1);  // all have their slots
}

stage::~stage() {
  end();
  for (const int fd : {said[0], said[1], go[0], go[1]}) close(fd);
}

void stage::fail(const char* what, std::size_t number) {
  if (failed_.exchange(true)) return;
  std::fprintf(stderr, "freeze: %s (%zu)\n", what, number);
}

// ---- what a thread does --------------------------------------------------------------------

void stage::act(actor& me) {
  me.slot = native_sync::thread_slot();
  while (!over_.load(std::memory_order_relaxed)) {
    if (rest_.load(std::memory_order_relaxed) && me.id != 1) {
      give_all(me);
      me.resting.store(true);
      rest_.wait(true);
      me.resting.store(false);
    }
    step(me);
  }
  give_all(me);
}

void stage::step(actor& me) {
  const bool full = me.holds == actor::most_held;
  if (full || (me.holds > 0 && me.random() % 2 == 0)) {
    give_one(me);
  } else {
    take(me);
  }
  me.calls.fetch_add(1, std::memory_order_relaxed);
}

void stage::take(actor& me) {
  // Every size: the smaller the more often, and never so much that the rest has nothing.
  const unsigned most = asked_.max_order > 4 ? asked_.max_order - 4 : 0;
  const auto drawn = static_cast<unsigned>(std::countr_zero(me.random() | 1ULL << most));
  me.order = std::min(most, drawn);
  if (asked_.fault == freeze_fault::twice && me.has[0].load() && me.random() % 64 == 0) {
    own(me.held[0], me.id);
    return;
  }
  std::optional<std::scoped_lock<std::mutex>> guard;
  me.inside.store(actor::call::allocate, std::memory_order_seq_cst);
  if (asked_.fault == freeze_fault::locked) guard.emplace(lock_);
  const auto got = allocator_->allocate(me.order);
  guard.reset();
  if (got) {
    own(*got, me.id);
    if (asked_.fault != freeze_fault::hoard || me.id != 1 || me.holds > 0) {
      const auto place =
          static_cast<std::size_t>(std::find(me.has.begin(), me.has.end(), false) - me.has.begin());
      me.held[place] = *got;
      me.has[place].store(true);
      ++me.holds;
    }
  }
  me.inside.store(actor::call::none, std::memory_order_seq_cst);
}

void stage::give(actor& me, std::size_t which) {
  const block b = me.held[which];
  me.order = b.order;
  std::optional<std::scoped_lock<std::mutex>> guard;
  me.inside.store(actor::call::release, std::memory_order_seq_cst);
  me.has[which].store(false);
  --me.holds;
  disown(b, me.id);
  if (asked_.fault == freeze_fault::locked) guard.emplace(lock_);
  allocator_->release(b);
  guard.reset();
  me.inside.store(actor::call::none, std::memory_order_seq_cst);
}

/// Any of what it holds.
void stage::give_one(actor& me) {
  std::size_t which = me.random() % actor::most_held;
  while (!me.has[which].load()) which = (which + 1) % actor::most_held;
  give(me, which);
}

void stage::give_all(actor& me) {
  while (me.holds > 0) give_one(me);
}

bool stage::own(block b, unsigned who) {
  for (std::size_t i = b.index << b.order; i < (b.index + 1) << b.order; ++i) {
    if (owner_[i].exchange(who, std::memory_order_relaxed) != 0) {
      fail("a min block has two owners", i);
      return false;
    }
  }
  return true;
}
void stage::disown(block b, unsigned who) {
  for (std::size_t i = b.index << b.order; i < (b.index + 1) << b.order; ++i) {
    if (owner_[i].exchange(0, std::memory_order_relaxed) != who) {
      fail("somebody else owned a min block of ours", i);
    }
  }
}

// ---- what they are told --------------------------------------------------------------------

bool stage::stop_victim() const {
  if (pthread_kill(victim_thread_, SIGUSR1) != 0) throw std::runtime_error("no signal");
  return read_one(said[0]) == 's';
}
void stage::let_victim_go() { write_one(go[1], 'g'); }

template <class Condition>
bool stage::wait_for(Condition holds) const {
  using clock = std::chrono::steady_clock;
  const auto end = clock::now() + std::chrono::duration<double>(asked_.patience);
  while (!holds()) {
    if (clock::now() > end) return false;
    sched_yield();
  }
  return true;
}

bool stage::others_go_on(std::uint64_t calls) {
  std::vector<std::uint64_t> before;
  for (const auto& each : cast_) before.push_back(each->calls.load());
  return wait_for([&] {
    for (std::size_t i = 1; i < cast_.size(); ++i) {
      if (cast_[i]->calls.load() - before[i] < calls) return false;
    }
    return true;
  });
}

bool stage::rest_others() {
  rest_.store(true);
  return wait_for([&] {
    return std::all_of(cast_.begin() + 1, cast_.end(),
                       [](const auto& each) { return each->resting.load(); });
  });
}
void stage::wake_others() {
  rest_.store(false);
  rest_.notify_all();
  wait_for([&] {
    return std::none_of(cast_.begin() + 1, cast_.end(),
                        [](const auto& each) { return each->resting.load(); });
  });
}

void stage::end() {
  over_.store(true);
  wake_others();
  for (std::thread& each : threads_) {
    if (each.joinable()) each.join();
  }
}

}  // namespace caiman::stress
