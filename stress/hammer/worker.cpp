// SPDX-License-Identifier: MIT
// What a thread does in a phase; see worker.hpp.
#include <chrono>
#include <optional>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "quota.hpp"
#include "worker.hpp"

namespace caiman::stress {
namespace {

std::string_view name_of(alloc_error why) {
  switch (why) {
    case alloc_error::arena_full:
      return "arena_full";
    case alloc_error::request_too_large:
      return "request_too_large";
    case alloc_error::contended:
      return "contended";
  }
  return "an unknown error";
}

std::string text_of(block what) {
  const std::size_t first = what.index << what.order;
  return fmt::format("block order {} index {} (min blocks {} to {})", what.order, what.index, first,
                     first + (std::size_t{1} << what.order) - 1);
}

// Stamping a large block takes longer than the calls; the budget of a life counts that, too.
std::int64_t effort(unsigned order) { return 1 + (std::int64_t{1} << order) / 16; }

}  // namespace

worker::worker(crew& with, const phase& now, post& here) : crew_(with), phase_(now), post_(here) {}

void worker::work() {
  switch (phase_.what) {
    case phase::task::churn:
      churn();
      break;
    case phase::task::fill:
      fill();
      break;
    case phase::task::release:
      release_part();
      break;
  }
}

void worker::churn() {
  const auto lives = static_cast<std::int64_t>(phase_.lives);
  std::int64_t left = phase_.budget / lives;
  while (left > 0 && !over() && !crew_.time_up.load(std::memory_order_relaxed)) left -= step();
}

void worker::fill() {
  while (post_.credit >= cost(phase_.unit) && !over()) {
    if (!take(phase_.unit)) return;
  }
}

void worker::release_part() {
  const std::size_t keep = post_.held.size() * (100 - phase_.release_percent) / 100;
  while (post_.held.size() > keep && !over()) part_with(below(post_.held.size()));
}

// Waves: up to the quota, to and fro near it, down to nothing.
std::int64_t worker::step() {
  if (below(8) == 0) receive();
  if (below(256) == 0) post_.filling = !post_.filling;
  if (post_.held.empty()) post_.filling = true;
  const unsigned order = draw_order(phase_.weights, post_.random);
  if (post_.credit < cost(order)) {
    if (below(32) == 0) post_.filling = false;
  } else if (post_.held.empty() || below(8) < (post_.filling ? 7U : 1U)) {
    if (!take(order) && below(2) == 0) post_.filling = false;
    return effort(order);
  }
  if (post_.held.empty()) {
    std::this_thread::yield();  // all credit is with others: wait for mail
    return 1;
  }
  // The newest as often as any other: the pair that allocators are tuned for, and wear everywhere.
  part_with(below(4) == 0 ? post_.held.size() - 1 : below(post_.held.size()));
  return 1;
}

void worker::receive() {
  for (parcel item; post_.inbox.try_take(item);) {
    give_back(item);
    ++post_.done.handed_over;
  }
}

void worker::part_with(std::size_t position) {
  const parcel item = post_.held[position];
  post_.held[position] = post_.held.back();
  post_.held.pop_back();
  if (below(1000) < phase_.handover_per_mille) {
    post& receiver = crew_.posts[(post_.id + phase_.mail_distance) % crew_.posts.size()];
    if (&receiver != &post_ && receiver.inbox.try_put(item)) return;
  }
  give_back(item);
}

bool worker::take(unsigned order) {
  const auto given = ask(order);
  if (!given) return refused(order, given.error());
  ++post_.done.allocations;
  if (!plausible(order, *given)) return false;
  const parcel item{*given, {post_.id, ++post_.serial}};
  if (const auto wrong = crew_.stamps.take(item)) {
    fail(fmt::format("was handed {}, but {}: somebody else owns it", text_of(*given),
                     stamp_memory::describe(*wrong)));
    return false;
  }
  crew_.calls.after_stamping(crew_.stamps, item);
  post_.credit -= cost(order);
  post_.held.push_back(item);
  return true;
}

void worker::give_back(const parcel& item) {
  if (const auto wrong = crew_.stamps.vacate(item)) {
    fail(fmt::format("releases {} of thread {} number {}, but {}: somebody wrote into a live block",
                     text_of(item.what), item.mark.thread, item.mark.serial,
                     stamp_memory::describe(*wrong)));
    return;
  }
  post_.begin(call::release, item.what.order);
  crew_.calls.release(item.what, phase_.what == phase::task::release);
  post_.end();
  ++post_.done.releases;
  post_.credit += cost(item.what.order);  // only now: the quota counts the block until it is free
}

std::expected<block, alloc_error> worker::ask(unsigned order) {
  using clock = std::chrono::steady_clock;
  std::optional<clock::time_point> since;
  for (;;) {
    post_.begin(call::allocate, order);
    const auto given = crew_.calls.allocate(order, post_.held);
    post_.end();
    if (given || given.error() != alloc_error::contended) return given;
    ++post_.done.contended;
    const auto now = clock::now();
    if (!since) since = now;
    if (now - *since > std::chrono::duration<double>(crew_.chosen.patience)) {
      fail(fmt::format("a request of order {} was answered `contended` for {} s on end", order,
                       crew_.chosen.patience));
    }
    if (over()) return given;
    std::this_thread::yield();
  }
}

bool worker::refused(unsigned order, alloc_error why) {
  if (why == alloc_error::contended) return false;  // given up on, and said so
  if (why == alloc_error::arena_full && phase_.by_volume) {
    ++post_.done.refusals;
    return false;
  }
  fail(fmt::format(
      "a request of order {} was refused ({}) within the quota: {} blocks held, credit {}", order,
      name_of(why), post_.held.size(), post_.credit));
  return false;
}

bool worker::plausible(unsigned order, block given) {
  if (given.order == order && given.index < run_count(crew_.chosen.max_order, order)) return true;
  fail(fmt::format("asked for order {} and was handed order {} index {}", order, given.order,
                   given.index));
  return false;
}

void worker::fail(const std::string& what) {
  crew_.found.fail(fmt::format("thread {} (number {} at its post) in phase {}: {}", post_.id,
                               post_.done.threads, phase_.name, what));
}

bool worker::over() const { return crew_.found.failed(); }

std::uint64_t worker::cost(unsigned order) const {
  return phase_.by_volume ? std::uint64_t{1} << order : price(order, phase_.unit);
}

void run_phase(crew& with, const phase& now) {
  gate start(static_cast<unsigned>(with.posts.size()));
  std::vector<std::jthread> supervisors;
  for (post& here : with.posts) {
    supervisors.emplace_back([&with, &now, &here, &start] {
      for (unsigned life = 0; life < now.lives && !with.found.failed(); ++life) {
        std::jthread([&] {
          ++here.done.threads;
          if (life > 0 || start.meet(&with.found.flag())) worker(with, now, here).work();
        }).join();
      }
    });
  }
}

}  // namespace caiman::stress
