#include "controls.hpp"

namespace caiman::model {
namespace {

// Programs of scenarios.cpp that convict several controls.
constexpr std::string_view again_f2 = "fanout=2 order=2 : 0A1 0A0 0A0>1 ; F1M0 | F0M0";
constexpr std::string_view last_two_f2 = "fanout=2 order=2 : 0A1 ; M0 | M0";
constexpr std::string_view hole_up_f4 =
    "fanout=4 order=3 : 1A0 1A1 1A0 1A2 0X0 1F0 1A0 1F3 ; M0 | F4A2";

constexpr std::string_view owner_f2 = "fanout=2 order=2 announced=2 : 0A0 0F0 ; A0F1A0F2 | A2";
constexpr std::string_view holes_f2 =
    "fanout=2 order=2 announced=3 : 0A0 0A0 0A0 0A0 0F0 0F1 ; A0A0F4 | A1";

constexpr std::string_view random = "random:20000@shipped";
constexpr std::string_view random_then_bound = "random:20000@shipped,bound2:50000@shipped";

}  // namespace

// NOLINTNEXTLINE(readability-function-size): a table
std::span<const control> controls() {
  static const std::vector<control> all = {
      // ---- the specimen
      {"textbook-lost-merge",
       "S4",
       "tests its buddy, then publishes itself",
       {{"fanout=2 order=2 core=textbook : 0A1 0A0 0A0>1 ; F1 | F0", random}}},
      {"textbook-lost-hint",
       "S5",
       "clears the summary of an order that a peer has just filled",
       {{"fanout=2 order=2 core=textbook : 0A1 0A0 ; F1 | A0", random}}},
      {"textbook-spurious-full",
       "S6",
       "claims the only large block, then publishes its halves",
       {{"fanout=2 order=2 core=textbook : 0A1 ; M0 | M0", random}}},
      // ---- orders
      {"claim-relaxed", "S2", "a claim acquires nothing", {{again_f2, random}}},
      {"release-relaxed", "S2", "a release publishes nothing", {{again_f2, random}}},
      {"climb-relaxed", "S2 S6", "a climb takes nothing along", {{again_f2, random}}},
      {"publish-child-release",
       "S5 S6",
       "a child is published with release only",
       {{again_f2, random}}},
      {"sweep-look-relaxed",
       "S6",
       "a sweep looks at a word without acquiring",
       {{"fanout=2 order=2 : 1A0 0A1 1F0 ; F0A0F1 | A1", "bound1:20000@shipped"}}},
      // ---- coalescing
      {"climb-tests-first",
       "S4 S5",
       "tests whether a word becomes full, then publishes",
       {{"fanout=2 order=2 : 0A1 0A0 0A0>1 ; F1 | F0", random}}},
      {"merge-both-sides",
       "S1 S3 S4 S5",
       "a word that climbs stays full below",
       {{"fanout=2 order=3 : ; A0A1F0F1 | A1F0A0F1", random}}},
      {"sweep-left-out",
       "S6",
       "words that were kept full are left there",
       {{"fanout=2 order=2 : 0A0 1A0 ; F0A2 | F0A2", random}}},
      {"full-word-unmarked", "S5", "a word kept full is not marked", {{again_f2, random}}},
      // ---- hints
      {"set-without-bracket",
       "S6",
       "a setting of a new mark is no move",
       {{"fanout=2 order=3 : 0A2 0A0 1A0 1F0 0A0 0A1 2X0 ; F1 | A0F1 | A0",
         "bound2:100000@seq_cst"}}},
      {"clear-without-bracket",
       "S6",
       "a clearing is no move",
       {{"fanout=4 order=3 : 1A1 1A1 1A2 ; A0 | F0A0", random_then_bound}}},
      {"clear-without-second-look",
       "S5 S6",
       "a clearing does not look again",
       {{"fanout=4 order=3 : 1A1 1A1 1A2 ; A0 | F0A0", random}}},
      {"clear-compares-with-cleared",
       "S6",
       "fault 4: the second look knows one class only",
       {{"fanout=8 order=4 : 1A0 1F0 1A2 0A2 0A3 0X3 ; A2A1 | F1A0", random_then_bound}}},
      {"second-look-only-larger",
       "S6",
       "fault 4, half repaired: the mark set before may be gone",
       {{"fanout=8 order=5 : 1A0 1A1 1F0 1F1 1A2 1A2 0A2 0A1 1F3 1A1 0A4 ; A2A1 | A1A1F2A0",
         "bound2:100000@seq_cst"}}},
      {"remainder-unhinted",
       "S6",
       "fault 1: a pending release, partly handed out",
       {{"fanout=8 order=4 : 1A0 1F0 0A2 0A2 0A3 0X0 ; F0 | A0A1", random_then_bound}}},
      // ---- full means full
      {"ended-after-begun", "S6", "reads what ended after the search", {{last_two_f2, random}}},
      {"no-bracket-counters",
       "S6",
       "does not ask whether a move was open",
       {{last_two_f2, random}}},
      {"no-release-counter",
       "S6",
       "does not ask whether a release came in between",
       {{hole_up_f4, random}}},
      {"count-before-release",
       "S6",
       "counts a release before it can be found",
       {{hole_up_f4, random_then_bound}}},
      {"climb-without-bracket", "S6", "a climb is no move", {{again_f2, random}}},
      {"split-without-bracket", "S6", "a split is no move", {{last_two_f2, random}}},
      {"busy-word-forgotten", "S6", "a contended word is not tried again", {{again_f2, random}}},
      // ---- bounded looks
      {"failing-pass-opens-bracket",
       "L1",
       "fault 3, at its worst: failing requests disturb",
       {{"fanout=4 order=3 : 0A2 0A1 0A0 0A0 0X0 ; A0A0 | A1A0", random}}},
      {"sweep-unbounded",
       "L1",
       "fault 2: rounds that sweep are not counted",
       {{"fanout=2 order=2 looks=2 : 0A1 ; A2 | A0F0A0F1A0F2A0F3", random}}},
      // ---- owner stacks
      {"drain-look-relaxed",
       "S6",
       "fault 5: a drainer that finds a hole has not seen its block move",
       {{"fanout=2 order=3 stacks=2 : 0A1 0A0 0A2 0F0 ; F1A1 | A1A0", random_then_bound}}},
      {"announced-top-is-work",
       "L1",
       "fault 6: a stopped owner's top entry counts as something to drain",
       {{"fanout=2 order=2 announced=2 stop=0:60 : 0A0 0F0 ; A0F1A0F2 | A2A0F1",
         random_then_bound}}},
      {"height-before-entry",
       "S1 S2 S3",
       "a push publishes the height first",
       {{holes_f2, random}}},
      {"hole-ends-stack",
       "S3 S6",
       "a pop that meets a hole resets the height to 0",
       {{"fanout=2 order=2 announced=3 : 0A0 0A0 0A0 0F0 0F1 ; A0F2 | A1",
         "bound2:60000@shipped"}}},
      {"drain-past-height", "S1 S2 S3", "a drainer reads past the height", {{owner_f2, random}}},
      {"drain-takes-announced",
       "S1 S2 S8",
       "a drainer takes the announced entry",
       {{holes_f2, random}}},
      {"announce-relaxed",
       "S1 S2",
       "the announcement carries nothing",
       {{"fanout=2 order=2 announced=3 : 0A0 0A0 0A0 0F0 ; A0F1F2A0 | A1A0",
         "random:20000@shipped,bound2:100000@shipped"}}},
      {"no-light-fence", "S1 S2 S3", "no fence behind the announcement", {{owner_f2, random}}},
      {"no-heavy-fence", "S1 S2", "no fence behind the raised flag", {{owner_f2, random}}},
      {"drain-without-bracket",
       "S6",
       "a drain is no move",
       {{"fanout=2 order=2 announced=2 : 1A1 1A0 1A0 1F2 ; A2 | M0", "bound2:60000@shipped"}}},
      {"stack-forgotten",
       "S3 S4 S6",
       "the stacks of an ended thread are forgotten",
       {{"fanout=2 order=2 announced=2 slots=pool:2 : ; A0A0F0F1 | M0F0A2", random}}},
      {"drain-left-out",
       "S6",
       "a request that finds nothing leaves the stacks alone",
       {{"fanout=4 order=3 announced=2 : 0A2 0A1 1A0 1A0 1F0 1F1 ; M0 | A0", random}}},
  };
  return all;
}

}  // namespace caiman::model
