// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// treiber.hpp: a stack of nodes (R. K. Treiber, 1986), as one writes it first, under the checks
//
//   C0  pop a node, and own it     C1  push the node that this thread has owned longest
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman-model/structure.hpp"

namespace treiber {

using namespace caiman::model;

enum row : std::size_t { look, take, next, link, publish };
inline const std::vector<site_row> orders = {
    {"look", std::memory_order_acquire, "publish", "race without it"},
    {"take", std::memory_order_acquire, "publish", "race without it"},
    {"next", std::memory_order_relaxed, "none", "nothing"},
    {"link", std::memory_order_relaxed, "none", "nothing"},
    {"publish", std::memory_order_release, "look, take", "race without it"}};

/// Of node numbers from 1. A head that counts its changes in its upper half is the repair.
template <bool Counted>
class stack {
 public:
  static constexpr std::uint32_t nodes = 3;
  void push(std::uint32_t node) {
    std::uint64_t top = head_.load(order_of_row(look));
    do {
      next_[node].store(static_cast<std::uint32_t>(top), order_of_row(link));
    } while (!head_.compare_exchange_strong(top, changed(top, node), order_of_row(publish),
                                            order_of_row(look)));
  }
  /// 0 when it is empty.
  std::uint32_t pop() {
    std::uint64_t top = head_.load(order_of_row(look));
    while (static_cast<std::uint32_t>(top) != 0) {
      const std::uint32_t below = next_[static_cast<std::uint32_t>(top)].load(order_of_row(next));
      // Between the two lines the node may have gone and come back, and `below` is in use.
      if (head_.compare_exchange_strong(top, changed(top, below), order_of_row(take),
                                        order_of_row(look))) {
        break;
      }
    }
    return static_cast<std::uint32_t>(top);
  }

 private:
  template <bool>
  friend class checked_stack;
  static std::uint64_t changed(std::uint64_t from, std::uint32_t node) {
    return Counted ? ((from >> 32) + 1) << 32 | node : node;
  }
  checked_atomic<std::uint64_t> head_;
  std::array<checked_atomic<std::uint32_t>, nodes + 1> next_;
};

/// Who owns a node writes to it; nobody else may.
template <bool Counted>
class checked_stack final : public part {
 public:
  explicit checked_stack(const world_spec& /*spec*/) {
    for (std::uint32_t node = stack_.nodes; node > 0; --node) stack_.push(node);
  }
  void operate(unsigned thread, const operation& op, unsigned /*owner*/) override {
    auto& mine = owned_[thread];
    if (op.arg == 0) {
      last_[thread] = stack_.pop();
      if (last_[thread] == 0) return;
      if (std::exchange(taken_[last_[thread]], true)) report_fault("S1", "a node with two owners");
      mine.nodes[mine.back++] = last_[thread];
      value_[last_[thread]].store(thread);
    } else if (mine.front != mine.back) {
      last_[thread] = mine.nodes[mine.front++];
      value_[last_[thread]].store(thread);
      taken_[last_[thread]] = false;
      stack_.push(last_[thread]);
    }
  }
  finding quiescent_fault() override {
    for (std::uint32_t node = stack_.pop(); node != 0; node = stack_.pop()) {
      if (std::exchange(taken_[node], true)) return {"S1", "a node on the stack has an owner"};
    }
    for (std::uint32_t node = 1; node <= stack_.nodes; ++node) {
      if (!taken_[node]) return {"S3", "a node is lost"};
    }
    return {};
  }
  // For traces.
  std::string text_of(unsigned /*thread*/, const operation& op) const override {
    return op.arg == 0 ? "pop" : "push";
  }
  std::string result_of(unsigned thread) const override {
    return last_[thread] == 0 ? "empty" : "node " + std::to_string(last_[thread]);
  }
  std::string name_of(const void* address) const override {
    for (std::uint32_t node = 1; node <= stack_.nodes; ++node) {
      if (address == &stack_.next_[node]) return "next of node " + std::to_string(node);
      if (address == &value_[node]) return "value of node " + std::to_string(node);
    }
    return address == &stack_.head_ ? "head" : "";
  }

 private:
  struct belongings {
    std::array<std::uint32_t, 32> nodes{};
    std::size_t front = 0, back = 0;
  };
  stack<Counted> stack_;
  std::array<checked_plain<unsigned>, stack<Counted>::nodes + 1> value_;
  std::array<bool, stack<Counted>::nodes + 1> taken_{};
  std::array<belongings, max_threads> owned_{};
  std::array<std::uint32_t, max_threads> last_{};
};

inline const char* const program = "core=structure : ; C0 | C0C0C1";

}  // namespace treiber
