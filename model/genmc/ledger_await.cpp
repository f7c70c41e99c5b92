// SPDX-License-Identifier: MIT
// The handshake of waiter and releaser (11): who waits marks the lines of the ledger and then looks
// for a unit; two return one each, and then count it, on a line of their own and on the shared one.
// For each return either the look finds the unit or the return meets the mark, so nobody sleeps
// beside it (S7). Then the marks go, and the ledger's sums are right: one ends the arena (R1). No
// tree: all that both sides share are read-modify-writes, which is what Relacy shows least of.
#include "genmc_sync.hpp"
// then the core
#include "caiman/detail/ledger.hpp"

using namespace caiman::detail;
using namespace caiman::genmc;

namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
made_late<ledger<genmc_sync>> books;
std::atomic<std::uint64_t> unit[2];
bool found[2];  // by who waits
bool met[2];    // by the return
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void* wait(void* /*none*/) {
  genmc_sync::slot = 0;
  books->await();
  for (int i = 0; i < 2; ++i) found[i] = unit[i].load(std::memory_order_relaxed) != 0;
  return nullptr;
}
void give(int i, unsigned slot) {
  genmc_sync::slot = slot;
  unit[i].store(1, std::memory_order_relaxed);
  const duty next = books->gave();
  assert(next != duty::end);  // there is a handle
  met[i] = next == duty::serve;
}

}  // namespace

int main() {
  books.make(genmc_sync::home{});
  books->took();
  books->took();
  run(wait, calls<give, 0, 1U>, calls<give, 1, genmc_sync::exclusive_slots>);
  for (int i = 0; i < 2; ++i) assert(found[i] || met[i]);

  books->await_no_more();
  int ends = books->drop_handle() ? 1 : 0;
  for (const bool each : met) {
    if (each && books->served() == duty::end) ++ends;
  }
  assert(ends == 1);
  return 0;
}
