// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// checked.hpp: a subject that watches another one, and the replay that drives it
//
// Keeps the live blocks in a map. Complains of a block that overlaps a live one, which is the
// subject's fault, and of a release or shrinking of what is not live or has another size, which is
// the replay's.
// What is wrong is not passed on, so that the run comes to its end. For tests; everything happens
// under one lock.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <mutex>
#include <string>

namespace caiman::traces {

template <class Subject>
concept can_shrink = requires(Subject& s, void* p, std::size_t n) {
  s.shrink(p, n, n);
};

template <class Subject>
class checked_subject {
 public:
  explicit checked_subject(Subject& below) : below_(below) {}

  void* allocate(std::size_t bytes) noexcept {
    const std::lock_guard lock(guard_);
    void* const block = below_.allocate(bytes);
    if (block == nullptr) return nullptr;
    ++allocations_;
    add(block, bytes);
    return block;
  }

  void release(void* p, std::size_t bytes) noexcept {
    const std::lock_guard lock(guard_);
    if (may_go(p, bytes)) below_.release(p, bytes);
  }

  void* shrink(void* p, std::size_t from, std::size_t to) noexcept requires can_shrink<Subject> {
    return shrunk(p, from, to, [&] { return below_.shrink(p, from, to); });
  }
  void* shrink_more(void* p, std::size_t from,
                    std::size_t to) noexcept requires can_shrink<Subject> {
    return shrunk(p, from, to, [&] { return below_.shrink_more(p, from, to); });
  }
  void release_shrunk(void* p, std::size_t bytes) noexcept requires can_shrink<Subject> {
    const std::lock_guard lock(guard_);
    if (may_go(p, bytes)) below_.release_shrunk(p, bytes);
  }

  /// The first complaint; empty when all was well.
  const std::string& complaint() const { return complaint_; }
  std::uint64_t allocations() const { return allocations_; }
  std::uint64_t releases() const { return releases_; }
  std::uint64_t shrinkings() const { return shrinkings_; }
  std::size_t live() const { return live_.size(); }

 private:
  void add(void* block, std::size_t bytes) {
    const auto* const begin = static_cast<std::byte*>(block);
    const auto next = live_.lower_bound(begin);
    const bool into_next = next != live_.end() && next->first < begin + bytes;
    const bool into_last =
        next != live_.begin() && std::prev(next)->first + std::prev(next)->second > begin;
    if (into_next || into_last) complain("a block was handed out that is live");
    live_[begin] = bytes;
  }
  bool may_go(void* p, std::size_t bytes) {
    const auto found = live_.find(static_cast<std::byte*>(p));
    if (found == live_.end()) return complain("a block was released that is not live"), false;
    if (found->second != bytes) return complain("a block was released with another size"), false;
    live_.erase(found);
    ++releases_;
    return true;
  }
  template <class Below>
  void* shrunk(void* p, std::size_t from, std::size_t to, Below below) {
    const std::lock_guard lock(guard_);
    const auto found = live_.find(static_cast<std::byte*>(p));
    if (found == live_.end()) return complain("a block shrank that is not live"), p;
    if (found->second != from) return complain("a block shrank from another size"), p;
    live_.erase(found);
    ++shrinkings_;
    void* const now = below();
    add(now, to);
    return now;
  }
  void complain(const char* what) {
    if (complaint_.empty()) complaint_ = what;
  }

  Subject& below_;
  std::mutex guard_;
  std::map<const std::byte*, std::size_t> live_;
  std::string complaint_;
  std::uint64_t allocations_ = 0;
  std::uint64_t releases_ = 0;
  std::uint64_t shrinkings_ = 0;
};

}  // namespace caiman::traces
