// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// byte_cache.cpp: a cache of bytes that throws out what was used least recently
//
// Two threads look keys up; what is missing is made, stored, and pushes others out. Who has looked
// something up holds it for a while, also while it is thrown out, and then looks whether it is
// still what it was. With the arena the memory is the bound: what finds no room throws something
// out and asks again. The vectors are counted instead, up to as many bytes as the arena has.
// ---------------------------------------------------------------------------------------------
#include <array>
#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "memory.hpp"
#include "program.hpp"

namespace {

using programs::outcome;

constexpr std::size_t budget = std::size_t{16} << 20U;
constexpr std::uint64_t key_count = 8192;  // about 33 MiB
constexpr unsigned thread_count = 2;
constexpr std::size_t held_count = 32;

std::size_t size_of_key(std::uint64_t key) { return programs::size_for(key, 256, 16384); }

template <class Memory>
class cache {
 public:
  using shared = typename Memory::shared;

  explicit cache(Memory& memory) : memory_(memory) {}

  /// What is stored under the key, or what is made and stored now; and whether it was there.
  std::pair<shared, bool> look_up(std::uint64_t key) {
    if (shared found; find(key, found)) return {std::move(found), true};
    auto buffer = memory_.take(size_of_key(key));
    for (; !buffer; buffer = memory_.take(size_of_key(key))) throw_out_one(key);
    programs::fill(Memory::room(*buffer), key);
    shared made = Memory::share(std::move(*buffer));
    store(key, made);
    return {std::move(made), false};
  }
  std::uint64_t thrown_out() const { return thrown_out_; }

 private:
  struct entry {
    std::uint64_t key;
    shared what;
  };
  using entries = std::list<entry>;  // the most recently used first
  struct alignas(128) shard {
    std::mutex mutex{};
    entries used{};
    std::unordered_map<std::uint64_t, typename entries::iterator> where{};
    std::size_t bytes = 0;
  };

  shard& shard_of(std::uint64_t key) { return shards_[key % shards_.size()]; }

  bool find(std::uint64_t key, shared& into) {
    shard& in = shard_of(key);
    const std::lock_guard lock(in.mutex);
    const auto at = in.where.find(key);
    if (at == in.where.end()) return false;
    in.used.splice(in.used.begin(), in.used, at->second);
    into = at->second->what;
    return true;
  }

  void store(std::uint64_t key, const shared& what) {
    entries gone;  // ends after the lock
    shard& in = shard_of(key);
    const std::lock_guard lock(in.mutex);
    if (in.where.contains(key)) return;  // the other thread was faster
    in.used.push_front({key, what});
    in.where.emplace(key, in.used.begin());
    in.bytes += Memory::view(what).size();
    while (!Memory::bounded && in.bytes > budget / shards_.size()) {
      take_out(in, std::prev(in.used.end()), gone);
    }
  }

  /// Of the key's shard, or the next that has one: of the last few one that is large enough, if
  /// there is one, since small ones make room only where they lie beside each other.
  void throw_out_one(std::uint64_t key) {
    entries gone;
    for (std::uint64_t i = 0; i < shards_.size() && gone.empty(); ++i) {
      shard& in = shard_of(key + i);
      const std::lock_guard lock(in.mutex);
      if (in.used.empty()) continue;
      auto at = std::prev(in.used.end());
      for (int looks = 16; looks > 0 && !makes_room(*at, key) && at != in.used.begin(); --looks)
        --at;
      take_out(in, makes_room(*at, key) ? at : std::prev(in.used.end()), gone);
    }
  }
  static bool makes_room(const entry& old, std::uint64_t key) {
    return std::bit_ceil(Memory::view(old.what).size()) >= std::bit_ceil(size_of_key(key));
  }

  void take_out(shard& from, typename entries::iterator which, entries& into) {
    from.bytes -= Memory::view(which->what).size();
    from.where.erase(which->key);
    into.splice(into.begin(), from.used, which);
    ++thrown_out_;
  }

  Memory& memory_;
  std::array<shard, 16> shards_{};
  std::atomic<std::uint64_t> thrown_out_{0};
};

/// Few keys are asked for often.
std::uint64_t key_for(std::uint64_t step) {
  const std::uint64_t chance = programs::mix(step) % key_count;
  return chance * chance / key_count * chance / key_count;
}

struct reader : programs::part {
  std::uint64_t hits = 0;
};

template <class Memory>
void read(cache<Memory>& from, std::uint64_t first, std::uint64_t steps, reader& me) {
  struct held {
    std::uint64_t key = 0;
    typename Memory::shared what{};
  };
  std::array<held, held_count> hand{};
  const auto drop = [](const held& old) {
    const auto text = Memory::view(old.what);
    expect(text.empty() || programs::holds(text, old.key), "what is held does not change");
  };
  for (std::uint64_t step = first; step < first + steps; ++step) {
    const std::uint64_t key = key_for(step);
    const auto start = programs::clock::now();
    auto [what, hit] = from.look_up(key);
    me.latencies.add(programs::nanoseconds(programs::clock::now() - start));
    me.hits += hit ? 1 : 0;
    const auto text = Memory::view(what);
    expect(text.size() == size_of_key(key), "all of it came");
    me.digest += programs::mix(key ^ programs::digest_of(text));
    held& place = hand[step % held_count];
    drop(place);
    place = {key, std::move(what)};
  }
  for (const held& each : hand) drop(each);
}

template <class Memory>
outcome run(std::size_t amount) {
  Memory memory(budget);
  outcome done;
  std::uint64_t hits = 0;
  {
    cache<Memory> entries(memory);
    for (const reader& each : programs::in_parts<reader>(
             done, thread_count, amount, [&](std::uint64_t first, std::uint64_t steps, reader&me) {
               read(entries, first, steps, me);
             })) {
      hits += each.hits;
    }
    expect(entries.thrown_out() != 0, "there was not room for all");
    done.more["thrown_out"] = entries.thrown_out();
  }
  memory.expect_whole();
  expect(hits != 0 && hits < done.requests, "some were there, and some were not");
  done.more["hits"] = static_cast<double>(hits) / static_cast<double>(done.requests);
  return done;
}

}  // namespace

int main(int argc, char** argv) {
  return programs::run_program(
      argc, argv,
      {.name = "byte_cache",
       .request = "look-ups, with what they store",
       .threads = thread_count,
       .brief = 60'000,
       .full = 600'000},
      {{"caiman", run<programs::arena_memory>}, {"shared_vector", run<programs::vector_memory>}});
}
