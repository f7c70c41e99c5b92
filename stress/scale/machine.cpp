// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// machine.cpp: see machine.hpp
// ---------------------------------------------------------------------------------------------
#include "machine.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <boost/context/fiber.hpp>
#include <boost/context/fixedsize_stack.hpp>

namespace caiman::scale {

struct machine::fibre {
  boost::context::fiber self;
  boost::context::fiber scheduler;
};

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): policies have no objects
machine* machine::only_ = nullptr;

machine::machine(unsigned threads, std::uint64_t seed, prices costs) : costs_(costs) {
  if (threads == 0 || threads > most_threads) throw std::invalid_argument("1 to 256 threads");
  if (only_ != nullptr) throw std::logic_error("there is a machine already");
  threads_.resize(threads);
  for (unsigned t = 0; t < threads; ++t) {
    threads_[t].random.seed(seed * most_threads + t);
    threads_[t].on = std::make_unique<fibre>();
  }
  only_ = this;
}
machine::~machine() { only_ = nullptr; }

void machine::run(const std::function<void(unsigned)>& body) {
  constexpr std::size_t stack_bytes = std::size_t{64} << 10;
  for (unsigned t = 0; t < thread_count(); ++t) {
    threads_[t].on->self =
        boost::context::fiber(std::allocator_arg, boost::context::fixedsize_stack(stack_bytes),
                              [this, &body, t](boost::context::fiber&& from) {
                                threads_[t].on->scheduler = std::move(from);
                                try {
                                  body(t);
                                } catch (...) {
                                  thrown_ = std::current_exception();
                                }
                                return std::move(threads_[t].on->scheduler);
                              });
    make_ready(t);
  }
  running_ = true;
  while (!ready_.empty() && !thrown_) {
    current_ = ready_.top().thread;
    ready_.pop();
    boost::context::fiber& next = threads_[current_].on->self;
    next = std::move(next).resume();
  }
  running_ = false;
  current_ = 0;
  ready_ = {};
  const bool left = std::ranges::any_of(threads_, [](const thread& t) { return !!t.on->self; });
  // To end a fibre that was left in the middle is to throw through what throws nothing.
  for (thread& each : threads_) {
    if (!each.on->self) continue;
    [[maybe_unused]] const fibre* const stays = each.on.release();
  }
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  if (left) throw std::runtime_error("all threads that are left sleep");
}

void machine::make_ready(unsigned which) { ready_.push({threads_[which].clock, turns_++, which}); }

void machine::leave() {
  boost::context::fiber& home = threads_[current_].on->scheduler;
  home = std::move(home).resume();
}

void machine::wait_for_turn() {
  if (ready_.empty() || ready_.top().clock >= threads_[current_].clock) return;
  make_ready(current_);
  leave();
}

void machine::spend(std::uint64_t ns) noexcept {
  threads_[current_].clock += ns;
  latest_ = std::max(latest_, threads_[current_].clock);
}

void machine::touch(const void* address, access how) {
  if (!is_running()) return;
  if (only_counts_) return memory_.count(how);
  wait_for_turn();
  lines::line& line = memory_.at(address);
  const lines::outcome what = memory_.touch(line, current_, how);
  std::uint64_t price = how == access::rmw ? costs_.rmw : costs_.hit;
  if (what == lines::outcome::transfer || what == lines::outcome::upgrade) {
    const std::uint64_t now = threads_[current_].clock;
    const std::uint64_t begins = std::max(now, line.free_at);
    price += begins - now + costs_.transfer;
    line.free_at = begins + costs_.transfer;
  }
  spend(price);
}

void machine::think(std::uint64_t ns) {
  if (!is_running()) return;
  spend(ns);
  wait_for_turn();
}

std::uint64_t machine::below(std::uint64_t bound) { return threads_[current_].random() % bound; }

void machine::meet() {
  if (!is_running()) return;
  met_.push_back(current_);
  if (met_.size() < threads_.size()) return leave();
  counting_since_ = latest_;
  for (const unsigned each : met_) {
    threads_[each].clock = counting_since_ + threads_[each].random() % 256;
    if (each != current_) make_ready(each);
  }
  met_.clear();
  memory_.forget_counts();
  fences_ = 0;
  wait_for_turn();
}

void machine::fence() {
  if (!is_running()) return;
  ++fences_;
  think(costs_.fence);
}

void machine::sleep_at(const void* address) {
  threads_[current_].sleeps_at = address;
  leave();
}

void machine::wake_at(const void* address) {
  const auto first = std::ranges::find(threads_, address, &thread::sleeps_at);
  if (first == threads_.end()) return;
  first->sleeps_at = nullptr;
  first->clock = threads_[current_].clock + costs_.wake;
  latest_ = std::max(latest_, first->clock);
  make_ready(static_cast<unsigned>(first - threads_.begin()));
  think(costs_.wake / 4);
}

}  // namespace caiman::scale
