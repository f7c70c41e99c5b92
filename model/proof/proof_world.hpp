// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// proof_world.hpp: one thread among any number of others
//
// What one call finds at each of its accesses, and what it may do there. Before each access the
// others may have done anything that the invariant allows (invariant.hpp), so the words and the
// hints are new; after it the invariant must hold again. What the thread holds and owes follows
// from its accesses: it takes what it clears, it gives what it sets, a run that it makes larger is
// a debt until it has set or seen a mark, and a mark that it clears is one until it has looked
// again. A bit that it holds is a whole word below, and a whole word that it holds is a bit above.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "caiman/orders.hpp"
#include "invariant.hpp"
#include "solver/paths.hpp"
#include "solver/states.hpp"
#include "solver/symbolic_word.hpp"
#include "story.hpp"

namespace caiman::proof {

/// See above. All of it is of the path that this process is on.
class world {
 public:
  /// There is one.
  static world& here();

  /// Before a check: the tree at hand.
  void set_shape(const shape& is) { shape_ = is; }
  /// Begins a call: the thread holds nothing and owes nothing. Where it is alone nobody else does
  /// anything meanwhile, though they may hold blocks: what it has seen stays as it left it.
  void begin(const std::string& call, bool alone = false);
  /// Of what is claimed a few places stand for all, as of what searches find: it has one of these.
  void few_places() { few_places_ = true; }
  /// The thread holds these slots of a word.
  void hold(unsigned level, std::size_t index, std::uint64_t mask);

  // ---- accesses, in the order of what the core asks for ------------------------------------

  /// The site that the next access is of.
  void next_site(protocol::site at) { site_ = at; }
  protocol::site current_site() const { return site_; }
  word load(const place& at, const call_state& state);
  void store(const place& at, const word& value);
  bool compare_exchange(const place& at, word& expected, const word& desired,
                        const call_state& state);
  word fetch_or(const place& at, const word& mask);
  word fetch_and(const place& at, const word& mask);

  // ---- contracts ---------------------------------------------------------------------------

  /// Slots of a word.
  struct part {
    unsigned level;
    std::size_t index;
    std::uint64_t mask;
  };
  /// The thread holds these slots, several of a word or not, and no others, and owes nothing.
  void must_hold_parts(const std::vector<part>& parts, const char* what);
  /// The thread holds these slots and no others, and owes nothing.
  void must_hold_only(unsigned level, std::size_t index, std::uint64_t mask, const char* what);
  /// It holds nothing and owes nothing.
  void must_be_at_rest(const char* what) { must_hold_only(0, 0, 0, what); }
  /// Of a thread that is alone: the word is not full.
  void must_not_be_full(unsigned level, std::size_t index, const char* what);
  /// What follows from the invariant once all calls have returned.
  void must_follow_at_rest();
  /// A word of a tree that was just built, with whether it is marked in each class.
  struct built_word {
    unsigned level;
    std::size_t index;
    std::uint64_t free, theirs, split;
    bool active;
    std::vector<bool> marks;
  };
  /// The clauses hold of it: they must before the first call.
  void must_begin_with(const built_word& is);
  /// The same of a node of the hints, and whether it is marked in the node above it.
  void must_begin_with_node(std::uint64_t node, bool mark);
  /// Something that must not be has happened.
  void fail(const std::string& what);
  /// `claim` must follow.
  void must_follow(const term& claim, const char* what);

 private:
  using node_key = std::tuple<unsigned, unsigned, std::size_t, unsigned>;  // level, height, ...

  // world_words.cpp
  unsigned bits() const { return shape_.fanout(); }
  std::uint64_t all_of(unsigned level) const;
  term mine(const word_key& of) const;
  void set_mine(const word_key& of, const term& mask);
  void add_state(const word_key& of);
  word_state& look_at(const word_key& of);
  void change(const word_key& at, const term& to);
  bool gives_its_own(const word_key& at, const term& added);
  void expand(const word_key& at, std::vector<word_key>& touched);
  void collapse(const word_key& at, std::vector<word_key>& touched);
  void change_marks(const word_key& at, const term& from, const term& to);
  void word_seen(const word_key& at, const term& free);
  static term settled(const term& value);
  bool has_hints(unsigned level) const { return shape_.heights[level] != 0; }

  // world_hints.cpp
  term debt(const word_key& of) const;
  term node_debt(const node_key& of) const;
  std::vector<term> fresh_marks() const;
  term new_node(const place& at);
  void set_node(const place& at, const term& node);
  void add_marks(const word_key& of, const word_state& state);
  void assume_marked_above(const node_key& of);
  void node_seen(const place& at, const term& node);
  void word_debts_seen(const place& at, const term& node);
  void node_debts_seen(const place& at, const term& node);
  void clear_mark(const place& at, const term& node, unsigned slot);

  // world.cpp
  void access(const char* kind, const place& at);
  void assume_one_of_few_places(const term& taken);
  bool is_settled(std::string& text) const;
  void settle_all();
  void cut_if_met(const call_state& state, const place& at, bool failed);
  void must_clause(clause which, const term& claim);
  finding found(const std::string& what, const term& claim) const;

  shape shape_;
  protocol::site site_{};
  std::map<word_key, term> mine_;
  std::map<word_key, term> debts_;
  std::map<node_key, term> node_debts_;
  std::map<word_key, word_state> now_;
  story story_;
  unsigned accesses_ = 0;
  bool few_places_ = false;
  bool at_end_ = false;
  bool alone_ = false;
  std::map<node_key, term> nodes_;  // of a thread that is alone
};

}  // namespace caiman::proof
