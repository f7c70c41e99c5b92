// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// hook.hpp: a function of the user's, kept for later
//
// What std::move_only_function is, as far as an arena needs it: libc++ 19 has none, and
// <functional> costs more to compile than the whole buddy. It is the same type with every standard
// library. What is small and moves without an exception lies inside, as large as three pointers;
// all else lies on the heap. Relies on nothing but the language.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <concepts>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace caiman::inline v0::detail {

template <class Signature>
class hook;

/// Holds anything that can be called so, or nothing. Moves, and does not copy; not thread-safe by
/// itself, and calls of several threads at once are as safe as those of what it holds.
template <class Result, class... Arguments>
class hook<Result(Arguments...)> {
 public:
  /// Nothing.
  hook() noexcept = default;
  /// Nothing.
  hook(std::nullptr_t) noexcept {}  // NOLINT(google-explicit-constructor): as the standard's
  /// Holds `f`; nothing if that is itself empty: a null pointer, or a std::function or the like
  /// that is equal to nullptr. Throws std::bad_alloc, and what a copy of `f` throws. O(1).
  template <class F, class Held = std::decay_t<F>>
  requires(!std::same_as<Held, hook> && std::is_invocable_r_v<Result, Held&, Arguments...> &&
           std::is_constructible_v<Held, F>)
      hook(F&& f) {  // NOLINT(google-explicit-constructor,bugprone-forwarding-reference-overload)
    if constexpr (can_be_empty<Held> && !std::is_function_v<std::remove_reference_t<F>>) {
      if (f == nullptr) return;
    }
    if constexpr (is_inside<Held>) {
      ::new (room_.start()) Held(std::forward<F>(f));
    } else {
      ::new (room_.start()) Held*(new Held(std::forward<F>(f)));
    }
    call_ = call_held<Held>;
    move_ = move_held<Held>;
  }

  hook(hook&& other) noexcept { take(other); }
  hook& operator=(hook&& other) noexcept {
    if (this != &other) {
      clear();
      take(other);
    }
    return *this;
  }
  hook& operator=(std::nullptr_t) noexcept {
    clear();
    return *this;
  }
  hook(const hook&) = delete;
  hook& operator=(const hook&) = delete;
  ~hook() { clear(); }

  /// Whether it holds anything.
  explicit operator bool() const noexcept { return call_ != nullptr; }
  /// Whether it holds nothing.
  friend bool operator==(const hook& one, std::nullptr_t) noexcept { return !one; }

  /// Calls what it holds, which must be something. Throws what that throws.
  Result operator()(Arguments... arguments) {
    return call_(room_, static_cast<Arguments&&>(arguments)...);
  }

 private:
  /// For what is held, or for a pointer to it.
  struct room {
    alignas(void*) std::byte bytes[3 * sizeof(void*)]{};

    [[nodiscard]] void* start() noexcept { return bytes; }
  };

  template <class Held>
  static constexpr bool is_inside =
      sizeof(Held) <= sizeof(room) &&
      alignof(Held) <= alignof(room) && std::is_nothrow_move_constructible_v<Held>;
  template <class Held>
  static constexpr bool can_be_empty =
      std::is_assignable_v<Held&, std::nullptr_t>&& requires(const Held& f) {
    f == nullptr;
  };

  template <class Held>
  static Held& held_in(room& of) noexcept {
    if constexpr (is_inside<Held>) {
      return *std::launder(static_cast<Held*>(of.start()));
    } else {
      return **std::launder(static_cast<Held**>(of.start()));
    }
  }
  template <class Held>
  static Result call_held(room& of, Arguments&&... arguments) {
    if constexpr (std::is_void_v<Result>) {
      held_in<Held>(of)(static_cast<Arguments&&>(arguments)...);
    } else {
      return held_in<Held>(of)(static_cast<Arguments&&>(arguments)...);
    }
  }
  /// To a new place, or to none: then it ends.
  template <class Held>
  static void move_held(room& from, room* to) noexcept {
    Held& held = held_in<Held>(from);
    if constexpr (is_inside<Held>) {
      if (to != nullptr) ::new (to->start()) Held(static_cast<Held&&>(held));
      held.~Held();
    } else if (to != nullptr) {
      ::new (to->start()) Held*(&held);
    } else {
      delete &held;
    }
  }

  void take(hook& other) noexcept {
    if (!other) return;
    other.move_(other.room_, &room_);
    call_ = other.call_;
    move_ = other.move_;
    other.call_ = nullptr;
  }
  void clear() noexcept {
    if (call_ == nullptr) return;
    call_ = nullptr;  // before it ends: what it holds may come here again
    move_(room_, nullptr);
  }

  Result (*call_)(room&, Arguments&&...) = nullptr;
  void (*move_)(room&, room*) noexcept = nullptr;
  room room_{};
};

}  // namespace caiman::v0::detail

#endif  // CAIMAN_REQUIREMENTS_MET
