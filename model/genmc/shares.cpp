// SPDX-License-Identifier: MIT
// The shares of a frozen block (10): each of -DTHREADS=2 or 3 reads the block and drops its share;
// the last one writes it, as the next owner would (S2, R1).
#include "genmc_sync.hpp"
// then the core
#include "caiman/detail/shares.hpp"

#ifndef THREADS
#define THREADS 2
#endif

using namespace caiman::detail;
using namespace caiman::genmc;

namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): pthreads
made_late<share_count<genmc_sync>> shares;
unsigned payload;
std::atomic<unsigned> last;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void* drop(void* /*none*/) {
  const unsigned seen = payload;
  if (shares->drop()) {
    payload = seen + 1;
    last.fetch_add(1, std::memory_order_relaxed);
  }
  return nullptr;
}

}  // namespace

int main() {
  shares.make();
  for (int i = 1; i < THREADS; ++i) shares->add();
#if THREADS == 2
  run(drop, drop);
#else
  run(drop, drop, drop);
#endif
  assert(last.load(std::memory_order_relaxed) == 1);
  return 0;
}
