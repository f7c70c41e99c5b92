// SPDX-License-Identifier: MIT
// The hints, a clearing against a setting (2): a word is empty and still marked. A search finds it
// so and clears the mark, while a release puts a block into the word and finds the mark still set.
// Then nothing runs, and no mark is missing: a search by hints alone finds the block (S5).
#include "small_tree.hpp"

using namespace caiman::genmc;

namespace {

using level_type = small_tree::tree_type::level_type;
using hint = hints<genmc_sync, 1>;

/// A level of two words and the slots, without a tree around them.
class marked_words {
 public:
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): built in it
  marked_words() noexcept : slots_(lanes_, small_tree::max_order) {
    (void)words_.build(memory_, small_tree::max_order, 0);
  }
  level_type& words() noexcept { return words_; }
  slot_ref<genmc_sync> mine() noexcept { return slots_.mine(); }

 private:
  alignas(128) std::byte memory_[level_type::bytes(small_tree::max_order, 0)];
  alignas(128) std::byte lanes_[slot_table<genmc_sync>::bytes()];
  level_type words_;
  slot_table<genmc_sync> slots_;
};

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
made_late<marked_words> arena;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void* clear(void* /*none*/) {
  genmc_sync::slot = 0;
  hint::clear(arena->words(), arena->mine(), 0, 0);
  return nullptr;
}
/// As a release does it: the word, then its mark.
void* set(void* /*none*/) {
  genmc_sync::slot = 1;
  word_t now = 0;
  const bool stored = arena->words().word(0).compare_exchange_strong(
      now, 1, genmc_sync::order(site::release), genmc_sync::order(site::release_look));
  assert(stored);
  hint::set(arena->words(), arena->mine(), 0, 0);
  return nullptr;
}

}  // namespace

int main() {
  arena.make();
  genmc_sync::slot = 2;
  hint::set(arena->words(), arena->mine(), 0, 0);  // of what was there once
  run(clear, set);
  const std::size_t found = hint::next(arena->words(), arena->mine(), 0, 0);
  assert(found == 0);
  return 0;
}
