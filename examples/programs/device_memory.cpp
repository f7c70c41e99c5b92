// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// device_memory.cpp: buffers of a Vulkan device that come and go, on two threads
//
// Each thread holds some buffers and replaces one after the other: the driver says how much memory
// a new one needs and how it is aligned, a range is found, bound and written. Before a buffer goes,
// its bytes are still what they were. The ranges lie in one allocation of the driver's, and an
// offset_allocator finds them, whose ranges take whole min units or whole blocks; or each buffer
// has an allocation of its own; or, where its header is installed, the virtual block of AMD's
// Vulkan Memory Allocator finds them, behind a mutex, since it asks for one. Relies on a driver of
// Vulkan, such as Mesa's lavapipe.
// ---------------------------------------------------------------------------------------------
#include <array>
#include <caiman/offset_allocator.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include "../vulkan_device.hpp"
#include "memory.hpp"
#include "program.hpp"
#if __has_include(<vk_mem_alloc.h>)
#define VMA_IMPLEMENTATION
#include <vk_mem_alloc.h>
#endif

namespace {

using programs::outcome;

constexpr VkDeviceSize heap_size = 32 << 20;
constexpr VkDeviceSize min_unit = 256;
constexpr unsigned thread_count = 2;
constexpr std::size_t held_count = 512;  // of a thread

/// Where a buffer lies.
template <class Range>
struct place {
  VkDeviceMemory memory = VK_NULL_HANDLE;
  VkDeviceSize offset = 0;
  std::byte* at = nullptr;
  Range range{};
};

template <caiman::tail_policy Tails>
class caiman_ranges {
 public:
  using range = std::size_t;

  explicit caiman_ranges(const vulkan::device& on) : memory_(on.handle, on.type, heap_size) {}

  place<range> take(const VkMemoryRequirements& needs) {
    const auto got = ranges_.allocate(needs.size, needs.alignment);
    expect(got.has_value(), "there is room");
    return {memory_.handle, got->offset, memory_.mapped + got->offset, got->offset};
  }
  void give_back(const place<range>& of) { ranges_.release(of.range); }
  void expect_whole() const {
    expect(ranges_.statistics().largest_free == heap_size, "all of it is one range again");
  }

 private:
  vulkan::device_memory memory_;
  caiman::offset_allocator ranges_ =
      caiman::offset_allocator::make(heap_size, min_unit, Tails).value();
};

/// An allocation of the driver's for each buffer.
class driver_memory {
 public:
  using range = std::unique_ptr<vulkan::device_memory>;

  explicit driver_memory(const vulkan::device& on) : on_(on) {}

  place<range> take(const VkMemoryRequirements& needs) const {
    auto made = std::make_unique<vulkan::device_memory>(on_.handle, on_.type, needs.size);
    return {made->handle, 0, made->mapped, std::move(made)};
  }
  static void give_back(const place<range>& /*of*/) {}  // it goes by itself
  static void expect_whole() {}

 private:
  const vulkan::device& on_;
};

#ifdef AMD_VULKAN_MEMORY_ALLOCATOR_H
class vma_ranges {
 public:
  using range = VmaVirtualAllocation;

  explicit vma_ranges(const vulkan::device& on) : memory_(on.handle, on.type, heap_size) {
    VmaVirtualBlockCreateInfo info{};
    info.size = heap_size;
    vulkan::check(vmaCreateVirtualBlock(&info, &block_), "a virtual block");
  }
  vma_ranges(const vma_ranges&) = delete;
  vma_ranges& operator=(const vma_ranges&) = delete;
  ~vma_ranges() { vmaDestroyVirtualBlock(block_); }

  place<range> take(const VkMemoryRequirements& needs) {
    VmaVirtualAllocationCreateInfo info{};
    info.size = needs.size;
    info.alignment = needs.alignment;
    range got = VK_NULL_HANDLE;
    VkDeviceSize offset = 0;
    const std::lock_guard lock(mutex_);
    vulkan::check(vmaVirtualAllocate(block_, &info, &got, &offset), "there is room");
    return {memory_.handle, offset, memory_.mapped + offset, got};
  }
  void give_back(const place<range>& of) {
    const std::lock_guard lock(mutex_);
    vmaVirtualFree(block_, of.range);
  }
  void expect_whole() const {
    expect(vmaIsVirtualBlockEmpty(block_) == VK_TRUE, "all ranges came back");
  }

 private:
  vulkan::device_memory memory_;
  VmaVirtualBlock block_ = VK_NULL_HANDLE;
  std::mutex mutex_;
};
#endif

template <class Memory>
class holder {
 public:
  holder(const vulkan::device& on, Memory& memory, programs::part& mine)
      : device_(on.handle), memory_(memory), mine_(mine) {}

  void replace(std::uint64_t key) {
    held& here = held_[key % held_count];
    drop(here);
    const std::size_t size = programs::size_for(key, 256, 16384);
    const auto start = programs::clock::now();
    VkBuffer buffer = vulkan::make_buffer(device_, size);
    VkMemoryRequirements needs;
    vkGetBufferMemoryRequirements(device_, buffer, &needs);
    auto where = memory_.take(needs);
    vulkan::check(vkBindBufferMemory(device_, buffer, where.memory, where.offset), "bound");
    mine_.latencies.add(programs::nanoseconds(programs::clock::now() - start));
    expect(where.offset % needs.alignment == 0, "aligned as the driver asks for");
    const std::span<std::byte> bytes(where.at, size);
    programs::fill(bytes, key);
    here = {key, buffer, std::move(where), bytes};
  }

  void drop_all() {
    for (held& each : held_) drop(each);
  }

 private:
  struct held {
    std::uint64_t key = 0;
    VkBuffer buffer = VK_NULL_HANDLE;
    place<typename Memory::range> where{};
    std::span<std::byte> bytes{};
  };

  void drop(held& old) {
    if (old.buffer == VK_NULL_HANDLE) return;
    expect(programs::holds(old.bytes, old.key), "no buffer was written over by another");
    mine_.digest += programs::mix(old.key ^ old.bytes.size());
    vkDestroyBuffer(device_, old.buffer, nullptr);
    memory_.give_back(old.where);
    old = {};
  }

  VkDevice device_;
  Memory& memory_;
  programs::part& mine_;
  std::array<held, held_count> held_{};
};

template <class Memory>
outcome run(std::size_t amount) {
  const vulkan::device device;
  Memory memory(device);
  outcome done;
  done.more["device"] = device.name();
  programs::in_parts<programs::part>(
      done, thread_count, amount,
      [&](std::uint64_t first, std::uint64_t count, programs::part& mine) {
        holder<Memory> held(device, memory, mine);
        for (std::uint64_t i = 0; i < count; ++i) held.replace(first + i);
        held.drop_all();
      });
  memory.expect_whole();
  return done;
}

}  // namespace

int main(int argc, char** argv) {
  return programs::run_program(
      argc, argv,
      {.name = "device_memory",
       .request = "buffers of a device, each made, bound, written and read",
       .threads = thread_count,
       .brief = 20'000,
       .full = 400'000},
      {{"caiman", run<caiman_ranges<caiman::tail_policy::give_back>>},
       {"caiman_whole", run<caiman_ranges<caiman::tail_policy::keep>>},
#ifdef AMD_VULKAN_MEMORY_ALLOCATOR_H
       {"vma", run<vma_ranges>},
#endif
       {"driver", run<driver_memory>}});
}
