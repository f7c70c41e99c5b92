// SPDX-License-Identifier: MIT
// The count of shared ownership, as in Boost's shared_ptr and Rust's Arc.
// Fault 1: the drop is relaxed, so a last use may come after the delete.
// Fault 2: who drops last does not acquire what the others have released.
// Fault 3: a load and a store in the place of the decrement, so nobody or two drop last.
#include <array>
#include <atomic>
#include <caiman-model/check.hpp>
#include <utility>

#ifndef FAULT
#define FAULT 0
#endif

namespace m = caiman::model;
using enum std::memory_order;

template <template <class> class Atom = std::atomic>
class arc {
  struct block {
    Atom<int> count{1};
    m::plain<int> value;
  };

 public:
  arc() = default;
  explicit arc(int v) : block_(new block{1, v}) {}
  arc(const arc& other) : block_(other.block_) {
    if (block_ != nullptr) block_->count.fetch_add(1, relaxed);
  }
  arc(arc&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  arc& operator=(arc other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~arc() {
    if (block_ == nullptr || !is_last()) return;
    if (FAULT != 2) m::atomic_thread_fence(acquire);
    delete block_;
  }
  int operator*() const { return block_->value; }

 private:
  bool is_last() {
    if (FAULT == 3) {
      const int count = block_->count.load(acquire);
      block_->count.store(count - 1, release);
      return count == 1;
    }
    return block_->count.fetch_sub(1, FAULT == 1 ? relaxed : release) == 1;
  }
  block* block_ = nullptr;
};

struct run {
  std::array<arc<m::atomic>, 2> handles;
};

int main(int argc, char** argv) {
  return m::check_program<run>(argc, argv, m::before([](run& r) {
                                 r.handles[0] = arc<m::atomic>(7);
                                 r.handles[1] = r.handles[0];
                               }),
                               m::thread([](run& r) {
                                 const auto mine = std::move(r.handles[0]);
                                 const auto copy =
                                     mine;  // NOLINT(performance-unnecessary-copy-initialization)
                                 m::require(*copy == 7, "the value is the one that was shared");
                               }),
                               m::thread([](run& r) {
                                 const auto mine = std::move(r.handles[1]);
                                 m::require(*mine == 7, "the value is the one that was shared");
                               }));
}
