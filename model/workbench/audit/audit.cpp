// SPDX-License-Identifier: MIT
#include "audit/audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "engine/current_client.hpp"
#include "engine/orders.hpp"

namespace caiman::model {
namespace {

/// Where a conviction is no matter of course: what was seen, in which execution, and how to see it.
std::string in_full(const reply& a) {
  return fmt::format("{} in {} ({}), {}, execution {}{}{}", a.property, a.scenario, a.text,
                     a.search, a.execution, a.replay.empty() ? "" : "; replay: ", a.replay);
}

class auditor {
 public:
  auditor(const audit_request& given, searcher& search) : given_(given), search_(search) {
    result_.shipped = given.shipped;
    result_.minimal = given.shipped;
    result_.kept = given.kept;
    result_.sites = given.sites;
    result_.programs = given.programs.size();
    result_.seen.resize(given.shipped.size());
  }

  audit_result run() {
    const auto start = std::chrono::steady_clock::now();
    if (look_around()) {
      check_standing();
      fill_matrix();
      descend();
      if (!search_.interrupted()) tell_masked();
      ask_controls();
      ask_upward();
      complain();
    }
    result_.complete = !search_.interrupted();
    result_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(result_);
  }

 private:
  static site_set bit(std::size_t site) { return site_set().set(site); }

  /// What could not be judged is a complaint, and more than that: the audit itself is broken.
  void add_trouble(const std::string& text) {
    result_.complaints.push_back(text);
    result_.troubles.push_back(text);
  }

  bool look_around() {
    programs_ = given_.programs;
    const std::string changes = changes_of(given_.shipped);
    const reply seen = search_.look_around(programs_, given_.shipped);
    for (std::size_t site = 0; site < given_.shipped.size(); ++site) {
      for (const audit_program& p : programs_) {
        if (p.touched.test(site)) result_.seen[site].push_back(p.name);
      }
    }
    if (seen.convicted) {
      result_.complaints.push_back(fmt::format("the table itself is convicted, with {}: {}",
                                               changes.empty() ? "the orders that ship" : changes,
                                               in_full(seen)));
    } else if (!seen.trouble.empty()) {
      add_trouble(seen.trouble);
    }
    // Where a program cannot be judged as it ships, nothing that comes of it means anything.
    return !seen.convicted && seen.trouble.empty() && !search_.interrupted();
  }

  /// Of what is known to convict a weakening, what these programs can show.
  std::vector<killer> known(std::size_t site, std::memory_order order) const {
    std::vector<killer> all = known_killers(site_name(site), order);
    std::erase_if(all, [&](const killer& k) {
      return std::none_of(programs_.begin(), programs_.end(),
                          [&](const audit_program& p) { return p.name == k.scenario; });
    });
    return all;
  }

  /// Table with one order changed; first asked of what is known to convict that.
  question single(const order_table& from, std::size_t site, std::memory_order order) const {
    question q;
    q.table = from;
    q.table[site] = order;
    q.about = bit(site);
    q.known = known(site, order);
    return q;
  }

  /// A site that was weakened too far has no weaker order left that could be convicted: so what has
  /// changed is searched as it is. Of the rest, only what is known to have convicted its order.
  void check_standing() {
    std::vector<question> questions;
    for (std::size_t site = 0; site < given_.shipped.size(); ++site) {
      if (!given_.sites[site]) continue;
      question q = single(given_.shipped, site, given_.shipped[site]);
      if (!given_.changed[site]) q.stages = 0;
      if (!given_.changed[site] && q.known.empty()) continue;
      questions.push_back(std::move(q));
      result_.standing_as_shipped.push_back({site, given_.shipped[site], {}});
    }
    const std::vector<reply> replies = search_.ask(questions, programs_, "as it ships");
    for (std::size_t i = 0; i < replies.size(); ++i) {
      result_.standing_as_shipped[i].seen = replies[i];
    }
  }

  void fill_matrix() {
    std::vector<question> questions;
    for (std::size_t site = 0; site < given_.shipped.size(); ++site) {
      if (!given_.sites[site]) continue;
      for (const std::memory_order o : weaker_orders(site, given_.shipped[site])) {
        result_.matrix.push_back({site, o, weakening::fate::not_run, false, false, {}, {}});
        questions.push_back(single(given_.shipped, site, o));
      }
    }
    const std::vector<reply> replies = search_.ask(questions, programs_, "weaker orders");
    for (std::size_t i = 0; i < replies.size(); ++i) {
      weakening& w = result_.matrix[i];
      w.seen = replies[i];
      w.unreached = !w.seen.convicted && result_.seen[w.site].empty();
      if (w.seen.convicted) w.result = weakening::fate::convicted;
      if (!w.seen.convicted && w.seen.complete && !w.unreached) {
        w.result = weakening::fate::survives;
      }
    }
  }

  /// Takes every weakening that nothing convicts, one after the other, and again from there, until
  /// nothing is left to take.
  void descend() {
    order_table& now = result_.minimal;
    for (bool moved = true; moved && !search_.interrupted();) {
      moved = false;
      for (weakening& w : result_.matrix) {
        if (w.result != weakening::fate::survives || !is_weaker(w.order, now[w.site])) continue;
        const bool alone = now == given_.shipped;
        const reply seen =
            alone ? w.seen : search_.ask(single(now, w.site, w.order), programs_, "descent");
        if (seen.convicted) {
          w.result = weakening::fate::masked;
          w.from_minimal = true;
          w.seen = seen;
        } else if (seen.complete) {
          now[w.site] = w.order;
          moved = true;
        }
      }
    }
    if (now != given_.shipped) confirm();
  }

  /// From the minimum, every single weakening must die; what convicted it before comes first.
  void confirm() {
    std::vector<question> questions;
    std::vector<weakening*> asked;
    for (weakening& w : result_.matrix) {
      const bool below = is_weaker(w.order, result_.minimal[w.site]);
      if (w.result != weakening::fate::convicted || !below) continue;
      questions.push_back(single(result_.minimal, w.site, w.order));
      questions.back().known.insert(questions.back().known.begin(),
                                    {w.seen.scenario, w.seen.program, w.seen.search});
      asked.push_back(&w);
    }
    const std::vector<reply> replies = search_.ask(questions, programs_, "from the minimum");
    for (std::size_t i = 0; i < replies.size(); ++i) {
      if (replies[i].convicted || !replies[i].complete) continue;
      // A weaker table has more executions, so a search that was too short is the only way here.
      result_.complaints.push_back(
          fmt::format("{}={} dies from the shipped table ({} in {}) and not from the minimal one: "
                      "search longer",
                      site_name(asked[i]->site), name_of(asked[i]->order), asked[i]->seen.property,
                      asked[i]->seen.scenario));
    }
  }

  /// Which weakenings live alone and die together.
  void tell_masked() {
    std::vector<question> questions;
    for (std::size_t i = 0; i < result_.matrix.size(); ++i) {
      for (std::size_t j = i + 1; j < result_.matrix.size(); ++j) {
        const weakening& a = result_.matrix[i];
        const weakening& b = result_.matrix[j];
        const auto lives = [](const weakening& w) {
          return w.result == weakening::fate::survives || w.result == weakening::fate::masked;
        };
        if (a.site == b.site || !lives(a) || !lives(b)) continue;
        question q = single(given_.shipped, a.site, a.order);
        q.table[b.site] = b.order;
        q.about |= bit(b.site);
        const auto more = known(b.site, b.order);
        q.known.insert(q.known.end(), more.begin(), more.end());
        questions.push_back(std::move(q));
        result_.pairs.push_back({a, b, {}});
      }
    }
    const std::vector<reply> replies = search_.ask(questions, programs_, "pairs");
    for (std::size_t i = 0; i < replies.size(); ++i) {
      order_pair& p = result_.pairs[i];
      p.seen = replies[i];
      if (!p.seen.convicted) continue;
      note_mask(p.one, p.other);
      note_mask(p.other, p.one);
    }
  }
  void note_mask(const weakening& masked, const weakening& by) {
    for (weakening& w : result_.matrix) {
      if (w.site != masked.site || w.order != masked.order) continue;
      w.by.push_back(fmt::format("{}={}", site_name(by.site), name_of(by.order)));
    }
  }

  void ask_controls() {
    const auto add = [&](std::string name, bool must_die, reply seen) {
      const bool held = seen.complete && seen.trouble.empty() && seen.convicted == must_die;
      result_.controls.push_back({std::move(name), must_die, held, std::move(seen)});
    };
    // What is known to convict it is left out: the searches themselves must find it.
    const audit_data& of = client_in_force().audit;
    question dies = single(given_.shipped, site_named(of.vital_site), std::memory_order_relaxed);
    dies.known.clear();
    add(fmt::format("{}=relaxed", of.vital_site), true, search_.ask(dies, programs_, "controls"));
    // A hint that decides nothing, taken down from an order that it does not need.
    const std::size_t hint = site_named(of.harmless_site);
    const std::memory_order from = given_.shipped[hint] == std::memory_order_relaxed
                                       ? std::memory_order_seq_cst
                                       : std::memory_order_relaxed;
    question lives = single(given_.shipped, hint, from);
    lives.known.clear();
    lives.stages = 1;
    lives.most_programs = given_.upward_programs;
    add(fmt::format("{}={}", of.harmless_site, name_of(from)), false,
        search_.ask(lives, programs_, "controls"));
    const std::string mutant(of.vital_mutant);
    add(mutant, true, search_.ask_mutant(mutant));
  }

  void ask_upward() {
    std::vector<question> questions;
    for (std::size_t site = 0; site < given_.shipped.size(); ++site) {
      if (!given_.sites[site]) continue;
      auto orders = stronger_orders(site, given_.shipped[site]);
      if (!given_.all_stronger && orders.size() > 1) orders.erase(orders.begin(), orders.end() - 1);
      for (const std::memory_order o : orders) {
        question q = single(given_.shipped, site, o);
        q.known.clear();
        q.stages = 1;
        q.most_programs = given_.upward_programs;
        questions.push_back(std::move(q));
        result_.upward.push_back({site, o, {}});
      }
    }
    const std::vector<reply> replies = search_.ask(questions, programs_, "stronger orders");
    for (std::size_t i = 0; i < replies.size(); ++i) result_.upward[i].seen = replies[i];
  }

  // ---- what is wrong ----------------------------------------------------------------------

  void complain() {
    const auto add = [&](std::string text) { result_.complaints.push_back(std::move(text)); };
    for (std::size_t site = 0; site < given_.shipped.size(); ++site) {
      if (given_.sites[site]) complain_of(site, add);
    }
    for (const standing& s : result_.standing_as_shipped) {
      if (!s.seen.convicted) continue;
      add(fmt::format("{} ships {}, which is convicted: {}", site_name(s.site), name_of(s.order),
                      in_full(s.seen)));
    }
    const auto judge = [&](std::size_t site, std::memory_order order, const reply& seen) {
      if (seen.trouble.empty()) return;
      add_trouble(fmt::format("{}={}: {}", site_name(site), name_of(order), seen.trouble));
    };
    for (const standing& s : result_.standing_as_shipped) judge(s.site, s.order, s.seen);
    for (const weakening& w : result_.matrix) judge(w.site, w.order, w.seen);
    for (const order_pair& p : result_.pairs) judge(p.one.site, p.one.order, p.seen);
    for (const standing& s : result_.upward) judge(s.site, s.order, s.seen);
    for (const audit_control& c : result_.controls) {
      if (c.held || search_.interrupted()) continue;
      add(fmt::format("control {} must {} and did not{}{}", c.name, c.must_die ? "die" : "live",
                      c.seen.trouble.empty() ? "" : ": ", c.seen.trouble));
      if (!c.seen.trouble.empty()) result_.troubles.push_back(c.seen.trouble);
    }
    for (const standing& s : result_.upward) {
      if (!s.seen.convicted) continue;
      add(fmt::format(
          "a fault of the checker: {}={} is stronger than what ships and is convicted: {}",
          site_name(s.site), name_of(s.order), in_full(s.seen)));
    }
  }

  template <class Add>
  void complain_of(std::size_t site, const Add& add) const {
    const site_row& row = shipped_sites()[site];
    const bool touched = !result_.seen[site].empty();
    const bool has_reason = !given_.kept[site].empty();
    if (!touched && !has_reason && given_.all_programs) {
      add(fmt::format("{}: no program comes by it, and orders.hpp gives no reason", row.name));
    }
    const bool asked_for_naught =
        std::any_of(result_.matrix.begin(), result_.matrix.end(),
                    [&](const weakening& w) { return w.site == site && w.unreached; });
    if (asked_for_naught && !has_reason && !given_.all_programs) {
      add(fmt::format("{}: none of these programs comes by it", row.name));
    }
    if (result_.minimal[site] != given_.shipped[site] && !has_reason) {
      add(fmt::format("{} ships {}, nothing convicts {}, and orders.hpp gives no reason", row.name,
                      name_of(given_.shipped[site]), name_of(result_.minimal[site])));
    }
    const auto is_of = [&](const weakening& w) { return w.site == site; };
    const bool needed = std::all_of(
        result_.matrix.begin(), result_.matrix.end(),
        [&](const weakening& w) { return !is_of(w) || w.result == weakening::fate::convicted; });
    if (has_reason && touched && needed && given_.shipped[site] != std::memory_order_relaxed) {
      add(
          fmt::format("{}: the checks convict every weaker order, so the reason that orders.hpp "
                      "gives for keeping it is out of date",
                      row.name));
    }
  }

  const audit_request& given_;
  searcher& search_;
  std::vector<audit_program> programs_;
  audit_result result_;
};

}  // namespace

audit_result audit(const audit_request& given, searcher& search) {
  return auditor(given, search).run();
}

std::vector<killer> known_killers(std::string_view site, std::memory_order order) {
  std::vector<killer> all;
  for (const known_killer& row : client_in_force().audit.killers) {
    if (row.site != site || row.order != name_of(order)) continue;
    all.push_back({std::string(row.scenario), std::string(row.program), std::string(row.search)});
  }
  return all;
}

}  // namespace caiman::model
