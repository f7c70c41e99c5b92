// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// arena_state.hpp: what all handles, buffers and bytes of one arena point to
//
// The buddy hands out indices, the region has the memory, the ledger knows who ends it all; here
// they become blocks of bytes. Everything of the arena lies in this object and in the buddy's
// metadata, nothing in the memory that it manages. Not part of the public surface.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "caiman/buddy.hpp"
#include "caiman/detail/attributes.hpp"
#include "caiman/detail/cold.hpp"
#include "caiman/detail/diagnostics.hpp"
#include "caiman/detail/ended.hpp"
#include "caiman/detail/ledger.hpp"
#include "caiman/detail/shares.hpp"
#include "caiman/detail/trimming.hpp"
#include "caiman/detail/turnover.hpp"
#include "caiman/detail/usage.hpp"
#include "caiman/error.hpp"
#include "caiman/region.hpp"
#include "caiman/waiters.hpp"

namespace caiman::inline v0::detail {

struct wake_list;
struct alarm_entry;
class alarm_clock;
using native_share = share_count<native_sync>;

/// How an arena is laid out and behaves.
struct arena_plan {
  std::size_t unit;   // bytes of a min block, or of a slot
  std::size_t units;  // how many there are: at least 1, at most 2^buddy::largest_max_order
  bool caps;          // a buffer shows what was asked for, not its block
  bool spills;
  init_policy init;
  bool cold;             // the memory may hold anything to begin with
  bool details = false;  // it counts more than its books (usage.hpp)
  trim_times auto_trim{};
};

class arena_state;

class native_waiter;

/// Where requests wait for room, whatever the policy; only arenas that were built for it have one
/// (async.hpp). The calls are those of a waiting_room; each wakes whom it served before it returns.
/// `posted` is for a sleeper, and leaves that to the call that wakes it; `run` claims, and runs
/// on whom it got, or has it run behind the one that runs. Of `refuse` a clock is told when it is
/// done with the waiter, before anybody is woken.
class any_waiting_room {
 public:
  any_waiting_room() noexcept = default;
  any_waiting_room(const any_waiting_room&) = delete;
  any_waiting_room& operator=(const any_waiting_room&) = delete;
  virtual ~any_waiting_room() = default;

  virtual void serve(arena_state& home) noexcept = 0;
  virtual void enter(arena_state& home, native_waiter& one) noexcept = 0;
  virtual parting leave(arena_state& home, native_waiter& one) noexcept = 0;
  virtual void refuse(arena_state& home, native_waiter& one, alarm_clock* by) noexcept = 0;
  virtual void posted(arena_state& home, wake_list& wakes) noexcept = 0;
  virtual void run(arena_state& home, std::uint64_t ticket) noexcept = 0;
  [[nodiscard]] virtual std::size_t waiting() const noexcept = 0;
  [[nodiscard]] virtual bool set_alarm(alarm_entry& one) noexcept = 0;  // alarms.hpp
  virtual void stop_alarm(alarm_entry& one) noexcept = 0;
};

class arena_state {
 public:
  /// One handle, the caller's. On an error `memory` is as it was. Errors: out_of_memory.
  static std::expected<arena_state*, build_error> make(const arena_plan& plan,
                                                       region& memory) noexcept {
    parts own(plan);
    if (!own.complete) return std::unexpected(build_error::out_of_memory);
    ended_.sweep();
    auto* const made = new (std::nothrow) arena_state(plan, memory.base(), own);
    if (made == nullptr) return std::unexpected(build_error::out_of_memory);
    made->watch_.forbid(memory.base(), memory.size());
    made->memory_.emplace(std::move(memory));
    return made;
  }
  arena_state(const arena_state&) = delete;
  arena_state& operator=(const arena_state&) = delete;
  ~arena_state() { let_go(); }

  // ---- what all of them may ask ----------------------------------------------------------------

  [[nodiscard]] std::byte* base() const noexcept { return base_; }
  [[nodiscard]] const arena_plan& plan() const noexcept { return plan_; }
  [[nodiscard]] const buddy<>& tree() const noexcept { return tree_; }
  [[nodiscard]] ledger<native_sync>& books() noexcept { return books_; }
  [[nodiscard]] std::size_t total() const noexcept { return plan_.unit * plan_.units; }
  /// Of a length of at most that of the largest block, where a unit is a power of two.
  [[nodiscard]] unsigned order_for(std::size_t len) const noexcept {
    return len <= plan_.unit ? 0 : static_cast<unsigned>(std::bit_width(len - 1)) - log2_unit_;
  }
  /// How many bytes a buffer shows of it.
  [[nodiscard]] std::size_t shown_for(std::size_t len) const noexcept {
    return plan_.caps ? len : size_of(order_for(len));
  }
  /// Bytes of the largest block.
  [[nodiscard]] std::size_t largest() const noexcept { return largest_; }
  /// A request for at least so many bytes has more to think of than to be served: it is too large,
  /// or, if this is 0, it matters what becomes of a block.
  [[nodiscard]] std::size_t served_below() const noexcept { return served_below_; }
  [[nodiscard]] std::size_t size_of(unsigned order) const noexcept { return plan_.unit << order; }
  /// The one that lies so many bytes from the start, where a unit is a power of two.
  [[nodiscard]] std::size_t min_block_at(std::size_t offset) const noexcept {
    return offset >> log2_unit_;
  }
  [[nodiscard]] std::byte* address_of(std::size_t min_block) const noexcept {
    return base_ + min_block * plan_.unit;
  }
  [[nodiscard]] std::byte* address_of(block b) const noexcept {
    return address_of(b.index << b.order);
  }

  // ---- handles ---------------------------------------------------------------------------------

  void add_handle() noexcept { books_.add_handle(); }
  void drop_handle() noexcept {
    if (books_.drop_handle()) end();
  }

  // ---- blocks ----------------------------------------------------------------------------------

  /// A block, of which the first `shown` bytes may be touched. Through a handle.
  [[nodiscard]] std::expected<block, alloc_error> take(unsigned order, std::size_t shown) noexcept {
    std::expected<block, alloc_error> got = tree_.allocate(order);
    if (!got && !trims_.ask_again(tree_, got, order)) {
      refused(got.error());
      return got;
    }
    books_.took();
    if (shows_) [[unlikely]]
      open_taken(*got, shown);
    return got;
  }
  /// The common half of that alone, where served_below() is not 0; false if nothing has happened.
  CAIMAN_HOT bool take_at_hand(unsigned order, std::size_t& index) noexcept {
    unsigned scaled = 0;
    if (!tree_.pop_at_hand(order, index, scaled)) [[unlikely]]
      return false;
    books_.took(scaled);
    return true;
  }
  /// What a request came to, in two registers.
  struct taken {
    std::size_t index;
    bool ok;
    alloc_error why;
  };
  [[nodiscard]] CAIMAN_COLD taken take_rarely(unsigned order, std::size_t shown) noexcept {
    return in_registers(take(order, shown));
  }
  /// Of nothing, or for more than there is, or where more is to do than to take a block.
  [[nodiscard]] CAIMAN_COLD static taken take_for(arena_state* home, std::size_t len) noexcept {
    if (home == nullptr) return {0, false, alloc_error::request_too_large};
    if (len > home->largest_) {
      home->books_.failed();
      return {0, false, alloc_error::request_too_large};
    }
    return in_registers(home->take_counted(home->order_for(len), home->shown_for(len), len));
  }
  /// take(), counted as a request for `asked` bytes.
  [[nodiscard]] CAIMAN_COLD std::expected<block, alloc_error> take_counted(
      unsigned order, std::size_t shown, std::size_t asked) noexcept {
    const auto got = take(order, shown);
    if (got && usage_ != nullptr) usage_->asked(asked - shown);  // less, in arithmetic modulo 2^64
    return got;
  }
  /// A block that try_take took for a request of `asked` bytes becomes memory, of which the first
  /// `shown` bytes may be touched.
  void open(block b, std::size_t shown, std::size_t asked) noexcept {
    if (!shows_) [[likely]]
      return;
    if (usage_ != nullptr) usage_->asked(asked);
    open_carefully(b, shown);
  }

  /// Gives a block back. The arena may be gone afterwards. A buffer has its block by construction;
  /// a caller that does not says that it shall be looked at, as one that is not at hand is.
  template <bool Looks = false>
  CAIMAN_HOT void give_back(block b) noexcept {
    unsigned scaled = 0;
    const at_hand how = careful_ ? at_hand::no : return_at_hand(tree_, books_, b, scaled);
    if (how == at_hand::no) [[unlikely]]
      return give_back_carefully<Looks>(b);
    if (how == at_hand::late) [[unlikely]]
      return give_back_late(scaled);
  }

  /// All of it. Out of line: a caller's code has this way back in it wherever a buffer ends.
  template <bool Looks = false>
  CAIMAN_COLD void give_back_carefully(block b) noexcept {
    const auto scrub = [&] {
      if (shows_) close(b);
    };
    const auto then = [&] { trim_if_due(); };  // but for memory that somebody waits for
    constexpr auto release = Looks ? &buddy<>::release : &buddy<>::release_owned;
    const duty next = room_ != nullptr && books_.seems_awaited()
                          ? return_past_stacks(tree_, books_, b, scrub)
                          : return_block<release>(tree_, books_, b, scrub, then);
    if (next != duty::none) go_on(next);
  }

  arena_state* next_ended = nullptr;  // ended.hpp

  // ---- spills ----------------------------------------------------------------------------------

  /// Before there is any other handle. Null: nobody is told.
  void tell_of_spills(std::shared_ptr<spill_hook> hook) noexcept { on_spill_ = std::move(hook); }
  /// Of a buffer of `capacity` bytes that should hold more.
  void spilled(std::size_t asked, std::size_t capacity) noexcept {
    books_.spilled();
    if (on_spill_ != nullptr) (*on_spill_)(asked, capacity);
  }

  /// All but the first `keep` of `count` min blocks from `first` on, which are an owner's.
  CAIMAN_COLD void release_tail(std::size_t first, std::size_t count, std::size_t keep) noexcept {
    const auto scrub = [&] {
      if (shows_) close(first + keep, count - keep);
    };
    return_tail(tree_, books_, around(first, count), keep, count, scrub,
                [&] { room_->serve(*this); });
    trim_if_due();
  }
  /// Gives back what is left of a block: `count` min blocks. The arena may be gone afterwards.
  CAIMAN_COLD void give_back_part(std::size_t first, std::size_t count) noexcept {
    const auto scrub = [&] {
      if (shows_) close(first, count);
    };
    const duty next =
        return_part(tree_, books_, around(first, count), count, scrub, [&] { trim_if_due(); });
    if (next != duty::none) go_on(next);
  }

  // ---- memory that goes back to the system -----------------------------------------------------

  [[nodiscard]] trimming& trims() noexcept { return trims_; }
  CAIMAN_COLD std::size_t trim(std::size_t keep) noexcept {
    return trims_.run(tree_, {base_, plan_.unit, keep, watch_}, memory_->is_own());
  }

  // ---- waiting for room: in arenas that were built for it --------------------------------------

  /// Before there is any other handle.
  void host(std::unique_ptr<any_waiting_room> room) noexcept {
    room_ = std::move(room);
    books_.mark_returns();
    careful_ = true;
  }
  [[nodiscard]] any_waiting_room* room() const noexcept { return room_.get(); }

  /// What waiting_room asks of its home. A request that waits has not failed, and is not counted
  /// so.
  [[nodiscard]] std::expected<std::size_t, alloc_error> try_take(unsigned order) noexcept {
    std::expected<block, alloc_error> got = tree_.allocate(order);
    if (!got && !trims_.ask_again(tree_, got, order)) return std::unexpected(got.error());
    books_.took();
    if (usage_ != nullptr) usage_->took(order);
    return got->index;
  }
  void await() noexcept { books_.await(); }
  void await_no_more() noexcept { books_.await_no_more(); }

  /// The count of the live block that begins at a min block, which its owner makes or has made.
  /// Blocks that two threads may have at once, neighbours and those a power of two apart, are lines
  /// apart: multiplicative hashing (Knuth, TAOCP 3, 6.4), one to one within a group.
  [[nodiscard]] void* share_memory(std::size_t i) const noexcept {
    const std::size_t at = (i & ~(share_group - 1)) | (i * 2531 & (share_group - 1));
    return shares_.get() + at * sizeof(native_share);
  }
  [[nodiscard]] native_share& share_of(std::size_t first) const noexcept {
    return *std::launder(static_cast<native_share*>(share_memory(first)));
  }

  /// What an arena with details has counted; of another one all is 0.
  [[nodiscard]] usage::counts details() const noexcept {
    return usage_ != nullptr ? usage_->sum() : usage::counts{};
  }
  /// The most bytes that an arena with details had in use at once, as far as it can tell, told that
  /// it is `now` at the moment; of another one 0.
  [[nodiscard]] std::size_t most_live(std::size_t now) noexcept {
    if (usage_ == nullptr) return 0;
    const std::size_t units = usage_->most(now / plan_.unit);
    return (std::min)(units, plan_.units) * plan_.unit;
  }

  /// Touches every page, while nobody has taken a block yet.
  void fault(prefaulting how) noexcept {
    watch_.allow(base_, total(), total());
    memory_->fault(how);
    watch_.forbid(base_, total());
  }

 private:
  /// Nobody has anything of it any more: the memory goes back now, and the rest when nobody is on
  /// the ledger's lines. Nearly always that is now, too; else a thread was stopped right behind its
  /// last return, and the next arena that is built or ends looks again.
  void end() noexcept {
    ended_.sweep();
    if (books_.is_quiet()) [[likely]] {
      delete this;
      return;
    }
    let_go();
    memory_.reset();
    room_.reset();
    on_spill_.reset();
    trims_.tell(nullptr);
    ended_.keep(this);
  }
  /// No tool watches the memory any more, if it is still there.
  void let_go() const noexcept {
    if (memory_) watch_.allow_as_written(memory_->base(), memory_->size(), memory_->size());
  }

  /// Counts that lie among each other: 256 lines of 16.
  static constexpr std::size_t share_group = 4096;

  /// What lies on the heap, asked for without exceptions.
  struct parts {
    explicit parts(const arena_plan& plan) noexcept
        : metadata(buddy<>::root_of(plan.units), std::nothrow),
          shares(new (std::nothrow) std::byte[(plan.units + share_group - 1) / share_group *
                                              share_group * sizeof(native_share)]) {
      const bool any_cold = plan.cold && plan.init == init_policy::zero;
      if (any_cold) cold = cold_map<native_sync>(plan.units);
      if (plan.details) details.reset(new (std::nothrow) usage(native_sync::home(), plan.units));
      complete = metadata.bytes != nullptr && shares != nullptr && (!any_cold || cold.has_bits()) &&
                 (!plan.details || details != nullptr);
    }
    buddy<>::metadata metadata;
    std::unique_ptr<std::byte[]> shares;
    cold_map<native_sync> cold{};
    std::unique_ptr<usage> details{};
    bool complete = false;
  };

  arena_state(const arena_plan& plan, std::byte* base, parts& own) noexcept
      : base_(base),
        plan_(plan),
        watch_(memory_watch::at_hand()),
        careful_(zeroes() || watch_.watches() || plan.details || plan.auto_trim.any()),
        shows_(zeroes() || watch_.watches() || plan.details),
        tree_(std::move(own.metadata), plan.units),
        largest_(plan.unit << tree_.max_order()),
        log2_unit_(static_cast<unsigned>(std::countr_zero(plan.unit))),
        served_below_(shows_ ? 0 : largest_ + 1),
        shares_(std::move(own.shares)),
        cold_(std::move(own.cold)),
        usage_(std::move(own.details)),
        books_(tree_.inside().lanes().home()),
        clock_(plan.auto_trim) {
    careful_ |= !books_.is_light();
  }

  static taken in_registers(const std::expected<block, alloc_error>& got) noexcept {
    return got ? taken{got->index, true, {}} : taken{0, false, got.error()};
  }
  [[nodiscard]] bool zeroes() const noexcept { return plan_.init == init_policy::zero; }
  CAIMAN_COLD void refused(alloc_error why) noexcept {
    books_.failed();
    if (why == alloc_error::contended) books_.met_contention();
  }
  CAIMAN_COLD void open_taken(block b, std::size_t shown) noexcept {
    if (usage_ != nullptr) {
      usage_->took(b.order);
      usage_->asked(shown);
    }
    open_carefully(b, shown);
  }
  CAIMAN_COLD void open_carefully(block b, std::size_t shown) noexcept {
    std::byte* const at = address_of(b);
    if (zeroes()) {
      zero_what_is_cold(b);
      watch_.allow_as_written(at, shown, size_of(b.order));
    } else {
      watch_.allow(at, shown, size_of(b.order));
    }
  }
  /// Leaves a block as its next owner may find it.
  void close(block b) const noexcept { close(b.index << b.order, std::size_t{1} << b.order); }
  void close(std::size_t first, std::size_t count) const noexcept {
    if (usage_ != nullptr) usage_->gives(count);
    std::byte* const at = address_of(first);
    const std::size_t size = count * plan_.unit;
    if (zeroes()) {
      watch_.allow_as_written(at, size, size);
      os::scrub(at, size);
    }
    watch_.forbid(at, size);
  }
  void trim_if_due() noexcept {
    if (!clock_.is_set()) [[likely]]
      return;
    clock_.look([&](std::size_t keep) { trim(keep); });
  }
  CAIMAN_COLD void give_back_late(unsigned scaled) noexcept {
    if (books_.gave_late(scaled) == duty::end) end();
  }
  /// The block of the least order that begins where `count` min blocks do, and holds them.
  static block around(std::size_t first, std::size_t count) noexcept {
    const unsigned order = buddy<>::root_of(count);
    return {order, first >> order};
  }
  CAIMAN_COLD void go_on(duty next) noexcept {
    if (ends_after(next, books_, [&] { room_->serve(*this); })) end();
  }

  void zero_what_is_cold(block b) noexcept {
    cold_.warm(b.index << b.order, b.order, [&](std::size_t first, std::size_t count) {
      std::byte* const at = base_ + first * plan_.unit;
      watch_.allow(at, count * plan_.unit, count * plan_.unit);
      os::scrub(at, count * plan_.unit);
      watch_.forbid(at, count * plan_.unit);
    });
  }

  std::optional<region> memory_{};  // first, so given back last
  std::byte* base_;
  arena_plan plan_;
  memory_watch watch_;
  // Whether a block's way back has more to think of than to be released and counted by a store:
  // what it shows, or those who wait, or a system without the fence, or the time. One test of one
  // byte, so that an arena without any pays for none.
  bool careful_;
  // Whether it matters what becomes of a block: there are zeros, a tool that watches, or counts.
  bool shows_;
  buddy<> tree_;
  std::size_t largest_;
  unsigned log2_unit_;  // where it is a power of two
  std::size_t served_below_;
  std::unique_ptr<std::byte[]> shares_;  // a count per min block; made when its block is frozen
  cold_map<native_sync> cold_;
  std::unique_ptr<usage> usage_;  // of an arena with details
  ledger<native_sync> books_;
  std::unique_ptr<any_waiting_room> room_{};
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): arenas that have ended
  static constinit ended_list<arena_state> ended_;
  std::shared_ptr<spill_hook> on_spill_{};  // of all arenas that one builder built
  trimming trims_{};
  trim_clock clock_;
};

constinit inline ended_list<arena_state> arena_state::ended_{};

/// A counted handle on an arena; empty by default, and after it was moved from.
class arena_handle {
 public:
  arena_handle() noexcept = default;
  explicit arena_handle(arena_state* adopted) noexcept : state_(adopted) {}
  arena_handle(const arena_handle& other) noexcept : state_(other.state_) {
    if (state_ != nullptr) state_->add_handle();
  }
  arena_handle(arena_handle&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  arena_handle& operator=(const arena_handle& other) noexcept {
    arena_handle(other).swap(*this);
    return *this;
  }
  arena_handle& operator=(arena_handle&& other) noexcept {
    arena_handle taken(std::move(other));
    taken.swap(*this);
    return *this;
  }
  ~arena_handle() {
    if (state_ != nullptr) state_->drop_handle();
  }
  void swap(arena_handle& other) noexcept { std::swap(state_, other.state_); }

  explicit operator bool() const noexcept { return state_ != nullptr; }
  arena_state* operator->() const noexcept { return state_; }
  [[nodiscard]] arena_state* get() const noexcept { return state_; }

 private:
  arena_state* state_ = nullptr;
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
