// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// arena_target.cpp: what a program does with arenas, buffers and bytes, and what it should get
//
// One input makes an arena (any kind: buddy or fixed, memory of its own or lent, zeroed or not,
// spilling or not) and drives it: requests, writes by hand and by put, freezing, copies, slices,
// moves, std::pmr, metrics, dropping the handle early. A second copy of all that was written is
// kept beside it. Every block is filled with its own pattern, so that overlap shows as wrong bytes;
// AddressSanitizer and UndefinedBehaviorSanitizer, with which it is built, see the rest.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "caiman/caiman.hpp"
#include "choices.hpp"

namespace {

using caiman::fuzz::choices;
using caiman::fuzz::expect;

/// The largest arena that is built for real; a larger one is asked for only to be refused.
constexpr std::size_t most_memory = std::size_t{1} << 16;
constexpr std::size_t most_live = 24;

/// Memory that is lent, and whether it came back.
struct lent {
  std::vector<std::byte> memory;
  std::size_t offset = 0;
  unsigned returned = 0;

  std::byte* start() { return memory.data() + offset; }
  std::size_t size() const { return memory.size() - offset; }
  caiman::region_release release() {
    return [this](std::byte* p, std::size_t n) {
      expect(p == start() && n == size(), "another region came back");
      ++returned;
    };
  }
};

/// One face for both kinds of arena.
struct any_arena {
  std::optional<caiman::buddy_arena> buddy;
  std::optional<caiman::fixed_arena> fixed;

  explicit operator bool() const { return buddy.has_value() || fixed.has_value(); }
  auto allocate(std::size_t n) const { return buddy ? buddy->allocate(n) : fixed->allocate(); }
  std::size_t largest() const { return buddy ? buddy->total_size() : fixed->slot_capacity(); }
  std::size_t total() const {
    return buddy ? buddy->total_size() : fixed->slot_count() * fixed->slot_capacity();
  }
  const std::byte* base() const { return buddy ? buddy->base() : fixed->base(); }
};

struct traits {
  bool spills = false;
  bool zero = false;
  bool caps = false;
  bool fixed = false;
};

// ---- making one: the builders must refuse what cannot be, and nothing else crashes
// ---------------

template <class Builder>
void set_up(Builder& builder, choices& in, traits& is) {
  is.spills = in.maybe();
  is.zero = in.maybe();
  if (is.spills) builder.auto_spill();
  builder.init(is.zero ? caiman::init_policy::zero : caiman::init_policy::uninit);
}

caiman::page_size any_page(choices& in) {
  const unsigned choice = in.up_to(3);
  if (choice == 0) return caiman::page_size::automatic();
  return choice == 1 ? caiman::page_size::unknown() : caiman::page_size::of(in.byte());
}

any_arena make_buddy(choices& in, traits& is) {
  const bool nearest = in.maybe();
  const std::size_t total = in.any_size();
  const std::size_t unit = in.any_size();
  auto geometry = nearest ? caiman::buddy_geometry::nearest(total, unit)
                          : caiman::buddy_geometry::exact(total, unit);
  if (geometry && in.maybe()) geometry = geometry->with_alignment(in.any_size());
  if (!geometry) return {};
  expect(geometry->total_size() >= geometry->min_block_size(), "less than a block");
  expect(geometry->alignment() <= geometry->min_block_size(), "aligned beyond the block");
  if (geometry->total_size() > most_memory) return {};
  is.caps = geometry->caps_capacity();
  auto builder = caiman::buddy_arena::builder(*geometry);
  set_up(builder, in, is);
  builder.prefault(any_page(in));
  if (in.maybe()) {
    auto made = builder.build_unfaulted();
    expect(made.has_value(), "build_unfaulted");
    return {in.maybe() ? std::move(*made).fault_pages() : std::move(*made).into_inner(), {}};
  }
  return {builder.build().value(), {}};
}

any_arena make_fixed(choices& in, traits& is) {
  is.fixed = true;
  const bool by_total = in.maybe();
  const std::size_t count = in.any_size();
  const std::size_t size = in.any_size();  // of a slot, or of all
  auto builder = by_total ? caiman::fixed_arena::with_arena_capacity(count, size)
                          : caiman::fixed_arena::with_slot_capacity(count, size);
  set_up(builder, in, is);
  std::size_t alignment = 1;
  if (in.maybe()) alignment = std::size_t{1} << in.up_to(8);
  builder.alignment(alignment).prefault(any_page(in));
  // What would have to be mapped: not more than this test wants to spend, or more than there is.
  const std::size_t capacity =
      by_total && count != 0 ? size / count + std::size_t{size % count != 0} : size;
  const std::size_t rounded = capacity > SIZE_MAX - alignment ? SIZE_MAX : capacity + alignment - 1;
  const bool small =
      rounded <= most_memory && count <= most_memory && count * rounded <= most_memory;
  const bool refused = count == 0 || size == 0 || rounded == SIZE_MAX;
  if (!small && !refused) return {};
  auto made = builder.build();
  expect(made.has_value() != refused, "a fixed arena: built, or refused, against its rule");
  if (!made) return {};
  expect(made->slot_count() == count && made->slot_capacity() >= capacity &&
             made->slot_capacity() - capacity < alignment,
         "a fixed arena has other slots than were asked for");
  return {{}, *std::move(made)};
}

any_arena make_lent(choices& in, traits& is, lent& memory) {
  memory.memory.assign(in.byte() * std::size_t{64} + in.byte(), std::byte{0xa5});
  memory.offset = std::min<std::size_t>(in.up_to(70), memory.memory.size());
  if (in.maybe()) {
    auto builder = caiman::buddy_arena::from_region(memory.start(), memory.size(),
                                                    caiman::buddy_hint::min_alloc(in.any_size()),
                                                    memory.release());
    set_up(builder, in, is);
    if (auto made = builder.build()) return {*std::move(made), {}};
    return {};
  }
  is.fixed = true;
  const auto slots =
      in.maybe() ? caiman::slot_spec::count(in.any_size()) : caiman::slot_spec::size(in.any_size());
  auto builder =
      caiman::fixed_arena::from_region(memory.start(), memory.size(), slots, memory.release());
  set_up(builder, in, is);
  if (in.maybe()) builder.alignment(std::size_t{1} << in.up_to(6));
  if (auto made = builder.build()) return {{}, *std::move(made)};
  return {};
}

// ---- driving it ----------------------------------------------------------------------------

/// A buffer, and what must be in it.
struct written {
  caiman::buffer at;
  std::vector<std::byte> copy;
};
struct shared {
  caiman::bytes at;
  std::vector<std::byte> copy;
};
struct piece {
  std::byte* at;
  std::size_t size;
  std::size_t alignment;
  std::byte mark;
};

bool same(std::span<const std::byte> a, const std::vector<std::byte>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

class trial {
 public:
  trial(any_arena arena, traits is) : arena_(std::move(arena)), is_(is), total_(arena_.total()) {
    if (arena_.buddy) resource_.emplace(*arena_.buddy);
  }
  trial(const trial&) = delete;
  trial& operator=(const trial&) = delete;
  ~trial() {
    for (const piece& p : pieces_) resource_->deallocate(p.at, p.size, p.alignment);
  }

  void step(choices& in) {
    switch (in.up_to(9)) {
      case 0:
      case 1:
        return allocate(in);
      case 2:
      case 3:
        return write(in);
      case 4:
        return freeze(in);
      case 5:
        return share(in);
      case 6:
        return drop(in);
      case 7:
        return resource(in);
      case 8:
        return metrics();
      default:
        return exchange(in);
    }
  }

  void check() const {
    for (const written& w : buffers_) expect(same(w.at.written(), w.copy), "a buffer changed");
    for (const shared& s : shared_) expect(same(s.at, s.copy), "frozen bytes changed");
    for (const piece& p : pieces_) {
      expect(std::all_of(p.at, p.at + p.size, [&](std::byte b) { return b == p.mark; }),
             "memory of the resource changed");
    }
  }

 private:
  static std::size_t any_of(choices& in, std::size_t count) { return in.byte() % count; }
  std::vector<std::byte> pattern(std::size_t n) {
    std::vector<std::byte> text(n);
    for (std::byte& b : text) b = static_cast<std::byte>(++serial_ % 251);
    return text;
  }

  void allocate(choices& in) {
    const std::size_t asked = in.any_size();
    if (!arena_ || buffers_.size() >= most_live) return;
    auto got = arena_.allocate(asked);
    if (!got) {
      expect((got.error() == caiman::alloc_error::request_too_large) ==
                 (!is_.fixed && asked > arena_.largest()),
             "refused for the wrong reason");
      expect(got.error() != caiman::alloc_error::contended, "contended by nobody");
      return;
    }
    expect(is_.fixed || asked <= arena_.largest(), "more than there is");
    expect(!is_.caps || got->capacity() == asked, "capacity is not what was asked for");
    expect(is_.fixed || got->capacity() >= asked, "a block that is too small");
    expect(is_.caps || got->capacity() > 0, "a block without room");
    expect(got->empty() && got->will_fit(got->capacity()), "a new buffer is not empty");
    const auto spare = got->spare();
    expect(!is_.zero || std::all_of(spare.begin(), spare.end(),
                                    [](std::byte b) { return b == std::byte{0}; }),
           "not zeroed");
    expect(spare.empty() || (spare.data() >= arena_.base() &&
                             spare.data() + spare.size() <= arena_.base() + arena_.total()),
           "outside of the arena");
    buffers_.push_back({*std::move(got), {}});
  }

  void write(choices& in) {
    if (buffers_.empty()) return;
    written& w = buffers_[any_of(in, buffers_.size())];
    const unsigned how = in.up_to(3);
    const std::size_t n = std::min<std::size_t>(in.any_size(), how == 3 ? 600 : 300);
    const std::vector<std::byte> text = pattern(n);
    const bool fits = w.at.will_fit(n);
    const bool spilled = w.at.is_spilled();
    const std::size_t capacity = w.at.capacity();
    if (how == 0) {
      in_place(w, text);
    } else if (how == 1) {
      bool done = true;
      try {
        w.at.put(text);
      } catch (const std::length_error&) {
        done = false;
      }
      expect(done == (fits || is_.spills), "put: written, or refused, against its rule");
      if (done) w.copy.insert(w.copy.end(), text.begin(), text.end());
    } else {
      const auto done = w.at.try_put(text);
      expect(done.has_value() == (fits || is_.spills), "try_put, against its rule");
      expect(done || (done.error().requested == n && done.error().remaining == w.at.remaining()),
             "try_put says other numbers");
      if (done) w.copy.insert(w.copy.end(), text.begin(), text.end());
    }
    expect(w.at.size() == w.copy.size(), "another size");
    expect(spilled || w.at.is_spilled() == (w.copy.size() > capacity), "a spill without need");
  }

  static void in_place(written& w, const std::vector<std::byte>& text) {
    const auto spare = w.at.spare();
    const std::size_t n = std::min(text.size(), spare.size());
    if (n > 0) std::memcpy(spare.data(), text.data(), n);
    bool beyond = false;
    try {
      w.at.advance(spare.size() + 1);
    } catch (const std::length_error&) {
      beyond = true;
    }
    expect(beyond, "advanced past the capacity");
    w.at.advance(n);
    w.copy.insert(w.copy.end(), text.begin(), text.begin() + static_cast<std::ptrdiff_t>(n));
  }

  void freeze(choices& in) {
    if (buffers_.empty() || shared_.size() >= most_live) return;
    const std::size_t which = any_of(in, buffers_.size());
    written w = std::move(buffers_[which]);
    buffers_.erase(buffers_.begin() + static_cast<std::ptrdiff_t>(which));
    if (in.maybe()) {
      const std::size_t offset = in.any_size();
      const std::size_t length = in.any_size();
      const std::size_t capacity = w.at.capacity();
      const bool inside = offset <= capacity && length <= capacity - offset;
      // Only what was written may be compared, so the rest is written first.
      std::vector<std::byte> whole = w.copy;
      const std::vector<std::byte> rest = pattern(capacity - w.at.size());
      in_place_all(w, rest);
      whole.insert(whole.end(), rest.begin(), rest.end());
      auto made = std::move(w.at).freeze(offset, length);
      expect(made.has_value() == inside, "freeze, against its rule");
      if (!made) {
        // NOLINTNEXTLINE(bugprone-use-after-move): refused, and so as it was
        expect(w.at.capacity() == capacity, "a refused freeze took the buffer");
        return;
      }
      const auto first = whole.begin() + static_cast<std::ptrdiff_t>(offset);
      shared_.push_back({*std::move(made), {first, first + static_cast<std::ptrdiff_t>(length)}});
      return;
    }
    shared_.push_back({std::move(w.at).freeze(), std::move(w.copy)});
  }
  static void in_place_all(written& w, const std::vector<std::byte>& rest) {
    if (!rest.empty()) std::memcpy(w.at.spare().data(), rest.data(), rest.size());
  }

  void share(choices& in) {
    if (shared_.empty()) return;
    const std::size_t which = any_of(in, shared_.size());
    const shared& s = shared_[which];
    if (in.maybe()) {
      if (shared_.size() < most_live) shared_.emplace_back(s);
      return;
    }
    const std::size_t offset = in.any_size();
    const std::size_t length = in.any_size();
    const bool inside = offset <= s.copy.size() && length <= s.copy.size() - offset;
    try {
      caiman::bytes part = s.at.slice(offset, length);
      expect(inside, "a slice that is not inside");
      const auto first = s.copy.begin() + static_cast<std::ptrdiff_t>(offset);
      if (shared_.size() < most_live) {
        shared_.push_back({std::move(part), {first, first + static_cast<std::ptrdiff_t>(length)}});
      }
    } catch (const std::out_of_range&) {
      expect(!inside, "a slice was refused that is inside");
    }
  }

  void drop(choices& in) {
    const unsigned what = in.up_to(7);
    if (what == 0) {  // the handle; the rest goes on without
      if (!resource_ || pieces_.empty()) {
        resource_.reset();
        arena_ = {};
      }
    } else if (what < 4 && !buffers_.empty()) {
      const std::size_t which = any_of(in, buffers_.size());
      if (what == 1) std::move(buffers_[which].at).abandon();
      buffers_.erase(buffers_.begin() + static_cast<std::ptrdiff_t>(which));
    } else if (!shared_.empty()) {
      const std::size_t which = any_of(in, shared_.size());
      if (what == 4) {
        expect(std::move(shared_[which].at).into_owned() == shared_[which].copy, "into_owned");
      }
      shared_.erase(shared_.begin() + static_cast<std::ptrdiff_t>(which));
    }
  }

  void resource(choices& in) {
    if (!resource_) return;
    if (!pieces_.empty() && in.maybe()) {
      const std::size_t which = any_of(in, pieces_.size());
      const piece p = pieces_[which];
      resource_->deallocate(p.at, p.size, p.alignment);
      pieces_.erase(pieces_.begin() + static_cast<std::ptrdiff_t>(which));
      return;
    }
    const std::size_t size = in.any_size();
    const std::size_t alignment = std::size_t{1} << in.up_to(16);
    if (pieces_.size() >= most_live) return;
    try {
      auto* const at = static_cast<std::byte*>(resource_->allocate(size, alignment));
      expect(reinterpret_cast<std::uintptr_t>(at) % alignment == 0, "not aligned");
      const auto mark = static_cast<std::byte>(++serial_ % 251);
      std::fill(at, at + size, mark);
      pieces_.push_back({at, size, alignment, mark});
    } catch (const std::bad_alloc&) {
      return;
    }
  }

  void metrics() {
    if (arena_.buddy) {
      const caiman::arena_metrics m = arena_.buddy->metrics();
      expect(m.bytes_reserved == total_ && m.bytes_live <= total_, "metrics: bytes");
      expect(m.largest_free_block <= total_ - m.bytes_live, "metrics: largest_free_block");
      expect(m.allocations_ok >= m.frees, "metrics: frees");
      expect((m.allocations_ok == m.frees) == (m.bytes_live == 0), "metrics: live");
      expect(!to_json(m).empty(), "metrics: JSON");
      std::size_t seen = 0;
      for (const caiman::extent& e : arena_.buddy->occupancy()) seen += std::size_t{1} << e.order;
      expect(seen == total_ / arena_.buddy->min_block_size(), "occupancy is not the whole");
    } else if (arena_.fixed) {
      const caiman::fixed_metrics m = arena_.fixed->metrics();
      expect(m.slots_free == arena_.fixed->slot_count() - (m.allocations_ok - m.frees),
             "metrics: slots");
      expect(!to_json(m).empty(), "metrics: JSON");
    }
  }

  void exchange(choices& in) {
    if (buffers_.size() >= 2) {
      const std::size_t a = any_of(in, buffers_.size());
      const std::size_t b = any_of(in, buffers_.size());
      if (a != b) {
        swap(buffers_[a].at, buffers_[b].at);
        std::swap(buffers_[a].copy, buffers_[b].copy);
      }
    }
    if (!shared_.empty()) {
      shared& s = shared_[any_of(in, shared_.size())];
      s = shared_[any_of(in, shared_.size())];
    }
    check();
  }

  any_arena arena_;
  traits is_;
  std::size_t total_;
  std::optional<caiman::buddy_resource> resource_;
  std::vector<written> buffers_;
  std::vector<shared> shared_;
  std::vector<piece> pieces_;
  unsigned serial_ = 0;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  choices in(data, size);
  lent memory;
  traits is;
  const unsigned kind = in.up_to(2);
  any_arena made = kind == 0   ? make_buddy(in, is)
                   : kind == 1 ? make_fixed(in, is)
                               : make_lent(in, is, memory);
  const bool built = static_cast<bool>(made);
  if (built) {
    trial one(std::move(made), is);
    made = {};
    while (in.more()) one.step(in);
    one.check();
  }
  expect(memory.returned == (built && kind == 2 ? 1U : 0U), "the region came back, or did not");
  return 0;
}
