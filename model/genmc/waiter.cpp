// SPDX-License-Identifier: MIT
// The handshake of waiter and releaser (11): who waits marks the lines and then searches; who
// releases returns the block and then counts it on its line. Either the search finds the block or
// the return meets the mark, so nobody sleeps beside a free block (S7). The releaser has a line of
// its own, as it has in an arena: what it did must be seen through that line alone. Whoever serves
// the waiter takes the mark away again, and then the ledger's sums must be right: with the last
// handle gone, exactly one ends the arena (R1).
#include "genmc_sync.hpp"
// then the core
#include "caiman/detail/ledger.hpp"

using namespace caiman;
using namespace caiman::detail;
using namespace caiman::genmc;

namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
small_arena<1, 1> arena;
ledger<genmc_sync> books{genmc_sync::home{}};
std::size_t held[2];
std::size_t found;  // by the search behind the mark
bool met;           // by the return
bool ended;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void* wait(void* /*none*/) {
  genmc_sync::slot = 0;
  books.await();
  found = arena.take(0);
  return nullptr;
}
void* release(void* /*none*/) {
  genmc_sync::slot = 1;
  arena.give(0, held[0]);
  const duty next = books.gave();
  assert(next != duty::end);  // there is a handle
  met = next == duty::serve;
  return nullptr;
}

}  // namespace

int main() {
  for (std::size_t& each : held) {
    each = arena.take(0);
    books.took();
  }
  run_both(wait, release);
  assert(is_block(found) || met);

  // Who met the mark looks after the waiter: it has the block now.
  if (!is_block(found)) found = arena.take(0);
  assert(is_block(found));
  books.took();
  books.await_no_more();
  if (met) {
    const duty next = books.served();
    assert(next == duty::none);
    (void)next;
  }
  for (const std::size_t each : {held[1], found}) {
    arena.give(0, each);
    ended = books.gave() == duty::end;
    assert(!ended);
  }
  ended = books.drop_handle();
  assert(ended);
  return ended ? 0 : 1;
}
