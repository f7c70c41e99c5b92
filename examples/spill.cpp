// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// spill.cpp: a message that turned out to be longer than its buffer
//
// With auto_spill a buffer that is written past its capacity moves to the heap and gives its block
// back at once. Without it the write fails as a whole.
// ---------------------------------------------------------------------------------------------
#include <caiman/arena.hpp>
#include <cstdio>
#include <span>
#include <string>
#include <utility>

#include "expect.hpp"

int main() {
  const auto geometry = caiman::buddy_geometry::exact(std::size_t{64} * 1024, 256);
  expect(geometry.has_value(), "sizes that are powers of two");

  const auto spills = caiman::buddy_arena::builder(*geometry).auto_spill().build();
  expect(spills.has_value(), "an arena");
  auto message = spills->allocate(256);
  expect(message.has_value(), "a buffer");
  message->put("a header, and then ");
  expect(!message->is_spilled(), "it fits so far");
  const std::string body(1000, 'x');
  message->put(body);  // 981 bytes more than there is room for
  expect(message->is_spilled(), "it has moved to the heap");
  expect(message->written().size() == 19 + body.size(), "nothing was lost");
  expect(spills->metrics().bytes_live == 0, "its block is free again, while the message lives on");
  expect(spills->metrics().spills == 1, "it was counted");
  const caiman::bytes frozen = std::move(*message).freeze();
  expect(frozen.as_string_view() == "a header, and then " + body, "the bytes are the same");

  const auto bounded = caiman::buddy_arena::builder(*geometry).build();
  expect(bounded.has_value(), "an arena");
  auto strict = bounded->allocate(256);
  expect(strict.has_value(), "a buffer");
  const auto written = strict->try_put(std::as_bytes(std::span(body)));
  expect(!written && written.error().remaining == 256 && written.error().requested == 1000,
         "it says how much there was, and how much was asked");
  expect(strict->empty(), "and nothing was written");
  std::printf("spilled at 256 bytes, went on to %zu\n", frozen.size());
}
