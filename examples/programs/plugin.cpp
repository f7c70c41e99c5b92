// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// plugin.cpp: a plugin allocates from its host's arena, and gives back into it
//
// Two threads hand packed records to a plugin that was loaded with dlopen, and get them unpacked;
// what is packed the plugin gives back, what is unpacked the host does, half of it on the other
// thread, and the last few the plugin holds for itself. At the end the plugin is closed, and the
// arena is whole. Beside it: malloc, and a function of the plugin that frees. Relies on zstd, and
// on plugin_object.cpp beside the program.
// ---------------------------------------------------------------------------------------------
#include <dlfcn.h>
#include <zstd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "memory.hpp"
#include "plugin.hpp"
#include "program.hpp"

namespace {

using programs::outcome;
using programs::piece;
using programs::plugin_api;

constexpr unsigned thread_count = 2;
constexpr std::size_t record_count = 64;
constexpr std::size_t arena_size = std::size_t{1} << 20U;

struct record {
  std::vector<std::byte> text, packed;
};

/// Lines that are alike, as in a log.
std::vector<record> records() {
  std::vector<record> all(record_count);
  for (std::size_t key = 0; key < all.size(); ++key) {
    record& one = all[key];
    one.text.resize(programs::size_for(key, 1024, 16384));
    for (std::size_t at = 0; at < one.text.size(); at += 128) {
      const std::span line = std::span(one.text).subspan(at);
      programs::fill(line.first(std::min<std::size_t>(line.size(), 120)), key);
    }
    one.packed.resize(ZSTD_compressBound(one.text.size()));
    one.packed.resize(
        ZSTD_compress(one.packed.data(), one.packed.size(), one.text.data(), one.text.size(), 1));
  }
  return all;
}

class loaded_plugin {
 public:
  loaded_plugin() {
    const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    opened_ = dlopen((here / "program-plugin-object.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    expect(opened_ != nullptr, "the plugin lies beside the program");
    const auto entry =
        reinterpret_cast<const plugin_api* (*)()>(dlsym(opened_, programs::plugin_entry));
    expect(entry != nullptr, "it has the function");
    api_ = entry();
  }
  loaded_plugin(const loaded_plugin&) = delete;
  loaded_plugin& operator=(const loaded_plugin&) = delete;
  ~loaded_plugin() { expect(dlclose(opened_) == 0, "it can be closed"); }
  const plugin_api& operator*() const { return *api_; }

 private:
  void* opened_ = nullptr;
  const plugin_api* api_ = nullptr;
};

/// Frozen bytes in the host's arena.
class with_arena {
 public:
  using unpacked = caiman::bytes;
  explicit with_arena(const plugin_api& plugin) : plugin_(&plugin) {}

  unpacked unpack(programs::unpacker* by, const record& one) {
    auto buffer = memory_.arena().allocate(one.packed.size());
    expect(buffer.has_value(), "there is room");
    buffer->put(one.packed);  // as it comes from elsewhere
    return plugin_->unpack(by, memory_.arena(), std::move(*buffer).freeze());
  }
  static std::span<const std::byte> view(const unpacked& of) { return of; }
  void expect_whole() const { memory_.expect_whole(); }

 private:
  const plugin_api* plugin_;
  programs::arena_memory memory_{arena_size};
};

/// malloc on both sides.
class with_heap {
 public:
  struct freer {
    const plugin_api* plugin = nullptr;
    std::size_t size = 0;
    void operator()(std::byte* data) const { plugin->give_back({data, size}); }
  };
  using unpacked = std::unique_ptr<std::byte, freer>;
  explicit with_heap(const plugin_api& plugin) : plugin_(&plugin) {}

  unpacked unpack(programs::unpacker* by, const record& one) {
    // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): the plugin frees it
    const piece packed{static_cast<std::byte*>(std::malloc(one.packed.size())), one.packed.size()};
    expect(packed.data != nullptr, "there is memory");
    std::ranges::copy(one.packed, packed.data);
    const piece made = plugin_->unpack_to_heap(by, packed);
    return {made.data, freer{plugin_, made.size}};
  }
  static std::span<const std::byte> view(const unpacked& of) {
    return {of.get(), of.get_deleter().size};
  }
  void expect_whole() const {}

 private:
  const plugin_api* plugin_;
};

template <class Memory>
void work(Memory& memory, const plugin_api& plugin, const std::vector<record>& all,
          programs::exchange<typename Memory::unpacked>& with, std::uint64_t first,
          std::uint64_t count, programs::part& me) {
  programs::unpacker* const by = plugin.open();
  for (std::uint64_t n = first; n < first + count; ++n) {
    const record& one = all[programs::mix(n) % all.size()];
    const auto start = programs::clock::now();
    auto made = memory.unpack(by, one);
    const auto text = Memory::view(made);
    expect(std::ranges::equal(text, one.text), "it is what was packed");
    me.digest += programs::mix(n ^ programs::digest_of(text));
    if (n % 2 == 0) with.swap(std::move(made), n / 2);  // what was there ends on this thread
    me.latencies.add(programs::nanoseconds(programs::clock::now() - start));
  }
  plugin.close(by);
}

template <class Memory>
outcome run(std::size_t amount) {
  const std::vector<record> all = records();
  auto plugin = std::make_unique<loaded_plugin>();
  Memory memory(**plugin);
  programs::exchange<typename Memory::unpacked> between;
  outcome done;
  programs::in_parts<programs::part>(
      done, thread_count, amount,
      [&](std::uint64_t first, std::uint64_t count, programs::part& me) {
        work(memory, **plugin, all, between, first, count, me);
      });
  for (auto& left : between.places()) left.reset();
  plugin.reset();
  memory.expect_whole();
  return done;
}

}  // namespace

int main(int argc, char** argv) {
  return programs::run_program(argc, argv,
                               {.name = "plugin",
                                .request = "records that a plugin unpacks",
                                .threads = thread_count,
                                .brief = 20'000,
                                .full = 200'000},
                               {{"caiman", run<with_arena>}, {"malloc", run<with_heap>}});
}
