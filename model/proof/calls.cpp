// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// calls.cpp: which calls are checked, at which geometries, with which arguments
//
// At small geometries every argument that there is. At fan-out 64 the first, the last and one in
// the middle of the words and of the blocks of an order: the words of a level differ in nothing but
// where they lie below their parent and under their hint nodes, and these three differ in that.
// The option --shift names others instead, so that the choice can be doubted.
// ---------------------------------------------------------------------------------------------
#include "calls.hpp"

#include <algorithm>
#include <set>

#include "tree_calls.hpp"

namespace caiman::proof {
namespace {

template <unsigned F, unsigned Max>
struct geometry {
  using calls = tree_calls<F, Max>;
  static std::string name() { return "f" + std::to_string(1U << F) + "m" + std::to_string(Max); }
  static constexpr unsigned top = protocol::level_shape<F>::top_level(Max);
  static unsigned level_of(unsigned order) { return std::min(order / F, top); }
  static unsigned classes(unsigned level) { return level == top ? Max - top * F + 1 : F; }
  static std::size_t words(unsigned level) { return protocol::level_shape<F>::words(Max, level); }
  static unsigned hinted_levels() { return top; }
};

// One check: a tree is made in each process that runs it.
template <class Geometry, class Call>
void add(checks& all, const std::string& call, const std::string& arguments, Call body) {
  all.push_back({call + "/" + Geometry::name() + arguments, "", [body](const effort& limits) {
                   typename Geometry::calls tree;
                   return explore(limits, [&] {
                     set_stack_begin(__builtin_frame_address(0));
                     body(tree);
                   });
                 }});
}
std::string arguments(std::initializer_list<std::pair<const char*, std::size_t>> named) {
  std::string text;
  for (const auto& [name, value] : named) text += std::string("/") + name + std::to_string(value);
  return text;
}

template <class G>
void add_built(checks& all, unsigned max) {
  const std::size_t most = std::size_t{1} << max;
  for (std::size_t units = 1; units <= most; units += most <= 64 ? 1 : most / 64 + 1) {
    all.push_back({"built/" + G::name() + arguments({{"n", units}}), "", [=](const effort& limits) {
                     typename G::calls tree(units);
                     return explore(limits, [&] { tree.built(units); });
                   }});
  }
}

template <class G>
void add_blocks(checks& all, unsigned max) {
  for (unsigned order = 0; order <= max; ++order) {
    for (const std::size_t index : some_of(std::size_t{1} << (max - order))) {
      add<G>(all, "release", arguments({{"o", order}, {"i", index}}),
             [=](auto& tree) { tree.release(order, index); });
      add<G>(all, "put_back", arguments({{"o", order}, {"i", index}}),
             [=](auto& tree) { tree.put_back(order, index); });
      add<G>(all, "trim", arguments({{"o", order}, {"i", index}}),
             [=](auto& tree) { tree.trim(order, index); });
    }
    const std::size_t index = (std::size_t{1} << (max - order)) - 1;
    for (const std::size_t keep : some_of((std::size_t{1} << order) - 1)) {
      add<G>(all, "release_tail", arguments({{"o", order}, {"i", index}, {"k", keep + 1}}),
             [=](auto& tree) { tree.release_tail(order, index, keep + 1); });
    }
  }
}

template <class G>
void add_words(checks& all, unsigned max) {
  for (unsigned order = 0; order <= max; ++order) {
    for (const std::size_t word : some_of(G::words(G::level_of(order)))) {
      add<G>(all, "claim_at_once", arguments({{"o", order}, {"w", word}}),
             [=](auto& tree) { tree.claim_at_once(order, word); });
    }
  }
  for (unsigned level = 0; level <= G::top; ++level) {
    for (const std::size_t word : some_of(G::words(level))) {
      for (unsigned cls = 0; cls < G::classes(level); ++cls) {
        add<G>(all, "claim", arguments({{"l", level}, {"w", word}, {"c", cls}}),
               [=](auto& tree) { tree.claim(level, word, cls); });
      }
      if (level == G::top) continue;
      add<G>(all, "sweep_word", arguments({{"l", level}, {"w", word}}),
             [=](auto& tree) { tree.sweep_word(level, word); });
    }
  }
}

template <class G>
void add_hints(checks& all, unsigned log2_fanout) {
  for (unsigned level = 0; level < G::top; ++level) {
    for (const std::size_t word : some_of(G::words(level))) {
      for (unsigned cls = 0; cls <= log2_fanout; ++cls) {
        const auto where = arguments({{"l", level}, {"w", word}, {"c", cls}});
        add<G>(all, "set", where, [=](auto& tree) { tree.set(level, word, cls); });
        add<G>(all, "clear", where, [=](auto& tree) { tree.clear(level, word, cls); });
        add<G>(all, "next", where, [=](auto& tree) { tree.next(level, word, cls); });
      }
    }
  }
}

template <class G>
void add_searches(checks& all, unsigned max) {
  for (unsigned order = 0; order <= max; ++order) {
    for (unsigned from = G::level_of(order) + 1; from <= G::top; ++from) {
      add<G>(all, "split", arguments({{"o", order}, {"l", from}}),
             [=](auto& tree) { tree.split(order, from); });
    }
    add<G>(all, "find_once", arguments({{"o", order}}), [=](auto& tree) { tree.find_once(order); });
  }
}

template <unsigned F, unsigned Max>
void add_geometry(checks& all) {
  using its = geometry<F, Max>;
  add<its>(all, "hence", "", [](auto& tree) { tree.at_rest(); });
  if (Max <= 4) add<its>(all, "sweep_alone", "", [](auto& tree) { tree.sweep_alone(); });
  add_built<its>(all, Max);
  add_blocks<its>(all, Max);
  add_words<its>(all, Max);
  add_hints<its>(all, F);
  add_searches<its>(all, Max);
}

}  // namespace

std::size_t& sample_shift() {
  static std::size_t shift = 0;
  return shift;
}
std::vector<std::size_t> some_of(std::size_t count) {
  if (count <= 8) {
    std::vector<std::size_t> all(count);
    for (std::size_t i = 0; i < count; ++i) all[i] = i;
    return all;
  }
  const std::set<std::size_t> few{0, (count / 2 + 1 + sample_shift()) % count, count - 1};
  return {few.begin(), few.end()};
}

void add_call_checks(checks& all) {
  add_geometry<1, 2>(all);   // fan-out 2, two levels
  add_geometry<1, 3>(all);   // three levels
  add_geometry<2, 4>(all);   // fan-out 4, two levels
  add_geometry<6, 12>(all);  // 64 words of 64
}

}  // namespace caiman::proof
