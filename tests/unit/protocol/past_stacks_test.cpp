// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// past_stacks_test.cpp: where a block goes that comes back while somebody waits for room
//
// Into the tree, past the owner stack of the thread that returns it; into that stack when nobody
// waits, or no longer. One thread, so everything is foretold. And what is wrong with a return is
// seen on this way as on the other: each misuse in a child process (child.hpp).
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <tuple>
#include <utility>

#include "../../../stress/common/job.hpp"
#include "../../stack_policies.hpp"
#include "../child.hpp"
#include "caiman/caiman.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::block;
using caiman::buddy;
using caiman::init_policy;
using caiman::detail::arena_state;
using caiman::testing::announced_sync;
using caiman::testing::exchange_sync;
using child::check_ends_with;
using child::check_quiet;
using child::free_already;

using buddies = std::tuple<buddy<announced_sync, 1>, buddy<announced_sync, 6>,
                           buddy<exchange_sync, 1>, buddy<exchange_sync, 6>>;

constexpr std::size_t unit = 64;
constexpr unsigned max_order = 10;
constexpr unsigned stacked = caiman::native_sync::stack_orders;
static_assert(stacked + 2 <= max_order);

template <class Tree>
bool in_stack(const Tree& tree, block b) {
  return tree.inside().lanes().mine().stacks().holds(b.order, b.index);
}
/// Where every search finds it.
template <class Tree>
bool in_tree(const Tree& tree, block b) {
  return !tree.inside().is_taken(b.order, b.index);
}

/// A look drains the stacks when it finds nothing, so this room looks at the block before that.
class watched_room final : public caiman::detail::any_waiting_room {
 public:
  void serve(arena_state& home) noexcept override {
    ++looks;
    was_in_stack = in_stack(home.tree(), watched);
    was_in_tree = in_tree(home.tree(), watched);
    room_.serve(home);
  }
  void enter(arena_state& home, caiman::detail::native_waiter& one) noexcept override {
    room_.enter(home, one);
  }
  caiman::detail::parting leave(arena_state& home,
                                caiman::detail::native_waiter& one) noexcept override {
    return room_.leave(home, one);
  }
  void refuse(arena_state& home, caiman::detail::native_waiter& one,
              caiman::detail::alarm_clock* by) noexcept override {
    room_.refuse(home, one, by);
  }
  void posted(arena_state& home, caiman::detail::wake_list& wakes) noexcept override {
    room_.posted(home, wakes);
  }
  void run(arena_state& home, std::uint64_t ticket) noexcept override { room_.run(home, ticket); }
  [[nodiscard]] std::size_t waiting() const noexcept override { return room_.waiting(); }
  [[nodiscard]] bool set_alarm(caiman::detail::alarm_entry& one) noexcept override {
    return room_.set_alarm(one);
  }
  void stop_alarm(caiman::detail::alarm_entry& one) noexcept override { room_.stop_alarm(one); }

  block watched{};
  int looks = 0;
  bool was_in_stack = false;
  bool was_in_tree = false;

 private:
  caiman::detail::hosted_room<caiman::fair_waiters> room_{caiman::fair_waiters()};
};

/// What is behind the handles of an arena whose requests can wait; itself one of these handles.
struct arena_that_waits {
  explicit arena_that_waits(init_policy init) {
    auto memory =
        caiman::detail::region::map(unit << max_order, unit, caiman::huge_page_policy::system)
            .value();
    state = arena_state::make({.unit = unit,
                               .units = std::size_t{1} << max_order,
                               .caps = false,
                               .spills = false,
                               .init = init,
                               .cold = false},
                              memory)
                .value();
    auto made = std::make_unique<watched_room>();
    place = made.get();
    state->host(std::move(made));
  }
  arena_that_waits(const arena_that_waits&) = delete;
  arena_that_waits& operator=(const arena_that_waits&) = delete;
  ~arena_that_waits() { state->drop_handle(); }

  block take(unsigned order) const { return state->take(order, unit << order).value(); }

  /// Gives it back while somebody waits.
  void check_goes_past(block b) const {
    const int before = place->looks;
    place->watched = b;
    state->give_back(b);
    CHECK(place->looks == before + 1);
    CHECK_FALSE(place->was_in_stack);
    CHECK(place->was_in_tree);
  }
  /// Gives it back when nobody waits.
  void check_is_kept(block b) const {
    const int before = place->looks;
    state->give_back(b);
    CHECK(place->looks == before);
    CHECK(in_stack(state->tree(), b));
    CHECK_FALSE(in_tree(state->tree(), b));
  }

  arena_state* state = nullptr;
  watched_room* place = nullptr;
};

caiman::job want_all(caiman::async_buddy_arena arena) {
  const auto got = co_await arena.allocate(unit << max_order);
  REQUIRE(got.has_value());
}

}  // namespace

TEST_CASE("while somebody waits, blocks that come back go past the stacks") {
  const init_policy init = GENERATE(init_policy::uninit, init_policy::zero);
  const arena_that_waits arena(init);
  arena_state& state = *arena.state;
  for (unsigned order = 0; order < stacked; ++order) {
    INFO("order " << order);
    const block kept = arena.take(order);
    const block popped = arena.take(order);
    const block first = arena.take(order);
    arena.check_is_kept(popped);
    REQUIRE(arena.take(order) == popped);  // the thread notes that it is live

    caiman::detail::thread_waiter one(max_order);
    state.room()->enter(state, one);
    std::memset(state.address_of(popped), 1, unit << order);
    arena.check_goes_past(popped);
    arena.check_goes_past(first);

    REQUIRE(state.room()->leave(state, one) == caiman::detail::parting::nothing);
    const block again = arena.take(order);
    const auto* const at = state.address_of(again);
    if (init == init_policy::zero) {
      CHECK(std::all_of(at, at + (unit << order), [](std::byte b) { return b == std::byte{}; }));
    }
    arena.check_is_kept(again);
    state.give_back(kept);
  }
  const auto sum = state.books().sum();
  CHECK(sum.taken == sum.returned);
  CHECK(state.tree().largest_free_order() == max_order);
}

TEST_CASE("the last of several that wait makes the difference") {
  const arena_that_waits arena(init_policy::uninit);
  arena_state& state = *arena.state;
  const block keep = arena.take(0);
  caiman::detail::thread_waiter a(max_order);
  caiman::detail::thread_waiter b(max_order);
  state.room()->enter(state, a);
  state.room()->enter(state, b);
  REQUIRE(state.room()->leave(state, a) == caiman::detail::parting::nothing);
  arena.check_goes_past(arena.take(0));
  REQUIRE(state.room()->leave(state, b) == caiman::detail::parting::nothing);
  arena.check_is_kept(arena.take(0));
  state.give_back(keep);
}

TEST_CASE("a second release is caught while somebody waits", "[misuse]") {
  const auto geometry = caiman::buddy_geometry::exact(unit << max_order, unit).value();
  const auto arena = caiman::buddy_arena::builder(geometry).build_async().value();
  arena_state& state = *caiman::detail::arena_insides::home_of(arena.synchronous());
  // As of what is no buffer's: looked at.
  const auto give_back = [&](block b) { state.give_back<true>(b); };
  const block keep = state.take(0, unit).value();
  const block twice = state.take(0, unit).value();
  {
    const caiman::job waits = want_all(arena);
    REQUIRE(arena.waiting() == 1);
    check_quiet([&] { give_back(twice); });
    check_ends_with(twice, free_already, [&] {
      give_back(twice);
      give_back(twice);
    });
    give_back(twice);
    check_ends_with(twice, free_already, [&] { give_back(twice); });
  }
  give_back(keep);
}

TEMPLATE_LIST_TEST_CASE("past the stacks the same misuse is seen", "[misuse][stacks]", buddies) {
  TestType tree(max_order);
  for (unsigned order = 0; order < stacked; ++order) {
    const block keep = tree.allocate(order).value();
    const block b = tree.allocate(order).value();
    check_ends_with(b, free_already, [&] {  // it lies in the stack
      tree.release(b);
      tree.release_past_stacks(b);
    });
    check_ends_with(b, free_already, [&] {  // or in the tree
      tree.release_past_stacks(b);
      tree.release_past_stacks(b);
    });
    tree.release(b);
    REQUIRE(tree.allocate(order) == b);
    check_ends_with(b, free_already, [&] {  // popped last, but not live any more
      tree.release_past_stacks(b);
      tree.release(b);
    });
    check_quiet([&] {
      tree.release_past_stacks(b);
      static_cast<void>(tree.free_min_blocks());
    });
    tree.release_past_stacks(keep);
    tree.release_past_stacks(b);
    CHECK(tree.is_free({max_order, 0}));
  }
  check_ends_with({0, std::size_t{1} << max_order}, child::no_such_index, [&] {
    tree.release_past_stacks({0, std::size_t{1} << max_order});
  });
  check_ends_with({0, SIZE_MAX}, child::no_such_index, [&] {
    tree.release_past_stacks({0, SIZE_MAX});
  });
  check_ends_with({max_order + 1, 0}, child::no_such_order, [&] {
    tree.release_past_stacks({max_order + 1, 0});
  });
  check_ends_with({~0U, 0}, child::no_such_order, [&] { tree.release_past_stacks({~0U, 0}); });
}
