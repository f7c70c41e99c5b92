// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// arena_target.cpp: what a program does with arenas, buffers and bytes, and what it should get
//
// One input makes an arena (any_arena.hpp) and drives it: requests, writes by hand and by put,
// shrinking, freezing, copies, slices, moves, std::pmr, trims, metrics, dropping the handle early.
// A second copy of all that was written is kept beside it. Every block is filled with its own
// pattern, so that overlap shows as wrong bytes; AddressSanitizer and UndefinedBehaviorSanitizer,
// with which it is built, see the rest. At the end all comes back, and all of the arena can be had.
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

#include "any_arena.hpp"
#include "caiman/caiman.hpp"
#include "choices.hpp"

namespace {

using namespace caiman::fuzz;

constexpr std::size_t most_live = 24;

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
    if (!arena_.buddy) return;
    resource_.emplace(*arena_.buddy);
    unit_ = arena_.buddy->min_block_size();
  }
  trial(const trial&) = delete;
  trial& operator=(const trial&) = delete;
  ~trial() {
    for (const piece& p : pieces_) resource_->deallocate(p.at, p.size, p.alignment);
  }

  void step(choices& in) {
    switch (in.up_to(11)) {
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
      case 9:
        return shrink(in);
      case 10:
        return arena_.trim(in.any_size());
      default:
        return exchange(in);
    }
  }

  /// All comes back, and then all can be had again, as the largest blocks that there are.
  void finish() {
    check();
    for (const piece& p : pieces_) resource_->deallocate(p.at, p.size, p.alignment);
    pieces_.clear();
    buffers_.clear();
    shared_.clear();
    if (!arena_.buddy) return;
    const caiman::buddy_arena& arena = *arena_.buddy;
    const std::size_t units = total_ / unit_;
    std::vector<caiman::buffer> all;
    for (unsigned order = arena.max_order() + 1; order-- > 0;) {
      if ((units >> order & 1) == 0) continue;
      auto got = arena.allocate(unit_ << order);
      expect(got.has_value(), "all came back, and not all can be had");
      all.push_back(*std::move(got));
    }
    expect(!arena.allocate(1).has_value(), "more than there is");
    all.clear();
    const caiman::arena_metrics m = arena.metrics();
    expect(m.bytes_live == 0 && m.splits == m.coalesces, "all came back, and the books are wrong");
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

  // Whole min blocks go back, but for one; what is written stays, and what is left can be written.
  void shrink(choices& in) {
    if (buffers_.empty()) return;
    written& w = buffers_[any_of(in, buffers_.size())];
    if (in.maybe()) {
      const std::size_t n = in.any_size() % (w.copy.size() + 1);
      w.at.truncate(n);
      w.copy.resize(n);
    }
    const std::size_t left = capacity_after_shrinking(w.at);
    w.at.shrink_to_fit();
    expect(w.at.capacity() == left, "another capacity than whole min blocks");
    if (in.maybe()) in_place(w, pattern(w.at.is_spilled() ? 0 : w.at.remaining()));
  }
  std::size_t capacity_after_shrinking(const caiman::buffer& b) const {
    if (b.is_spilled() || unit_ == 0) return b.capacity();
    const std::size_t blocks = b.empty() ? 1 : (b.size() - 1) / unit_ + 1;
    return std::min(b.capacity(), blocks * unit_);
  }

  void freeze(choices& in) {
    if (buffers_.empty() || shared_.size() >= most_live) return;
    const std::size_t which = any_of(in, buffers_.size());
    written w = std::move(buffers_[which]);
    buffers_.erase(buffers_.begin() + static_cast<std::ptrdiff_t>(which));
    const unsigned how = in.byte();
    if (how % 2 == 1) {
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
    if (how % 4 == 2) {
      shared_.push_back({std::move(w.at).freeze(caiman::shrink), std::move(w.copy)});
    } else {
      shared_.push_back({std::move(w.at).freeze(), std::move(w.copy)});
    }
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
  std::size_t unit_ = 0;  // of what can shrink
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
    one.finish();
  }
  expect(memory.returned == (built && kind == 2 ? 1U : 0U), "the region came back, or did not");
  return 0;
}
