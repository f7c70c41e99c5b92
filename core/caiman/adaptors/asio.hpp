// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// asio.hpp: waiting for room as an operation of Asio's
//
// async_allocate waits in an asynchronous arena and takes any completion token; asio::buffer takes
// what Caiman's buffers and bytes give. Not in the umbrella: relies on Asio (1.22 or later, without
// Boost), which the core does not need.
//
// An operation is a waiter (waiters.hpp) in memory of the handler's allocator. The thread whose
// release serves it posts it to the handler's executor, and there it ends: so a handler never runs
// inside a release, nor inside the call that began. Until then the operation is there, so a
// cancellation may ask for it at any time before; Asio wants that on the same executor. When the
// context of that executor ends, operations that still wait end with it, their handlers uncalled.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/detail/requirements.hpp"
#if defined(CAIMAN_REQUIREMENTS_MET)

#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/buffer.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>
#include <asio/error_code.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/query.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "caiman/async.hpp"
#include "caiman/buffer.hpp"
#include "caiman/bytes.hpp"
#include "caiman/detail/awaiting.hpp"
#include "caiman/error.hpp"

namespace caiman::inline v0 {

namespace detail {

// Nobody destroys an operation by its base.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
/// An operation of any handler, in the list of its context while it waits.
class asio_wait : public native_waiter {
 public:
  explicit asio_wait(const room_request& request) noexcept
      : native_waiter(request.order), what(request) {}
  asio_wait(const asio_wait&) = delete;
  asio_wait& operator=(const asio_wait&) = delete;
  /// Ends it, its handler uncalled.
  virtual void discard() noexcept = 0;

  room_request what;
  arena_handle alive{nullptr};
  asio_wait* next = nullptr;
  asio_wait* previous = nullptr;
  bool is_listed = false;

 protected:
  ~asio_wait() = default;
};
#pragma GCC diagnostic pop

/// What waits on behalf of one context of Asio's.
class asio_waits final : public asio::execution_context::service {
 public:
  using key_type = asio_waits;
  static inline asio::execution_context::id id;

  explicit asio_waits(asio::execution_context& owner) : service(owner) {}
  asio_waits(const asio_waits&) = delete;
  asio_waits& operator=(const asio_waits&) = delete;
  ~asio_waits() override = default;

  void add(asio_wait& one) noexcept {
    const std::lock_guard lock(mutex_);
    one.is_listed = true;
    one.next = first_;
    if (first_ != nullptr) first_->previous = &one;
    first_ = &one;
  }
  /// Once and again.
  void remove(asio_wait& one) noexcept {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(one.is_listed, false)) return;
    (one.previous == nullptr ? first_ : one.previous->next) = one.next;
    if (one.next != nullptr) one.next->previous = one.previous;
  }

 private:
  /// No thread runs handlers of the context any more, and none serves what waits for them.
  void shutdown() noexcept override {
    while (first_ != nullptr) {
      asio_wait& one = *first_;
      remove(one);
      const arena_handle alive = one.alive;
      const parting found = alive->room()->leave(*alive.get(), one);
      if (found == parting::wake_up) continue;  // a thread that still serves it has it
      if (found == parting::block) alive->give_back({one.order(), one.index()});
      one.discard();
    }
  }

  std::mutex mutex_{};
  asio_wait* first_ = nullptr;
};

template <class Handler>
class asio_operation final : public asio_wait {
 public:
  using executor_type = typename asio::associated_executor<Handler>::type;
  using allocator_type = typename std::allocator_traits<
      typename asio::associated_allocator<Handler>::type>::template rebind_alloc<asio_operation>;

  /// Throws what Asio throws where it has no memory, and then nothing has begun.
  static void begin(const room_request& request, Handler handler) {
    allocator_type memory(asio::get_associated_allocator(handler));
    void* const at = std::allocator_traits<allocator_type>::allocate(memory, 1);
    completion whole(*::new (at) asio_operation(request, std::move(handler)));
    asio_operation& one = *whole.operation();
    if (one.is_over_at_once()) {
      asio::post(executor_type(one.work_.get_executor()), std::move(whole));
      return;
    }
    one.prepare_to_wait();
    whole.forget();
    const arena_handle home = one.alive;  // the operation may be gone once it is entered
    home->room()->enter(*home.get(), one);
  }
  asio_operation(const asio_operation&) = delete;
  asio_operation& operator=(const asio_operation&) = delete;

 private:
  /// What the executor is given: calls the handler, or is dropped.
  class completion {
   public:
    explicit completion(asio_operation& one) noexcept : one_(&one) {}
    completion(completion&& other) noexcept : one_(std::exchange(other.one_, nullptr)) {}
    completion(const completion&) = delete;
    completion& operator=(const completion&) = delete;
    completion& operator=(completion&&) = delete;
    ~completion() {
      if (one_ != nullptr) one_->discard();
    }
    void operator()() { std::exchange(one_, nullptr)->complete(); }
    [[nodiscard]] asio_operation* operation() const noexcept { return one_; }
    void forget() noexcept { one_ = nullptr; }

    using allocator_type = typename asio::associated_allocator<Handler>::type;
    [[nodiscard]] allocator_type get_allocator() const noexcept {
      return asio::get_associated_allocator(one_->handler_);
    }

   private:
    asio_operation* one_;
  };
  struct cancellation {
    asio_operation* one;
    void operator()(asio::cancellation_type_t type) const noexcept {
      if (type == asio::cancellation_type::none) return;
      const arena_handle alive = one->alive;
      alive->room()->refuse(*alive.get(), *one, nullptr);
    }
  };
  using memory_of = std::allocator_traits<allocator_type>;

  asio_operation(const room_request& request, Handler&& handler) noexcept
      : asio_wait(request),
        handler_(std::move(handler)),
        work_(asio::get_associated_executor(handler_)) {}
  ~asio_operation() = default;

  /// Whether it can never be served, or there is room and nobody waits.
  [[nodiscard]] bool is_over_at_once() noexcept {
    if (what.home == nullptr) {
      error_ = alloc_error::request_too_large;
      return true;
    }
    if (what.home->room()->waiting() != 0) return false;
    const auto index_of = what.home->try_take(what.order);
    if (index_of) got_ = buffer_maker::of(what, *index_of);
    return index_of.has_value();
  }
  void prepare_to_wait() {
    what.home->add_handle();
    alive = arena_handle(what.home);
    auto slot = asio::get_associated_cancellation_slot(handler_);
    if constexpr (asio::can_query<const executor_type&, asio::execution::context_t>::value) {
      context_ = &asio::use_service<asio_waits>(static_cast<asio::execution_context&>(
          asio::query(work_.get_executor(), asio::execution::context)));
    }
    if (slot.is_connected()) slot.template emplace<cancellation>(cancellation{this});
    if (context_ != nullptr) context_->add(*this);
  }
  void wake(any_waiting_room& /*room*/, arena_state& /*home*/,
            wake_list& /*wakes*/) noexcept override {
    if (context_ != nullptr) context_->remove(*this);
    if (is_refused()) {
      what.home->books().failed();
      what.home->books().gave_up();
      error_ = asio::error::operation_aborted;
    } else {
      got_ = buffer_maker::of(what, index());
    }
    asio::post(executor_type(work_.get_executor()), completion(*this));
  }

  void complete() {
    if (alive) {
      auto slot = asio::get_associated_cancellation_slot(handler_);
      if (slot.is_connected()) slot.clear();
    }
    const asio::error_code error = error_;
    buffer got = std::move(got_);
    const auto work = std::move(work_);
    Handler handler(std::move(handler_));
    end(allocator_type(asio::get_associated_allocator(handler)));
    std::move(handler)(error, std::move(got));
  }
  void discard() noexcept override {
    const auto work = std::move(work_);
    const Handler handler(std::move(handler_));  // goes after what it lay in
    end(allocator_type(asio::get_associated_allocator(handler)));
  }
  void end(allocator_type memory) noexcept {
    this->~asio_operation();
    memory_of::deallocate(memory, this, 1);
  }

  Handler handler_;
  asio::executor_work_guard<executor_type> work_;
  asio::error_code error_{};
  buffer got_{};
  asio_waits* context_ = nullptr;
};

/// What a token is given to begin with, now or later.
struct asio_initiation {
  template <class Handler, class Arena, class... Size>
  void operator()(Handler&& handler, const Arena& arena, Size... len) const {
    asio_operation<std::decay_t<Handler>>::begin(async_insides::ask(arena, len...),
                                                 std::forward<Handler>(handler));
  }
};

}  // namespace detail

/// Waits for a buffer of at least `len` bytes, as `arena.allocate(len)` does, and completes with
/// void(asio::error_code, buffer), which any completion token of Asio's understands. Errors:
/// alloc_error::request_too_large; asio::error::operation_aborted after a cancellation of whatever
/// type that came while it waited (one that comes too late leaves it its buffer). The handler runs
/// through its associated executor, for which the operation counts as outstanding work, and never
/// inside this call or inside a release; the operation lies in memory of its associated allocator.
/// Throws what these throw. Posting to that executor must not throw where a block is released.
/// Thread-safe. Progress: as `allocate`, and whatever posting needs.
// NOLINTBEGIN(cppcoreguidelines-missing-std-forward): Asio wants the token as it is
template <class Token>
auto async_allocate(const async_buddy_arena& arena, std::size_t len, Token&& token) {
  return asio::async_initiate<Token, void(asio::error_code, buffer)>(detail::asio_initiation(),
                                                                     token, arena, len);
}
/// The same for a slot.
template <class Token>
auto async_allocate(const async_fixed_arena& arena, Token&& token) {
  return asio::async_initiate<Token, void(asio::error_code, buffer)>(detail::asio_initiation(),
                                                                     token, arena);
}
// NOLINTEND(cppcoreguidelines-missing-std-forward)

}  // namespace caiman::v0

// What Asio 1.22 has no overloads for. They are found as asio::buffer, where a program looks.
namespace asio {

/// Frozen bytes, to be written to a socket. They must outlive the operation. Wait-free.
[[nodiscard]] inline const_buffer buffer(const caiman::bytes& all) noexcept {
  return {all.data(), all.size()};
}
/// The first `most` of them at most.
[[nodiscard]] inline const_buffer buffer(const caiman::bytes& all, std::size_t most) noexcept {
  return {all.data(), all.size() < most ? all.size() : most};
}
/// What `caiman::buffer::spare` gives, to be read into. Wait-free.
[[nodiscard]] inline mutable_buffer buffer(std::span<std::byte> room) noexcept {
  return {room.data(), room.size()};
}
/// The first `most` bytes of it at most.
[[nodiscard]] inline mutable_buffer buffer(std::span<std::byte> room, std::size_t most) noexcept {
  return {room.data(), room.size() < most ? room.size() : most};
}
/// What `caiman::buffer::written` gives, to be written to a socket. Wait-free.
[[nodiscard]] inline const_buffer buffer(std::span<const std::byte> all) noexcept {
  return {all.data(), all.size()};
}
/// The first `most` bytes of it at most.
[[nodiscard]] inline const_buffer buffer(std::span<const std::byte> all,
                                         std::size_t most) noexcept {
  return {all.data(), all.size() < most ? all.size() : most};
}

}  // namespace asio

#endif  // CAIMAN_REQUIREMENTS_MET
