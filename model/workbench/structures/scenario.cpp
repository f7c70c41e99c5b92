// SPDX-License-Identifier: MIT
#include "structures/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>

namespace caiman::model::machine {
namespace {

std::string calls_text(const std::vector<call>& calls, const tested& of) {
  std::string all;
  for (const call& c : calls) {
    all += (all.empty() ? "" : ", ") + of.text(c.operation, c.choice);
  }
  return all;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// Whether the text goes on with this operation; its length then.
std::size_t begins_with(std::string_view text, const std::string& operation) {
  return text.starts_with(operation) ? operation.size() : 0;
}

/// The calls up to the end of the text.
std::expected<std::vector<call>, std::string> parse_calls(std::string_view text, const tested& of) {
  std::vector<call> all;
  text = trimmed(text);
  while (!text.empty()) {
    std::size_t longest = 0;
    call found;
    for (unsigned o = 0; o < of.operations().size(); ++o) {
      for (unsigned c = 0; c < of.operations()[o].choices; ++c) {
        const std::size_t length = begins_with(text, of.text(o, c));
        if (length > longest) {
          longest = length;
          found = {o, c};
        }
      }
    }
    if (longest == 0) {
      return std::unexpected(fmt::format("'{}' begins with no operation", text));
    }
    all.push_back(found);
    text = trimmed(text.substr(longest));
    if (text.empty()) break;
    if (text.front() != ',') return std::unexpected(fmt::format("no ',' before '{}'", text));
    text = trimmed(text.substr(1));
    if (text.empty()) return std::unexpected("an operation is missing after ','");
  }
  return all;
}

/// Pieces at a separator outside quotes.
std::vector<std::string_view> pieces(std::string_view text, char separator) {
  std::vector<std::string_view> all;
  std::size_t from = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted || text[i] != separator) continue;
    all.push_back(text.substr(from, i - from));
    from = i + 1;
  }
  all.push_back(text.substr(from));
  return all;
}

/// Operations of one role share the threads that may do them: the first of them stands for all.
unsigned stands_for(const tested& of, unsigned operation) {
  const std::vector<operation_info>& all = of.operations();
  if (all[operation].role.empty()) return operation;
  return static_cast<unsigned>(std::ranges::find(all, all[operation].role, &operation_info::role) -
                               all.begin());
}

std::string fault_of(const scenario& s, const tested& of) {
  for (unsigned o = 0; o < of.operations().size(); ++o) {
    const operation_info& info = of.operations()[o];
    const auto doing = std::ranges::count_if(s.threads, [&](const auto& calls) {
      return std::ranges::any_of(calls,
                                 [&](const call& c) { return stands_for(of, c.operation) == o; });
    });
    if (info.threads != 0 && doing > info.threads) {
      return info.role.empty()
                 ? fmt::format("at most {} threads may do '{}'", info.threads, info.name)
                 : fmt::format("only one thread may be '{}'", info.role);
    }
  }
  return {};
}

/// Draws from numbers only, so that all standard libraries draw the same.
class dice {
 public:
  explicit dice(std::uint64_t seed) : engine_(seed) {}
  unsigned below(unsigned limit) {
    return limit < 2 ? 0 : static_cast<unsigned>(engine_() % limit);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace

std::size_t scenario::size() const noexcept {
  std::size_t all = set_up.size();
  for (const auto& t : threads) all += t.size();
  return all;
}

std::string to_string(const scenario& s, const tested& of) {
  std::string all = calls_text(s.set_up, of);
  if (!s.set_up.empty()) all += " ; ";
  for (std::size_t t = 0; t < s.threads.size(); ++t) {
    all += (t == 0 ? "" : " | ") + calls_text(s.threads[t], of);
  }
  return all;
}

std::expected<scenario, std::string> parse_scenario(std::string_view text, const tested& of) {
  scenario made;
  const auto parts = pieces(text, ';');
  if (parts.size() > 2) return std::unexpected("more than one ';'");
  if (parts.size() == 2) {
    auto calls = parse_calls(parts[0], of);
    if (!calls) return std::unexpected(calls.error());
    made.set_up = *calls;
  }
  for (const std::string_view each : pieces(parts.back(), '|')) {
    auto calls = parse_calls(each, of);
    if (!calls) return std::unexpected(calls.error());
    if (calls->empty()) return std::unexpected("a thread without an operation");
    if (calls->size() > most_operations) {
      return std::unexpected(fmt::format("at most {} operations in a thread", most_operations));
    }
    made.threads.push_back(*calls);
  }
  if (made.threads.size() > most_scenario_threads) {
    return std::unexpected(fmt::format("at most {} threads", most_scenario_threads));
  }
  if (made.set_up.size() > most_operations) {
    return std::unexpected(fmt::format("at most {} operations in the set-up", most_operations));
  }
  if (auto fault = fault_of(made, of); !fault.empty()) return std::unexpected(fault);
  return made;
}

scenario invent(const tested& of, std::uint64_t seed, unsigned n) {
  const test_settings& sizes = of.settings();
  dice draw(seed * 1'000'003 + n);
  const auto count = static_cast<unsigned>(of.operations().size());
  const unsigned most = std::min(sizes.most_threads, most_scenario_threads);
  const unsigned least = std::clamp(sizes.least_threads, 1U, most);
  scenario made;
  // Small ones first: a fault that they show is read at once.
  const unsigned size = 1 + std::min(n / 8, std::min(sizes.operations, most_operations) - 1);
  made.threads.resize(n < 16 ? least : least + draw.below(most - least + 1));
  const auto threads = static_cast<unsigned>(made.threads.size());
  // Which threads may do what only some may.
  std::vector<unsigned> first_of(count);
  for (unsigned& f : first_of) f = draw.below(threads);
  const auto may = [&](unsigned thread, unsigned o) {
    const unsigned limit = of.operations()[o].threads;
    return limit == 0 || (thread + threads - first_of[stands_for(of, o)]) % threads < limit;
  };
  if (sizes.start_full > 0) {
    made.set_up.resize(draw.below(sizes.start_full + 1));
    for (call& c : made.set_up) c = {0, draw.below(of.operations()[0].choices)};
  } else {
    made.set_up.resize(draw.below(3));
    for (call& c : made.set_up) {
      c.operation = draw.below(count);
      c.choice = draw.below(of.operations()[c.operation].choices);
    }
  }
  for (unsigned t = 0; t < threads; ++t) {
    const unsigned length = 1 + draw.below(size);
    for (unsigned i = 0, tries = 0; i < length && tries < 64; ++tries) {
      const unsigned o = draw.below(count);
      if (!may(t, o)) continue;
      made.threads[t].push_back({o, draw.below(of.operations()[o].choices)});
      ++i;
    }
  }
  std::erase_if(made.threads, [](const auto& calls) { return calls.empty(); });
  return made;
}

std::vector<scenario> smaller(const scenario& s) {
  std::vector<scenario> all;
  for (std::size_t t = 0; s.threads.size() > 1 && t < s.threads.size(); ++t) {
    scenario less = s;
    less.threads.erase(less.threads.begin() + static_cast<std::ptrdiff_t>(t));
    all.push_back(std::move(less));
  }
  for (std::size_t i = 0; i < s.set_up.size(); ++i) {
    scenario less = s;
    less.set_up.erase(less.set_up.begin() + static_cast<std::ptrdiff_t>(i));
    all.push_back(std::move(less));
  }
  for (std::size_t t = 0; t < s.threads.size(); ++t) {
    for (std::size_t i = 0; s.threads[t].size() > 1 && i < s.threads[t].size(); ++i) {
      scenario less = s;
      auto& calls = less.threads[t];
      calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(i));
      all.push_back(std::move(less));
    }
  }
  const auto first_choice = [&](auto&& calls_of) {
    for (std::size_t i = 0; i < calls_of(s).size(); ++i) {
      if (calls_of(s)[i].choice == 0) continue;
      scenario less = s;
      calls_of(less)[i].choice = 0;
      all.push_back(std::move(less));
    }
  };
  first_choice([](auto& of) -> auto& { return of.set_up; });
  for (std::size_t t = 0; t < s.threads.size(); ++t) {
    first_choice([t](auto& of) -> auto& { return of.threads[t]; });
  }
  return all;
}

}  // namespace caiman::model::machine
