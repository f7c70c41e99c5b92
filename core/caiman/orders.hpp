// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// orders.hpp: every memory order of what the model checks, one row per site
//
// No order of it is written anywhere else: a site names its row, `Sync::order(site::claim)`, and
// the policy looks it up (a constant natively, a table that can be changed at run time in the
// model, so that any order can be weakened without a rebuild). The numbers in brackets are the
// pairs, and the comments at the sites carry the same numbers:
//
//   (1) words      what a release or a publish wrote, the thread that claims it has seen
//   (2) hints      store-buffer pairs: word then hint against hint then word
//   (3) ancestors  the same one height up: node then parent against parent then node
//   (4) moves      a thread that sees what a move did sees that it began, or that it ended
//   (5) releases   a thread that sees that a release was counted sees its block
//   (6) slots      the next owner of a thread slot goes on where the last one stopped
//   (7) stacks     what a push wrote, a thread that reads the height or takes the entry has seen
//   (8) flag       announce then look at the flag against raise the flag then look at the height
//   (9) end        what anybody did with an arena, the thread that ends it has seen
//  (10) shares     what the other sharers of a block read, the last sharer knows to be over
//  (11) waiters    a return then the mark of its line against the mark of a line then a search
//  (12) desk       a thread that serves waiters has seen what those did that asked, or served last
//  (13) closing    a return's count then its look against the closing then the sum, by fences
//  (14) lines      a thread that lets lines of a ledger go has seen the last touch of each
//
// Outside of the table stand counts that decide nothing (relaxed) and the few words that no
// scenario runs: arenas that ended while somebody was on a line, trims under way and when
// one is due, the hook for misuse, records of an offset allocator, what alarms sleep on. Where
// these are rare their order is the strongest, since no check would notice too weak a one.
//
// "Without it" names the property of the checks that a weaker order breaks.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <atomic>
#include <cstddef>

namespace caiman::inline v0::protocol {

/// A place where the core touches what it shares. Each has a row in order_table, which says all
/// that there is to say of it.
enum class site : unsigned char {
  /// \cond one_row_each
  // words
  claim_look,
  claim,
  claim_failed,
  search_word,
  release_look,
  release,
  climb,
  publish_child,
  sweep_word,
  sweep_take,
  ancestor_look,
  child_look,
  // hints
  hint_look,
  hint_set,
  hint_clear,
  clear_look,
  word_again,
  node_again,
  search_hint,
  // stacks: the owner's side
  stack_height,
  stack_own_look,
  stack_push,
  stack_pushed,
  stack_announce,
  stack_drainers,
  stack_lower,
  stack_look,
  stack_hole,
  stack_take,
  stack_popped,
  // stacks: anyone's side
  drain_height,
  drain_look,
  drain_spare,
  drain_raise,
  drain_fenced,
  drain_leave,
  // counters and slots
  own_count,
  move_begin,
  move_end,
  count_release,
  look_ended,
  look_begun,
  look_releases,
  word_hint,
  slot_look,
  slot_take,
  slot_give,
  slots_seen,
  // an arena's end: handles, ledger, shares; and its cold blocks
  handle_add,
  handle_drop,
  ledger_count,
  ledger_look,
  ledger_gave,
  ledger_close,
  ledger_rest,
  ledger_await,
  ledger_calm,
  ledger_met,
  ledger_return,
  ledger_closed,
  ledger_left,
  ledger_shut,
  ledger_sum,
  ledger_quiet,
  share_add,
  share_look,
  share_drop,
  cold_bits,
  // waiting for room
  inbox_look,
  inbox_push,
  inbox_take,
  desk_ask,
  desk_lock,
  desk_failed,
  desk_sleep,
  desk_again,
  desk_leave,
  waiting_count,
  // observers
  observe,
  count_  // how many there are
  /// \endcond
};

/// What makes two accesses of a pair see each other.
enum class by : unsigned char {
  themselves,  ///< One of them releases, the other one acquires.
  move,        ///< The RMW of the move between them, a partner under (4) of those that search.
  fences,      ///< The fences behind them: light_fence of the owner, heavy_fence of the drainer.
};

/// With whom a site pairs. Both rows name each other, under one number.
struct partner {
  unsigned number = 0;        ///< That of the comments; 0: no partner.
  site with{};                ///< The other one.
  by means = by::themselves;  ///< How.
};

/// How many partners a site may have.
inline constexpr std::size_t most_partners = 4;

/// A row of the table.
struct order_row {
  site at{};                       ///< Of which site.
  const char* name = "";           ///< Its name, for tables and messages.
  std::memory_order order{};       ///< What ships.
  partner pairs[most_partners]{};  ///< With which sites; the first without a number ends them.
  const char* without = "";        ///< What breaks when it is weaker, or why it may be this weak.
  /// Why it ships stronger than the checks ask for; empty where they convict whatever is weaker.
  /// `caiman-check audit` fails where the two do not agree.
  const char* kept = "";
};

/// The orders by their short names, for the table.
namespace mo {
/// \cond
constexpr std::memory_order relaxed = std::memory_order_relaxed;
constexpr std::memory_order acquire = std::memory_order_acquire;
constexpr std::memory_order release = std::memory_order_release;
constexpr std::memory_order acq_rel = std::memory_order_acq_rel;
constexpr std::memory_order seq_cst = std::memory_order_seq_cst;
/// \endcond
}  // namespace mo

// clang-format off
/// The table, in the order of the enumeration.
inline constexpr order_row order_table[] = {
    {site::claim_look, "claim_look", mo::relaxed, {},
     "nothing: the claiming CAS compares what was read"},
    {site::claim, "claim", mo::acq_rel,
     {{1, site::release}, {1, site::publish_child}, {4, site::search_word}, {4, site::sweep_word}},
     "S2 without acquire; S6 without release: a search that reads the emptied word must know what "
     "the claimer knew. No seq_cst, though it stores a word and then looks at a hint: a claim only "
     "takes, so a clearing that still reads the word as it was before marks more, never less"},
    {site::claim_failed, "claim_failed", mo::relaxed, {},
     "nothing: the value is dropped, the search starts afresh"},
    {site::search_word, "search_word", mo::acquire,
     {{4, site::claim}, {4, site::climb}, {4, site::sweep_take}},
     "S6: a search that finds a word emptied must see that its block moved, or when it was released"},
    {site::release_look, "release_look", mo::relaxed, {},
     "nothing: the releasing CAS compares what was read"},
    {site::release, "release", mo::seq_cst,
     {{1, site::claim}, {1, site::climb}, {1, site::sweep_take}, {2, site::word_again}},
     "S2 without release; S5 and S6 without seq_cst: it stores a word and then looks at a hint (2)"},
    {site::climb, "climb", mo::acq_rel, {{1, site::release}, {4, site::search_word}, {4, site::sweep_word}},
     "S2 without acquire: what others released into the word goes up with it; S6 without release: "
     "a search that reads the emptied word must see the move"},
    {site::publish_child, "publish_child", mo::seq_cst, {{1, site::claim}, {2, site::word_again}},
     "S2 without release; S5 and S6 without seq_cst: it stores a word and then looks at a hint (2)"},
    {site::sweep_word, "sweep_word", mo::acquire, {{4, site::claim}, {4, site::climb}, {4, site::sweep_take}},
     "S6, as search_word: a sweep that finds a word no longer full must see where its room went"},
    {site::sweep_take, "sweep_take", mo::acq_rel,
     {{1, site::release}, {4, site::search_word}, {4, site::sweep_word}},
     "S2 without acquire: a block that was taken and given back since the sweep's look goes up with "
     "the rest; S6 without release, as climb"},
    {site::ancestor_look, "ancestor_look", mo::relaxed, {},
     "nothing: the ancestors of a live block do not change, and its owner has seen them clear"},
    {site::child_look, "child_look", mo::relaxed, {},
     "nothing: the words below a live block do not change, and its owner has seen them taken"},
    {site::hint_look, "hint_look", mo::seq_cst, {{2, site::hint_clear}, {3, site::hint_clear}},
     "S5: a hint that a peer is clearing looks set; the peer's second look at the word misses it"},
    {site::hint_set, "hint_set", mo::seq_cst, {{3, site::node_again}},
     "S5: the parent of a bit just set looks set while a peer clears it"},
    {site::hint_clear, "hint_clear", mo::seq_cst,
     {{2, site::hint_look}, {3, site::hint_look}, {4, site::search_hint}},
     "S5: the second look at the word runs ahead of the clearing"},
    {site::clear_look, "clear_look", mo::relaxed, {},
     "nothing: it only chooses what to mark before the clearing. A word that came back since the "
     "search came back by a release not yet counted, or by a split that shows at the parent"},
    {site::word_again, "word_again", mo::seq_cst, {{2, site::release}, {2, site::publish_child}},
     "S5: reads the word as it was before the clearing"},
    {site::node_again, "node_again", mo::seq_cst, {{3, site::hint_set}},
     "S5: reads the node as it was before the clearing of its parent"},
    {site::search_hint, "search_hint", mo::acquire, {{4, site::hint_clear}},
     "S6: a search that finds a hint cleared must see the move that cleared it"},
    {site::stack_height, "stack_height", mo::relaxed, {},
     "nothing: only the owner stores"},
    {site::stack_own_look, "stack_own_look", mo::relaxed, {},
     "nothing: it looks for a block that no other thread can put there"},
    {site::stack_push, "stack_push", mo::release, {{7, site::stack_take}},
     "S2: a thread that takes the entry must have seen what the block's last owner wrote"},
    {site::stack_pushed, "stack_pushed", mo::release, {{7, site::drain_height}},
     "S1 announced: a drainer that reads the height must find the entries below it"},
    {site::stack_announce, "stack_announce", mo::release,
     {{7, site::drain_height}, {8, site::drain_height, by::fences}},
     "S1 announced: a drainer that reads the height here must find the entries below it"},
    {site::stack_drainers, "stack_drainers", mo::relaxed, {{8, site::drain_raise, by::fences}},
     "nothing: the fence before it orders it, and a flag that is down was taken down by the owner"},
    {site::stack_lower, "stack_lower", mo::acquire, {{8, site::drain_leave}},
     "S1 announced: an owner that takes the flag down must see what the drainers took. One "
     "compare-and-swap, so no drainer comes in between; the next one finds the flag down and fences"},
    {site::stack_look, "stack_look", mo::relaxed, {},
     "nothing: of the top it reads the owner's own store or a hole, and the exchange behind it "
     "decides. An announced pop reads its own store, or, the flag being down, what (8) let it see"},
    {site::stack_hole, "stack_hole", mo::acquire, {{4, site::stack_take}},
     "S6: an owner that walks over a hole must see that its block moved",
     "no check convicts a weaker one: drainers go from the top down, so the exchange of a pop that "
     "found the top taken has acquired what matters. That is said of drainers, not of this look"},
    {site::stack_take, "stack_take", mo::acq_rel,
     {{4, site::drain_look}, {4, site::stack_hole}, {4, site::stack_take}, {7, site::stack_push}},
     "S2 without acquire; S6 without release: a thread that finds the hole must see the move"},
    {site::stack_popped, "stack_popped", mo::release, {{7, site::drain_height}},
     "S6: a drainer that reads the lower height must know what the owner knew"},
    {site::drain_height, "drain_height", mo::acquire,
     {{7, site::stack_pushed}, {7, site::stack_announce}, {7, site::stack_popped}, {8, site::stack_announce, by::fences}},
     "S1 and S6, as those"},
    {site::drain_look, "drain_look", mo::acquire, {{4, site::stack_take}},
     "S6: a drainer that finds a hole must see that its block moved"},
    {site::drain_spare, "drain_spare", mo::acq_rel, {{8, site::drain_raise}},
     "S6 without release: a drainer that comes next must see the announcement that was relied on; "
     "S6 without acquire: the move of a drainer that came before and may not have seen it"},
    {site::drain_raise, "drain_raise", mo::acq_rel,
     {{8, site::drain_fenced, by::fences}, {8, site::stack_drainers, by::fences}, {8, site::drain_spare}},
     "S1 announced without acquire: a drainer that finds the flag up must see the heights that the "
     "fence has shown to the one that raised it. Where it raises the flag itself, the fence behind "
     "it orders it. S6 without release, as drain_spare"},
    {site::drain_fenced, "drain_fenced", mo::relaxed, {{8, site::drain_raise, by::fences}},
     "nothing: the fence before it releases"},
    {site::drain_leave, "drain_leave", mo::release, {{8, site::stack_lower}},
     "S1 announced, as stack_lower"},
    {site::own_count, "own_count", mo::relaxed, {},
     "nothing: only the owner stores"},
    {site::move_begin, "move_begin", mo::relaxed, {{4, site::look_begun, by::move}},
     "nothing: the move's first RMW releases it"},
    {site::move_end, "move_end", mo::release, {{4, site::look_ended}},
     "S6: a search that reads this end must find the block where the move left it"},
    {site::count_release, "count_release", mo::release, {{5, site::look_releases}},
     "S6: a search that reads this count must find the block"},
    {site::look_ended, "look_ended", mo::acquire, {{4, site::move_end}},
     "S6, as move_end"},
    {site::look_begun, "look_begun", mo::relaxed, {{4, site::move_begin, by::move}},
     "nothing: what the search acquired orders this read after the begin"},
    {site::look_releases, "look_releases", mo::acquire, {{5, site::count_release}},
     "S6, as count_release"},
    {site::word_hint, "word_hint", mo::relaxed, {},
     "nothing: a hint names where to look first and decides nothing"},
    {site::slot_look, "slot_look", mo::relaxed, {},
     "nothing: the taking CAS compares it"},
    {site::slot_take, "slot_take", mo::acquire, {{6, site::slot_give}},
     "S6: the counters of the slot would start from an old value and run backwards; R1: so would "
     "the count of blocks taken through it, and the arena would end too soon"},
    {site::slot_give, "slot_give", mo::release, {{6, site::slot_take}},
     "S6 and R1, as slot_take"},
    {site::slots_seen, "slots_seen", mo::relaxed, {{4, site::slots_seen, by::move}},
     "nothing: a slot that a search missed before it and finds after it has moved"},
    {site::handle_add, "handle_add", mo::relaxed, {},
     "nothing: a thread that copies a handle has one, so the count is not zero meanwhile"},
    {site::handle_drop, "handle_drop", mo::acq_rel, {{9, site::handle_drop}},
     "R1: the last handle closes the ledger and must see what was taken through the others, and "
     "the thread that ends the arena must come after all that they did with it"},
    {site::ledger_count, "ledger_count", mo::relaxed, {},
     "nothing: only the slot's owner stores, the next one goes on from there (6), and the closing "
     "handle has seen all takers' handles go"},
    {site::ledger_look, "ledger_look", mo::relaxed, {},
     "nothing: it only chooses where a block goes. One that misses a mark pushes its block onto the "
     "stack, and ledger_gave meets the mark behind the push, or the search behind the mark finds the "
     "block (11); one that still sees a mark puts its block where everybody finds it"},
    {site::ledger_gave, "ledger_gave", mo::release, {{9, site::ledger_close}, {11, site::ledger_await}},
     "R1: the thread that ends the arena must come after the last thing that a release did with it; S7: the "
     "search behind the mark must find the block"},
    {site::ledger_close, "ledger_close", mo::acquire, {{9, site::ledger_gave}},
     "R1, as ledger_gave"},
    {site::ledger_rest, "ledger_rest", mo::acq_rel, {{9, site::ledger_rest}},
     "R1, as ledger_gave, for a release that came after the closing, and for the closing itself "
     "when such a release ends the arena"},
    {site::ledger_await, "ledger_await", mo::acquire, {{11, site::ledger_gave}},
     "S7: a waiter goes to sleep beside a block whose return came before the mark. No store-buffer "
     "pair, so no seq_cst: both sides are read-modify-writes of one line, which stand in one "
     "modification order. Either the return reads the mark, or the mark reads the return, or a "
     "later one of the same release sequence (all that changes a line is a read-modify-write), and "
     "then everything before the return happens before the search, pushes onto a stack included. "
     "That uses no order of two locations, so it is the same in every engine"},
    {site::ledger_calm, "ledger_calm", mo::relaxed, {},
     "nothing: it only counts the returns that met the mark, and these end the arena themselves"},
    {site::ledger_met, "ledger_met", mo::relaxed, {},
     "nothing: a thread that changes it holds the desk (12), and the closing handle comes after them (9)"},
    {site::ledger_return, "ledger_return", mo::release,
     {{9, site::ledger_sum}, {13, site::ledger_shut, by::fences}},
     "R1: the thread that ends the arena must come after the last thing that a release did with it"},
    {site::ledger_closed, "ledger_closed", mo::acquire,
     {{13, site::ledger_shut}},
     "R1: a return that finds the ledger closed must see all that was taken"},
    {site::ledger_left, "ledger_left", mo::release, {{14, site::ledger_quiet}},
     "R1: the lines must not go before a return has looked whether the ledger is closed"},
    {site::ledger_shut, "ledger_shut", mo::release,
     {{13, site::ledger_closed}, {13, site::ledger_return, by::fences}},
     "R1, as ledger_closed"},
    {site::ledger_sum, "ledger_sum", mo::acquire, {{9, site::ledger_return}},
     "R1, as ledger_return"},
    {site::ledger_quiet, "ledger_quiet", mo::acquire, {{14, site::ledger_left}},
     "R1, as ledger_left"},
    {site::share_add, "share_add", mo::relaxed, {},
     "nothing: a thread that adds a share has one, so the count is not zero meanwhile"},
    {site::share_look, "share_look", mo::acquire, {{10, site::share_drop}},
     "S2: the last sharer returns the block while another one's reads are still to come"},
    {site::share_drop, "share_drop", mo::acq_rel, {{10, site::share_drop}, {10, site::share_look}},
     "S2, as share_look"},
    {site::cold_bits, "cold_bits", mo::relaxed, {},
     "nothing: the bits of a block are its owner's, and come with it (1)"},
    {site::inbox_look, "inbox_look", mo::relaxed, {},
     "nothing: the pushing CAS compares what was read"},
    {site::inbox_push, "inbox_push", mo::release, {{12, site::inbox_take}},
     "S2: the thread that serves the waiter must have seen what it wants"},
    {site::inbox_take, "inbox_take", mo::acquire, {{12, site::inbox_push}},
     "S2, as inbox_push"},
    {site::desk_ask, "desk_ask", mo::release, {{12, site::desk_again}},
     "S7, for a thread that leaves its wish to the one at the desk: that one must find what was released or "
     "registered before. The next one at the desk acquires it by the desk_again that follows"},
    {site::desk_lock, "desk_lock", mo::acquire, {{12, site::desk_leave}},
     "S2: the lists of waiters, as the last one at the desk left them"},
    {site::desk_failed, "desk_failed", mo::relaxed, {},
     "nothing: the value is dropped, or compared by what comes next"},
    {site::desk_sleep, "desk_sleep", mo::relaxed, {},
     "nothing: a thread that leaves the desk reads it in the read-modify-write with which it leaves"},
    {site::desk_again, "desk_again", mo::acquire, {{12, site::desk_ask}, {12, site::desk_leave}},
     "S7: looks again and misses what it was asked to look for"},
    {site::desk_leave, "desk_leave", mo::release, {{12, site::desk_lock}, {12, site::desk_again}},
     "S2, as desk_lock"},
    {site::waiting_count, "waiting_count", mo::relaxed, {},
     "nothing: a newcomer that does not see the others takes what there is, and an observer is "
     "exact when no other call runs"},
    {site::observe, "observe", mo::relaxed, {},
     "nothing: observers are exact when no other call runs, and a thread that knows that has seen all"},
};
// clang-format on

/// How many sites, and rows, there are.
inline constexpr std::size_t site_count = static_cast<std::size_t>(site::count_);

/// \cond
consteval bool rows_stand_in_order() {
  for (std::size_t i = 0; i < site_count; ++i) {
    if (static_cast<std::size_t>(order_table[i].at) != i) return false;
  }
  return sizeof(order_table) / sizeof(order_table[0]) == site_count;
}
static_assert(rows_stand_in_order(), "one row per site, in the order of the enumeration");

/// Whether a row names this site, so.
consteval bool names(const order_row& row, const partner& wanted) {
  bool found = false;
  for (const partner& p : row.pairs) {
    found |= p.number == wanted.number && p.with == wanted.with && p.means == wanted.means;
  }
  return found;
}
consteval bool partners_name_each_other() {
  for (const order_row& row : order_table) {
    for (const partner& p : row.pairs) {
      if (p.number == 0) break;
      const order_row& other = order_table[static_cast<std::size_t>(p.with)];
      if (!names(other, {p.number, row.at, p.means})) return false;
    }
  }
  return true;
}
static_assert(partners_name_each_other(), "a site that pairs with another one is its partner, too");

consteval bool releases(std::memory_order order) {
  return order == mo::release || order == mo::acq_rel || order == mo::seq_cst;
}
consteval bool acquires(std::memory_order order) {
  return order == mo::acquire || order == mo::acq_rel || order == mo::seq_cst;
}
/// Partners that nothing but themselves orders: one releases, and the other one acquires.
consteval bool partners_synchronise() {
  for (const order_row& row : order_table) {
    for (const partner& p : row.pairs) {
      if (p.number == 0 || p.means != by::themselves) continue;
      const std::memory_order other = order_table[static_cast<std::size_t>(p.with)].order;
      if (!(releases(row.order) && acquires(other)) && !(acquires(row.order) && releases(other)))
        return false;
    }
  }
  return true;
}
static_assert(partners_synchronise(), "of two partners one releases and one acquires");

/// A site without partners asks for no order.
consteval bool loners_are_relaxed() {
  bool all = true;
  for (const order_row& row : order_table) {
    all &= row.pairs[0].number != 0 || row.order == mo::relaxed;
  }
  return all;
}
static_assert(loners_are_relaxed(), "an order that is stronger than relaxed is for somebody");
/// \endcond

/// The order that ships for a site.
constexpr std::memory_order shipped_order(site at) noexcept {
  return order_table[static_cast<std::size_t>(at)].order;
}

}  // namespace caiman::v0::protocol

#endif  // CAIMAN_REQUIREMENTS_MET
