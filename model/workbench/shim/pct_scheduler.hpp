// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// pct_scheduler.hpp: random schedules of few switches, anywhere in a long execution
//
// Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: A Randomized
// Scheduler with Probabilistic Guarantees of Finding Bugs, ASPLOS 2010). Threads have priorities,
// and the first of those that can run does; at `depth` moments of an execution, drawn before it,
// the one that runs falls behind all others. A fault that needs n switches in the right order is
// met with a probability of at least 1 / (threads * steps^n), whatever else happens between them:
// the random scheduler, which draws at every step, has to draw the same thread again and again in
// between, and a bounded search comes to the late switches last.
//
// In every second execution these moments lie close together: what a peer must not do between two
// steps of a thread takes a few steps, however long the execution is. There the distances are
// drawn, most of them short. In the others the moments are drawn, out of as many steps as an
// execution may have: that is not known before it, so one of the powers of two from 16 to 512. A
// thread that yields waits for another one, so it falls behind, too. Execution n depends on n
// alone, as with Relacy's random scheduler, and so it is replayed.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman-model/relacy.hpp"

namespace caiman::model {

template <rl::thread_id_t Threads>
class pct_scheduler
    : public rl::scheduler<pct_scheduler<Threads>, rl::scheduler_thread_info, Threads> {
  using base = rl::scheduler<pct_scheduler<Threads>, rl::scheduler_thread_info, Threads>;

 public:
  using shared_context_t = typename base::shared_context_t;
  struct task_t {};

  pct_scheduler(rl::test_params& params, shared_context_t& context, rl::thread_id_t dynamic)
      : base(params, context, dynamic) {}

  // ---- what Relacy calls ---------------------------------------------------------------------

  rl::thread_id_t iteration_begin_impl() {
    random_.seed(this->iter_);
    for (int i = 0; i < 16; ++i) random_.rand();  // seeds that are neighbours begin alike
    for (rl::thread_id_t t = 0; t != Threads; ++t) place_[t] = random_.rand();
    lowest_ = 0;
    step_ = 0;
    const bool close = random_.rand() % 2 == 0;
    const unsigned steps = 16U << random_.rand() % 6;
    unsigned last = 0;
    for (unsigned i = 0; i < depth(); ++i) {
      falls_[i] =
          close ? last += 1 + random_.rand() % (1U << random_.rand() % 8) : random_.rand() % steps;
    }
    return first();
  }
  bool iteration_end_impl() { return this->iter_ == this->params_.iteration_count; }
  rl::thread_id_t schedule_impl(rl::unpark_reason& reason, unsigned yield) {
    reason = rl::unpark_reason_normal;
    if (this->thread_ != nullptr && (yield != 0 || falls_now())) {
      place_[this->thread_->index_] = --lowest_;
    }
    ++step_;
    return first();
  }
  unsigned rand_impl(unsigned limit, rl::sched_type /*what*/) { return random_.rand() % limit; }
  rl::iteration_t iteration_count_impl() { return this->params_.iteration_count; }
  void get_state_impl(std::ostream& /*to*/) {}
  void set_state_impl(std::istream& /*from*/) {}
  void on_thread_block(rl::thread_id_t /*thread*/, bool /*yield*/) {}

 private:
  static constexpr unsigned most = 9;

  unsigned depth() const noexcept { return std::min(this->params_.context_bound, most); }
  bool falls_now() const noexcept {
    return std::find(falls_, falls_ + depth(), step_) != falls_ + depth();
  }
  rl::thread_id_t first() const noexcept {
    rl::thread_id_t best = this->running_threads.front();
    for (const rl::thread_id_t t : this->running_threads) {
      if (place_[t] > place_[best]) best = t;
    }
    return best;
  }

  rl::random_generator random_{};
  long place_[Threads] = {};  // the higher, the earlier
  long lowest_ = 0;
  unsigned step_ = 0;
  unsigned falls_[most] = {};
};

}  // namespace caiman::model
