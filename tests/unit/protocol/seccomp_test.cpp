// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// seccomp_test.cpp: announced pops where the kernel refuses the asymmetric fence
//
// Sandboxes filter system calls, and membarrier is one that they leave out. Whether it works is
// asked once per process, so each case is a child process (child.hpp) that asks for the first time:
// the parent builds no buddy. With a filter, pops must be exchanges from the first one on, and
// other threads must get everything without the fence. The same child without a filter is the
// control, and so is the system call itself. A child tells by its exit code where it went wrong.
// Relies on Linux (seccomp) and Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <random>
#include <thread>
#include <vector>

#include "../../peer.hpp"
#include "../../stack_policies.hpp"
#include "../child.hpp"
#include "caiman/buddy.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::block;
using caiman::buddy;
using caiman::testing::announced_sync;
using caiman::testing::peer;

void require(bool ok, int exit_code) {
  if (!ok) _exit(exit_code);
}

bool membarrier_works() { return syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) >= 0; }

// From here on membarrier fails with `error`, in this process and for good; all else is allowed.
bool refuse_membarrier(unsigned error) {
  sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{sizeof steps / sizeof steps[0], steps};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

// As the first thing in a child: a filter, unless `error` is 0.
void begin_child(int error) {
  require(membarrier_works(), 10);
  if (error == 0) return;
  require(refuse_membarrier(static_cast<unsigned>(error)), 11);
  require(!membarrier_works() && errno == error, 12);
  require(syscall(SYS_getpid) > 0, 13);  // and nothing else is refused
}

// An exchange takes the entry out, a plain load leaves it behind, above the height.
bool pops_by_exchange(buddy<announced_sync>& tree) {
  const auto stacks = tree.inside().lanes().stacks(announced_sync::thread_slot());
  const block b = tree.allocate(0).value();
  tree.release(b);
  require(stacks.peek(0, 1) == b.index, 20);
  require(tree.allocate(0) == b, 21);
  const bool left_behind = stacks.peek(0, 1) == b.index;
  tree.release(b);
  return !left_behind;
}

// Long enough for an owner to take his flag down, if he does.
void pop_for_a_while(buddy<announced_sync>& tree) {
  for (unsigned i = 0; i < 3 * announced_sync::calm_pops; ++i) {
    tree.release(tree.allocate(0).value());
  }
}

// Two threads on an arena that is too small for both, so that each drains the other all the time.
class contest {
 public:
  explicit contest(buddy<announced_sync>& tree) : tree_(tree), owned_(1U << tree.max_order()) {}

  void run() {
    std::thread one([this] { play(1); });
    std::thread other([this] { play(2); });
    one.join();
    other.join();
    require(refused_ > 0, 30);  // so there was something to drain for
    require(overlaps_ == 0, 31);
  }

 private:
  void play(unsigned seed) {
    std::mt19937_64 random(seed);
    std::vector<block> live;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    while (std::chrono::steady_clock::now() < end) {
      const auto order = static_cast<unsigned>(random() % 3);
      if (random() % 8 < 5) {
        if (const auto got = tree_.allocate(order)) {
          mark(*got, true);
          live.push_back(*got);
        } else {
          ++refused_;
          for (std::size_t i = 0; i < 8; ++i) give(live);
        }
      } else {
        give(live);
      }
    }
    while (!live.empty()) give(live);
  }
  void give(std::vector<block>& live) {
    if (live.empty()) return;
    const block b = live.back();
    live.pop_back();
    mark(b, false);
    tree_.release(b);
  }
  void mark(block b, bool as) {
    for (std::size_t i = b.index << b.order; i < (b.index + 1) << b.order; ++i) {
      if (owned_[i].exchange(as) == as) ++overlaps_;
    }
  }

  buddy<announced_sync>& tree_;
  std::vector<std::atomic<bool>> owned_;
  std::atomic<unsigned> refused_{0};
  std::atomic<unsigned> overlaps_{0};
};

void check_ends_well(const child::ending& end) {
  INFO("said: " << end.said);
  CHECK(end.said.empty());
  CHECK(end.signal == 0);
  CHECK(end.exit_code == 0);
}

}  // namespace

TEST_CASE("the kernel's answer decides which pop it is", "[seccomp]") {
  const int error = GENERATE(0, EPERM, ENOSYS);
  INFO("error " << error);
  check_ends_well(child::in_child([error] {
    begin_child(error);
    require(announced_sync::heavy_fence_works() == (error == 0), 14);
    buddy<announced_sync> tree(8);
    require(pops_by_exchange(tree) == (error != 0), 15);
    require(pops_by_exchange(tree) == (error != 0), 16);
  }));
}

TEST_CASE("without the fence other threads get everything", "[seccomp]") {
  const int error = GENERATE(0, EPERM, ENOSYS);
  INFO("error " << error);
  check_ends_well(child::in_child([error] {
    begin_child(error);
    buddy<announced_sync> tree(8);
    require(pops_by_exchange(tree) == (error != 0), 17);  // and keeps one block
    peer other;
    bool all = false;
    other.run([&] {
      all = tree.allocate(8) == block{8, 0};
      tree.release({8, 0});
    });
    require(all, 18);
    require(tree.free_count(8) == 1, 19);
    require(pops_by_exchange(tree), 22);  // the drain has left the flag up
    pop_for_a_while(tree);
    require(pops_by_exchange(tree) == (error != 0), 23);  // without a fence for ever
  }));
}

TEST_CASE("without the fence two threads lose nothing and share nothing", "[seccomp]") {
  const int error = GENERATE(0, EPERM);
  INFO("error " << error);
  check_ends_well(child::in_child([error] {
    begin_child(error);
    buddy<announced_sync> tree(6);
    contest(tree).run();
    require(tree.free_min_blocks() == 64, 32);
    require(tree.allocate(6) == block{6, 0}, 33);
    tree.release({6, 0});
    const auto counts = tree.counts();
    require(counts.splits == counts.coalesces, 34);
    pop_for_a_while(tree);
    require(pops_by_exchange(tree) == (error != 0), 35);
  }));
}

// As programs do that shut themselves in when they have all they need.
TEST_CASE("a fence that is refused later is a sleep, once", "[seccomp]") {
  check_ends_well(child::in_child([] {
    begin_child(0);
    buddy<announced_sync> tree(8);
    require(!pops_by_exchange(tree), 40);  // and keeps one block
    peer other;
    bool all = false;
    other.run([&] {
      require(refuse_membarrier(EPERM), 41);  // to this thread
      all = tree.allocate(8) == block{8, 0};
      tree.release({8, 0});
    });
    require(all, 42);
    require(!announced_sync::heavy_fence_works(), 43);
    for (unsigned round = 0; round < 3; ++round) {
      pop_for_a_while(tree);
      require(pops_by_exchange(tree), 44);  // from then on for ever
      other.run([&] { require(tree.free_count(8) == 1, 45); });
    }
    buddy<announced_sync> later(8);
    require(pops_by_exchange(later), 46);
  }));
}
