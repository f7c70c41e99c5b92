// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// format_test.cpp: a trace comes back as it was, and nothing else comes back
//
// The bytes of both versions are written down once, so that a file of today can be read tomorrow.
// Then everything that can be wrong with a file: cut at every byte, every bit turned, and contents
// with a right checksum and nonsense in them. Relies on Catch2 v2; main is in tests/unit/main.cpp.
// ---------------------------------------------------------------------------------------------
#include "../format.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>

#include "made_up.hpp"

namespace {

using caiman::traces::byte_list;
using caiman::traces::byte_view;
using caiman::traces::checksum;
using caiman::traces::complaint_about;
using caiman::traces::compress;
using caiman::traces::counts_of;
using caiman::traces::decode;
using caiman::traces::decompress;
using caiman::traces::encode;
using caiman::traces::given_back;
using caiman::traces::random_shrinking_trace;
using caiman::traces::random_trace;
using caiman::traces::read_trace;
using caiman::traces::shrunk;
using caiman::traces::taken;
using caiman::traces::trace;
using caiman::traces::trace_of;
using caiman::traces::write_trace;
using Catch::Matchers::Contains;

trace small_trace() {
  trace made = trace_of(2, {taken(0, 1), taken(1, 300), given_back(1, 0), taken(1, 1U << 20U),
                            given_back(0, 2), given_back(0, 1)});
  made.left_out = 200;
  made.resized = 1;
  return made;
}

trace shrinking_trace() {
  return trace_of(2, {taken(0, 300), shrunk(0, 0, 200), taken(1, 7), shrunk(1, 0, 1),
                      given_back(1, 0), shrunk(1, 1, 6)});
}

// What the checksum stands for, and the checksum.
byte_list sealed(byte_list content) {
  const std::uint64_t sum = checksum(content);
  for (unsigned i = 0; i < 8; ++i) content.push_back(static_cast<std::uint8_t>(sum >> (8 * i)));
  return content;
}

// A head up to and with left_out and resized, for a name of "n" and 2 threads, and what follows.
byte_list with_head(std::initializer_list<std::uint8_t> rest, std::uint8_t version = 1) {
  byte_list content{'c', 'a', 'i', 'm', 'a', 'n', 't', 'r', version, 0, 1, 'n', 2, 0, 0};
  content.insert(content.end(), rest);
  return sealed(content);
}

std::string refusal(byte_view content) {
  const auto got = decode(content);
  return got ? "it was read" : got.error();
}

std::string complaint(const trace& about) {
  return complaint_about(about).value_or("no complaint");
}

struct folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("trace_format_test." + std::to_string(getpid()));
  folder() { std::filesystem::create_directory(path); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { std::filesystem::remove_all(path); }
};

void write_bytes(const std::filesystem::path& to, byte_view what) {
  std::ofstream(to, std::ios::binary)
      .write(reinterpret_cast<const char*>(what.data()), static_cast<std::streamsize>(what.size()));
}

}  // namespace

TEST_CASE("a trace comes back as it was") {
  const trace given = GENERATE(small_trace(), trace_of(0, {}), random_trace(1, 3000, 1),
                               random_trace(9, 20000, 2, 1U << 20U), shrinking_trace(),
                               random_shrinking_trace(3, 5000, 3));
  const auto content = encode(given);
  REQUIRE(content);
  const auto file = compress(*content);
  REQUIRE(file);
  const auto again = decompress(*file, content->size());
  REQUIRE(again);
  REQUIRE(*again == *content);
  const auto got = decode(*again);
  REQUIRE(got);
  CHECK(*got == given);
}

TEST_CASE("these are the bytes of version 1") {
  const byte_list expected = sealed({'c', 'a',  'i', 'm', 'a',  'n',  't',  'r', 1, 0,  //
                                     7,   'b',  'y', '-', 'h',  'a',  'n',  'd',        //
                                     2,   0xc8, 1,   1,   6,                            // to events
                                     3,   0,    1,   1,   3,    0,    2,                // runs
                                     0,   0xd6, 4,   3,   0xfe, 0xff, 0x7f, 1,   3});
  const auto content = encode(small_trace());
  REQUIRE(content);
  CHECK(*content == expected);
}

TEST_CASE("these are the bytes of version 2, which a block that shrinks takes") {
  const byte_list expected = sealed({'c',  'a', 'i', 'm',  'a', 'n', 't', 'r', 2, 0,  //
                                     7,    'b', 'y', '-',  'h', 'a', 'n', 'd',        //
                                     2,    0,   0,   6,    2,   0,   2,   1,   4,     // to runs
                                     0xac, 9,   2,   0xc7, 1,   24,  6,   0,          //
                                     5,    2,   5});
  const auto content = encode(shrinking_trace());
  REQUIRE(content);
  CHECK(*content == expected);
}

TEST_CASE("the checksum is FNV-1a of 64 bits") {
  CHECK(checksum({}) == 0xcbf29ce484222325U);
  CHECK(checksum(byte_list{'a'}) == 0xaf63dc4c8601ec8cU);
  CHECK(checksum(byte_list{'f', 'o', 'o', 'b', 'a', 'r'}) == 0x85944171f73967e8U);
}

TEST_CASE("what can be counted in a trace") {
  const auto counts = counts_of(small_trace());
  CHECK(counts.allocations == 3);
  CHECK(counts.releases == 3);
  CHECK(counts.foreign_releases == 3);
  CHECK(counts.asked_bytes == 1 + 300 + (1U << 20U));
  CHECK(counts.peak_live_bytes == 300 + (1U << 20U));
  CHECK(counts.peak_live_blocks == 2);
  CHECK(counts.largest_bytes == 1U << 20U);
}

TEST_CASE("what is left of a block that shrank is what counts") {
  const auto counts = counts_of(shrinking_trace());
  CHECK(counts.allocations == 2);
  CHECK(counts.releases == 1);
  CHECK(counts.shrinkings == 3);
  CHECK(counts.asked_bytes == 307);
  CHECK(counts.shrunk_bytes == 100 + 199 + 1);
  CHECK(counts.peak_live_bytes == 300);
  CHECK(counts_of(trace_of(1, {taken(0, 300), shrunk(0, 0, 200), taken(0, 150)})).peak_live_bytes ==
        350);
}

TEST_CASE("a trace that makes no sense is neither written nor read") {
  CHECK(complaint(small_trace()) == "no complaint");
  // A release before the allocation, and a second one.
  CHECK(complaint(trace_of(1, {given_back(0, 0), taken(0, 8)})) ==
        "event 0 releases block 0, which is not allocated yet");
  CHECK(complaint(trace_of(1, {taken(0, 8), given_back(0, 0), given_back(0, 0)})) ==
        "event 2 releases block 0, which was released before");
  CHECK(complaint(trace_of(1, {taken(0, 0)})) ==
        "event 0 asks for 0 bytes, and 1 to 1048576 can be asked for");
  CHECK_THAT(complaint(trace_of(1, {taken(0, (1U << 20U) + 1)})), Contains("asks for 1048577"));
  CHECK(complaint(trace_of(1, {taken(1, 8)})) == "event 0 is of thread 1, and there are 1");
  CHECK(complaint(trace_of(2, {taken(1, 8)})) == "thread 0 has no event");
  CHECK_THAT(complaint(trace_of(5000, {})), Contains("5000 threads"));
  CHECK(complaint(shrinking_trace()) == "no complaint");
  CHECK(complaint(trace_of(1, {shrunk(0, 0, 8), taken(0, 9)})) ==
        "event 0 shrinks block 0, which is not allocated yet");
  CHECK(complaint(trace_of(1, {taken(0, 9), given_back(0, 0), shrunk(0, 0, 8)})) ==
        "event 2 shrinks block 0, which was released before");
  CHECK(complaint(trace_of(1, {taken(0, 9), shrunk(0, 0, 10)})) ==
        "event 1 shrinks block 0 to 10 bytes, and it has 9");
  CHECK(complaint(trace_of(1, {taken(0, 9), shrunk(0, 0, 5), shrunk(0, 0, 5)})) ==
        "event 2 shrinks block 0 to 5 bytes, and it has 5");
  CHECK(complaint(trace_of(1, {taken(0, 9), shrunk(0, 0, 0)})) ==
        "event 1 shrinks block 0 to 0 bytes, and it has 9");
  trace odd = small_trace();
  odd.resized = 4;
  CHECK(complaint(odd) == "4 reallocs, but 3 allocations");
  for (const std::string& name : {std::string{}, std::string(101, 'x'), std::string("a b")}) {
    odd = small_trace();
    odd.name = name;
    CHECK_THAT(complaint(odd), Contains("its name is not"));
    CHECK_FALSE(encode(odd));
  }
}

TEST_CASE("a content that is cut off anywhere is refused") {
  const byte_list content = encode(GENERATE(small_trace(), shrinking_trace())).value();
  for (std::size_t length = 0; length < content.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(decode(byte_view(content).first(length)));
  }
}

TEST_CASE("a content with one bit turned is refused") {
  const byte_list content = encode(GENERATE(small_trace(), shrinking_trace())).value();
  for (std::size_t bit = 0; bit < 8 * content.size(); ++bit) {
    CAPTURE(bit);
    byte_list turned = content;
    turned[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    CHECK_FALSE(decode(turned));
  }
}

TEST_CASE("with a right checksum, what is read makes sense all the same") {
  byte_list content = encode(GENERATE(small_trace(), shrinking_trace())).value();
  content.resize(content.size() - 8);
  std::size_t read = 0;
  for (std::size_t at = 0; at < content.size(); ++at) {
    for (unsigned value = 0; value < 256; ++value) {
      byte_list changed = content;
      changed[at] = static_cast<std::uint8_t>(value);
      const auto got = decode(sealed(changed));
      if (!got) continue;
      ++read;
      CHECK(complaint(*got) == "no complaint");
      CHECK(encode(*got) == sealed(changed));  // there is one way only to write a trace
    }
    CHECK_FALSE(decode(
        sealed(byte_list(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(at)))));
  }
  CHECK(read > content.size());
}

TEST_CASE("each way in which a content can be wrong has its words") {
  CHECK(refusal({}) == "it is not a trace");
  CHECK(refusal(sealed({'c', 'a', 'i', 'm', 'a', 'n', 't', 's', 1, 0})) == "it is not a trace");
  CHECK(refusal(sealed({'c', 'a', 'i', 'm', 'a', 'n', 't', 'r', 3, 0})) ==
        "it is of version 3, and versions 1 and 2 can be read");
  CHECK(refusal(sealed({'c', 'a', 'i', 'm', 'a', 'n', 't', 'r', 1, 0})) == "it ends in the middle");
  // events, runs, (thread, length)..., events
  CHECK(refusal(with_head({2, 2, 0, 1, 1, 1, 14, 1})) == "it was read");
  CHECK(refusal(with_head({2, 2, 0, 1, 1, 1, 14})) == "it ends in the middle");
  CHECK(refusal(with_head({2, 2, 0, 1, 1, 1, 14, 3})) ==
        "event 1 releases a block before the first one");
  CHECK(refusal(with_head({2, 2, 0, 1, 1, 1, 14, 1, 0})) ==
        "there are bytes behind its last event");
  CHECK(refusal(with_head({2, 2, 0, 1, 1, 0, 14, 1})) == "a run has no events");
  CHECK(refusal(with_head({2, 1, 0, 1, 14, 1, 9, 9})) == "its runs do not cover its events");
  CHECK_THAT(refusal(with_head({2, 1, 0, 3, 14, 1})), Contains("a run's length is 3"));
  CHECK_THAT(refusal(with_head({2, 3, 0, 1, 1, 1, 14, 1})), Contains("the number of runs is 3"));
  CHECK_THAT(refusal(with_head({2, 2, 0, 1, 2, 1, 14, 1})), Contains("is of thread 2"));
  CHECK(refusal(with_head({2, 2, 1, 1, 1, 1, 14, 1})) == "two runs on end are of one thread");
  // Numbers that would not fit into memory, or into a number.
  CHECK_THAT(refusal(with_head({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 2, 0})),
             Contains("the number of events is 72057594037927935"));
  CHECK_THAT(refusal(with_head({2, 2, 0, 1, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x7f, 1})),
             Contains("asks for 2147483649 bytes"));
  CHECK(refusal(with_head({0x82, 0, 2, 0, 1, 1, 1, 14, 1})) == "a number in it has no proper form");
  CHECK(refusal(with_head({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2})) ==
        "a number in it has no proper form");
}

TEST_CASE("so has each way in which one of version 2 can be") {
  // Two threads; a block of 8 bytes, and what becomes of it.
  CHECK(refusal(with_head({2, 2, 0, 1, 1, 1, 28, 2, 4}, 2)) == "it was read");
  CHECK(refusal(with_head({2, 2, 0, 1, 1, 1, 28, 2}, 2)) == "it ends in the middle");
  CHECK(refusal(with_head({2, 2, 0, 1, 1, 1, 28, 3, 4}, 2)) ==
        "event 1 is of kind 3, which there is not");
  CHECK(refusal(with_head({2, 2, 0, 1, 1, 1, 28, 6, 4}, 2)) ==
        "event 1 shrinks a block before the first one");
  CHECK(refusal(with_head({2, 2, 0, 1, 1, 1, 28, 5}, 2)) ==
        "event 1 releases a block before the first one");
  CHECK(refusal(with_head({2, 2, 0, 1, 1, 1, 28, 2, 8}, 2)) ==
        "event 1 shrinks block 0 to 9 bytes, and it has 8");
  CHECK_THAT(refusal(with_head({2, 2, 0, 1, 1, 1, 28, 2, 0xff, 0xff, 0xff, 0xff, 0x7f}, 2)),
             Contains("shrinks block 0 to 2147483649 bytes"));
  CHECK(refusal(with_head({2, 2, 0, 1, 1, 1, 28, 1}, 2)) == "no block shrinks in its version 2");
}

TEST_CASE("a compressed file that is cut off anywhere is refused") {
  const byte_list file = compress(encode(random_trace(2, 200, 3)).value()).value();
  for (std::size_t length = 0; length < file.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(decompress(byte_view(file).first(length), 100'000));
  }
}

TEST_CASE("a compressed file with one bit turned never gives another trace") {
  const trace given = random_trace(2, 200, 3);
  const byte_list file = compress(encode(given).value()).value();
  for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
    CAPTURE(bit);
    byte_list turned = file;
    turned[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto content = decompress(turned, 100'000);
    if (!content) continue;
    const auto got = decode(*content);
    if (got) CHECK(*got == given);  // a bit that says nothing about the content
  }
}

TEST_CASE("a compressed file is one frame of limited content") {
  const byte_list content(1000, 7);
  byte_list file = compress(content).value();
  CHECK(decompress(file, 1000).value() == content);
  CHECK_FALSE(decompress(file, 999));
  file.push_back(0);
  CHECK_THAT(decompress(file, 1000).error(), Contains("bytes behind its end"));
}

TEST_CASE("files are written whole or not at all, and errors name them") {
  const folder scratch;
  const auto file = scratch.path / "a.trace.zst";
  REQUIRE(write_trace(file, small_trace()));
  CHECK(read_trace(file).value() == small_trace());

  CHECK_THAT(read_trace(scratch.path / "b").error(), Contains("b': cannot be read: No such file"));
  CHECK_THAT(read_trace(scratch.path).error(), Contains("cannot be read"));
  write_bytes(scratch.path / "c", byte_list{'n', 'o'});
  CHECK_THAT(read_trace(scratch.path / "c").error(), Contains("not zstd"));
  write_bytes(scratch.path / "d", compress(byte_list{'n', 'o'}).value());
  CHECK_THAT(read_trace(scratch.path / "d").error(), Contains("d': it is not a trace"));

  CHECK_THAT(write_trace(scratch.path / "e", trace_of(1, {given_back(0, 0)})).error(),
             Contains("e': not written: event 0"));
  CHECK_THAT(write_trace(scratch.path / "none" / "e", small_trace()).error(),
             Contains("cannot be written"));
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(scratch.path)) {
    ++files;
  }
  CHECK(files == 3);
}
