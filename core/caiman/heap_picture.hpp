// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// heap_picture.hpp: how an arena lies, as a picture
//
// Fragmentation is a matter of where, and numbers do not say where. So the extents of metrics.hpp
// become one SVG, without scripts or anything from elsewhere, that a browser shows as it is. The
// umbrella leaves this header out: a program that draws nothing compiles nothing of it.
//
//
// The arena is as wide as `heap_picture_columns`. What is at least `drawn_alone` columns wide is a
// rectangle of its own, with a gap behind it, so that neighbours can be told apart. All smaller
// extents of an order are summed per column into shares; a column is then a bar, live from below,
// free on top of it, and neighbouring columns of equal bars are one piece of a path. So the size of
// the picture depends on orders and columns, not on how many blocks there are.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "caiman/metrics.hpp"

namespace caiman::inline v0 {

/// What stands in the picture besides the extents.
struct heap_picture_options {
  /// Stands above the picture; shown as it is, whatever is in it.
  std::string_view title = "arena";
  /// Bytes of a block of order 0, for the axis and the labels; at least 1.
  std::size_t min_block_size = 1;
};

/// Columns of the picture. Blocks that are narrower than a few of them are not drawn one by one: a
/// column shows how much of it they take.
inline constexpr std::size_t heap_picture_columns = 1024;

namespace detail::heap_svg {

constexpr std::size_t columns = heap_picture_columns;
constexpr double drawn_alone = 4;
constexpr unsigned row_height = 18;
constexpr unsigned row_distance = 24;
constexpr unsigned left = 150;
constexpr unsigned right = 190;
constexpr unsigned top = 102;
constexpr unsigned bottom = 64;

enum kind : std::size_t { free_part, live_part, kinds };

/// What one row shows. `heights` of the small ones are worked out from `shares`.
struct row {
  std::array<std::vector<double>, kinds> shares{std::vector<double>(columns),
                                                std::vector<double>(columns)};
  std::array<std::string, kinds> path;
  std::array<std::size_t, kinds> count{};
};

inline void append(std::string& to, std::string_view what) { to.append(what); }
inline void append(std::string& to, std::uint64_t number) { to.append(std::to_string(number)); }

template <class... Parts>
std::string joined(const Parts&... parts) {
  std::string all;
  (append(all, parts), ...);
  return all;
}

/// Bytes of a UTF-8 sequence that XML allows, at the start of `text`; 0: it is none.
inline std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = at(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' ? 1 : 0;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned second = at(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second > 0x9f;
  const bool past_the_end = first == 0xf4 && second > 0x8f;
  const bool no_character = first == 0xef && second == 0xbf && at(2) >= 0xbe;  // U+FFFE, U+FFFF
  return overlong || surrogate || past_the_end || no_character ? 0 : length;
}

/// As text of XML: marked up it shows what it is, and what XML has no way to say is U+FFFD.
inline std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    switch (length == 1 ? text.front() : ' ') {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += length == 0 ? "\xef\xbf\xbd" : text.substr(0, length);
    }
    text.remove_prefix((std::max<std::size_t>)(length, 1));
  }
  return out;
}

/// "256 B", "1.5 KiB", "64 MiB": at most one digit behind the point.
inline std::string human(std::uint64_t bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  while (unit + 1 < units.size() && bytes >> (10 * (unit + 1)) != 0) ++unit;
  const std::uint64_t whole = bytes >> (10 * unit);
  const std::uint64_t rest = bytes - (whole << (10 * unit));
  const std::uint64_t tenths = unit == 0 ? 0 : (rest >> (10 * (unit - 1))) * 10 / 1024;
  if (tenths == 0) return joined(whole, " ", units[unit]);
  return joined(whole, ".", tenths, " ", units[unit]);
}

inline std::string piece(std::size_t x, unsigned y, std::size_t width, unsigned height) {
  return joined("M", x, " ", y, "h", width, "v", height, "h-", width, "z");
}

/// A bar: live from below, free on top of it; something that is there at all is seen.
struct bar {
  std::array<unsigned, kinds> y;
  std::array<unsigned, kinds> height;
  friend bool operator==(const bar&, const bar&) = default;
};

inline bar bar_of(double free_share, double live_share) {
  const auto height = [](double share) {
    if (share < 1e-9) return 0U;
    return static_cast<unsigned>(std::clamp(std::lround(share * row_height), 1L, long{row_height}));
  };
  unsigned free_height = height(free_share);
  unsigned live_height = height(live_share);
  if (free_height + live_height > row_height) {
    (free_height > live_height ? free_height : live_height) -=
        free_height + live_height - row_height;
  }
  return {{row_height - live_height - free_height, row_height - live_height},
          {free_height, live_height}};
}

inline void finish(row& r) {
  for (std::size_t from = 0; from < columns;) {
    const bar now = bar_of(r.shares[free_part][from], r.shares[live_part][from]);
    std::size_t to = from + 1;
    while (to < columns && now == bar_of(r.shares[free_part][to], r.shares[live_part][to])) ++to;
    for (const kind k : {free_part, live_part}) {
      if (now.height[k] != 0) r.path[k] += piece(from, now.y[k], to - from, now.height[k]);
    }
    from = to;
  }
}

/// Adds [from, to), in columns, to the shares of one kind.
inline void spread(std::vector<double>& shares, double from, double to) {
  for (auto c = static_cast<std::size_t>(from); c < columns && static_cast<double>(c) < to; ++c) {
    const auto start = static_cast<double>(c);
    shares[c] += (std::min)(to, start + 1) - (std::max)(from, start);
  }
}

struct picture {
  std::size_t units = 0;
  std::array<std::size_t, kinds> sum{};  // in min blocks
  std::size_t largest_free = 0;
  std::vector<row> orders;
  row together;

  explicit picture(std::span<const extent> all) {
    for (const extent& e : all) units = (std::max)(units, (e.index + 1) << e.order);
    const auto rows = units == 0 ? 0 : static_cast<std::size_t>(std::bit_width(units - 1)) + 1;
    orders.resize(rows);
    for (const extent& e : all) add(e);
    for (row& r : orders) finish(r);
    finish(together);
  }

  void add(const extent& e) {
    const kind k = e.live ? live_part : free_part;
    const std::size_t size = std::size_t{1} << e.order;
    const double scale = static_cast<double>(columns) / static_cast<double>(units);
    const double from = static_cast<double>(e.index << e.order) * scale;
    const double to = from + static_cast<double>(size) * scale;
    row& r = orders[e.order];
    ++r.count[k];
    sum[k] += size;
    if (!e.live) largest_free = (std::max)(largest_free, size);
    spread(together.shares[k], from, to);
    if (to - from < drawn_alone) {
      spread(r.shares[k], from, to);
      return;
    }
    const auto x = static_cast<std::size_t>(std::lround(from));
    const auto end = static_cast<std::size_t>(std::lround(to));
    r.path[k] += piece(x, 0, end - x - 1, row_height);  // and a gap of one column
  }
};

inline std::string text(std::size_t x, std::size_t y, std::string_view attributes,
                        std::string_view what) {
  return joined("<text x=\"", x, "\" y=\"", y, "\"", attributes, ">", escaped(what), "</text>\n");
}

inline constexpr std::string_view to_the_left = " text-anchor=\"end\"";
inline constexpr std::string_view in_the_middle = " text-anchor=\"middle\"";

/// Label, blocks and numbers of a row whose upper edge is at `y`.
inline std::string drawn(const row& r, std::size_t y, std::string_view attributes,
                         std::string_view label, std::string_view numbers) {
  std::string out =
      joined("<g class=\"row\"", attributes, " transform=\"translate(", left, " ", y,
             ")\">\n<title>", label, ": ", numbers, "</title>\n<rect class=\"bed\" width=\"",
             columns, "\" height=\"", row_height, "\"/>\n");
  for (const kind k : {free_part, live_part}) {
    if (r.path[k].empty()) continue;
    out +=
        joined("<path class=\"", k == live_part ? "live" : "free", "\" d=\"", r.path[k], "\"/>\n");
  }
  return joined(out, "</g>\n", text(left - 10, y + 13, to_the_left, label),
                text(left + columns + 10, y + 13, "", numbers));
}

inline std::string axis(std::size_t y, std::uint64_t total) {
  constexpr std::size_t parts = 8;
  std::string out;
  for (std::size_t i = 0; i <= parts; ++i) {
    const std::size_t x = left + columns * i / parts;
    const std::uint64_t offset = total / parts * i + total % parts * i / parts;
    out += joined(R"(<path class="axis" d="M)", x, " ", y, "v6\"/>\n",
                  text(x, y + 20, in_the_middle, human(offset)));
  }
  return out + text(left + columns / 2, y + 42, in_the_middle, "offset in the arena");
}

inline std::string swatch(unsigned x, std::string_view colour, std::string_view what) {
  return joined("<rect class=\"", colour, "\" x=\"", x,
                "\" y=\"58\" width=\"14\" height=\"14\"/>\n", text(x + 20, 70, "", what));
}

inline std::string legend() {
  return joined(
      swatch(left, "free", "free blocks"),
      swatch(
          left + 110, "live",
          "live; blocks that touch cannot be told apart, and are cut at multiples of their size"),
      text(left, 88, " class=\"note\"",
           "A bar of less than full height: blocks too narrow to draw, by the share of "
           "the column that they take."));
}

inline constexpr std::string_view style =
    "<style>text{font:12px sans-serif;fill:#222}.head{font-size:18px;font-weight:bold}"
    ".note{fill:#666}.bed{fill:#f1f1f1}.free{fill:#7fb7dd}.live{fill:#b5471b}"
    ".axis{stroke:#444;fill:none}</style>\n";

inline std::string opening(std::size_t height, std::string_view title, std::string_view summary) {
  constexpr std::size_t width = left + columns + right;
  return joined("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
                R"(<svg xmlns="http://www.w3.org/2000/svg" role="img" width=")", width,
                "\" height=\"", height, "\" viewBox=\"0 0 ", width, " ", height, "\">\n<title>",
                escaped(title), "</title>\n<desc>", summary, "</desc>\n", style,
                "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
                text(left, 26, " class=\"head\"", title), text(left, 46, "", summary));
}

inline std::string all_rows(const picture& p, std::uint64_t unit) {
  const std::size_t live = p.sum[live_part];
  const std::size_t percent = p.units == 0 ? 0 : (200 * live + p.units) / (2 * p.units);
  std::string out = drawn(p.together, top, "", "all orders", joined(percent, " % live"));
  std::size_t y = top + 8;
  for (std::size_t order = p.orders.size(); order-- > 0;) {
    y += row_distance;
    const auto [free_count, live_count] = p.orders[order].count;
    out += drawn(p.orders[order], y,
                 joined(" data-order=\"", order, "\" data-free=\"", free_count, "\" data-live=\"",
                        live_count, "\""),
                 joined("order ", order, ", ", human(unit << order)),
                 joined(free_count, " free, ", live_count, " live"));
  }
  return out;
}

}  // namespace detail::heap_svg

/// The picture as a whole SVG document: a strip for all orders together, one row per order, free
/// and live, with numbers; from left to right by address. `all` as `extents_of` gives them: sorted,
/// without gaps, of orders up to 32. O(extents + orders * columns); the size of the document is
/// bounded by the latter, below 64 bytes each, 2 MiB at most. Thread-safe. Throws std::bad_alloc.
[[nodiscard]] inline std::string heap_picture(std::span<const extent> all,
                                              const heap_picture_options& options = {}) {
  using namespace detail::heap_svg;
  const picture p(all);
  const std::uint64_t unit = options.min_block_size;
  const std::string summary =
      joined(human(p.units * unit), " in blocks of at least ", human(unit), ": ",
             human(p.sum[live_part] * unit), " live, ", human(p.sum[free_part] * unit),
             " free, largest free block ", human(p.largest_free * unit));
  const std::size_t end = top + row_distance * (p.orders.size() + 1) + 8;
  return joined(opening(end + bottom, options.title, summary), legend(), all_rows(p, unit),
                axis(end, p.units * unit), "</svg>\n");
}

}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
