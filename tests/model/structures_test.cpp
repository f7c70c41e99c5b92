// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// structures_test.cpp: what convicts a structure, what does not, and how small it is shown
//
// Each fault stands beside the right way, which must pass: a check that cannot fail is none.
// ---------------------------------------------------------------------------------------------
#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>

#include "caiman-model/check.hpp"
#include "structures/campaign.hpp"

namespace m = caiman::model;
using namespace caiman::model::machine;

namespace {

constexpr auto rlx = std::memory_order_relaxed;
constexpr auto acq = std::memory_order_acquire;
constexpr auto rel = std::memory_order_release;

deadline in_a_while() { return std::chrono::steady_clock::now() + std::chrono::seconds(60); }
/// What one scenario is convicted of; empty if of nothing.
fault judged(tested& of, const scenario& s) {
  const crash_guard crashes;
  trial on(of);
  tally seen;
  effort each;
  each.full = 2000;
  const auto found = try_scenario(on, s, each, 1, in_a_while(), seen);
  REQUIRE_FALSE(seen.timed_out);
  return found ? found->found : fault{};
}

/// Of a program with a lambda for each thread.
template <class S, class... F>
fault ran(F... threads) {
  tested_of<S, unspecified> of;
  scenario s;
  unsigned t = 0;
  ((of.add(m::thread(threads)), s.threads.push_back({{t++, 0}})), ...);
  return judged(of, s);
}

bool says(const fault& found, std::string_view text) {
  INFO(found.property << ": " << found.text);
  CHECK(found.text.find(text) != std::string::npos);
  return found.text.find(text) != std::string::npos;
}

}  // namespace

// ---- races and the heap ------------------------------------------------------------------------
namespace {

struct box {
  m::atomic<int> ready{0};
  m::plain<int> data{0};
  m::atomic<int*> made{nullptr};
  m::atomic<int> count{2};
};

}  // namespace

TEST_CASE("a race on plain data names both places", "[structures]") {
  const auto writes = [](box& b, std::memory_order o) {
    b.data.write(1);
    b.ready.store(1, o);
  };
  const auto reads = [](box& b) {
    if (b.ready.load(acq) == 1) m::require(b.data.read() == 1, "old data");
  };
  const fault found = ran<box>([=](box& b) { writes(b, rlx); }, reads);
  CHECK(found.property == "data race");
  CHECK(says(found, "structures_test.cpp:"));
  CHECK(ran<box>([=](box& b) { writes(b, rel); }, reads).property.empty());
}

TEST_CASE("an operator between two operands is known by its place", "[structures]") {
  constexpr int first = __LINE__ + 2;
  const auto changes = [](box& b) {
    b.count += 1;
    b.count -= 1;
    ++b.count;  // has no operand that could bring it: a place in the header, one for all
  };
  CHECK(ran<box>(changes).property.empty());
  const site_table& sites = the_machine().sites;
  const auto is_known = [&](int line) {
    const std::string name = "structures_test.cpp:" + std::to_string(line);
    return std::ranges::any_of(sites.in_order(), [&](auto id) { return sites.name(id) == name; });
  };
  CHECK(is_known(first));
  CHECK(is_known(first + 1));
  CHECK_FALSE(is_known(first + 2));
}

TEST_CASE("use after free, double free and leaks are convicted", "[structures]") {
  struct node {
    m::atomic<int> value{7};
  };
  struct holder {
    holder() = default;
    holder(const holder&) = delete;
    holder& operator=(const holder&) = delete;
    ~holder() { delete one.load(); }
    m::atomic<node*> one{new node};
  };
  // Whoever takes it out may free it, unless somebody else still looks.
  const auto takes = [](holder& h) { delete h.one.exchange(nullptr); };
  const auto looks = [](holder& h) {
    if (node* n = h.one.load()) m::require(n->value.load() == 7, "another value");
  };
  const fault used = ran<holder>(takes, looks);
  CHECK((used.property == "use after free" || used.property == "data race"));
  CHECK(ran<holder>(looks, looks).property.empty());

  struct twice {
    m::atomic<int*> one{new int(1)};
  };
  const fault freed =
      ran<twice>([](twice& h) { delete h.one.load(); }, [](twice& h) { delete h.one.load(); });
  CHECK((freed.property == "double free" || freed.property == "data race"));
  CHECK(ran<twice>([](twice& h) { delete h.one.exchange(nullptr); },
                   [](twice& h) { delete h.one.exchange(nullptr); })
            .property.empty());

  const fault leak = ran<twice>([](twice& h) { h.one.store(new int(2)); });
  CHECK(leak.property == "leak");
  CHECK(says(leak, "4 bytes"));
}

TEST_CASE("memory that is freed without being ordered after its last use is a race",
          "[structures]") {
  struct shared {
    struct state {
      m::atomic<int> owners{2};
      m::plain<int> value{1};
    };
    state* all = new state;
  };
  const auto drop = [](shared& s, std::memory_order o) {
    s.all->value.read();
    if (s.all->owners.fetch_sub(1, o) == 1) delete s.all;
  };
  const auto relaxed = [=](shared& s) { drop(s, rlx); };
  const auto right = [=](shared& s) { drop(s, std::memory_order_acq_rel); };
  CHECK(ran<shared>(relaxed, relaxed).property == "data race");
  CHECK(ran<shared>(right, right).property.empty());
}

TEST_CASE("freed memory is handed out again, so ABA is found", "[structures]") {
  struct aba {
    m::atomic<int*> top{nullptr};
  };
  const auto sees_it_again = [](aba& a) {
    int* mine = new int(1);
    a.top.store(mine);
    delete mine;
    int* next = new int(2);
    m::require(next != mine, "the same address again");
    delete next;
  };
  CHECK(ran<aba>(sees_it_again).property == "check");
}

// ---- who waits ---------------------------------------------------------------------------------

TEST_CASE("a spin lock without a yield passes, and its loop is named", "[structures]") {
  struct spin {
    m::atomic<int> word{0};
    m::plain<int> count{0};
  };
  const auto locked = [](std::memory_order unlock) {
    return [=](spin& s) {
      while (s.word.exchange(1, acq) != 0) {
      }
      s.count.write(s.count.read() + 1);
      s.word.store(0, unlock);
    };
  };
  the_machine().waits_without_yield.clear();
  CHECK(ran<spin>(locked(rel), locked(rel)).property.empty());
  REQUIRE(the_machine().waits_without_yield.size() == 1);
  CHECK(the_machine().waits_without_yield.begin()->starts_with("structures_test.cpp:"));
  CHECK(ran<spin>(locked(rlx), locked(rlx)).property == "data race");

  const auto polite = [](spin& s) {
    while (s.word.exchange(1, acq) != 0) m::this_thread::yield();
    s.count.write(s.count.read() + 1);
    s.word.store(0, rel);
  };
  the_machine().waits_without_yield.clear();
  CHECK(ran<spin>(polite, polite).property.empty());
  CHECK(the_machine().waits_without_yield.empty());
}

TEST_CASE("who waits for what nobody will do waits for ever", "[structures]") {
  const auto waits = [](box& b) {
    while (b.ready.load(acq) == 0) m::this_thread::yield();
  };
  const fault found = ran<box>(waits, [](box& b) { b.count.store(1); });
  CHECK(found.property == "waits for ever");
  CHECK(says(found, "thread 0 at structures_test.cpp:"));
  CHECK(ran<box>(waits, [](box& b) { b.ready.store(1, rel); }).property.empty());
  // Also where the loop does not yield.
  const auto spins = [](box& b) {
    while (b.ready.load(acq) == 0) {
    }
  };
  CHECK(ran<box>(spins, [](box& b) { b.count.store(1); }).property == "waits for ever");
  CHECK(ran<box>(spins, [](box& b) { b.ready.store(1, rel); }).property.empty());
}

TEST_CASE("a wake-up that is lost is a deadlock", "[structures]") {
  const auto waits = [](box& b) { b.ready.wait(0); };
  CHECK(ran<box>(waits, [](box& b) {
          b.ready.store(1);
          b.ready.notify_one();
        }).property.empty());
  CHECK(ran<box>(waits, [](box& b) { b.ready.store(1); }).property == "deadlock");

  struct queue {
    m::mutex lock;
    m::condition_variable filled;
    int items = 0;
  };
  const auto takes = [](queue& q) {
    std::unique_lock held(q.lock);
    q.filled.wait(held, [&] { return q.items > 0; });
    --q.items;
  };
  const auto puts = [](queue& q) {
    const std::lock_guard held(q.lock);
    ++q.items;
    q.filled.notify_one();
  };
  const auto puts_silently = [](queue& q) {
    const std::lock_guard held(q.lock);
    ++q.items;
  };
  CHECK(ran<queue>(takes, puts).property.empty());
  CHECK(ran<queue>(takes, puts_silently).property == "deadlock");

  struct two {
    m::mutex a, b;
  };
  const auto in_order = [](two& t) {
    const std::lock_guard first(t.a);
    const std::lock_guard second(t.b);
  };
  const auto the_other_way = [](two& t) {
    const std::lock_guard first(t.b);
    const std::lock_guard second(t.a);
  };
  CHECK(ran<two>(in_order, in_order).property.empty());
  CHECK(ran<two>(in_order, the_other_way).property == "deadlock");
}

TEST_CASE("threads that give each other work for ever have no end", "[structures]") {
  const auto toggles = [](int from) {
    return [=](box& b) {
      for (;;) {
        int expected = from;
        b.ready.compare_exchange_strong(expected, 1 - from);
      }
    };
  };
  CHECK(ran<box>(toggles(0), toggles(1)).property == "no end");
}

// ---- what goes wrong by itself -----------------------------------------------------------------

TEST_CASE("crashes, failed assertions and exceptions are convicted", "[structures]") {
  const auto second = [](box& b) { b.ready.store(1, rel); };
  const fault crash = ran<box>(
      [](box& b) {
        if (b.ready.load(acq) == 1) *reinterpret_cast<volatile int*>(b.made.load()) = 1;
      },
      second);
  CHECK(crash.property == "crash");
  CHECK(says(crash, "SIGSEGV"));
  const fault thrown = ran<box>(
      [](box& b) {
        if (b.ready.load(acq) == 1) throw std::runtime_error("no room");
      },
      second);
  CHECK(thrown.property == "exception");
  CHECK(says(thrown, "no room"));
  const auto catches = [](box& b) {
    try {
      if (b.ready.load(acq) == 1) throw std::runtime_error("no room");
    } catch (const std::runtime_error&) {
      b.count.store(0);  // others may run while it is handled
    }
  };
  CHECK(ran<box>(catches, catches, second).property.empty());
  const fault required =
      ran<box>([](box& b) { m::require(b.ready.load(acq) == 0, "it was to be zero"); }, second);
  CHECK(required.property == "check");
  CHECK(says(required, "it was to be zero, at structures_test.cpp:"));
}

// ---- answers -----------------------------------------------------------------------------------

namespace {

struct count_spec {
  int n = 0;
  int next() { return n++; }
  bool operator==(const count_spec&) const = default;
};

struct lossy_count {  // a load and a store in the place of one step
  m::atomic<int> n{0};
  int next() {
    const int now = n.load();
    n.store(now + 1);
    return now;
  }
};
struct right_count {
  m::atomic<int> n{0};
  int next() { return n.fetch_add(1, rlx); }
};

template <class S>
void add_next(tested_of<S, count_spec>& of) {
  of.add(m::operation("next", &S::next, &count_spec::next));
}

}  // namespace

TEST_CASE("an answer that fits nowhere is named, with what it should have been", "[structures]") {
  tested_of<lossy_count, count_spec> of;
  add_next(of);
  trial on(of);
  tally seen;
  auto found = run_campaign(on, of, {}, seen);
  REQUIRE(found);
  CHECK(found->found.property == "not linearizable");
  const conviction least = made_small(on, *found, false, in_a_while(), seen);
  CHECK(to_string(least.what, of) == "next() | next()");
  CHECK(least.switches <= 1);  // an old value does as well
  CHECK(least.found.text ==
        "no order of the operations explains the answers: after next() -> 0, what follows fits "
        "nowhere: next() -> 0, where the specification says 1");

  tested_of<right_count, count_spec> right;
  add_next(right);
  trial passes(right);
  tally all;
  campaign plan;
  plan.each.full = 2000;
  CHECK_FALSE(run_campaign(passes, right, plan, all));
  CHECK(all.exhausted > 0);
}

TEST_CASE("a campaign is the same again by its seed", "[structures]") {
  tested_of<lossy_count, count_spec> of;
  add_next(of);
  const auto once = [&](std::uint64_t seed) {
    trial on(of);
    tally seen;
    campaign plan;
    plan.seed = seed;
    const auto found = run_campaign(on, of, plan, seen);
    REQUIRE(found);
    return std::make_tuple(to_string(found->what, of), found->choices, seen.executions);
  };
  CHECK(once(1) == once(1));
  CHECK(once(7) == once(7));
}

TEST_CASE("what happens before, and what time orders, is told apart", "[structures]") {
  // A relaxed flag: nothing orders the two, but with all orders seq_cst time does.
  struct flag {
    m::atomic<int> on{0};
    void raise() { on.store(1, rlx); }
    int look() const { return on.load(rlx); }
  };
  struct flag_spec {
    int on = 0;
    void raise() { on = 1; }
    int look() const { return on; }
    bool operator==(const flag_spec&) const = default;
  };
  tested_of<flag, flag_spec> of;
  of.add(m::operation("raise", &flag::raise, &flag_spec::raise));
  of.add(m::operation("look", &flag::look, &flag_spec::look));
  const auto s = parse_scenario("raise() | look(), look()", of);
  REQUIRE(s);
  CHECK(judged(of, *s).property.empty());
  // That a thread's own answers keep their order is seen under any promise.
  struct forgetful : flag {
    int look() {
      const int now = on.load(rlx);
      on.store(0, rlx);
      return now;
    }
  };
  for (const auto promised : {m::consistency::linearizable, m::consistency::sequential}) {
    tested_of<forgetful, flag_spec> wrong;
    wrong.add(m::operation("raise", &flag::raise, &flag_spec::raise));
    wrong.add(m::operation("look", &forgetful::look, &flag_spec::look));
    wrong.add(promised);
    const auto same = parse_scenario("raise() | look(), look()", wrong);
    REQUIRE(same);
    CHECK(judged(wrong, *same).property.starts_with("not "));
  }
}

namespace {

struct any_new {
  std::vector<int> given;
  bool take(int got) {
    for (const int g : given) {
      if (g == got) return false;
    }
    given.push_back(got);
    return true;
  }
  bool operator==(const any_new&) const = default;
};

}  // namespace

TEST_CASE("a specification may judge an answer that it leaves open", "[structures]") {
  struct tickets {
    m::atomic<int> next{0};
    bool again = false;
    int take() { return again ? 3 : 2 * next.fetch_add(1); }
  };
  for (const bool again : {false, true}) {
    tested_of<tickets, any_new> of;
    of.add(m::operation("take", &tickets::take, &any_new::take));
    of.add(m::before([=](tickets& t) { t.again = again; }));
    const auto s = parse_scenario("take() | take()", of);
    REQUIRE(s);
    CHECK(judged(of, *s).property == (again ? "not linearizable" : ""));
  }
}

TEST_CASE("an invariant is looked at after each step", "[structures]") {
  struct pair {
    m::atomic<int> a{0}, b{0};
  };
  for (const bool together : {false, true}) {
    tested_of<pair, unspecified> of;
    of.add(m::operation("change", [=](pair& p) {
      p.a.store(1);
      if (!together) p.b.store(1);
    }));
    of.add(m::invariant([](pair& p) { return p.a.load() >= p.b.load() && p.b.load() == 0; }));
    const auto s = parse_scenario("change() | change()", of);
    REQUIRE(s);
    CHECK(judged(of, *s).property == (together ? "" : "invariant"));
  }
}
