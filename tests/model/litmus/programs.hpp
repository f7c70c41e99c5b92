// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// programs.hpp: litmus programs, by the names of the literature
//
// The names and the outcomes are those of "Herding cats" (Alglave, Maranget and Tautschnig, 2014)
// where it has them.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "litmus.hpp"

namespace litmus {

// ---- store buffering -----------------------------------------------------------------------

inline bool both_miss(words& w) { return w.r[0] == 0 && w.r[1] == 0; }

inline program sb(std::memory_order store, std::memory_order load, std::memory_order left = rlx,
                  std::memory_order right = rlx) {
  return {{[=](words& w) {
             w.x.store(1, store);
             w.fence(left);
             w.r[0] = w.y.load(load);
           },
           [=](words& w) {
             w.y.store(1, store);
             w.fence(right);
             w.r[1] = w.x.load(load);
           }},
          both_miss};
}

inline program sb_half_fenced(std::memory_order store) {
  return {{[=](words& w) {
             w.x.store(1, store);
             w.r[0] = w.y.load(sc);
           },
           [](words& w) {
             w.y.store(1, rlx);
             w.fence(sc);
             w.r[1] = w.x.load(rlx);
           }},
          both_miss};
}

inline program sb_sums(std::memory_order store, std::memory_order sum) {
  return {{[=](words& w) {
             w.x.store(1, store);
             w.r[0] = w.y.fetch_add(0, sum);
           },
           [=](words& w) {
             w.y.store(1, store);
             w.r[1] = w.x.fetch_add(0, sum);
           }},
          both_miss};
}

inline program sb_exchanges(std::memory_order store, std::memory_order exchange) {
  return {{[=](words& w) {
             w.x.store(1, store);
             w.r[0] = w.y.exchange(2, exchange);
           },
           [=](words& w) {
             w.y.store(1, store);
             w.r[1] = w.x.exchange(2, exchange);
           }},
          both_miss};
}

inline program r(std::memory_order store, std::memory_order load) {
  return {{[=](words& w) {
             w.x.store(1, store);
             w.y.store(1, store);
           },
           [=](words& w) {
             w.y.store(2, store);
             w.r[0] = w.x.load(load);
           }},
          [](words& w) { return w.y.load(rlx) == 2 && w.r[0] == 0; }};
}

inline program rwc(std::memory_order load, std::memory_order between) {
  return {{[](words& w) { w.x.store(1, rlx); },
           [=](words& w) {
             w.r[0] = w.x.load(load);
             w.r[1] = w.y.load(load);
           },
           [=](words& w) {
             w.y.store(1, rlx);
             w.fence(between);
             w.r[2] = w.x.load(rlx);
           }},
          [](words& w) { return w.r[0] == 1 && w.r[1] == 0 && w.r[2] == 0; }};
}

// ---- message passing -----------------------------------------------------------------------

inline bool flag_alone(words& w) { return w.r[0] == 1 && w.r[1] == 0; }

inline program mp(std::memory_order store, std::memory_order load, std::memory_order left = rlx,
                  std::memory_order right = rlx) {
  return {{[=](words& w) {
             w.x.store(1, rlx);
             w.fence(left);
             w.y.store(1, store);
           },
           [=](words& w) {
             w.r[0] = w.y.load(load);
             w.fence(right);
             w.r[1] = w.x.load(rlx);
           }},
          flag_alone};
}

inline program mp_data(std::memory_order flag, std::memory_order right, std::memory_order data) {
  return {{[=](words& w) {
             w.x.store(1, sc);
             w.y.store(1, flag);
           },
           [=](words& w) {
             w.r[0] = w.y.load(flag);
             w.fence(right);
             w.r[1] = w.x.load(data);
           }},
          flag_alone};
}

inline void reads_twice(words& w) {
  w.r[0] = w.y.load(acq);
  w.r[1] = w.x.load(rlx);
}
inline bool second_alone(words& w) { return w.r[0] == 2 && w.r[1] == 0; }

inline program mp_stored_again() {
  return {{[](words& w) {
             w.x.store(1, rlx);
             w.y.store(1, rel);
             w.y.store(2, rlx);
           },
           reads_twice},
          second_alone};
}

inline program mp_changed() {
  return {{[](words& w) {
             w.x.store(1, rlx);
             w.y.store(1, rel);
           },
           [](words& w) {
             unsigned one = 1;
             w.y.compare_exchange(one, 2, rlx);
           },
           reads_twice},
          second_alone};
}

inline program s(std::memory_order data, std::memory_order store, std::memory_order load) {
  return {{[=](words& w) {
             w.x.store(2, data);
             w.y.store(1, store);
           },
           [=](words& w) {
             w.r[0] = w.y.load(load);
             w.x.store(1, data);
           }},
          [](words& w) { return w.r[0] == 1 && w.x.load(rlx) == 2; }};
}

inline bool third_misses(words& w) { return w.r[0] == 1 && w.r[1] == 1 && w.r[2] == 0; }

inline program wrc(std::memory_order store, std::memory_order load) {
  return {{[=](words& w) { w.x.store(1, store); },
           [=](words& w) {
             w.r[0] = w.x.load(load);
             w.y.store(1, store);
           },
           [=](words& w) {
             w.r[1] = w.y.load(load);
             w.r[2] = w.x.load(rlx);
           }},
          third_misses};
}

inline program isa2(std::memory_order store, std::memory_order load) {
  return {{[=](words& w) {
             w.x.store(1, rlx);
             w.fence(sc);
             w.y.store(1, store);
           },
           [=](words& w) {
             w.r[0] = w.y.load(load);
             w.z.store(1, store);
           },
           [=](words& w) {
             w.r[1] = w.z.load(load);
             w.fence(sc);
             w.r[2] = w.x.load(rlx);
           }},
          third_misses};
}

inline program iriw(std::memory_order store, std::memory_order load) {
  return {{[=](words& w) { w.x.store(1, store); }, [=](words& w) { w.y.store(1, store); },
           [=](words& w) {
             w.r[0] = w.x.load(load);
             w.r[1] = w.y.load(load);
           },
           [=](words& w) {
             w.r[2] = w.y.load(load);
             w.r[3] = w.x.load(load);
           }},
          [](words& w) { return w.r[0] == 1 && w.r[1] == 0 && w.r[2] == 1 && w.r[3] == 0; }};
}

// ---- writes, and one object ----------------------------------------------------------------

inline program two_writers(std::memory_order o) {
  return {{[=](words& w) {
             w.x.store(1, o);
             w.y.store(2, o);
           },
           [=](words& w) {
             w.y.store(1, o);
             w.x.store(2, o);
           }},
          [](words& w) { return w.x.load(rlx) == 1 && w.y.load(rlx) == 1; }};
}

inline program corr() {
  return {{[](words& w) { w.x.store(1, rlx); },
           [](words& w) {
             w.r[0] = w.x.load(rlx);
             w.r[1] = w.x.load(rlx);
           }},
          flag_alone};
}

inline program corr_twice() {
  return {{[](words& w) { w.x.store(1, rlx); }, [](words& w) { w.x.store(2, rlx); },
           [](words& w) {
             w.r[0] = w.x.load(rlx);
             w.r[1] = w.x.load(rlx);
           },
           [](words& w) {
             w.r[2] = w.x.load(rlx);
             w.r[3] = w.x.load(rlx);
           }},
          [](words& w) { return w.r[0] == 1 && w.r[1] == 2 && w.r[2] == 2 && w.r[3] == 1; }};
}

inline program old(unsigned value) {
  return {{[](words& w) {
             for (const unsigned each : {1U, 2U, 3U, 4U}) w.x.store(each, rlx);
             w.y.store(1, rlx);
           },
           [](words& w) {
             w.r[0] = w.y.load(rlx);
             w.r[1] = w.x.load(rlx);
           }},
          [=](words& w) { return w.r[0] == 1 && w.r[1] == value; }};
}

inline program failing_change(std::memory_order store, std::memory_order load) {
  return {{[=](words& w) {
             w.x.store(1, rlx);
             w.y.store(1, store);
           },
           [=](words& w) {
             w.r[0] = w.y.load(load);
             w.r[1] = 7;
             w.x.compare_exchange(w.r[1], 8, rlx);
           }},
          flag_alone};
}

inline program change(bool weak) {
  return {{[=](words& w) {
             unsigned zero = 0;
             w.r[0] = (weak ? w.x.compare_exchange_weak(zero, 1, rlx)
                            : w.x.compare_exchange(zero, 1, rlx))
                          ? 1
                          : 0;
           },
           [](words& w) { w.y.store(1, rlx); }},
          [](words& w) { return w.r[0] == 0; }};
}

inline program two_sums() {
  return {{[](words& w) { w.r[0] = w.x.fetch_add(1, rlx); },
           [](words& w) { w.r[1] = w.x.fetch_add(1, rlx); }},
          [](words& w) { return w.x.load(rlx) != 2 || w.r[0] == w.r[1]; }};
}

inline program sum_and_store() {
  return {{[](words& w) { w.r[0] = w.x.fetch_add(1, rlx); }, [](words& w) { w.x.store(5, rlx); }},
          [](words& w) { return w.r[0] == 0 && w.x.load(rlx) == 6; }};
}

inline program lb() {
  return {{[](words& w) {
             w.r[0] = w.x.load(rlx);
             w.y.store(1, rlx);
           },
           [](words& w) {
             w.r[1] = w.y.load(rlx);
             w.x.store(1, rlx);
           }},
          [](words& w) { return w.r[0] == 1 && w.r[1] == 1; }};
}

}  // namespace litmus
