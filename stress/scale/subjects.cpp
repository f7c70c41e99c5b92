// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// subjects.cpp: see subjects.hpp
// ---------------------------------------------------------------------------------------------
#include "subjects.hpp"

#include <atomic>
#include <bit>
#include <cstdint>
#include <mutex>
#include <utility>

#include "counted_sync.hpp"
#include "named_lines.hpp"
#include "textbook.hpp"

namespace caiman::scale {
namespace {

unsigned order_for(std::size_t min_blocks) {
  return static_cast<unsigned>(std::bit_width(min_blocks)) - 1;
}

template <class Sync>
class core final : public subject {
 public:
  explicit core(std::size_t min_blocks) : of_(order_for(min_blocks), min_blocks) {}
  bool take(unsigned order, std::size_t& index) override {
    const auto got = of_.allocate(order);
    if (got) index = got->index;
    return got.has_value();
  }
  void give(unsigned order, std::size_t index) override { of_.release({order, index}); }
  const buddy<Sync>& inside() const noexcept { return of_; }

 private:
  buddy<Sync> of_;
};

template <class Sync>
std::unique_ptr<core<Sync>> named_core(std::size_t min_blocks) {
  auto made = std::make_unique<core<Sync>>(min_blocks);
  name_lines(made->inside());
  return made;
}

/// What std::mutex is with glibc: a word, and the kernel for who has to wait.
class counted_mutex {
 public:
  counted_mutex() { machine::only().memory().name(this, sizeof(*this), object::lock); }
  void lock() {
    std::uint32_t seen = 0;
    if (state_.compare_exchange_strong(seen, 1, relaxed, relaxed)) return;
    while (state_.exchange(2, relaxed) != 0) machine::only().sleep_at(this);
  }
  void unlock() {
    if (state_.exchange(0, relaxed) == 2) machine::only().wake_at(this);
  }

 private:
  static constexpr auto relaxed = std::memory_order_relaxed;
  alignas(64) counted<std::uint32_t> state_{0};
};

template <class Sync, class Mutex>
class locked final : public subject {
 public:
  explicit locked(std::size_t min_blocks) : of_(min_blocks) {}
  bool take(unsigned order, std::size_t& index) override {
    const std::scoped_lock in(lock_);
    return of_.take(order, index);
  }
  void give(unsigned order, std::size_t index) override {
    const std::scoped_lock in(lock_);
    of_.give(order, index);
  }
  const buddy<Sync>& inside() const noexcept { return of_.inside(); }

 private:
  Mutex lock_;
  core<Sync> of_;
};

template <template <class> class Atomic>
class by_the_book final : public subject {
 public:
  explicit by_the_book(std::size_t min_blocks) : of_(min_blocks) {}
  bool take(unsigned order, std::size_t& index) override { return of_.take(order, index); }
  void give(unsigned order, std::size_t index) override { of_.give(order, index); }

 private:
  textbook<Atomic> of_;
};
template <class T>
using counted_word = counted<T>;
template <class T>
using native_word = std::atomic<T>;

/// The shipped core, and something that each call does besides.
template <class Sync>
class faulty final : public subject {
 public:
  faulty(std::size_t min_blocks, fault with) : of_(named_core<Sync>(min_blocks)), with_(with) {}
  bool take(unsigned order, std::size_t& index) override {
    const bool got = of_->take(order, index);
    if (with_ == fault::shared_counter) counts_[0].fetch_add(1, relaxed);
    if (with_ == fault::false_sharing) {
      auto& mine = counts_[machine::only().current() % 8];
      mine.store(mine.load(relaxed) + 1, relaxed);
    }
    if (with_ == fault::scan && !got) (void)of_->inside().free_min_blocks();
    return got;
  }
  void give(unsigned order, std::size_t index) override { of_->give(order, index); }

 private:
  static constexpr auto relaxed = std::memory_order_relaxed;
  std::unique_ptr<core<Sync>> of_;
  fault with_;
  alignas(64) counted<std::uint64_t> counts_[8];
};

}  // namespace

std::unique_ptr<subject> simulated(subject_kind what, std::size_t min_blocks, fault with) {
  using shipped = counted_sync<native_sync>;
  if (with != fault::none) return std::make_unique<faulty<shipped>>(min_blocks, with);
  switch (what) {
    case subject_kind::shipped:
      return named_core<shipped>(min_blocks);
    case subject_kind::tree:
      return named_core<counted_sync<tree_only_sync>>(min_blocks);
    case subject_kind::wide:
      return named_core<counted_sync<native_sync, 255>>(min_blocks);
    case subject_kind::textbook:
      return std::make_unique<by_the_book<counted_word>>(min_blocks);
    case subject_kind::mutex:
      break;
  }
  auto made = std::make_unique<locked<counted_sequential, counted_mutex>>(min_blocks);
  name_lines(made->inside());
  return made;
}

std::unique_ptr<subject> native(subject_kind what, std::size_t min_blocks) {
  switch (what) {
    case subject_kind::shipped:
      return std::make_unique<core<native_sync>>(min_blocks);
    case subject_kind::tree:
      return std::make_unique<core<tree_only_sync>>(min_blocks);
    case subject_kind::textbook:
      return std::make_unique<by_the_book<native_word>>(min_blocks);
    case subject_kind::wide:
      return std::make_unique<core<wide_sync<255>>>(min_blocks);
    case subject_kind::mutex:
      break;
  }
  return std::make_unique<locked<sequential_sync, std::mutex>>(min_blocks);
}

}  // namespace caiman::scale
