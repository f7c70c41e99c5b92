// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// litmus_relacy_test.cpp: what Relacy shows of C++20, as it is and as ours
//
// The last two columns of the table of docs/memory-model.md are these tests: programs as those of
// litmus_test.cpp, each searched to the end twice. Once on rl::atomic as Relacy has it, and once on
// checked_atomic, which gives it the two freedoms of beyond_relacy.hpp; that one has records for
// two threads and for three. A cell that changes is a failure, whichever way.
// ---------------------------------------------------------------------------------------------
#include <catch2/catch.hpp>

#include <array>
#include <functional>
#include <memory>
#include <ostream>
#include <type_traits>
#include <vector>

#include "caiman-model/checked_atomic.hpp"

namespace {

using namespace caiman::model;  // NOLINT(google-build-using-namespace)

constexpr auto rlx = std::memory_order_relaxed;
constexpr auto acq = std::memory_order_acquire;
constexpr auto rel = std::memory_order_release;
constexpr auto acq_rel = std::memory_order_acq_rel;
constexpr auto sc = std::memory_order_seq_cst;

/// An atomic number, whoever keeps it.
struct cell {
  cell() = default;
  cell(const cell&) = delete;
  cell& operator=(const cell&) = delete;
  virtual ~cell() = default;
  virtual unsigned load(std::memory_order o) = 0;
  virtual void store(unsigned value, std::memory_order o) = 0;
  virtual unsigned exchange(unsigned value, std::memory_order o) = 0;
  virtual unsigned fetch_add(unsigned n, std::memory_order o) = 0;
  virtual bool compare_exchange(unsigned& expected, unsigned desired, std::memory_order o) = 0;
};

/// Relacy's own.
class as_it_is : public cell {
 public:
  as_it_is() { value_.store(0, rl::mo_relaxed, here()); }
  unsigned load(std::memory_order o) override { return value_.load(to_relacy(o), here()); }
  void store(unsigned value, std::memory_order o) override {
    value_.store(value, to_relacy(o), here());
  }
  unsigned exchange(unsigned value, std::memory_order o) override {
    return value_.exchange(value, to_relacy(o), here());
  }
  unsigned fetch_add(unsigned n, std::memory_order o) override {
    return value_.fetch_add(n, to_relacy(o), here());
  }
  bool compare_exchange(unsigned& expected, unsigned desired, std::memory_order o) override {
    return value_.compare_exchange_strong(expected, desired, to_relacy(o), here(), to_relacy(o),
                                          here());
  }

  /// From 0 to 1; ours has no weak one, and the core none.
  static bool changed_weakly(cell& of) {
    unsigned zero = 0;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-static-cast-downcast): the search is of this kind
    return static_cast<as_it_is&>(of).value_.compare_exchange_weak(zero, 1, rl::mo_relaxed, here(),
                                                                   rl::mo_relaxed, here());
  }

 private:
  static rl::debug_info here() { return info_of(location::here()); }
  rl::atomic<std::uint32_t> value_;
};

/// With the freedoms of beyond_relacy.hpp.
class as_ours : public cell {
 public:
  unsigned load(std::memory_order o) override { return value_.load(o); }
  void store(unsigned value, std::memory_order o) override { value_.store(value, o); }
  unsigned exchange(unsigned value, std::memory_order o) override {
    return value_.exchange(value, o);
  }
  unsigned fetch_add(unsigned n, std::memory_order o) override { return value_.fetch_add(n, o); }
  bool compare_exchange(unsigned& expected, unsigned desired, std::memory_order o) override {
    return value_.compare_exchange_strong(expected, desired, o, o);
  }

 private:
  checked_atomic<std::uint32_t> value_;
};

struct words {
  cell &x, &y, &z;
  std::array<unsigned, 4> r{};
};
template <class Cell>
struct made_words {
  Cell x{}, y{}, z{};
  words all{x, y, z};
};
void fence(std::memory_order o) {
  if (o != rlx) rl::atomic_thread_fence(to_relacy(o), info_of(location::here()));
}

using step = std::function<void(words&)>;
using outcome = std::function<bool(words&)>;

struct litmus_program {
  std::vector<step> threads;
  outcome weak;
};

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): Relacy makes the suite itself
const litmus_program* program = nullptr;
bool is_seen = false;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

template <class Cell, unsigned Threads>
struct suite : rl::test_suite<suite<Cell, Threads>, Threads> {
  void before() { in_use = std::make_unique<made_words<Cell>>(); }
  void thread(unsigned index) { program->threads[index](in_use->all); }
  void after() {
    is_seen |= program->weak(in_use->all);
    in_use.reset();
  }
  std::unique_ptr<made_words<Cell>> in_use;
};

/// Whether an execution has the outcome; the search must end.
template <class Cell, unsigned Threads>
bool searched() {
  rl::test_params params;
  rl::ostringstream log;
  rl::ostringstream state;
  params.search_type = rl::fair_full_search_scheduler_type;
  params.output_stream = &log;
  params.progress_stream = &log;
  settings.threads = Threads;
  is_seen = false;
  using test = suite<Cell, Threads>;
  const auto end = rl::run_test<test, rl::full_search_scheduler<Threads>>(params, state, false);
  REQUIRE(end == rl::test_result_success);
  return is_seen;
}
template <class Cell>
bool searched(const litmus_program& of) {
  program = &of;
  switch (of.threads.size()) {
    case 2:
      return searched<Cell, 2>();
    case 3:
      return searched<Cell, 3>();
    default:
      if constexpr (std::is_same_v<Cell, as_it_is>) return searched<Cell, 4>();
      FAIL("ours is for three threads at most");
      return false;
  }
}

/// A row's two cells.
struct cells {
  bool relacy;
  bool ours;
  bool operator==(const cells&) const = default;
};
std::ostream& operator<<(std::ostream& to, const cells& of) {
  return to << "Relacy " << of.relacy << ", ours " << of.ours;
}
constexpr cells shown{true, true};
constexpr cells hidden{false, false};
constexpr cells ours_alone{false, true};

cells shows(std::vector<step> threads, outcome weak) {
  const litmus_program of{std::move(threads), std::move(weak)};
  const bool relacy = searched<as_it_is>(of);
  return {relacy, searched<as_ours>(of)};
}

}  // namespace

TEST_CASE("SB on Relacy", "[litmus]") {
  const auto sb = [](std::memory_order store, std::memory_order load, std::memory_order left = rlx,
                     std::memory_order right = rlx) {
    return shows({[=](words& w) {
                    w.x.store(1, store);
                    fence(left);
                    w.r[0] = w.y.load(load);
                  },
                  [=](words& w) {
                    w.y.store(1, store);
                    fence(right);
                    w.r[1] = w.x.load(load);
                  }},
                 [](words& w) { return w.r[0] == 0 && w.r[1] == 0; });
  };
  CHECK(sb(rlx, rlx) == shown);
  CHECK(sb(rel, acq) == shown);
  CHECK(sb(sc, sc) == hidden);
  CHECK(sb(rlx, rlx, sc, sc) == hidden);
  CHECK(sb(rlx, rlx, sc, acq_rel) == shown);
}

TEST_CASE("SB on Relacy, accesses against a fence", "[litmus]") {
  CHECK(shows({[](words& w) {
                 w.x.store(1, sc);
                 w.r[0] = w.y.load(sc);
               },
               [](words& w) {
                 w.y.store(1, rlx);
                 fence(sc);
                 w.r[1] = w.x.load(rlx);
               }},
              [](words& w) { return w.r[0] == 0 && w.r[1] == 0; }) == shown);  // a false alarm
}

TEST_CASE("SB on Relacy, where read-modify-writes read", "[litmus]") {
  const auto both_miss = [](words& w) { return w.r[0] == 0 && w.r[1] == 0; };
  const auto add = [&](std::memory_order o) {
    return shows({[=](words& w) {
                    w.x.store(1, rlx);
                    w.r[0] = w.y.fetch_add(0, o);
                  },
                  [=](words& w) {
                    w.y.store(1, rlx);
                    w.r[1] = w.x.fetch_add(0, o);
                  }},
                 both_miss);
  };
  const auto exchange = [&](std::memory_order store, std::memory_order o) {
    return shows({[=](words& w) {
                    w.x.store(1, store);
                    w.r[0] = w.y.exchange(2, o);
                  },
                  [=](words& w) {
                    w.y.store(1, store);
                    w.r[1] = w.x.exchange(2, o);
                  }},
                 both_miss);
  };
  CHECK(add(acq_rel) == hidden);
  CHECK(exchange(rlx, acq_rel) == ours_alone);
  CHECK(exchange(sc, sc) == hidden);
}

TEST_CASE("MP on Relacy", "[litmus]") {
  const auto mp = [](std::memory_order store, std::memory_order load, std::memory_order left = rlx,
                     std::memory_order right = rlx) {
    return shows({[=](words& w) {
                    w.x.store(1, rlx);
                    fence(left);
                    w.y.store(1, store);
                  },
                  [=](words& w) {
                    w.r[0] = w.y.load(load);
                    fence(right);
                    w.r[1] = w.x.load(rlx);
                  }},
                 [](words& w) { return w.r[0] == 1 && w.r[1] == 0; });
  };
  CHECK(mp(rel, acq) == hidden);
  CHECK(mp(rlx, acq) == shown);
  CHECK(mp(rel, rlx) == shown);
  CHECK(mp(rlx, rlx, rel, acq) == hidden);
  CHECK(mp(rlx, rlx, acq_rel, acq_rel) == hidden);
  CHECK(mp(rlx, rlx, sc, sc) == hidden);
  CHECK(mp(rlx, rlx, acq, acq) == shown);
  CHECK(mp(rlx, rlx, rel, rel) == shown);
}

TEST_CASE("MP on Relacy, release sequences", "[litmus]") {
  const auto weak = [](words& w) { return w.r[0] == 2 && w.r[1] == 0; };
  const step reads = [](words& w) {
    w.r[0] = w.y.load(acq);
    w.r[1] = w.x.load(rlx);
  };
  CHECK(shows({[](words& w) {
                 w.x.store(1, rlx);
                 w.y.store(1, rel);
                 w.y.store(2, rlx);
               },
               reads},
              weak) == ours_alone);
  CHECK(shows({[](words& w) {
                 w.x.store(1, rlx);
                 w.y.store(1, rel);
               },
               [](words& w) {
                 unsigned one = 1;
                 w.y.compare_exchange(one, 2, rlx);
               },
               reads},
              weak) == hidden);
}

TEST_CASE("2+2W, S and R on Relacy", "[litmus]") {
  const auto two_writers = [](std::memory_order o) {
    return shows({[=](words& w) {
                    w.x.store(1, o);
                    w.y.store(2, o);
                  },
                  [=](words& w) {
                    w.y.store(1, o);
                    w.x.store(2, o);
                  }},
                 [](words& w) { return w.x.load(rlx) == 1 && w.y.load(rlx) == 1; });
  };
  CHECK(two_writers(rlx) == hidden);
  CHECK(two_writers(rel) == hidden);
  CHECK(two_writers(sc) == hidden);

  const auto write_after_read = [](std::memory_order store, std::memory_order load) {
    return shows({[=](words& w) {
                    w.x.store(2, rlx);
                    w.y.store(1, store);
                  },
                  [=](words& w) {
                    w.r[0] = w.y.load(load);
                    w.x.store(1, rlx);
                  }},
                 [](words& w) { return w.r[0] == 1 && w.x.load(rlx) == 2; });
  };
  CHECK(write_after_read(rlx, rlx) == hidden);
  CHECK(write_after_read(rel, acq) == hidden);

  const auto write_against_read = [](std::memory_order store, std::memory_order load) {
    return shows({[=](words& w) {
                    w.x.store(1, store);
                    w.y.store(1, store);
                  },
                  [=](words& w) {
                    w.y.store(2, store);
                    w.r[0] = w.x.load(load);
                  }},
                 [](words& w) { return w.y.load(rlx) == 2 && w.r[0] == 0; });
  };
  CHECK(write_against_read(rlx, rlx) == shown);
  CHECK(write_against_read(rel, acq) == shown);
  CHECK(write_against_read(sc, sc) == hidden);
}

TEST_CASE("IRIW on Relacy, as it is", "[litmus]") {
  const auto iriw = [](std::memory_order store, std::memory_order load) {
    const litmus_program of{
        {[=](words& w) { w.x.store(1, store); }, [=](words& w) { w.y.store(1, store); },
         [=](words& w) {
           w.r[0] = w.x.load(load);
           w.r[1] = w.y.load(load);
         },
         [=](words& w) {
           w.r[2] = w.y.load(load);
           w.r[3] = w.x.load(load);
         }},
        [](words& w) { return w.r[0] == 1 && w.r[1] == 0 && w.r[2] == 1 && w.r[3] == 0; }};
    return searched<as_it_is>(of);
  };
  CHECK(iriw(rel, acq));
  CHECK_FALSE(iriw(sc, sc));
}

TEST_CASE("WRC and RWC on Relacy", "[litmus]") {
  const auto wrc = [](std::memory_order store, std::memory_order load) {
    return shows({[=](words& w) { w.x.store(1, store); },
                  [=](words& w) {
                    w.r[0] = w.x.load(load);
                    w.y.store(1, store);
                  },
                  [=](words& w) {
                    w.r[1] = w.y.load(load);
                    w.r[2] = w.x.load(rlx);
                  }},
                 [](words& w) { return w.r[0] == 1 && w.r[1] == 1 && w.r[2] == 0; });
  };
  CHECK(wrc(rlx, rlx) == shown);
  CHECK(wrc(rel, acq) == hidden);
  const auto rwc = [](std::memory_order load, std::memory_order between) {
    return shows({[](words& w) { w.x.store(1, rlx); },
                  [=](words& w) {
                    w.r[0] = w.x.load(load);
                    w.r[1] = w.y.load(load);
                  },
                  [=](words& w) {
                    w.y.store(1, rlx);
                    fence(between);
                    w.r[2] = w.x.load(rlx);
                  }},
                 [](words& w) { return w.r[0] == 1 && w.r[1] == 0 && w.r[2] == 0; });
  };
  CHECK(rwc(sc, sc) == shown);  // a false alarm
  CHECK(rwc(acq, sc) == shown);
}

TEST_CASE("seq_cst beside relaxed on Relacy", "[litmus]") {
  CHECK(shows({[](words& w) {
                 w.x.store(1, sc);
                 w.y.store(1, rlx);
               },
               [](words& w) {
                 w.r[0] = w.y.load(rlx);
                 w.r[1] = w.x.load(sc);
               }},
              [](words& w) { return w.r[0] == 1 && w.r[1] == 0; }) == hidden);
  CHECK(shows({[](words& w) {
                 w.x.store(2, sc);
                 w.y.store(1, rlx);
               },
               [](words& w) {
                 w.r[0] = w.y.load(rlx);
                 w.x.store(1, sc);
               }},
              [](words& w) { return w.r[0] == 1 && w.x.load(rlx) == 2; }) == hidden);
  const auto isa2 = [](std::memory_order store, std::memory_order load) {
    return shows({[=](words& w) {
                    w.x.store(1, rlx);
                    fence(sc);
                    w.y.store(1, store);
                  },
                  [=](words& w) {
                    w.r[0] = w.y.load(load);
                    w.z.store(1, store);
                  },
                  [=](words& w) {
                    w.r[1] = w.z.load(load);
                    fence(sc);
                    w.r[2] = w.x.load(rlx);
                  }},
                 [](words& w) { return w.r[0] == 1 && w.r[1] == 1 && w.r[2] == 0; });
  };
  CHECK(isa2(rlx, rlx) == hidden);
  CHECK(isa2(rel, acq) == hidden);
}

TEST_CASE("One object on Relacy", "[litmus]") {
  CHECK(shows({[](words& w) { w.x.store(1, rlx); },
               [](words& w) {
                 w.r[0] = w.x.load(rlx);
                 w.r[1] = w.x.load(rlx);
               }},
              [](words& w) { return w.r[0] == 1 && w.r[1] == 0; }) == hidden);
  for (const unsigned old : {0U, 1U, 2U, 3U, 4U}) {
    CHECK(shows({[](words& w) {
                   for (const unsigned value : {1U, 2U, 3U, 4U}) w.x.store(value, rlx);
                   w.y.store(1, rlx);
                 },
                 [](words& w) {
                   w.r[0] = w.y.load(rlx);
                   w.r[1] = w.x.load(rlx);
                 }},
                [=](words& w) { return w.r[0] == 1 && w.r[1] == old; }) ==
          (old >= 3 ? shown : hidden));
  }
  CHECK(shows({[](words& w) {
                 w.x.store(1, rlx);
                 w.y.store(1, rlx);
               },
               [](words& w) {
                 w.r[0] = w.y.load(rlx);
                 unsigned seven = 7;
                 w.x.compare_exchange(seven, 8, rlx);
                 w.r[1] = seven;
               }},
              [](words& w) { return w.r[0] == 1 && w.r[1] == 0; }) == hidden);
  CHECK(shows({[](words& w) { w.r[0] = w.x.fetch_add(1, rlx); },
               [](words& w) { w.r[1] = w.x.fetch_add(1, rlx); }},
              [](words& w) { return w.x.load(rlx) != 2 || w.r[0] == w.r[1]; }) == hidden);
}

TEST_CASE("A weak compare-exchange on Relacy, as it is", "[litmus]") {
  const litmus_program of{
      {[](words& w) { w.r[0] = as_it_is::changed_weakly(w.x) ? 1 : 0; }, [](words& /*w*/) {}},
      [](words& w) { return w.r[0] == 0; }};
  CHECK(searched<as_it_is>(of));
}

TEST_CASE("LB on Relacy", "[litmus]") {
  CHECK(shows({[](words& w) {
                 w.r[0] = w.x.load(rlx);
                 w.y.store(1, rlx);
               },
               [](words& w) {
                 w.r[1] = w.y.load(rlx);
                 w.x.store(1, rlx);
               }},
              [](words& w) { return w.r[0] == 1 && w.r[1] == 1; }) == hidden);
}
