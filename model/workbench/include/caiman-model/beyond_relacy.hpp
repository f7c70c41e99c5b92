// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// beyond_relacy.hpp: two freedoms of C++20 that Relacy does not give
//
// Relacy is older than C++20 and stronger in two ways that owner stacks could hide behind:
//
//   release sequences   In Relacy a relaxed store goes on with the release sequence of the same
//                       thread's release store before it. Since C++20 every store starts anew.
//   early exchanges     In Relacy a read-modify-write always reads the newest store. C++ lets it
//                       stand in modification order before a store that nothing orders before it,
//                       and so read the value from before that store.
//
// Both are put right here on Relacy's own records, which its interface keeps private. Early
// placement is offered to exchanges, and before plain stores only: between a read-modify-write and
// what it reads nothing can stand.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "hooks.hpp"
#include "recording.hpp"
#include "relacy.hpp"

namespace caiman::model::beyond {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-template-friend"
/// A pointer to a private member, by the one door that C++ leaves open: an explicit instantiation
/// may name it.
template <class T>
struct data_of {
  friend rl::atomic_data* rl::generic_atomic<T, false>::*member(data_of<T>);
};
template <class T, rl::atomic_data* rl::generic_atomic<T, false>::*Member>
struct data_opener {
  friend rl::atomic_data* rl::generic_atomic<T, false>::*member(data_of<T>) { return Member; }
};
template <class T>
struct history_of {
  using values = T[rl::atomic_history_size];
  friend values rl::generic_atomic<T, false>::*member(history_of<T>);
};
template <class T, T (rl::generic_atomic<T, false>::*Member)[rl::atomic_history_size]>
struct history_opener {
  using values = T[rl::atomic_history_size];
  friend values rl::generic_atomic<T, false>::*member(history_of<T>) { return Member; }
};
template <class T>
struct newest_of {
  friend unsigned rl::generic_atomic<T, false>::*member(newest_of<T>);
};
template <class T, unsigned rl::generic_atomic<T, false>::*Member>
struct newest_opener {
  friend unsigned rl::generic_atomic<T, false>::*member(newest_of<T>) { return Member; }
};
template struct data_opener<std::uint32_t, &rl::generic_atomic<std::uint32_t, false>::impl_>;
template struct data_opener<std::uint64_t, &rl::generic_atomic<std::uint64_t, false>::impl_>;
template struct history_opener<std::uint32_t, &rl::generic_atomic<std::uint32_t, false>::history_>;
template struct history_opener<std::uint64_t, &rl::generic_atomic<std::uint64_t, false>::history_>;
template struct newest_opener<std::uint32_t,
                              &rl::generic_atomic<std::uint32_t, false>::last_index_>;
template struct newest_opener<std::uint64_t,
                              &rl::generic_atomic<std::uint64_t, false>::last_index_>;

#pragma GCC diagnostic pop

template <rl::thread_id_t Threads>
struct records {
  using data = rl::atomic_data_impl<Threads>;
  using thread = rl::thread_info<Threads>;

  static thread& me() { return *static_cast<thread*>(rl::ctx().threadx_); }
  static auto& record(data& of, unsigned back) {
    return of.history_[(of.current_index_ - back) % rl::atomic_history_size];
  }

  /// The newest store starts a release sequence of its own.
  static void start_anew(data& of, bool release) {
    const rl::timestamp_t* carried = release ? me().acq_rel_order_ : me().release_fence_order_;
    std::copy_n(carried, Threads, record(of, 0).acq_rel_order_);
  }

  /// Whether an exchange by this thread may stand before the newest store: that was another
  /// thread's, nothing that this thread knows happened after it or has read it, and there is a
  /// value from before it.
  static bool unordered(data& of, bool seq_cst) {
    const auto& newest = record(of, 0);
    if (!newest.busy_ || !record(of, 1).busy_ || newest.thread_id_ == me().index_) return false;
    if (seq_cst && newest.seq_cst_) return false;
    const rl::timestamp_t* known = me().acq_rel_order_;
    if (known[newest.thread_id_] >= newest.acq_rel_timestamp_) return false;
    for (rl::thread_id_t i = 0; i < Threads; ++i) {
      if (known[i] >= newest.first_seen_order_[i]) return false;
    }
    return true;
  }

  /// An exchange reads the store before the newest, and what it writes takes that store's place:
  /// the read value itself is not seen any more. Returns the place.
  static std::size_t replace_before_newest(data& of, bool acquire, bool release) {
    auto& read = record(of, 1);
    thread& self = me();
    self.own_acq_rel_order_ += 1;
    if (read.first_seen_order_[self.index_] == static_cast<rl::timestamp_t>(-1)) {
      read.first_seen_order_[self.index_] = self.own_acq_rel_order_;
    }
    rl::timestamp_t* to = acquire ? self.acq_rel_order_ : self.acquire_fence_order_;
    const rl::timestamp_t* from = release ? self.acq_rel_order_ : self.release_fence_order_;
    for (rl::thread_id_t i = 0; i < Threads; ++i) {
      to[i] = std::max(to[i], read.acq_rel_order_[i]);
      read.acq_rel_order_[i] = std::max(from[i], read.acq_rel_order_[i]);
    }
    return (of.current_index_ - 1) % rl::atomic_history_size;
  }
};

/// What `use` says of the records of as many threads as run. Relacy's are not polymorphic: how many
/// threads they are for is all there is to know.
template <class F>
auto with_records(F use) {
  switch (settings.threads) {
    case 2:
      return use(records<2>{});
    case 3:
      return use(records<3>{});
    default:
      return use(records<4>{});
  }
}
template <class Records, class T>
auto& data_in(rl::generic_atomic<T, false>& of, Records /*all*/) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-static-cast-downcast)
  return static_cast<typename Records::data&>(*(of.*member(data_of<T>{})));
}

/// After every store.
template <class T>
void start_release_sequence(rl::generic_atomic<T, false>& stored, std::memory_order o) {
  with_records([&](auto all) { all.start_anew(data_in(stored, all), releases(o)); });
}

/// Before an exchange whose newest write is a plain store: true if it is placed before that store
/// this time, and `read` is then what it read.
template <class T>
bool placed_early(rl::generic_atomic<T, false>& of, T value, std::memory_order o, T& read) {
  return with_records([&](auto all) {
    auto& data = data_in(of, all);
    if (!all.unordered(data, o == std::memory_order_seq_cst)) return false;
    if (rl::ctx().rand(2, rl::sched_type_atomic_load) == 0) return false;
    const std::size_t place = all.replace_before_newest(data, acquires(o), releases(o));
    read = std::exchange((of.*member(history_of<T>{}))[place], value);
    return true;
  });
}

/// What a load that chooses the newest store is given. Relacy keeps beside it what
/// read-modify-writes work on, so a label here is seen by loads alone: a recorded execution labels
/// each store, and each load says which store it read.
template <class T>
T& what_loads_read(rl::generic_atomic<T, false>& of) {
  return (of.*member(history_of<T>{}))[of.*member(newest_of<T>{})];
}

}  // namespace caiman::model::beyond
