// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// prometheus_test.cpp: pages that Prometheus reads
//
// A reader of the text format 0.0.4 that takes no more than the format says: each metric in one
// group behind its HELP and TYPE, names and labels of the right characters, values in quotes
// with three escapes, no sample twice, an end to each line. What it refuses is tested on pages that
// are wrong in one way each; then it reads ours.
// Relies on Catch2 v2; main is in main.cpp.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "caiman/caiman.hpp"

#include <catch2/catch.hpp>

namespace {

using labels = std::map<std::string, std::string>;

/// What a page says, or the first thing that is wrong with it.
class reader {
 public:
  explicit reader(std::string_view page) {
    if (!page.empty() && page.back() != '\n') wrong_ = "the last line does not end";
    while (!page.empty() && wrong_.empty()) {
      const std::size_t end = std::min(page.find('\n'), page.size());
      read_line(page.substr(0, end));
      page.remove_prefix(std::min(end + 1, page.size()));
    }
  }
  const std::string& wrong() const { return wrong_; }
  std::size_t samples() const { return values_.size(); }
  std::size_t metrics() const { return types_.size(); }
  std::string type(const std::string& metric) const {
    const auto found = types_.find(metric);
    return found == types_.end() ? "" : found->second;
  }
  std::optional<std::uint64_t> value(const std::string& metric, const labels& of = {}) const {
    const auto found = values_.find({metric, of});
    if (found == values_.end()) return std::nullopt;
    return found->second;
  }

 private:
  void read_line(std::string_view line) {
    if (line.starts_with("# HELP ")) return read_help(line.substr(7));
    if (line.starts_with("# TYPE ")) return read_type(line.substr(7));
    read_sample(line);
  }
  void read_help(std::string_view rest) {
    const std::string metric = word(rest);
    if (!is_name(metric, true)) return fail("no name behind HELP");
    if (!helped_.insert(metric).second) return fail("a second HELP");
    if (rest.size() < 2 || rest.find('\\') != std::string_view::npos)
      fail("a HELP that says nothing");
  }
  void read_type(std::string_view rest) {
    const std::string metric = word(rest);
    if (!helped_.contains(metric)) return fail("a TYPE without a HELP");
    if (rest != " counter" && rest != " gauge") return fail("no such type");
    if (!types_.emplace(metric, rest.substr(1)).second) return fail("a second TYPE");
    if ((rest == " counter") != metric.ends_with("_total")) return fail("a name of another type");
    group_ = metric;
  }
  void read_sample(std::string_view rest) {
    const std::string metric = word(rest);
    if (!is_name(metric, true)) return fail("no name");
    if (metric != group_) return fail("a sample outside of its group");
    labels of;
    if (rest.starts_with('{') && !read_labels(rest, of)) return;
    if (!rest.starts_with(' ')) return fail("no space before the value");
    rest.remove_prefix(1);
    if (rest.empty() || rest.find_first_not_of("0123456789") != std::string_view::npos)
      return fail("no value");
    if (!values_.emplace(std::pair{metric, of}, std::stoull(std::string(rest))).second) {
      fail("a sample twice");
    }
  }
  bool read_labels(std::string_view& rest, labels& of) {
    do {
      rest.remove_prefix(1);  // the brace, or a comma
      const std::string name = word(rest);
      if (!is_name(name, false)) return failed("no label");
      if (!rest.starts_with("=\"")) return failed("no value of a label");
      rest.remove_prefix(2);
      std::string value;
      if (!read_quoted(rest, value)) return failed("a value that is not quoted");
      if (!of.emplace(name, value).second) return failed("a label twice");
    } while (rest.starts_with(','));
    if (!rest.starts_with('}')) return failed("labels that do not end");
    rest.remove_prefix(1);
    return true;
  }
  static bool read_quoted(std::string_view& rest, std::string& value) {
    while (!rest.empty() && rest.front() != '"') {
      if (rest.front() == '\\') {
        rest.remove_prefix(1);
        if (rest.empty()) return false;
        const std::size_t which = std::string_view("\\\"n").find(rest.front());
        if (which == std::string_view::npos) return false;
        value += "\\\"\n"[which];
      } else {
        value += rest.front();
      }
      rest.remove_prefix(1);
    }
    if (rest.empty()) return false;
    rest.remove_prefix(1);
    return true;
  }
  static std::string word(std::string_view& rest) {
    const std::size_t end = std::min(rest.find_first_of(" {=,}\""), rest.size());
    const std::string taken(rest.substr(0, end));
    rest.remove_prefix(end);
    return taken;
  }
  static bool is_name(std::string_view name, bool colons) {
    const std::string letters = std::string("_abcdefghijklmnopqrstuvwxyz") +
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + (colons ? ":" : "");
    return !name.empty() &&
           name.find_first_not_of(letters + "0123456789") == std::string_view::npos &&
           letters.find(name.front()) != std::string::npos;
  }
  void fail(const char* why) {
    if (wrong_.empty()) wrong_ = why;
  }
  bool failed(const char* why) {
    fail(why);
    return false;
  }

  std::string wrong_;
  std::string group_;
  std::set<std::string> helped_;
  std::map<std::string, std::string> types_;
  std::map<std::pair<std::string, labels>, std::uint64_t> values_;
};

TEST_CASE("the reader of pages takes what is right and nothing else", "[prometheus]") {
  const std::string head = "# HELP a_total Words.\n# TYPE a_total counter\n";
  CHECK(reader("").wrong().empty());
  CHECK(reader(head + "a_total 1\na_total{b=\"\\\\\\\"\\n\",c=\"\"} 2\n").wrong().empty());
  const std::pair<const char*, std::string> all[] = {
      {"the last line does not end", head + "a_total 1"},
      {"a sample outside of its group", "a_total 1\n"},
      {"a sample outside of its group", head + "# HELP b W.\n# TYPE b gauge\na_total 1\n"},
      {"a second HELP", head + head},
      {"a second TYPE", head + "# TYPE a_total counter\n"},
      {"a TYPE without a HELP", "# TYPE a_total counter\n"},
      {"no such type", "# HELP a W.\n# TYPE a number\n"},
      {"a name of another type", "# HELP a W.\n# TYPE a counter\n"},
      {"no name behind HELP", "# HELP 1a W.\n"},
      {"a HELP that says nothing", "# HELP a \n"},
      {"no name", head + "a-total 1\n"},
      {"no name", head + "\n"},
      {"no value", head + "a_total \n"},
      {"no value", head + "a_total 1 2x\n"},
      {"no space before the value", head + "a_total{b=\"\"}1\n"},
      {"a sample twice", head + "a_total 1\na_total 1\n"},
      {"no label", head + "a_total{} 1\n"},
      {"no label", head + "a_total{b:c=\"\"} 1\n"},
      {"no value of a label", head + "a_total{b=1} 1\n"},
      {"a value that is not quoted", head + "a_total{b=\"\\t\"} 1\n"},
      {"a value that is not quoted", head + "a_total{b=\"1} 1\n"},
      {"a label twice", head + "a_total{b=\"1\",b=\"2\"} 1\n"},
      {"labels that do not end", head + "a_total{b=\"1\" 1\n"}};
  for (const auto& [why, page] : all) {
    INFO(page);
    CHECK(reader(page).wrong() == why);
  }
}

TEST_CASE("metrics of an arena are a page for Prometheus", "[prometheus]") {
  caiman::arena_metrics m{1, 2, 3, 4, 5, 6, 7, 8, 9, UINT64_MAX, 11, 12, 13};
  const reader plain(to_prometheus(m));
  CHECK(plain.wrong().empty());
  CHECK(plain.samples() == 13);
  CHECK(plain.metrics() == 13);
  CHECK(plain.value("caiman_allocations_total") == 1);
  CHECK(plain.value("caiman_allocation_failures_total") == 2);
  CHECK(plain.value("caiman_frees_total") == 3);
  CHECK(plain.value("caiman_frozen_total") == 4);
  CHECK(plain.value("caiman_spills_total") == 5);
  CHECK(plain.value("caiman_splits_total") == 6);
  CHECK(plain.value("caiman_coalesces_total") == 7);
  CHECK(plain.value("caiman_reserved_bytes") == 8);
  CHECK(plain.value("caiman_live_bytes") == 9);
  CHECK(plain.value("caiman_largest_free_block_bytes") == UINT64_MAX);
  CHECK(plain.value("caiman_contended_total") == 11);
  CHECK(plain.value("caiman_wait_timeouts_total") == 12);
  CHECK(plain.value("caiman_waiters") == 13);
  CHECK(plain.type("caiman_waiters") == "gauge");
  CHECK(plain.type("caiman_frees_total") == "counter");

  m.bytes_live_peak = 14;
  m.bytes_requested = 15;
  m.bytes_handed_out = 16;
  m.allocations_by_order[0] = 17;
  m.allocations_by_order[32] = 18;
  const reader detailed(to_prometheus(m));
  CHECK(detailed.wrong().empty());
  CHECK(detailed.samples() == 18);
  CHECK(detailed.metrics() == 17);
  CHECK(detailed.value("caiman_live_peak_bytes") == 14);
  CHECK(detailed.value("caiman_requested_bytes_total") == 15);
  CHECK(detailed.value("caiman_handed_out_bytes_total") == 16);
  CHECK(detailed.value("caiman_allocations_by_order_total", {{"order", "0"}}) == 17);
  CHECK(detailed.value("caiman_allocations_by_order_total", {{"order", "32"}}) == 18);
}

TEST_CASE("metrics of slots are a page for Prometheus", "[prometheus]") {
  const caiman::fixed_metrics m{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const reader page(to_prometheus(m, "slots"));
  const labels of{{"arena", "slots"}};
  CHECK(page.wrong().empty());
  CHECK(page.samples() == 12);
  CHECK(page.value("caiman_allocations_total", of) == 1);
  CHECK(page.value("caiman_reserved_bytes", of) == 6);
  CHECK(page.value("caiman_live_bytes", of) == 7);
  CHECK(page.value("caiman_free_slots", of) == 8);
  CHECK(page.value("caiman_live_peak_bytes", of) == 12);
  CHECK_FALSE(page.value("caiman_free_slots"));
}

TEST_CASE("a name of an arena may be anything", "[prometheus]") {
  for (const std::string name : {"plain", "two words", R"(back\slash)", "\"quoted\"", "two\nlines",
                                 "\\n", "{a=\"b\"}", "tr\xc3\xa8s", "\\"}) {
    const reader page(to_prometheus(caiman::arena_metrics{}, name));
    INFO(name);
    CHECK(page.wrong().empty());
    CHECK(page.samples() == 13);
    CHECK(page.value("caiman_live_bytes", {{"arena", name}}) == 0);
  }
}

TEST_CASE("several arenas are one page", "[prometheus]") {
  caiman::prometheus_page page;
  CHECK(page.text().empty());
  const auto buffers = caiman::buddy_arena::builder(caiman::buddy_geometry::exact(4096, 64).value())
                           .detailed_metrics()
                           .build()
                           .value();
  const auto slots = caiman::fixed_arena::with_slot_capacity(3, 100).build().value();
  const auto held = buffers.allocate(100);
  const auto slot = slots.allocate();
  page.add(buffers.metrics(), "buffers");
  page.add(slots.metrics(), "slots");
  const reader seen(page.text());
  CHECK(seen.wrong().empty());
  CHECK(seen.value("caiman_live_bytes", {{"arena", "buffers"}}) == 128);
  CHECK(seen.value("caiman_live_bytes", {{"arena", "slots"}}) == 100);
  CHECK(seen.value("caiman_allocations_by_order_total", {{"arena", "buffers"}, {"order", "1"}}) ==
        1);
  // Two pages behind each other are none, and the same name twice is seen.
  CHECK(reader(to_prometheus(buffers.metrics()) + to_prometheus(slots.metrics())).wrong() ==
        "a second HELP");
  page.add(slots.metrics(), "slots");
  CHECK(reader(page.text()).wrong() == "a sample twice");
}

}  // namespace
