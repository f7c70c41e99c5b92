// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// pmr_threads.cpp: containers of the standard library in one resource, on several threads
//
// A document is a map of words, each with the places where it stands. A thread builds one, looks
// words up, takes some out, and leaves it for the other thread, which reads and destroys it: what
// one thread has asked for another gives back. The resource is an arena, the pool of the standard
// library, or the heap.
// ---------------------------------------------------------------------------------------------
#include <caiman/resource.hpp>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "memory.hpp"
#include "program.hpp"

namespace {

using programs::outcome;

constexpr unsigned thread_count = 2;
constexpr std::size_t words_per_document = 60;
constexpr std::size_t arena_size = std::size_t{1} << 20U;

using document = std::pmr::map<std::pmr::string, std::pmr::vector<std::uint32_t>>;

/// Some are short enough to need no memory of their own.
std::pmr::string word_for(std::uint64_t number, std::pmr::memory_resource* in) {
  std::pmr::string word(in);
  word = "word-";
  word += std::to_string(number);
  word.append(number % 40, 'x');
  return word;
}

document build(std::uint64_t seed, std::pmr::memory_resource* in) {
  document made(in);
  for (std::size_t i = 0; i < words_per_document; ++i) {
    const std::uint64_t chance = programs::mix(seed + i);
    auto& places = made[word_for(chance % 500, in)];
    const auto count = static_cast<std::uint32_t>(1 + chance % 32);
    for (std::uint32_t place = 0; place < count; ++place) places.push_back(place);
  }
  for (std::size_t i = 0; i < words_per_document; i += 3) {
    made.erase(word_for(programs::mix(seed + i) % 500, in));
  }
  return made;
}

std::uint64_t digest_of(const document& of) {
  std::uint64_t sum = of.size();
  for (const auto& [word, places] : of) {
    sum = programs::mix(sum ^ programs::digest_of(std::as_bytes(std::span(word))));
    sum += programs::digest_of(std::as_bytes(std::span(places)));
  }
  return sum;
}

void write(std::pmr::memory_resource* in, programs::exchange<document>& with, std::uint64_t first,
           std::uint64_t count, programs::part& me) {
  for (std::uint64_t n = first; n < first + count; ++n) {
    const auto start = programs::clock::now();
    const std::optional<document> found = with.swap(build(n << 16U, in), n);
    if (found) me.digest += digest_of(*found);
    me.latencies.add(programs::nanoseconds(programs::clock::now() - start));
  }
}

outcome run(std::size_t amount, std::pmr::memory_resource* in) {
  outcome done;
  programs::exchange<document> between;
  programs::in_parts<programs::part>(
      done, thread_count, amount,
      [&](std::uint64_t first, std::uint64_t count, programs::part& me) {
        write(in, between, first, count, me);
      });
  for (const auto& left : between.places()) done.digest += left ? digest_of(*left) : 0;
  return done;
}

outcome run_caiman(std::size_t amount) {
  const programs::arena_memory memory(arena_size, 64);
  caiman::buddy_resource resource(memory.arena());
  outcome done = run(amount, &resource);  // with no upstream: all is served, or it throws
  memory.expect_whole();
  return done;
}

outcome run_pool(std::size_t amount) {
  std::pmr::synchronized_pool_resource pool(std::pmr::new_delete_resource());
  return run(amount, &pool);
}

outcome run_heap(std::size_t amount) { return run(amount, std::pmr::new_delete_resource()); }

}  // namespace

int main(int argc, char** argv) {
  return programs::run_program(
      argc, argv,
      {.name = "pmr_threads",
       .request = "documents built, passed on and read",
       .threads = thread_count,
       .brief = 4'000,
       .full = 60'000},
      {{"caiman", run_caiman}, {"pool", run_pool}, {"new_delete", run_heap}});
}
