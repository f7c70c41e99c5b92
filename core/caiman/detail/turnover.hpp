// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// turnover.hpp: a block's way back, in the one order that is right
//
// Scrub, release, count. The block is somebody else's as soon as it is released, and the arena may
// be gone as soon as the return is counted (ledger.hpp). While somebody waits for room the release
// is one past the owner stacks: a caller with waiters asks seems_awaited() first. Templates, so
// that the model checks the very lines that ship.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <cstddef>

#include "caiman/buddy_core.hpp"
#include "caiman/detail/attributes.hpp"
#include "caiman/detail/ledger.hpp"

namespace caiman::inline v0::detail {

/// Nothing is to do between release and count.
struct nothing_more {
  void operator()() const noexcept {}
};

/// `scrub()` leaves the memory of `b` as its next owner may find it; `then()` is called when it is
/// released, and the arena is still there. The answer is the ledger's:
/// what the caller has to do next. `Release` is release, or release_owned for one that owns it by
/// construction. Progress: that of release, and of the ledger.
template <auto Release, class Tree, class Books, class Scrub, class Then = nothing_more>
[[nodiscard]] CAIMAN_HOT inline auto return_block(Tree& tree, Books& books, block b, Scrub scrub,
                                                  Then then = {}) noexcept {
  scrub();
  (tree.*Release)(b);
  then();
  return books.gave();
}

/// How far return_at_hand came.
enum class at_hand : unsigned char {
  no,    ///< Nothing has happened: return_block has it all to do.
  done,  ///< It is returned, and the arena may be gone.
  late   ///< It is returned, and the ledger is closed: books.gave_late(scaled) is still to come.
};
/// The common half of return_block alone, into the thread's own stack, for a ledger whose returns
/// are stores and a block that needs no scrub. `scaled` is the caller's slot unless the answer is
/// no.
template <class Tree, class Books>
[[nodiscard]] CAIMAN_HOT inline at_hand return_at_hand(Tree& tree, Books& books, block b,
                                                       unsigned& scaled) noexcept {
  if (!tree.push_at_hand(b, scaled)) [[unlikely]]
    return at_hand::no;
  return books.gave_at_once(scaled) ? at_hand::done : at_hand::late;
}

/// The same for a block that somebody waits for, as far as books.seems_awaited() knows: into the
/// tree, where the look for the waiters finds it at once.
template <class Tree, class Books, class Scrub>
[[nodiscard]] inline auto return_past_stacks(Tree& tree, Books& books, block b,
                                             Scrub scrub) noexcept {
  scrub();
  tree.release_past_stacks(b);
  return books.gave();
}

/// Gives the end of a block back that the caller keeps: of its first `kept` min blocks all but
/// `keep`. `serve()` looks after those who wait, if there are any. Progress: that of release_tail.
template <class Tree, class Books, class Scrub, class Serve>
inline void return_tail(Tree& tree, Books& books, block b, std::size_t keep, std::size_t kept,
                        Scrub scrub, Serve serve) noexcept {
  scrub();
  tree.release_tail(b, keep, kept);
  if (books.is_awaited()) serve();
}

/// return_block for what is left of a block whose tail went back: its first `kept` min blocks.
template <class Tree, class Books, class Scrub, class Then = nothing_more>
[[nodiscard]] inline auto return_part(Tree& tree, Books& books, block b, std::size_t kept,
                                      Scrub scrub, Then then = {}) noexcept {
  scrub();
  tree.release_part(b, kept);
  then();
  return books.gave();
}

/// What is left to do after any of them: `serve()` looks after those who wait. True if the
/// caller has to end the arena; else it must not touch it again. Progress: that of `serve`.
template <class Books, class Serve>
[[nodiscard]] inline bool ends_after(duty next, Books& books, Serve serve) noexcept {
  if (next == duty::serve) {
    serve();
    next = books.served();
  }
  return next == duty::end;
}

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
