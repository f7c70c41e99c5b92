// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// metrics_test.cpp: numbers and pictures for people and programs to read
//
// The JSON of both kinds of metrics, to the letter, since other programs parse it; the extents of
// an occupancy and its line of text, for whole and for slotted arenas.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include "caiman/metrics.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "caiman/buddy.hpp"

#include <catch2/catch.hpp>

namespace {

using caiman::block;
using caiman::buddy;
using caiman::extent;
using caiman::extents_of;
using caiman::occupancy_line;

}  // namespace

TEST_CASE("metrics are one line of JSON with the names of the members", "[metrics]") {
  caiman::arena_metrics seen{1, 2, 3, 4, 5, 6, 7, 8, 9, UINT64_MAX, 11, 12, 13, 14, 15, 16};
  const std::string numbers =
      R"({"allocations_ok":1,"allocations_failed":2,"frees":3,"frozen":4,"spills":5,)"
      R"("splits":6,"coalesces":7,"bytes_reserved":8,"bytes_live":9,)"
      R"("largest_free_block":18446744073709551615,"contended":11,"timeouts":12,"waiters":13,)"
      R"("bytes_live_peak":14,"bytes_requested":15,"bytes_handed_out":16,)";
  CHECK(to_json(seen) == numbers + R"("allocations_by_order":[]})");
  seen.allocations_by_order[1] = 7;
  CHECK(to_json(seen) == numbers + R"("allocations_by_order":[0,7]})");
  seen.allocations_by_order.back() = 1;
  CHECK(to_json(seen).ends_with(",0,1]}"));
  const caiman::fixed_metrics slots{1, 2, 3, 4, 5, 6, 7, 0, 9, 10, 11, 12};
  CHECK(to_json(slots) ==
        R"({"allocations_ok":1,"allocations_failed":2,"frees":3,"frozen":4,"spills":5,)"
        R"("bytes_reserved":6,"bytes_live":7,"slots_free":0,"contended":9,"timeouts":10,)"
        R"("waiters":11,"bytes_live_peak":12})");
}

TEST_CASE("extents cover the arena once, in order", "[occupancy]") {
  buddy<> tree(4);
  CHECK(extents_of(tree, 16) == std::vector<extent>{{4, 0, false}});
  const block small = tree.allocate(0).value();
  const block large = tree.allocate(2).value();
  const block other = tree.allocate(0).value();
  REQUIRE(small == block{0, 0});
  REQUIRE(other == block{0, 1});
  REQUIRE(large == block{2, 1});
  // The two small ones touch, and nothing says where one ends.
  CHECK(extents_of(tree, 16) ==
        std::vector<extent>{{1, 0, true}, {1, 1, false}, {2, 1, true}, {3, 1, false}});
  tree.release(small);
  CHECK(
      extents_of(tree, 16) ==
      std::vector<extent>{{0, 0, false}, {0, 1, true}, {1, 1, false}, {2, 1, true}, {3, 1, false}});
  tree.release(large);
  tree.release(other);
  const block all = tree.allocate(4).value();
  CHECK(extents_of(tree, 16) == std::vector<extent>{{4, 0, true}});
  CHECK(extents_of(tree, 11) ==
        std::vector<extent>{{3, 0, true}, {1, 4, true}, {0, 10, true}});  // of fewer slots
  tree.release(all);
}

TEST_CASE("a line of text says free, live or both", "[occupancy]") {
  const std::vector<extent> all{{1, 0, true}, {1, 1, false}, {2, 1, true}, {3, 1, false}};
  CHECK(occupancy_line(all, 16, 16) == "##..####........");
  CHECK(occupancy_line(all, 16, 8) == "#.##....");
  CHECK(occupancy_line(all, 16, 4) == "+#..");
  CHECK(occupancy_line(all, 16, 3) == "++.");
  CHECK(occupancy_line(all, 16, 1) == "+");
  CHECK(occupancy_line(all, 16, 0) == "+");
  CHECK(occupancy_line(all, 16, SIZE_MAX) == "##..####........");
  CHECK(occupancy_line({{4, 0, false}}, 16, 5) == ".....");
  CHECK(occupancy_line({{4, 0, true}}, 16, 5) == "#####");
  CHECK(occupancy_line({}, 0, 5) == ".");
  const std::vector<extent> large{{31, 0, true}, {31, 1, false}};
  CHECK(occupancy_line(large, std::size_t{1} << 32, 4) == "##..");
}
