// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// trace_target.cpp: recorded executions, and what a page is made of, from somebody else's file
//
// Whatever the text, the readers answer, and what they refuse they refuse in one short printable
// line. What they take, everything that trusts them can walk: a trace is printed for a terminal
// without a character that a terminal would obey, a page has nothing of the text that a browser
// would. Written and read, it is the same. trace.dict has the words. Text that is changed at random
// seldom gets past the first check: an input that begins with a control character says instead
// which values of a right trace are to be others.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include "choices.hpp"
#include "trace/page.hpp"
#include "trace/page_parts.hpp"
#include "trace/show_text.hpp"
#include "trace/trace.hpp"

namespace {

using namespace caiman::model;
using caiman::fuzz::choices;
using caiman::fuzz::expect;
using nlohmann::json;

constexpr const char* right_trace = R"json({"caiman_trace": 1, "title": "",
"recorded_by": "caiman-check", "program": "fanout=2 order=0 : ; A0F0 | A0",
"search": "bound1:9@shipped", "execution": 42, "state": "4 ", "replay": "",
"property": {"id": "S2", "text": "DATA RACE", "event": 2},
"shape": {"log2_fanout": 1, "max_order": 0, "threads": 2, "core": "buddy"},
"levels": [{"level": 0, "words": 1, "bits": 1}],
"orders": [{"site": "claim", "shipped": "acq_rel", "used": "relaxed", "pairs": "", "without": ""}],
"operations": [{"id": 0, "thread": 0, "text": "allocate(0)", "result": "full", "first": 0,
 "last": 1}],
"race": {"first": 0, "second": 2}, "events": [
{"id": 0, "thread": 0, "operation": 0, "kind": "cas", "site": "claim", "order": "relaxed",
 "file": "a.hpp", "line": 1, "function": "", "object": "level 0 word 0", "before": "1",
 "after": "0", "reads_from": null, "stale": false, "synchronises": false, "inferred": false,
 "text": ""},
{"id": 1, "thread": 0, "operation": 0, "kind": "own", "site": "", "order": "", "file": "",
 "line": 0, "function": "", "object": "", "owner": 0, "blocks": [0, 1], "reads_from": null,
 "stale": false, "synchronises": false, "inferred": false, "text": ""},
{"id": 2, "thread": 1, "operation": -1, "kind": "plain_read", "site": "", "order": "", "file": "",
 "line": 0, "function": "", "object": "payload 0", "reads_from": 0, "stale": true,
 "synchronises": true, "inferred": false, "text": "\u2028</script>"}]})json";

/// What may stand where something else is expected.
const json& odd_values() {
  static const json all = {nullptr,
                           -1,
                           0,
                           1,
                           2,
                           3,
                           16,
                           ~std::uint64_t{0},
                           0.5,
                           true,
                           "",
                           "9",
                           "own",
                           "note",
                           "\x1b[2J",
                           std::string(5000, 'x'),
                           json::array(),
                           json::object(),
                           json::array({0, 1, 2})};
  return all;
}

/// A byte per step into a list or an object, until one says that this is it; then what becomes of
/// it.
std::string changed_trace(choices next) {
  json trace = json::parse(right_trace);
  while (next.more()) {
    json* at = &trace;
    while (at->is_structured() && !at->empty()) {
      const unsigned step =
          next.up_to(static_cast<unsigned>(std::min<std::size_t>(at->size(), 255)));
      if (step == at->size()) break;
      at = &*std::next(at->begin(), step);
    }
    const json& odd = odd_values();
    *at = odd[next.up_to(static_cast<unsigned>(odd.size()) - 1)];
  }
  return trace.dump();
}

bool is_plain(char c) { return c >= ' ' && c <= '~'; }

bool is_one_line(const std::string& message) {
  return !message.empty() && message.size() <= 160 && std::ranges::all_of(message, is_plain);
}

void as_trace(std::string_view text) {
  const auto trace = parse_trace(text);
  if (!trace) {
    expect(is_one_line(trace.error()), "not one line");
    return;
  }
  for (const bool whole : {false, true}) {
    expect(std::ranges::all_of(text_of(*trace, whole),
                               [](char c) { return c == '\n' || is_plain(c); }),
           "a terminal would obey it");
  }
  expect(parse_trace(trace->dump()) == *trace, "written and read, it is another trace");
  expect(parse_page_data(text) == *trace, "no page can be made of a trace");
}

void as_page(std::string_view text) {
  const auto data = parse_page_data(text);
  if (!data) {
    expect(is_one_line(data.error()), "not one line");
    return;
  }
  const std::string page = page_of(*data);
  expect(page.starts_with(page_before) && page.ends_with(page_after), "another page");
  const auto inside = std::string_view(page).substr(
      page_before.size(), page.size() - page_before.size() - page_after.size());
  expect(inside.find_first_of("<>&") == std::string_view::npos &&
             inside.find("\u2028") == std::string_view::npos &&
             inside.find("\u2029") == std::string_view::npos,
         "a browser would obey it");
  expect(parse_page_data(inside) == *data, "the page has other data");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  if (size > 0 && data[0] < ' ') text = changed_trace({data + 1, size - 1});
  as_trace(text);
  as_page(text);
  return 0;
}
