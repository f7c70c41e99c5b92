// SPDX-License-Identifier: MIT
// The end of an arena (9): the last handle goes while two blocks come back. Exactly one of the
// three ends the arena, and it has seen all that the others did with it (R1). With
// -DSYNC=fenced_sync returns are stores behind which a fence stands (13), and nobody waits.
#include "genmc_sync.hpp"
// then the core
#include "caiman/detail/ledger.hpp"

#ifndef SYNC
#define SYNC genmc_sync
#endif

using namespace caiman::detail;
using namespace caiman::genmc;

namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
made_late<ledger<SYNC>> books;
unsigned cell[3];  // of the arena: each writes its own, and who ends it writes all
std::atomic<unsigned> ends;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void end() {
  for (unsigned& each : cell) ++each;
  ends.fetch_add(1, std::memory_order_relaxed);
}
void* drop(void* /*none*/) {
  genmc_sync::slot = 0;
  cell[0] = 1;
  if (books->drop_handle()) end();
  return nullptr;
}
void give(int i, unsigned slot) {
  genmc_sync::slot = slot;
  cell[i] = 1;
  const duty next = books->gave();
  assert(next != duty::serve);  // nobody waits
  if (next == duty::end) end();
}

}  // namespace

int main() {
  books.make(genmc_sync::home{});
  books->took();
  books->took();
  run(drop, calls<give, 1, 1U>, calls<give, 2, genmc_sync::exclusive_slots>);
  assert(ends.load(std::memory_order_relaxed) == 1);
  assert(books->is_quiet());
  return 0;
}
