// ---------------------------------------------------------------------------------------------
// world.hpp: what the engine knows of the thing under check
//
// A world is one arena in one execution. The engine (engine.cpp) is compiled once and never sees a
// header of the core; a world is compiled against the core, or against a mutant of it, or against
// the textbook specimen, and the two are linked. So a mutant costs one translation unit, and no
// header of a mutant can leak into the checker.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <atomic>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "recording.hpp"

namespace caiman::model {

/// The arenas of the model are small: a set of min blocks is a word.
using block_set = std::uint32_t;
inline constexpr unsigned max_min_blocks = 32;
inline constexpr unsigned max_threads = 3;

/// Slots of the parts: three threads may own one, the fourth is shared.
inline constexpr unsigned model_slots = max_threads;
/// Of the buddy: the fewest of which slots and turns differ (slots.hpp).
inline constexpr unsigned turned_slots = 7;

constexpr block_set blocks_of(unsigned order, std::size_t index) noexcept {
  const std::uint64_t run = (std::uint64_t{1} << (1U << order)) - 1;
  return static_cast<block_set>(run << (index << order));
}

enum class answer : unsigned char { ok, full, contended };

struct grant {
  answer what;
  std::size_t index;
};

/// What a world finds wrong with itself; `property` is the id of checking, e.g. "S5".
struct finding {
  const char* property = nullptr;
  const char* text = nullptr;
  explicit operator bool() const noexcept { return property != nullptr; }
};

/// What every thing under check has: thread slots, handed from ending to starting threads in
/// programs that ask for a pool, and names for what it is made of.
class slotted {
 public:
  slotted() = default;
  slotted(const slotted&) = delete;
  slotted& operator=(const slotted&) = delete;
  virtual ~slotted() = default;

  virtual unsigned take_slot() { return 0; }
  virtual void give_slot(unsigned /*slot*/) {}
  virtual unsigned slots_seen() { return 0; }
  /// Where there is no pool: the slot of the thread whose turn is this, and the one that threads
  /// share.
  virtual unsigned slot_of(unsigned turn) const { return turn; }
  virtual unsigned shared_slot() const { return model_slots; }

  // For traces; neither touches anything.
  /// What lies at an address of its own, "level 0 word 2"; empty if it does not know.
  virtual std::string name_of(const void* /*address*/) const { return {}; }
  /// The words named so, if there are any.
  virtual std::vector<recording::level> levels() const { return {}; }
};

class world : public slotted {
 public:
  virtual grant allocate(unsigned order) = 0;
  virtual void release(unsigned order, std::size_t index) = 0;

  /// The min blocks that are free by the words and the stacks, whatever any hint says.
  virtual block_set free_blocks() = 0;
  /// Whether slot `slot` is inside a move between words.
  virtual bool in_move(unsigned slot) = 0;

  /// Quiescent: hints (S5) as they lie, then merging and counts (S4) as observers see them.
  virtual finding quiescent_fault(block_set live, unsigned live_blocks) = 0;
};

/// Where a world is built, execution after execution.
struct world_spec {
  unsigned log2_fanout = 1;
  unsigned max_order = 0;
  unsigned pool = 0;    // exclusive slots to hand around
  bool scrubs = false;  // a block that comes back is zeroed,
  bool cold = false;    // and so is what was never handed out, when it is
  unsigned policy = 0;  // of those who wait
};

/// The core, or a mutant of it: defined by world.cpp, whatever core/ that was compiled against.
world* make_world(const world_spec& spec, void* storage, std::size_t size);
/// The specimen (textbook.cpp).
world* make_textbook(const world_spec& spec, void* storage, std::size_t size);

struct site_row {
  const char* name = "";
  std::memory_order order{};
  const char* pairs = "";
  const char* without = "";
  const char* kept = "";
};
const std::vector<site_row>& shipped_sites();

// ---- what the engine offers to worlds, through the checked policy ------------------------------

/// The memory order of every site in this run; set by the engine before a run starts.
inline constexpr std::size_t max_sites = 96;
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): one run at a time
extern std::memory_order orders_in_force[max_sites];

/// A bit per site, printed as digits.
using site_set = std::bitset<max_sites>;
/// Whose order was asked for; the engine clears it.
extern site_set sites_touched;

/// The second one is the shared slot for a thread that has a slot to come and has not asked for it.
unsigned slot_of_current_thread() noexcept;
/// Whether it runs code of another shared object than the one that built the arena.
bool current_thread_must_ask() noexcept;
unsigned slot_at_hand_of_current_thread() noexcept;
unsigned slots_in_use() noexcept;
/// Else it is the set-up, or the end: all that was done is known to who asks.
bool threads_run() noexcept;
/// How often a failing search may look again in this run, and what it calls between two looks.
extern unsigned looks_in_force;
/// How many threads this run has.
extern unsigned threads_in_force;
/// How deep the owner stacks of this run are, 0 for none, and how they pop.
extern unsigned stacks_in_force;
extern bool announced_in_force;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)
void pause_between_looks(unsigned round);
/// What anybody calls who waits for another thread.
void let_others_run();
/// Until somebody wakes it: whoever has just seen, with no step in between, that it must sleep. And
/// the other side: one of those that sleep at this address, any of them.
void sleep_at(const void* address);
void wake_one_at(const void* address);
/// Before every atomic access: where a stopped thread stops.
void before_access();
[[noreturn]] void report_misuse(const char* what, unsigned order, std::uint64_t index);
void report_broken_invariant(const char* what);
[[noreturn]] void report_fault(const char* property, const char* text);
/// The memory of `count` min blocks from `first` on becomes zero.
void zero_payload(std::size_t first, std::size_t count);

/// Stacks of the model: orders 0 and 1, and no deeper than this.
inline constexpr unsigned model_stack_room = 3;
inline constexpr unsigned model_stack_orders = 2;

}  // namespace caiman::model
