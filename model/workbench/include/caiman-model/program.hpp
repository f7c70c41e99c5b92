// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// program.hpp: a small concurrent program as data
//
// Threads with their operations, what each owns at the start, the geometry, and how slots are
// given out. Scenarios, random programs, controls and replays are all programs; the text form is
// what `--program` takes and what every failure prints:
//
//   fanout=4 order=3 : 1A1 1A1 1A2 ; A0 | F0A0
//
// before the colon   fanout=2|4|8, order=<max order>, slots=shared, slots=pool:<n>, stop=<t>:<k>,
//                    blocks=<n> (min blocks of a buddy, if not 2^order: less than twice as many),
//                    objects=ask (odd threads run code of another shared object, which must ask for
//                    their slots), objects=apart (it has a pool of its own: a specimen),
//                    looks=<n> (how often a failing request looks again),
//                    stacks=<depth> (owner stacks, exchange pop), announced=<depth> (the same with
//                    the announced pop),
//                    returns=light (of core=ledger and core=arena: returns are stores),
//                    fences=one-sided (the owner's fence is none, and the other one Relacy's
//                    system-wide fence; else both are full fences),
//                    init=zero (blocks are handed out zeroed, and scrubbed when they come back),
//                    init=cold (the same over memory that nobody has zeroed),
//                    core=textbook (a specimen instead of the world that ships),
//                    core=arena, core=ledger, core=shares, core=cold, core=waiting (a part of the
//                    core: its operations are in <part>_world.hpp),
//                    core=handshake, core=litmus (handshake_world.hpp),
//                    waiters=fair|fifo|stack (the policy of core=waiting)
//                    core=structure (a part of somebody else's)
// set-up             <thread><op>, run one after another before the threads start; `>t` hands the
//                    block taken to thread t
// threads            separated by |
// operations         A<k> take a block of order k      M<k> the same, and it must succeed
//                    X<k> the same, and it must fail
//                    F<i> release the i-th block taken, or of one that was cut what is left
//                    T<i>:<n> cut it: all but n min blocks go back
//                    G<k> all that is free is taken and put back, in pieces of at most order k
//                    H one handle or share more, D one less, W<i> warm block i (of parts)
//                    E<k> wait for a block of order k; F<i> of one that waits: no longer
//                    P<k> the same with an executor that calls at once, and gives it back there
//                    L<k> as E<k>, until somebody says R<t>: no longer, to who waits so of thread t
//                    C<k> operation k (of structures)
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace caiman::model {

struct operation {
  enum class kind : char {
    take = 'A',
    must_take = 'M',
    must_fail = 'X',
    release = 'F',
    cut = 'T',
    trim = 'G',
    add = 'H',
    drop = 'D',
    warm = 'W',
    wait = 'E',
    borrow = 'P',
    wait_until = 'L',
    refuse = 'R',
    call = 'C'
  };
  kind what = kind::take;
  unsigned arg = 0;   // an order, or which block
  unsigned keep = 0;  // of a block that is cut: min blocks
  friend bool operator==(const operation&, const operation&) = default;
};

struct setup_step {
  unsigned thread = 0;
  operation op;
  unsigned owner = 0;  // who owns the block afterwards
  friend bool operator==(const setup_step&, const setup_step&) = default;
};

enum class slot_use : unsigned char { own, shared, pooled };
/// How many shared objects the threads' code is from: odd threads are in the other one.
enum class objects : unsigned char { one, ask, apart };
enum class memory : unsigned char { any, zero, cold };
enum class subject_kind : unsigned char {
  buddy,
  textbook,
  arena,
  ledger,
  shares,
  cold,
  waiting,
  handshake,
  litmus,
  structure
};
enum class waiters : unsigned char { fair, fifo, stack };

struct program {
  static constexpr unsigned plenty_of_looks = 24;
  unsigned log2_fanout = 1;
  unsigned max_order = 2;
  unsigned blocks = 0;  // min blocks; 0: 2^max_order, else more than that and less than twice
  slot_use slots = slot_use::own;
  unsigned pool = 0;  // exclusive slots, when pooled
  objects code = objects::one;
  bool stops = false;                // one thread stands still for ever after k steps,
  unsigned stop_thread = 0;          // this one,
  unsigned stop_most = 0;            // for every k up to this
  unsigned looks = plenty_of_looks;  // a failing request looks again so often, then says contended
  unsigned stack_depth = 0;          // 0: the tree alone
  bool announced = false;            // pops without a locked instruction
  bool light = false;                // returns without one
  bool one_sided = false;            // asymmetric fences are a system-wide one
  memory init = memory::any;
  subject_kind core = subject_kind::buddy;
  waiters policy = waiters::fair;
  std::vector<setup_step> setup;
  std::vector<std::vector<operation>> threads;

  unsigned min_blocks() const noexcept { return blocks != 0 ? blocks : 1U << max_order; }
  /// Of the smallest block that would have room for all.
  unsigned root_order() const noexcept { return max_order + (blocks != 0 ? 1 : 0); }
  /// Whether it is a part (part.hpp), which judges its own answers.
  bool is_part() const noexcept { return core > subject_kind::textbook; }
  friend bool operator==(const program&, const program&) = default;
};

/// How large it is, for tables; 0 where there is no such thing.
struct sizes {
  std::size_t threads = 0;
  unsigned blocks = 0;  // min blocks
  unsigned fanout = 0;
};
sizes sizes_of(const program& p);

/// As `core=` has it.
std::string_view name_of(subject_kind core) noexcept;

std::expected<program, std::string> parse_program(std::string_view text);
std::string to_string(const program& p);

}  // namespace caiman::model
