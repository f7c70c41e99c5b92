// ---------------------------------------------------------------------------------------------
// buddy_property.cpp: one thread at a time, the buddy does what a set of free min blocks says
//
// Random sequences of requests, releases and looks (RapidCheck's stateful tests) run on a buddy
// and on the reference of reference.hpp. What a request gets depends on hints and on words that
// were kept full, and is not foretold: each answer is judged by the reference as it stood before.
//
//   refusal    arena_full exactly when no fitting block is free; never contended
//   grant      free blocks, and of these the right ones: see `assert_best_fit`
//   observers  is_free, free_count, largest_free_order, free_min_blocks; the identity of counts
//   the end    everything released is one block again
//
// Observers tidy what releases left full, so they are commands of their own: looks between all
// requests would hide the lazy part. The control at the end runs the same test on buddies with a
// fault each and asserts that it fails.
// RC_PARAMS="seed=..." repeats a run, RC_PARAMS="max_success=..." sets the number of sequences.
// ---------------------------------------------------------------------------------------------
#include "caiman/buddy.hpp"
#include "caiman/native_sync.hpp"
#include "caiman/sequential_sync.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>
#include <rapidcheck/state.h>
#include <catch2/catch.hpp>

#include "reference.hpp"

namespace {

using caiman::alloc_error;
using caiman::block;
using caiman::reference::free_set;

// ---- the thing under test ------------------------------------------------------------------

struct geometry {
  unsigned log2_fanout;
  unsigned max_order;
};

using word_levels = std::vector<std::vector<std::uint64_t>>;

// A buddy, whatever its fan-out and policy, and its words as they lie, level by level.
class arena {
 public:
  arena() = default;
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;
  virtual ~arena() = default;

  virtual void act_as(unsigned slot) = 0;
  virtual std::expected<block, alloc_error> allocate(unsigned order) = 0;
  virtual void release(block b) = 0;
  virtual bool is_free(block b) const = 0;
  virtual std::size_t free_count(unsigned order) const = 0;
  virtual std::optional<unsigned> largest_free_order() const = 0;
  virtual std::size_t free_min_blocks() const = 0;
  virtual caiman::merge_counts counts() const = 0;
  virtual word_levels words() const = 0;
};

constexpr unsigned hopping_slots = 3;

// One thread that plays several, one whole call at a time: words that one slot keeps are no hint
// of the others, and find what those left behind.
struct hopping_sync : caiman::sequential_sync {
  static constexpr unsigned exclusive_slots = hopping_slots - 1;  // and the shared one
  static unsigned& slot() noexcept {
    static unsigned current = 0;
    return current;
  }
  static unsigned thread_slot() noexcept { return slot(); }
  static unsigned slots_seen() noexcept { return exclusive_slots; }
};
static_assert(caiman::sync_policy<hopping_sync>);

template <class Sync, unsigned Log2Fanout>
class sound_arena final : public arena {
 public:
  explicit sound_arena(unsigned max_order) : buddy_(max_order) {}

  void act_as(unsigned slot) override {
    if constexpr (requires { Sync::slot(); }) Sync::slot() = slot;
  }
  std::expected<block, alloc_error> allocate(unsigned order) override {
    return buddy_.allocate(order);
  }
  void release(block b) override { buddy_.release(b); }
  bool is_free(block b) const override { return buddy_.is_free(b); }
  std::size_t free_count(unsigned order) const override { return buddy_.free_count(order); }
  std::optional<unsigned> largest_free_order() const override {
    return buddy_.largest_free_order();
  }
  std::size_t free_min_blocks() const override { return buddy_.free_min_blocks(); }
  caiman::merge_counts counts() const override { return buddy_.counts(); }
  word_levels words() const override {
    word_levels all(buddy_.inside().top() + 1);
    for (unsigned lv = 0; lv < all.size(); ++lv) {
      const auto& in = buddy_.inside().at(lv);
      for (std::size_t i = 0; i < in.word_count(); ++i) {
        all[lv].push_back(in.word(i).load(std::memory_order_relaxed));
      }
    }
    return all;
  }

 private:
  caiman::buddy<Sync, Log2Fanout> buddy_;
};

template <class Sync, unsigned Log2Fanout = 6>
std::unique_ptr<arena> make_arena(geometry g) {
  if constexpr (Log2Fanout > 1) {
    if (g.log2_fanout < Log2Fanout) return make_arena<Sync, Log2Fanout - 1>(g);
  }
  return std::make_unique<sound_arena<Sync, Log2Fanout>>(g.max_order);
}

// A buddy beside its reference, and what every request so far was given.
struct subject {
  geometry shape;
  std::unique_ptr<arena> buddy;
  free_set free;
  std::vector<std::optional<block>> grants;

  subject(geometry g, std::unique_ptr<arena> made)
      : shape(g), buddy(std::move(made)), free(g.max_order, true) {}

  std::size_t live() const {
    std::size_t blocks = 0;
    for (const auto& grant : grants) blocks += grant ? 1 : 0;
    return blocks;
  }
};

// ---- what is asserted ----------------------------------------------------------------------

// Which free block a request is cut from. Take the words as they lie just before the call, lazily
// kept ones included, and call a level's words those that hold blocks of the order asked for. For
// every request that some word of its own level or of a level above can serve:
//
//   level   it is served from the lowest such level,
//   word    and in the word that it is served from, from a smallest maximal run that fits.
//
// In an arena of one word this is best fit over the whole arena, for every request. With more
// words it says nothing of which word: a thread's own hint comes first. It says nothing at all of
// a request that only the sweep can serve, since the sweep moves the words it was served from.
void assert_best_fit(const subject& sut, const word_levels& before, block got) {
  const unsigned log2_slots = sut.shape.log2_fanout;
  const auto top = static_cast<unsigned>(before.size()) - 1;
  const unsigned own = std::min(got.order / log2_slots, top);
  for (unsigned level = own; level <= top; ++level) {
    const unsigned cls = level == own ? got.order - own * log2_slots : 0;
    bool served = false;
    for (const std::uint64_t bits : before[level]) {
      served = served || free_set::of_word(log2_slots, bits).has_room(cls);
    }
    if (!served) continue;
    const std::size_t slot = (got.index << got.order) >> (level * log2_slots);
    const free_set word = free_set::of_word(log2_slots, before[level][slot >> log2_slots]);
    const auto cut_from = word.order_around(slot % (std::size_t{1} << log2_slots));
    RC_ASSERT(cut_from.has_value());  // else the level is wrong, or the word
    RC_ASSERT(cut_from == word.smallest_fit(cls));
    return;
  }
}

void assert_grant(const subject& sut, const word_levels& before, unsigned order, block got) {
  RC_ASSERT(got.order == order);
  RC_ASSERT(sut.free.contains(got.order, got.index));
  RC_ASSERT(sut.free.all_free(got.order, got.index));
  assert_best_fit(sut, before, got);
  if (before.size() == 1) {  // the same once more, by the reference of the whole arena
    const auto cut_from = sut.free.order_around(got.index << got.order);
    RC_ASSERT(cut_from == sut.free.smallest_fit(order));
  }
}

void assert_observers(const subject& sut) {
  const arena& buddy = *sut.buddy;
  std::size_t maximal = 0;
  for (unsigned k = 0; k <= sut.shape.max_order; ++k) {
    RC_ASSERT(buddy.free_count(k) == sut.free.count(k));
    maximal += sut.free.count(k);
    for (std::size_t i = 0; i < sut.free.blocks(k); ++i) {
      RC_ASSERT(buddy.is_free({k, i}) == sut.free.is_maximal(k, i));
    }
    RC_ASSERT(!buddy.is_free({k, sut.free.blocks(k)}));
  }
  RC_ASSERT(!buddy.is_free({sut.shape.max_order + 1, 0}));
  RC_ASSERT(!buddy.is_free({0, std::numeric_limits<std::size_t>::max()}));
  RC_ASSERT(buddy.free_count(sut.shape.max_order + 1) == 0U);
  RC_ASSERT(buddy.largest_free_order() == sut.free.largest());
  RC_ASSERT(buddy.free_min_blocks() == sut.free.size());
  const caiman::merge_counts counts = buddy.counts();
  RC_ASSERT(sut.live() + maximal == 1 + counts.splits - counts.coalesces);
}

void release_grant(subject& sut, std::optional<block>& grant) {
  const block b = *std::exchange(grant, std::nullopt);
  sut.buddy->release(b);
  sut.free.give(b.order, b.index);
  RC_ASSERT(sut.buddy->free_min_blocks() == sut.free.size());
}

// Everything comes back, and the whole arena can be taken: by a request first, which must find
// what the releases left full without the help of an observer.
void assert_one_block_again(subject& sut) {
  for (auto& grant : sut.grants) {
    if (grant) release_grant(sut, grant);
  }
  const auto whole = sut.buddy->allocate(sut.shape.max_order);
  RC_ASSERT(whole.has_value());
  RC_ASSERT((*whole == block{sut.shape.max_order, 0}));
  sut.buddy->release(*whole);
  assert_observers(sut);
  RC_ASSERT(sut.buddy->free_count(sut.shape.max_order) == 1U);
}

// ---- commands ------------------------------------------------------------------------------

// What can be known of a sequence before it runs: which requests were not released yet.
struct requests {
  unsigned max_order = 0;
  std::size_t made = 0;
  std::vector<std::size_t> unreleased = {};
};
using command = rc::state::Command<requests, subject>;

template <class T>
T up_to(T most) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(0, most + 1));
}

// Small orders more often than large ones, which would leave no room for anything else; sometimes
// an order that the arena does not have.
unsigned any_order(unsigned max_order) {
  switch (up_to(9U)) {
    case 0:
      return max_order + 1 + up_to(40U);
    case 1:
    case 2:
    case 3:
      return up_to(max_order);
    default:
      return std::min(max_order, up_to(2U));
  }
}

struct allocate final : command {
  unsigned slot;
  unsigned order;
  explicit allocate(const requests& seen)
      : slot(up_to(hopping_slots - 1)), order(any_order(seen.max_order)) {}

  void apply(requests& seen) const override { seen.unreleased.push_back(seen.made++); }
  void run(const requests&, subject& sut) const override {
    const word_levels before = sut.buddy->words();
    sut.buddy->act_as(slot);
    const auto got = sut.buddy->allocate(order);
    sut.grants.push_back(got ? std::optional(*got) : std::nullopt);
    if (order > sut.shape.max_order) {
      RC_ASSERT(!got.has_value());
      RC_ASSERT(got.error() == alloc_error::request_too_large);
    } else if (got) {
      assert_grant(sut, before, order, *got);
      sut.free.take(got->order, got->index);
    } else {
      RC_ASSERT(got.error() == alloc_error::arena_full);
      RC_ASSERT(!sut.free.has_room(order));
    }
    RC_ASSERT(sut.buddy->free_min_blocks() == sut.free.size());
  }
  void show(std::ostream& os) const override { os << slot << 'A' << order; }
};

struct release final : command {
  unsigned slot;
  std::size_t which;
  explicit release(const requests& seen)
      : slot(up_to(hopping_slots - 1)), which(any_unreleased(seen)) {}

  static std::size_t any_unreleased(const requests& seen) {
    RC_PRE(!seen.unreleased.empty());
    return seen.unreleased[up_to(seen.unreleased.size() - 1)];
  }

  void checkPreconditions(const requests& seen) const override {
    RC_PRE(std::find(seen.unreleased.begin(), seen.unreleased.end(), which) !=
           seen.unreleased.end());
  }
  void apply(requests& seen) const override { std::erase(seen.unreleased, which); }
  void run(const requests&, subject& sut) const override {
    if (!sut.grants[which]) return;  // that request was refused
    sut.buddy->act_as(slot);
    release_grant(sut, sut.grants[which]);
  }
  void show(std::ostream& os) const override { os << slot << 'F' << which; }
};

struct look final : command {
  unsigned slot;
  look() : slot(up_to(hopping_slots - 1)) {}

  void run(const requests&, subject& sut) const override {
    sut.buddy->act_as(slot);
    assert_observers(sut);
  }
  void show(std::ostream& os) const override { os << slot << "look"; }
};

// ---- the property --------------------------------------------------------------------------

geometry any_geometry() { return {1 + up_to(5U), up_to(9U)}; }

using maker = std::function<std::unique_ptr<arena>(geometry)>;

void agrees_with_reference(const maker& make) {
  const geometry g = any_geometry();
  RC_LOG() << "fan-out " << (1U << g.log2_fanout) << ", max order " << g.max_order << '\n';
  subject sut(g, make(g));
  rc::state::check(requests{g.max_order}, sut,
                   rc::state::gen::execOneOfWithArgs<allocate, allocate, allocate, release, release,
                                                     release, look>());
  assert_one_block_again(sut);
}

// Like rc::prop, with a number of sequences of our own unless RC_PARAMS sets another, and longer.
void require_property(const std::string& name, const maker& make) {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  constexpr rc::detail::TestParams usual;
  if (params.maxSuccess == usual.maxSuccess) params.maxSuccess = 2500;
  if (params.maxSize == usual.maxSize) params.maxSize = 200;
  const auto result = rc::detail::checkTestable([make] { agrees_with_reference(make); },
                                                rc::detail::TestMetadata{name, name}, params);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  INFO(text.str());
  CHECK(result.is<rc::detail::SuccessResult>());
}

TEST_CASE("a buddy without atomics agrees with a set of free blocks", "[buddy]") {
  require_property("sequential buddy", make_arena<caiman::sequential_sync>);
}

TEST_CASE("the native buddy, on one thread, agrees with a set of free blocks", "[buddy]") {
  require_property("native buddy", make_arena<caiman::native_sync>);
}

TEST_CASE("a buddy used by several slots in turn agrees with a set of free blocks", "[buddy]") {
  require_property("hopping buddy", make_arena<hopping_sync>);
}

// ---- the control: buddies with a fault -----------------------------------------------------

enum class fault : unsigned char {
  none,
  loses_a_release,
  refuses_the_last,
  says_contended,
  grants_twice,
  cuts_too_large,
  misses_one_block,
  hides_the_largest,
  calls_half_a_block_free,
  forgets_a_split,
};

class faulty_arena final : public arena {
 public:
  faulty_arena(fault what, std::unique_ptr<arena> sound)
      : what_(what), sound_(std::move(sound)), max_order_(*sound_->largest_free_order()) {}

  void act_as(unsigned slot) override { sound_->act_as(slot); }

  std::expected<block, alloc_error> allocate(unsigned order) override {
    if (what_ == fault::refuses_the_last && order < max_order_ &&
        sound_->free_min_blocks() == std::size_t{1} << order) {
      return std::unexpected(alloc_error::arena_full);
    }
    if (what_ == fault::grants_twice && last_ && last_->order == order) return *last_;
    if (what_ == fault::cuts_too_large && order < max_order_) {
      if (const auto larger = sound_->allocate(order + 1)) {
        sound_->release({order, larger->index * 2 + 1});
        ++cuts_;
        return block{order, larger->index * 2};
      }
    }
    auto got = sound_->allocate(order);
    if (what_ == fault::says_contended && !got && got.error() == alloc_error::arena_full) {
      return std::unexpected(alloc_error::contended);
    }
    if (got) last_ = *got;
    return got;
  }

  void release(block b) override {
    last_.reset();
    if (what_ == fault::loses_a_release && b.order < max_order_ && ++releases_ == 3) return;
    sound_->release(b);
  }

  bool is_free(block b) const override {
    return sound_->is_free(b) ||
           (what_ == fault::calls_half_a_block_free && sound_->is_free({b.order + 1, b.index / 2}));
  }
  std::size_t free_count(unsigned order) const override {
    const std::size_t count = sound_->free_count(order);
    return what_ == fault::misses_one_block && count > 1 ? count - 1 : count;
  }
  std::optional<unsigned> largest_free_order() const override {
    const auto largest = sound_->largest_free_order();
    return what_ == fault::hides_the_largest && largest == 1U ? 0U : largest;
  }
  std::size_t free_min_blocks() const override { return sound_->free_min_blocks(); }
  caiman::merge_counts counts() const override {
    caiman::merge_counts counts = sound_->counts();
    counts.splits += cuts_;
    if (what_ == fault::forgets_a_split && counts.splits > 2) --counts.splits;
    return counts;
  }
  word_levels words() const override { return sound_->words(); }

 private:
  fault what_;
  std::unique_ptr<arena> sound_;
  unsigned max_order_;
  std::optional<block> last_;
  unsigned releases_ = 0;
  unsigned cuts_ = 0;
};

rc::detail::TestResult check_with(fault what) {
  const maker make = [what](geometry g) {
    return std::make_unique<faulty_arena>(what, make_arena<caiman::sequential_sync>(g));
  };
  rc::detail::TestParams params;
  params.seed = 1;  // a control must not depend on luck
  params.maxSuccess = 300;
  rc::detail::TestListenerAdapter silent;
  return rc::detail::checkTestable([make] { agrees_with_reference(make); },
                                   rc::detail::TestMetadata{}, params, silent,
                                   std::unordered_map<std::string, rc::detail::Reproduce>{});
}

TEST_CASE("the same test fails on a buddy with a fault", "[buddy][control]") {
  struct control {
    fault what;
    const char* by;  // part of the assertion that must see it
  };
  constexpr std::array controls{
      control{fault::loses_a_release, "sut.buddy->free_min_blocks() == sut.free.size()"},
      control{fault::refuses_the_last, "!sut.free.has_room(order)"},
      control{fault::says_contended, "got.error() == alloc_error::arena_full"},
      control{fault::grants_twice, "sut.free.all_free(got.order, got.index)"},
      control{fault::cuts_too_large, "cut_from"},
      control{fault::misses_one_block, "buddy.free_count(k) == sut.free.count(k)"},
      control{fault::hides_the_largest, "buddy.largest_free_order() == sut.free.largest()"},
      control{fault::calls_half_a_block_free, "buddy.is_free({k, i}) == sut.free.is_maximal(k, i)"},
      control{fault::forgets_a_split, "1 + counts.splits - counts.coalesces"},
  };
  for (const control& c : controls) {
    INFO("fault " << static_cast<int>(c.what) << ", expected by " << c.by);
    const auto result = check_with(c.what);
    REQUIRE(result.is<rc::detail::FailureResult>());
    const auto& failure = result.get<rc::detail::FailureResult>();
    INFO(failure.description);
    CHECK(failure.description.find(c.by) != std::string::npos);
    CHECK(!failure.counterExample.empty());
  }
}

TEST_CASE("and passes on the same buddy without one", "[buddy][control]") {
  const auto result = check_with(fault::none);
  REQUIRE(result.is<rc::detail::SuccessResult>());
  CHECK(result.get<rc::detail::SuccessResult>().numSuccess == 300);
}

}  // namespace
