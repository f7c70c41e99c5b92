// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// litmus_test.cpp: what the machine shows of C++20, one row per program of a few accesses
//
// docs/memory-model.md has the table: its rows are these tests, and its columns of Relacy those of
// litmus_relacy_test.cpp. A weak outcome that C++20 allows must be seen; one that it forbids must
// not be in any execution of a search that ended. The row of load buffering says what the machine
// does not show.
// ---------------------------------------------------------------------------------------------
#include "litmus.hpp"

using namespace litmus;  // NOLINT(google-build-using-namespace)

namespace {

// ---- store buffering -----------------------------------------------------------------------

bool sb(std::memory_order store, std::memory_order load) {
  return shows({[=](words& w) {
                  w.x.store(1, store);
                  w.r[0] = w.y.load(load);
                },
                [=](words& w) {
                  w.y.store(1, store);
                  w.r[1] = w.x.load(load);
                }},
               [](words& w) { return w.r[0] == 0 && w.r[1] == 0; });
}

bool sb_with_fences(std::memory_order first, std::memory_order second) {
  return shows({[=](words& w) {
                  w.x.store(1, rlx);
                  fence(first);
                  w.r[0] = w.y.load(rlx);
                },
                [=](words& w) {
                  w.y.store(1, rlx);
                  fence(second);
                  w.r[1] = w.x.load(rlx);
                }},
               [](words& w) { return w.r[0] == 0 && w.r[1] == 0; });
}

}  // namespace

TEST_CASE("SB: store buffering", "[litmus]") {
  CHECK(sb(rlx, rlx));
  CHECK(sb(rel, acq));
  CHECK(sb(sc, acq));
  CHECK(sb(rel, sc));
  CHECK_FALSE(sb(sc, sc));
}

TEST_CASE("SB+fences: store buffering with fences", "[litmus]") {
  CHECK_FALSE(sb_with_fences(sc, sc));
  CHECK(sb_with_fences(sc, acq_rel));
  CHECK(sb_with_fences(acq_rel, acq_rel));
}

TEST_CASE("SB+accesses+fence: seq_cst accesses on one side, a fence on the other", "[litmus]") {
  const auto weak = [](words& w) { return w.r[0] == 0 && w.r[1] == 0; };
  const step fenced = [](words& w) {
    w.y.store(1, rlx);
    fence(sc);
    w.r[1] = w.x.load(rlx);
  };
  CHECK_FALSE(shows({[](words& w) {
                       w.x.store(1, sc);
                       w.r[0] = w.y.load(sc);
                     },
                     fenced},
                    weak));
  CHECK(shows({[](words& w) {
                 w.x.store(1, rel);
                 w.r[0] = w.y.load(sc);
               },
               fenced},
              weak));
}

TEST_CASE("SB+rmws: store buffering where read-modify-writes read", "[litmus]") {
  const auto program = [](std::memory_order store, std::memory_order change) {
    return shows({[=](words& w) {
                    w.x.store(1, store);
                    w.r[0] = w.y.fetch_add(0, change);
                  },
                  [=](words& w) {
                    w.y.store(1, store);
                    w.r[1] = w.x.fetch_add(0, change);
                  }},
                 [](words& w) { return w.r[0] == 0 && w.r[1] == 0; });
  };
  CHECK(program(rlx, acq_rel));
  CHECK_FALSE(program(sc, sc));
  const step exchanges = [](words& w) {
    w.x.store(1, rlx);
    w.r[0] = w.y.exchange(2, acq_rel);
  };
  const step others = [](words& w) {
    w.y.store(1, rlx);
    w.r[1] = w.x.exchange(2, acq_rel);
  };
  CHECK(shows({exchanges, others}, [](words& w) { return w.r[0] == 0 && w.r[1] == 0; }));
}

TEST_CASE("SB+lock: a lock between seq_cst accesses changes nothing", "[litmus]") {
  struct with_lock : words {
    m::mutex lock;
  };
  tested_of<with_lock, unspecified> program;
  // So that stores of the lock and of x have different numbers.
  program.add(m::before([](with_lock& w) {
    w.x.store(1);
    w.x.store(0);
  }));
  program.add(m::thread([](with_lock& w) {
    w.x.fetch_add(1, sc);
    w.r[0] = w.y.load(sc);
  }));
  program.add(m::thread([](with_lock& w) {
    const std::lock_guard held(w.lock);
    w.y.store(1, sc);
    w.r[1] = w.x.load(sc);
  }));
  program.add(m::after([](with_lock& w) { return w.r[0] == 1 || w.r[1] == 1; }));
  trial on(program);
  on.use({{}, {{{0, 0}}, {{1, 0}}}});
  const auto seen = on.search({method::full, 0, 0}, 3'000'000, deadline::max());
  CHECK(seen.found.property.empty());
  CHECK(seen.ended);
}

// ---- message passing -------------------------------------------------------------------------

namespace {

bool mp(std::memory_order store, std::memory_order load) {
  return shows({[=](words& w) {
                  w.x.store(1, rlx);
                  w.y.store(1, store);
                },
                [=](words& w) {
                  w.r[0] = w.y.load(load);
                  w.r[1] = w.x.load(rlx);
                }},
               [](words& w) { return w.r[0] == 1 && w.r[1] == 0; });
}

bool mp_with_fences(std::memory_order writer, std::memory_order reader) {
  return shows({[=](words& w) {
                  w.x.store(1, rlx);
                  fence(writer);
                  w.y.store(1, rlx);
                },
                [=](words& w) {
                  w.r[0] = w.y.load(rlx);
                  fence(reader);
                  w.r[1] = w.x.load(rlx);
                }},
               [](words& w) { return w.r[0] == 1 && w.r[1] == 0; });
}

}  // namespace

TEST_CASE("MP: message passing", "[litmus]") {
  CHECK(mp(rlx, rlx));
  CHECK(mp(rel, rlx));
  CHECK(mp(rlx, acq));
  CHECK_FALSE(mp(rel, acq));
  CHECK_FALSE(mp(sc, sc));
}

TEST_CASE("MP+fences: message passing by fences of each order", "[litmus]") {
  CHECK_FALSE(mp_with_fences(rel, acq));
  CHECK_FALSE(mp_with_fences(acq_rel, acq_rel));
  CHECK_FALSE(mp_with_fences(sc, sc));
  CHECK(mp_with_fences(acq, acq));
  CHECK(mp_with_fences(rel, rel));
  CHECK(mp_with_fences(rlx, acq));
  CHECK(mp_with_fences(rel, rlx));
}

TEST_CASE("MP+sequence: what goes on with a release sequence", "[litmus]") {
  const auto weak = [](words& w) { return w.r[0] == 2 && w.r[1] == 0; };
  const step reads = [](words& w) {
    w.r[0] = w.y.load(acq);
    w.r[1] = w.x.load(rlx);
  };
  // A store of the same thread: not since C++20.
  CHECK(shows({[](words& w) {
                 w.x.store(1, rlx);
                 w.y.store(1, rel);
                 w.y.store(2, rlx);
               },
               reads},
              weak));
  // A read-modify-write of any thread, in any order.
  CHECK_FALSE(shows({[](words& w) {
                       w.x.store(1, rlx);
                       w.y.store(1, rel);
                     },
                     [](words& w) {
                       int one = 1;
                       w.y.compare_exchange_strong(one, 2, rlx, rlx);
                     },
                     reads},
                    weak));
}

// ---- writes ------------------------------------------------------------------------------------

TEST_CASE("2+2W: two writers, two objects", "[litmus]") {
  const auto program = [](std::memory_order o) {
    return shows({[=](words& w) {
                    w.x.store(1, o);
                    w.y.store(2, o);
                  },
                  [=](words& w) {
                    w.y.store(1, o);
                    w.x.store(2, o);
                  }},
                 [](words& w) { return w.x.load() == 1 && w.y.load() == 1; });
  };
  CHECK(program(rlx));
  CHECK(program(rel));
  CHECK_FALSE(program(sc));
}

TEST_CASE("S: a write after what was read", "[litmus]") {
  const auto program = [](std::memory_order store, std::memory_order load) {
    return shows({[=](words& w) {
                    w.x.store(2, rlx);
                    w.y.store(1, store);
                  },
                  [=](words& w) {
                    w.r[0] = w.y.load(load);
                    w.x.store(1, rlx);
                  }},
                 [](words& w) { return w.r[0] == 1 && w.x.load() == 2; });
  };
  CHECK(program(rlx, rlx));
  CHECK(program(rel, rlx));
  CHECK_FALSE(program(rel, acq));
}

TEST_CASE("R: a write against a read", "[litmus]") {
  const auto program = [](std::memory_order o) {
    return shows({[=](words& w) {
                    w.x.store(1, o);
                    w.y.store(1, o);
                  },
                  [=](words& w) {
                    w.y.store(2, o);
                    w.r[0] = w.x.load(o == rel ? acq : o);
                  }},
                 [](words& w) { return w.y.load() == 2 && w.r[0] == 0; });
  };
  CHECK(program(rlx));
  CHECK(program(rel));
  CHECK_FALSE(program(sc));
}

// ---- more than two threads
// -----------------------------------------------------------------------

TEST_CASE("IRIW: two readers see two writes in different orders", "[litmus]") {
  const auto program = [](std::memory_order store, std::memory_order load) {
    return shows({[=](words& w) { w.x.store(1, store); }, [=](words& w) { w.y.store(1, store); },
                  [=](words& w) {
                    w.r[0] = w.x.load(load);
                    w.r[1] = w.y.load(load);
                  },
                  [=](words& w) {
                    w.r[2] = w.y.load(load);
                    w.r[3] = w.x.load(load);
                  }},
                 [](words& w) { return w.r[0] == 1 && w.r[1] == 0 && w.r[2] == 1 && w.r[3] == 0; });
  };
  CHECK(program(rel, acq));
  CHECK_FALSE(program(sc, sc));
}

TEST_CASE("WRC: what one thread has read and passes on", "[litmus]") {
  const auto program = [](std::memory_order store, std::memory_order load) {
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
  CHECK(program(rlx, rlx));
  CHECK_FALSE(program(rel, acq));
}

TEST_CASE("RWC: seq_cst loads against a fence", "[litmus]") {
  const auto program = [](std::memory_order load, std::memory_order between) {
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
  CHECK_FALSE(program(sc, sc));
  CHECK(program(acq, sc));
  CHECK(program(sc, acq_rel));
}

// ---- seq_cst beside relaxed --------------------------------------------------------------------
// What a relaxed load has seen orders nothing: the total order may be another than that of the
// execution.

TEST_CASE("MP+data: the data is seq_cst, the flag relaxed", "[litmus]") {
  const auto weak = [](words& w) { return w.r[0] == 1 && w.r[1] == 0; };
  const step writes = [](words& w) {
    w.x.store(1, sc);
    w.y.store(1, rlx);
  };
  CHECK(shows({writes,
               [](words& w) {
                 w.r[0] = w.y.load(rlx);
                 w.r[1] = w.x.load(sc);
               }},
              weak));
  CHECK(shows({writes,
               [](words& w) {
                 w.r[0] = w.y.load(rlx);
                 fence(sc);
                 w.r[1] = w.x.load(rlx);
               }},
              weak));
  CHECK_FALSE(shows({[](words& w) {
                       w.x.store(1, sc);
                       w.y.store(1, sc);
                     },
                     [](words& w) {
                       w.r[0] = w.y.load(sc);
                       w.r[1] = w.x.load(sc);
                     }},
                    weak));
}

TEST_CASE("S+data: the writes are seq_cst, the flag relaxed", "[litmus]") {
  CHECK(shows({[](words& w) {
                 w.x.store(2, sc);
                 w.y.store(1, rlx);
               },
               [](words& w) {
                 w.r[0] = w.y.load(rlx);
                 w.x.store(1, sc);
               }},
              [](words& w) { return w.r[0] == 1 && w.x.load() == 2; }));
}

TEST_CASE("ISA2+fences: two fences with a relaxed thread between them", "[litmus]") {
  const auto program = [](std::memory_order store, std::memory_order load) {
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
  CHECK(program(rlx, rlx));
  CHECK_FALSE(program(rel, acq));
}

// ---- one object --------------------------------------------------------------------------------

TEST_CASE("CoRR: no thread sees a value and then an older one", "[litmus]") {
  CHECK_FALSE(shows({[](words& w) { w.x.store(1, rlx); },
                     [](words& w) {
                       w.r[0] = w.x.load(rlx);
                       w.r[1] = w.x.load(rlx);
                     }},
                    [](words& w) { return w.r[0] == 1 && w.r[1] == 0; }));
  CHECK_FALSE(
      shows({[](words& w) { w.x.store(1, rlx); }, [](words& w) { w.x.store(2, rlx); },
             [](words& w) {
               w.r[0] = w.x.load(rlx);
               w.r[1] = w.x.load(rlx);
             },
             [](words& w) {
               w.r[2] = w.x.load(rlx);
               w.r[3] = w.x.load(rlx);
             }},
            [](words& w) { return w.r[0] == 1 && w.r[1] == 2 && w.r[2] == 2 && w.r[3] == 1; }));
}

TEST_CASE("Old: a load may see a value several stores back", "[litmus]") {
  for (const int old : {0, 1, 2, 3, 4}) {
    CHECK(shows({[](words& w) {
                   for (const int value : {1, 2, 3, 4}) w.x.store(value, rlx);
                   w.y.store(1, rlx);
                 },
                 [](words& w) {
                   w.r[0] = w.y.load(rlx);
                   w.r[1] = w.x.load(rlx);
                 }},
                [=](words& w) { return w.r[0] == 1 && w.r[1] == old; }));
  }
}

TEST_CASE("CAS: a failing compare-exchange may read an old value", "[litmus]") {
  const auto program = [](std::memory_order publish, std::memory_order failure) {
    return shows({[=](words& w) {
                    w.x.store(1, rlx);
                    w.y.store(1, publish);
                  },
                  [=](words& w) {
                    w.r[0] = w.y.load(publish == rel ? acq : rlx);
                    w.r[1] = 7;
                    w.x.compare_exchange_strong(w.r[1], 8, failure, failure);
                  }},
                 [](words& w) { return w.r[0] == 1 && w.r[1] == 0; });
  };
  CHECK(program(rlx, rlx));
  CHECK_FALSE(program(rel, rlx));
}

TEST_CASE("CAS+weak: a weak compare-exchange may fail for no reason", "[litmus]") {
  const auto program = [](bool weak) {
    return shows({[=](words& w) {
                   int zero = 0;
                   w.r[0] = weak ? w.x.compare_exchange_weak(zero, 1)
                                 : w.x.compare_exchange_strong(zero, 1);
                 }},
                 [](words& w) { return w.r[0] == 0; });
  };
  CHECK(program(true));
  CHECK_FALSE(program(false));
}

TEST_CASE("RMW: nothing stands between a read-modify-write and what it reads", "[litmus]") {
  CHECK_FALSE(shows({[](words& w) { w.r[0] = w.x.fetch_add(1, rlx); },
                     [](words& w) { w.r[1] = w.x.fetch_add(1, rlx); }},
                    [](words& w) { return w.x.load() != 2 || w.r[0] == w.r[1]; }));
  CHECK_FALSE(
      shows({[](words& w) { w.r[0] = w.x.fetch_add(1, rlx); }, [](words& w) { w.x.store(5, rlx); }},
            [](words& w) { return w.r[0] == 0 && w.x.load() == 6; }));
}

// ---- what is not shown
// ---------------------------------------------------------------------------

TEST_CASE("LB: load buffering is allowed, and not shown", "[litmus]") {
  CHECK_FALSE(shows({[](words& w) {
                       w.r[0] = w.x.load(rlx);
                       w.y.store(1, rlx);
                     },
                     [](words& w) {
                       w.r[1] = w.y.load(rlx);
                       w.x.store(1, rlx);
                     }},
                    [](words& w) { return w.r[0] == 1 && w.r[1] == 1; }));
}
