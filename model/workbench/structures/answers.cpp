// SPDX-License-Identifier: MIT
#include "structures/answers.hpp"

#include <fmt/format.h>

#include <bitset>

namespace caiman::model::machine {

std::size_t call_set::size() const noexcept {
  return std::bitset<64>(bits[0]).count() + std::bitset<64>(bits[1]).count();
}

std::vector<answered> history_of(const scenario& s, const std::vector<span>& spans,
                                 const std::vector<int>& results, bool by_time,
                                 consistency promised) {
  std::vector<answered> history(spans.size());
  std::size_t i = 0;
  for (const call& c : s.set_up) history[i++].what = c;
  for (const auto& thread : s.threads) {
    for (const call& c : thread) history[i++].what = c;
  }
  for (std::size_t late = 0; late < spans.size(); ++late) {
    history[late].result = results[late];
    for (std::size_t early = 0; early < spans.size(); ++early) {
      if (early == late || !spans[early].ended) continue;
      const span& a = spans[early];
      const span& b = spans[late];
      const bool set_up = early < s.set_up.size() && (late >= s.set_up.size() || early < late);
      const bool same = a.thread == b.thread && early < late;
      const bool ordered = promised == consistency::linearizable &&
                           (by_time ? a.end_time < b.begin_time : b.known[a.thread] >= a.end_step);
      if (set_up || same || (ordered && a.thread != b.thread)) history[late].earlier.add(early);
    }
  }
  return history;
}

bool answers::search(tested& of, const std::vector<answered>& history, tried at) {
  if (at.done.size() == history.size()) return true;
  if (!tried_.insert(at).second) return false;
  if (path_.size() > deepest_path_.size() || deepest_path_.empty()) {
    deepest_ = at;
    deepest_path_ = path_;
  }
  for (std::size_t i = 0; i < history.size(); ++i) {
    const answered& a = history[i];
    if (at.done.has(i) || !at.done.holds(a.earlier)) continue;
    const tested::answer right = of.ask(at.state, a.what.operation, a.what.choice, a.result);
    if (right.result != tested::any_answer && right.result != a.result) continue;
    tried next{at.done, right.state};
    next.done.add(i);
    path_.push_back(i);
    if (search(of, history, next)) return true;
    path_.pop_back();
  }
  return false;
}

bool answers::explain(tested& of, const std::vector<answered>& history) {
  key_.clear();
  for (const answered& a : history) {
    key_.push_back(static_cast<std::uint64_t>(a.result));
    key_.push_back(a.earlier.bits[0]);
    key_.push_back(a.earlier.bits[1]);
  }
  if (explained_.contains(key_)) return true;
  tried_.clear();
  path_.clear();
  deepest_path_.clear();
  if (!search(of, history, {{}, of.first_state()})) return false;
  explained_.insert(key_);
  return true;
}

std::string answers::why_not(tested& of, const std::vector<answered>& history) {
  if (explain(of, history)) return {};
  const auto said = [&](std::size_t i) {
    const answered& a = history[i];
    const std::string result = of.result_text(a.what.operation, a.result);
    return of.text(a.what.operation, a.what.choice) + (result.empty() ? "" : " -> " + result);
  };
  std::string first;
  for (const std::size_t i : deepest_path_) first += (first.empty() ? "" : ", ") + said(i);
  std::string next;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const answered& a = history[i];
    if (deepest_.done.has(i) || !deepest_.done.holds(a.earlier)) continue;
    const tested::answer right = of.ask(deepest_.state, a.what.operation, a.what.choice, a.result);
    next += fmt::format("{}{}, where the specification says {}", next.empty() ? "" : "; or ",
                        said(i), of.result_text(a.what.operation, right.result));
  }
  return fmt::format("no order of the operations explains the answers: {}{} fits nowhere: {}",
                     first.empty() ? "" : "after " + first + ", ",
                     next.find("; or ") == std::string::npos ? "what follows" : "none that follows",
                     next);
}

}  // namespace caiman::model::machine
