// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// accesses.cpp: each kind of access once, for the rows of `cost`, which cost_check.py compares with
// compilers
// ---------------------------------------------------------------------------------------------
#include <caiman-model/check.hpp>

namespace m = caiman::model;

struct accesses {
  m::atomic<int> word{0};
};

int main(int argc, char** argv) {
  return m::check_program<accesses>(argc, argv, m::thread([](accesses& a) {
                                      int known = a.word.load();
                                      a.word.store(known);
                                      a.word.exchange(1);
                                      a.word.fetch_add(1);
                                      a.word.compare_exchange_strong(known, 3);
                                      m::atomic_thread_fence(std::memory_order_seq_cst);
                                    }));
}
