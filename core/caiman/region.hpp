// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// region.hpp: the memory that blocks stand for
//
// Mapped by us or lent by the caller; either way it is given back once, with the address and length
// that it came with. Nothing here touches the bytes, but for `fault`, which is there to do so.
// Relies on detail/os.hpp.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <memory>
#include <utility>

#include "caiman/detail/lean/hook.hpp"
#include "caiman/detail/os.hpp"
#include "caiman/error.hpp"

namespace caiman::inline v0 {

// The three are of one kind: anything that can be called so converts to it, a lambda that owns
// something, a function, a std::function or std::move_only_function. They move and do not copy.

/// What to do with the caller's memory once an arena over it has ended: called once, with the
/// address and length that `from_region` was given, by whichever thread ended the arena. It must
/// not throw. Empty: nothing, the caller keeps the memory.
using region_release = detail::hook<void(std::byte*, std::size_t)>;

/// Told of each spill: how many bytes the buffer should hold, those that were written before
/// included, and its capacity, which is less. Called by the thread that writes, once the bytes are
/// on the heap and before the block goes back; by several at once if they do, so it must be
/// thread-safe. It must not throw, and must leave that buffer alone; it may use the arena. The
/// arena keeps it, so it must keep no handle of the arena, which would never end then.
using spill_hook = detail::hook<void(std::size_t asked, std::size_t capacity)>;

/// What an arena over the caller's memory calls from trim(): with the start and the length in bytes
/// of a free stretch, which nobody is handed out before it returns; its answer is how many bytes of
/// it went back to wherever they came from. Called by the thread that trims; by several at once if
/// they do, so it must be thread-safe. It must not throw, and must leave the arena alone, of which
/// it keeps no handle: a request from within may wait for itself. The memory must be usable
/// afterwards as before, whatever it holds, and of an arena with `init(zero)` it must read zero.
using trim_hook = detail::hook<std::size_t(std::byte* start, std::size_t length)>;

/// When an arena calls its trim() itself: in the first release that comes at least so long after
/// one since the last trim. A value type.
struct trim_policy {
  /// How long. Not above 0: at every release.
  std::chrono::nanoseconds every = std::chrono::seconds(1);
  /// So many bytes of free memory stay.
  std::size_t keep_free = 0;

  /// Member by member.
  friend constexpr bool operator==(const trim_policy&, const trim_policy&) noexcept = default;
};

/// How far apart the bytes lie that prefaulting writes. A value type.
class page_size {
 public:
  /// Not known: nothing is prefaulted, the first use of each page pays for it.
  [[nodiscard]] static constexpr page_size unknown() noexcept { return page_size(0); }
  /// What the system says. Where pages can be huge this writes more often than needed.
  [[nodiscard]] static page_size automatic() noexcept {
    return page_size(detail::os::page_bytes());
  }
  /// So many bytes. 0 is `unknown`.
  [[nodiscard]] static constexpr page_size of(std::size_t bytes) noexcept {
    return page_size(bytes);
  }
  /// 0 for `unknown`.
  [[nodiscard]] constexpr std::size_t bytes() const noexcept { return bytes_; }

  /// Member by member.
  friend constexpr bool operator==(const page_size&, const page_size&) noexcept = default;

 private:
  constexpr explicit page_size(std::size_t bytes) noexcept : bytes_(bytes) {}
  std::size_t bytes_;
};

/// Whether the system may back an arena's own memory by huge pages (on x86-64 of 2 MiB, instead of
/// 4 KiB). Such a page is found and zeroed whole at its first use: fewer faults and fewer misses of
/// the TLB for an arena that is used densely, and up to 512 times the memory for one that is not.
enum class huge_page_policy : unsigned char {
  system,  ///< As the system is set up (/sys/kernel/mm/transparent_hugepage/enabled).
  never,   ///< No huge pages, whatever the system would do.
  prefer,  ///< Huge pages where the system lets programs ask for them.
};

/// A new owner finds in a block what the last owner left (`uninit`), or only zeros (`zero`).
enum class init_policy : unsigned char { uninit, zero };

namespace detail {

/// How pages are touched before anybody uses them.
struct prefaulting {
  page_size pages = page_size::automatic();
  unsigned threads = 1;  // that do it at once; 0: one for each processor
};

/// Of a builder: null where the hook is empty. Throws std::bad_alloc.
template <class Hook>
std::shared_ptr<Hook> shared_hook(Hook hook) {
  return hook ? std::make_shared<Hook>(std::move(hook)) : nullptr;
}

/// The caller's memory, offered to one arena; no longer there after it was moved from.
struct region_offer {
  std::byte* start;
  std::size_t length;
  region_release release;

  region_offer(std::byte* p, std::size_t len, region_release give_back) noexcept
      : start(p), length(len), release(std::move(give_back)) {}
  region_offer(region_offer&& other) noexcept
      : start(std::exchange(other.start, nullptr)),
        length(other.length),
        release(std::move(other.release)) {}
  region_offer& operator=(region_offer&& other) noexcept {
    start = std::exchange(other.start, nullptr);
    length = other.length;
    release = std::move(other.release);
    return *this;
  }
  region_offer(const region_offer&) = delete;
  region_offer& operator=(const region_offer&) = delete;
  ~region_offer() = default;
};

/// A range of memory and the duty to give it back. Moves; not thread-safe by itself.
class region {
 public:
  /// Fresh zeroed memory of `size` bytes, its start a multiple of `alignment` and of the page.
  /// Unless `pages` is never, a large region begins where a huge page could: that costs address
  /// space, and no memory. O(1): no page is touched.
  /// Errors: out_of_memory; size_overflow if both together pass SIZE_MAX.
  static std::expected<region, build_error> map(std::size_t size, std::size_t alignment,
                                                huge_page_policy pages) noexcept {
    const std::size_t page = page_size::automatic().bytes();
    if (pages != huge_page_policy::never && size >= huge && alignment < huge) alignment = huge;
    const std::size_t slack = alignment > page ? alignment - page : 0;
    if (size > SIZE_MAX - page || size + page - 1 > SIZE_MAX - slack) {
      return std::unexpected(build_error::size_overflow);
    }
    const std::size_t length = (size + page - 1) / page * page + slack;
    std::byte* const start = os::map(length);
    if (start == nullptr) return std::unexpected(build_error::out_of_memory);
    std::byte* const base = start + (-reinterpret_cast<std::uintptr_t>(start) & (alignment - 1));
    advise(start, length, size, pages);
    region made(base, size, start, length, os::unmap);
    made.own_ = true;
    return made;
  }

  /// `size` bytes from `base` on, a part of the caller's memory.
  static region lent(std::byte* base, std::size_t size, std::byte* whole, std::size_t length,
                     region_release give_back) noexcept {
    return {base, size, whole, length, std::move(give_back)};
  }

  region(region&& other) noexcept
      : base_(other.base_),
        size_(other.size_),
        whole_(other.whole_),
        length_(other.length_),
        release_(std::exchange(other.release_, nullptr)),
        own_(other.own_) {}
  region(const region&) = delete;
  region& operator=(const region&) = delete;
  region& operator=(region&&) = delete;
  ~region() {
    if (release_) release_(whole_, length_);
  }

  [[nodiscard]] std::byte* base() const noexcept { return base_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Whether it is the arena's own, mapped here.
  [[nodiscard]] bool is_own() const noexcept { return own_; }

  /// Takes the duty away, so that nothing is given back.
  [[nodiscard]] region_release disown() noexcept { return std::exchange(release_, nullptr); }

  /// Writes a byte of every page, which must still be zero. O(pages), and as slow as the system
  /// finds memory.
  void fault(prefaulting how) const noexcept {
    if (how.pages.bytes() == 0 || size_ == 0) return;
    const std::size_t step = how.pages.bytes();
    const std::size_t pages = (size_ - 1) / step + 1;
    const std::size_t wanted = how.threads != 0 ? how.threads : os::processors();
    const auto threads = static_cast<unsigned>((std::min)(pages, wanted));
    struct share {
      std::byte* base;
      std::size_t step, pages, threads;
    } all{base_, step, pages, threads};
    os::in_parallel(
        threads,
        [](void* context, unsigned i) {
          const share& of = *static_cast<share*>(context);
          const std::size_t each = of.pages / of.threads;
          const std::size_t more = of.pages % of.threads;  // so many have one more
          const std::size_t first = each * i + (std::min)(more, std::size_t{i});
          const std::size_t end = first + each + std::size_t{i < more};
          for (std::size_t page = first; page < end; ++page) {
            *const_cast<volatile std::byte*>(of.base + page * of.step) = std::byte{0};
          }
        },
        &all);
  }

 private:
  static constexpr std::size_t huge = std::size_t{1} << 21;

  region(std::byte* base, std::size_t size, std::byte* whole, std::size_t length,
         region_release give_back) noexcept
      : base_(base), size_(size), whole_(whole), length_(length), release_(std::move(give_back)) {}

  /// Of the whole mapping, or it would be cut into several.
  static void advise(std::byte* start, std::size_t length, std::size_t used,
                     huge_page_policy pages) noexcept {
    if (pages == huge_page_policy::never) os::advise_huge(start, length, false);
    if (pages == huge_page_policy::prefer && used >= huge) {
      os::advise_huge(start, length, true);
    }
  }

  std::byte* base_;
  std::size_t size_;
  std::byte* whole_;
  std::size_t length_;
  region_release release_;
  bool own_ = false;
};

}  // namespace detail
}  // namespace caiman::v0

#endif  // CAIMAN_REQUIREMENTS_MET
