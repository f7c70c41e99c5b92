// SPDX-License-Identifier: MIT
// What the structures of the gallery are compared with: ordinary sequential code.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace gallery {

struct queue_spec {
  std::deque<int> items;
  void push(int v) { items.push_back(v); }
  std::optional<int> pop() {
    if (items.empty()) return {};
    const int v = items.front();
    items.pop_front();
    return v;
  }
  bool operator==(const queue_spec&) const = default;
};

template <std::size_t Capacity>
struct bounded_queue_spec : queue_spec {
  bool push(int v) {
    if (items.size() == Capacity) return false;
    items.push_back(v);
    return true;
  }
  bool operator==(const bounded_queue_spec&) const = default;
};

struct stack_spec {
  std::vector<int> items;
  void push(int v) { items.push_back(v); }
  std::optional<int> pop() {
    if (items.empty()) return {};
    const int v = items.back();
    items.pop_back();
    return v;
  }
  bool operator==(const stack_spec&) const = default;
};

struct register_spec {
  int value = 0;
  void write(int v) { value = v; }
  int read() const { return value; }
  bool operator==(const register_spec&) const = default;
};

struct counter_spec {
  int value = 0;
  int next() { return value++; }
  bool operator==(const counter_spec&) const = default;
};

}  // namespace gallery
