// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// stack_client.cpp: a client of the engine over Relacy that is not the core, for tests of commands
//
// A stack of nodes (R. K. Treiber, 1986), as one writes it first, and wrongly: ABA.
//
//   C0  pop a node, and own it     C1  push the node that this thread has owned longest
// ---------------------------------------------------------------------------------------------
#include "caiman-model/checked_atomic.hpp"
// Relacy first.
#include "caiman-model/client.hpp"
#include "caiman-model/part.hpp"

namespace {

using namespace caiman::model;

enum row : std::size_t { look, take, next, link, publish };
const std::vector<site_row> orders = {
    {"look", std::memory_order_acquire, "publish", "race without it"},
    {"take", std::memory_order_acquire, "publish", "race without it"},
    {"next", std::memory_order_relaxed, "none", "nothing"},
    {"link", std::memory_order_relaxed, "none", "nothing"},
    {"publish", std::memory_order_release, "look, take", "race without it"}};

/// The order of a row in this run.
std::memory_order order_of_row(std::size_t row) noexcept {
  sites_touched.set(row);
  return with_site(settings.orders.at(row), row);
}

/// Of node numbers from 1.
class stack {
 public:
  static constexpr std::uint32_t nodes = 3;
  void push(std::uint32_t node) {
    std::uint64_t top = head_.load(order_of_row(look));
    do {
      next_[node].store(static_cast<std::uint32_t>(top), order_of_row(link));
    } while (!head_.compare_exchange_strong(top, node, order_of_row(publish), order_of_row(look)));
  }
  /// 0 when it is empty.
  std::uint32_t pop() {
    std::uint64_t top = head_.load(order_of_row(look));
    while (static_cast<std::uint32_t>(top) != 0) {
      const std::uint32_t below = next_[static_cast<std::uint32_t>(top)].load(order_of_row(next));
      // Between the two lines the node may have gone and come back, and `below` is in use.
      if (head_.compare_exchange_strong(top, below, order_of_row(take), order_of_row(look))) {
        break;
      }
    }
    return static_cast<std::uint32_t>(top);
  }

 private:
  friend class checked_stack;
  checked_atomic<std::uint64_t> head_;
  std::array<checked_atomic<std::uint32_t>, nodes + 1> next_;
};

/// Who owns a node writes to it; nobody else may.
class checked_stack final : public part {
 public:
  explicit checked_stack(const world_spec& /*spec*/) {
    for (std::uint32_t node = stack::nodes; node > 0; --node) stack_.push(node);
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
    for (std::uint32_t node = 1; node <= stack::nodes; ++node) {
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
    for (std::uint32_t node = 1; node <= stack::nodes; ++node) {
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
  stack stack_;
  std::array<checked_plain<unsigned>, stack::nodes + 1> value_;
  std::array<bool, stack::nodes + 1> taken_{};
  std::array<belongings, max_threads> owned_{};
  std::array<std::uint32_t, max_threads> last_{};
};

part* make_part(subject_kind which, const world_spec& spec, void* storage, std::size_t size) {
  if (which != subject_kind::structure || sizeof(checked_stack) > size) return nullptr;
  return ::new (storage) checked_stack(spec);
}

}  // namespace

int main(int argc, char** argv) {
  const client stack{.title = "A stack",
                     .make_part = make_part,
                     .sites = orders,
                     .usual_program = "core=structure : ; C0 | C0C0C1"};
  return check(argc, argv, stack);
}
