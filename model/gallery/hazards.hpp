// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// hazards.hpp: a flat, bounded hazard pointer domain
//
// Maged Michael: Hazard Pointers: Safe Memory Reclamation for Lock-Free Objects, 2004. Each thread
// has `Slots` hazards and a list of its own of what it has retired. A hazard is stored, not
// exchanged, so a fence stands between it and the second look at the pointer.
//
// The publishing store is a release, although the fence orders the publication: since C++20 a
// plain store of the same thread ends a release sequence. Who sees the new hazard must know that
// the accesses under the previous one are over.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <array>
#include <atomic>
#include <caiman-model/check.hpp>
#include <vector>

namespace gallery {

enum class hazard_fault {
  none,
  no_second_look,   // the pointer is not read again after the hazard is published
  no_fence,         // nothing orders the publication before the second look
  relaxed_publish,  // right until C++17
  relaxed_clear     // the reader's accesses are not ordered before the delete
};

template <class Node, unsigned Slots, template <class> class Atom = std::atomic>
class hazards {
  static constexpr unsigned threads = 6;

 public:
  explicit hazards(hazard_fault fault = hazard_fault::none) : fault_(fault) {}
  ~hazards() {
    for (auto& list : retired_) {
      for (Node* n : list) delete n;
    }
  }
  /// What `from` points to, which nobody deletes until the slot is cleared or used again.
  Node* protect(unsigned slot, const Atom<Node*>& from) {
    Node* seen = from.load(std::memory_order_acquire);
    for (;;) {
      mine(slot).store(seen, fault_ == hazard_fault::relaxed_publish ? std::memory_order_relaxed
                                                                     : std::memory_order_release);
      if (fault_ != hazard_fault::no_fence) {
        caiman::model::atomic_thread_fence(std::memory_order_seq_cst);
      }
      if (fault_ == hazard_fault::no_second_look) return seen;
      Node* again = from.load(std::memory_order_acquire);
      if (again == seen) return seen;
      seen = again;
    }
  }
  void clear(unsigned slot) {
    mine(slot).store(nullptr, fault_ == hazard_fault::relaxed_clear ? std::memory_order_relaxed
                                                                    : std::memory_order_release);
  }
  /// Deletes `n`, which nobody can reach any more, now or later.
  void retire(Node* n) {
    auto& list = retired_[caiman::model::this_thread::index()];
    list.push_back(n);
    caiman::model::atomic_thread_fence(std::memory_order_seq_cst);
    std::erase_if(list, [this](Node* one) {
      for (const auto& hazard : hazards_) {
        if (hazard.load(std::memory_order_acquire) == one) return false;
      }
      delete one;
      return true;
    });
  }

 private:
  Atom<Node*>& mine(unsigned slot) {
    return hazards_[std::size_t{caiman::model::this_thread::index()} * Slots + slot];
  }
  hazard_fault fault_;
  std::array<Atom<Node*>, std::size_t{threads} * Slots> hazards_{};
  std::array<std::vector<Node*>, threads> retired_;
};

}  // namespace gallery
