// ---------------------------------------------------------------------------------------------
// turnover.hpp: a block's way back, in the one order that is right
//
// Scrub, release, count. The block is somebody else's as soon as it is released, and the arena may
// be gone as soon as the return is counted (ledger.hpp). Its own template so that the model checks
// the very lines that ship.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/buddy.hpp"

namespace caiman {

/// `scrub()` leaves the memory of `b` as its next owner may find it. The answer is the ledger's:
/// what the caller has to do next. Progress: that of release, and of the ledger.
template <class Tree, class Books, class Scrub>
[[nodiscard, gnu::always_inline]] inline auto take_back(Tree& tree, Books& books, block b,
                                                        Scrub scrub) noexcept {
  scrub();
  tree.release(b);
  return books.gave();
}

}  // namespace caiman
