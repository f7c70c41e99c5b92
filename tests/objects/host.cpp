// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// host.cpp: one arena, used by a host and by its plugins
//
// `host [global] [linked] PLUGIN...` loads the plugins, or is linked to the first one, and lets
// every object in turn build what all of them use. It ends with 0 and a line, or with 1 and what
// was wrong first. `host close-early PLUGIN` closes the object that built an arena which lives, and
// `host leave PLUGIN` ends with one there, and with a block of it in use.
// `host hook PLUGIN` sets a hook, and `host hooks PLUGIN` has the plugin set one, too; then code of
// the plugin releases what is free. A `-` for the plugin is the one that it is linked to.
// ---------------------------------------------------------------------------------------------
#include <dlfcn.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "object.hpp"

namespace {

using objects::api;
using objects::fault;
constexpr std::size_t total = 1 << 16;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "host: %s\n", what);
  std::_Exit(1);
}
void require(fault found) { require(found == nullptr, found); }

/// Of a thread: the same whichever object asks. Of two threads that live: never the same.
void slots_are_the_threads_own(const api& builder, const std::vector<const api*>& all) {
  const auto blocks = builder.build_buddy(6);
  const unsigned ours = builder.slot(*blocks);
  for (const api* object : all) {
    unsigned theirs = ours;
    std::thread([&] { theirs = object->slot(*blocks); }).join();
    require(theirs != ours, "two threads have one slot");
  }
  for (const api* object : all) require(object->slot(*blocks) == ours, "a thread has two slots");
}

bool is_whole(const caiman::async_buddy_arena& arena) {
  return arena.metrics().bytes_live == 0 && arena.try_allocate(arena.total_size()).has_value();
}

void buffers_cross(const api& builder, const std::vector<const api*>& all) {
  const caiman::async_buddy_arena arena = builder.build(total);
  objects::mailbox mail;
  std::vector<fault> found(2 * all.size(), nullptr);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < found.size(); ++i) {
    threads.emplace_back([&, i] {
      const api& object = *all[i / 2];
      const auto seed = static_cast<unsigned>(i);
      const auto calls = i % 2 == 0 ? object.churn : object.churn_in_a_thread;
      found[i] = calls(arena, mail, seed);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const fault each : found) require(each);
  for (auto& slot : mail.slots) delete slot.exchange(nullptr);
  require(is_whole(arena), "blocks were lost");
}

void waiters_cross(const api& builder, const std::vector<const api*>& all) {
  const caiman::async_buddy_arena arena = builder.build(total);
  std::vector<fault> found(all.size(), nullptr);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < all.size(); ++i) {
    threads.emplace_back([&, i] { found[i] = all[i]->wait(arena, total, 300); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const fault each : found) require(each);
  std::atomic<int> served{0};
  auto held = arena.try_allocate(total);
  for (int i = 0; i < 50; ++i) {
    for (const api* object : all) object->suspend(arena, total, served);
  }
  require(held.has_value() && served == 0, "a waiter was served too soon");
  std::move(*held).abandon();
  require(served == 50 * static_cast<int>(all.size()), "a coroutine was forgotten");
  require(is_whole(arena), "blocks were lost among waiters");
}

void arenas_end_once(const api& builder, const api& other) {
  alignas(64) static std::array<std::byte, 4096> region;
  std::atomic<int> ended{0};
  std::optional<caiman::bytes> last;
  {
    caiman::buddy_arena arena = builder.lend(region, ended);
    std::optional<caiman::buffer> held(arena.allocate(100).value());
    last = std::move(*held).freeze(0, 10).value();
    std::thread([gone = std::move(arena)] {}).join();
  }
  require(ended == 0, "an arena ended under live bytes");
  const auto blocks = other.build_buddy(3);  // other code runs in between
  last.reset();
  require(ended == 1, "an arena did not end, or ended twice");
}

void* load(const char* path, int how) {
  void* const opened = dlopen(path, RTLD_NOW | how);
  require(opened != nullptr, opened == nullptr ? dlerror() : "");
  return opened;
}

const api* object_of(void* opened) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as dlsym has it
  const auto get = reinterpret_cast<const api* (*)()>(dlsym(opened, "caiman_test_object"));
  require(get != nullptr, "a plugin without the function");
  return get();
}

/// A plugin that built nothing is closed; what its threads kept at hand is still there.
void plugins_may_go(const api& builder, std::vector<void*> opened) {
  const caiman::async_buddy_arena arena = builder.build(total);
  objects::mailbox mail;
  for (void* const each : opened) require(object_of(each)->churn_in_a_thread(arena, mail, 7));
  for (void* const each : opened) require(dlclose(each) == 0, "dlclose failed");
  for (auto& slot : mail.slots) delete slot.exchange(nullptr);
  require(objects::mine.churn_in_a_thread(arena, mail, 8));
  for (auto& slot : mail.slots) delete slot.exchange(nullptr);
  require(is_whole(arena), "blocks were lost with a plugin");
}

int close_early(const char* path) {
  void* const opened = load(path, RTLD_LOCAL);
  const caiman::async_buddy_arena arena = object_of(opened)->build(total);
  dlclose(opened);
  std::puts("not closed");
  std::fflush(stdout);
  std::_Exit(0);
}

#if defined(LINKED)
extern "C" const objects::api* caiman_test_object();
#endif

const api* linked_or(const char* path) {
#if defined(LINKED)
  if (std::string_view(path) == "-") return caiman_test_object();
#endif
  return object_of(load(path, RTLD_LOCAL));
}

int leave(const char* path) {
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): for ever, as a thread that is never joined
  const auto* const arena = new caiman::async_buddy_arena(linked_or(path)->build(total));
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory)
  const auto* const held = new caiman::buffer(arena->try_allocate(1).value());
  return held->capacity() != 0 ? 0 : 1;
}

void host_is_told(const char* /*line*/) noexcept { std::fputs("the host is told\n", stderr); }
void plugin_is_told(const char* /*line*/) noexcept { std::fputs("the plugin is told\n", stderr); }

int misuse(std::string_view how, const char* path) {
  const api* const plugin = linked_or(path);
  objects::mine.set_hook(host_is_told);
  if (how == "hooks") plugin->set_hook(plugin_is_told);
  plugin->misuse();
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "close-early") return close_early(argv[2]);
  if (argc == 3 && std::string_view(argv[1]) == "leave") return leave(argv[2]);
  if (argc == 3 && std::string_view(argv[1]).starts_with("hook")) return misuse(argv[1], argv[2]);
  int how = RTLD_LOCAL;
  std::vector<const api*> all{&objects::mine};
#if defined(LINKED)
  all.push_back(caiman_test_object());
#endif
  std::vector<void*> opened;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "global") {
      how = RTLD_GLOBAL;
    } else {
      opened.push_back(load(argv[i], how));
      all.push_back(object_of(opened.back()));
    }
  }
  require(all.size() > 1, "no plugin");
  for (const api* builder : all) {
    slots_are_the_threads_own(*builder, all);
    buffers_cross(*builder, all);
    waiters_cross(*builder, all);
    arenas_end_once(*builder, *all.back());
  }
  plugins_may_go(objects::mine, std::move(opened));
  std::printf("%zu objects: right\n", all.size());
  return 0;
}
