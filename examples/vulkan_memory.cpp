// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// vulkan_memory.cpp: many buffers of a Vulkan device in one allocation of its memory
//
// A driver allows few allocations and makes each of them dear, so a program takes one large piece
// and places its buffers in it, at offsets and alignments that the driver asks for. Three threads
// do so at once; the device copies between what they made, and the bytes are compared. Relies on
// Vulkan 1.0 and any driver, such as lavapipe of Mesa, which needs no device (Debian:
// libvulkan-dev, mesa-vulkan-drivers). Without a driver it says so and ends with 77, which test
// programs take for "skipped".
// ---------------------------------------------------------------------------------------------
#include <vulkan/vulkan.h>

#include <caiman/offset_allocator.hpp>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "expect.hpp"
#include "vulkan_device.hpp"

namespace {

constexpr VkDeviceSize heap_size = 4 << 20;
constexpr VkDeviceSize min_unit = 256;

/// One allocation of the driver's, and the ranges of it.
struct device_heap {
  vulkan::device_memory memory;
  caiman::offset_allocator ranges = caiman::offset_allocator::make(heap_size, min_unit).value();

  explicit device_heap(const vulkan::device& on) : memory(on.handle, on.type, heap_size) {}
};

/// A buffer in a range of the heap; both go with it.
class device_buffer {
 public:
  /// Nothing if the heap has no room.
  static std::optional<device_buffer> make(device_heap& heap, VkDeviceSize size, void* mark) {
    VkBuffer made = vulkan::make_buffer(heap.memory.device, size);
    VkMemoryRequirements needs;
    vkGetBufferMemoryRequirements(heap.memory.device, made, &needs);
    auto place = heap.ranges.allocate_unique(needs.size, needs.alignment, mark);
    if (!place) {
      vkDestroyBuffer(heap.memory.device, made, nullptr);
      return std::nullopt;
    }
    expect(place->get().offset % needs.alignment == 0, "aligned as the driver asks for");
    vulkan::check(
        vkBindBufferMemory(heap.memory.device, made, heap.memory.handle, place->get().offset),
        "bound");
    return device_buffer(heap, made, size, std::move(*place));
  }
  device_buffer(device_buffer&& other) noexcept
      : heap_(other.heap_),
        buffer_(std::exchange(other.buffer_, nullptr)),
        size_(other.size_),
        place_(std::move(other.place_)) {}
  device_buffer& operator=(device_buffer&& other) noexcept {
    std::swap(heap_, other.heap_);
    std::swap(buffer_, other.buffer_);
    std::swap(size_, other.size_);
    swap(place_, other.place_);
    return *this;
  }
  device_buffer(const device_buffer&) = delete;
  device_buffer& operator=(const device_buffer&) = delete;
  ~device_buffer() {
    if (buffer_ != nullptr) vkDestroyBuffer(heap_->memory.device, buffer_, nullptr);
  }

  VkBuffer handle() const { return buffer_; }
  VkDeviceSize size() const { return size_; }
  void fill(unsigned seed) {
    for (VkDeviceSize i = 0; i < size_; ++i) bytes()[i] = pattern(seed, i);
  }
  bool holds(unsigned seed) const {
    for (VkDeviceSize i = 0; i < size_; ++i) {
      if (bytes()[i] != pattern(seed, i)) return false;
    }
    return true;
  }

 private:
  device_buffer(device_heap& heap, VkBuffer made, VkDeviceSize size,
                caiman::offset_allocator::unique_allocation place)
      : heap_(&heap), buffer_(made), size_(size), place_(std::move(place)) {}
  static std::byte pattern(unsigned seed, VkDeviceSize at) {
    return static_cast<std::byte>(37 * VkDeviceSize{seed} + 11 * at + 1);
  }
  std::byte* bytes() const { return heap_->memory.mapped + place_.get().offset; }

  device_heap* heap_;
  VkBuffer buffer_;
  VkDeviceSize size_;
  caiman::offset_allocator::unique_allocation place_;
};

/// The device copies what the first of each pair holds into the second.
void copy_on_device(VkDevice device, std::uint32_t family,
                    const std::vector<std::pair<device_buffer, device_buffer>>& pairs) {
  VkCommandPoolCreateInfo pool_info{};
  pool_info.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
  pool_info.queueFamilyIndex = family;
  VkCommandPool pool = VK_NULL_HANDLE;
  vulkan::check(vkCreateCommandPool(device, &pool_info, nullptr, &pool), "a pool of commands");
  VkCommandBufferAllocateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
  info.commandPool = pool;
  info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  info.commandBufferCount = 1;
  VkCommandBuffer commands = VK_NULL_HANDLE;
  vulkan::check(vkAllocateCommandBuffers(device, &info, &commands), "commands");
  VkCommandBufferBeginInfo begin{};
  begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
  vulkan::check(vkBeginCommandBuffer(commands, &begin), "the commands begin");
  for (const auto& [from, to] : pairs) {
    const VkBufferCopy all{0, 0, from.size()};
    vkCmdCopyBuffer(commands, from.handle(), to.handle(), 1, &all);
  }
  vulkan::check(vkEndCommandBuffer(commands), "the commands end");
  VkSubmitInfo submit{};
  submit.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
  submit.commandBufferCount = 1;
  submit.pCommandBuffers = &commands;
  VkQueue queue = VK_NULL_HANDLE;
  vkGetDeviceQueue(device, family, 0, &queue);
  vulkan::check(vkQueueSubmit(queue, 1, &submit, VK_NULL_HANDLE), "the commands are taken");
  vulkan::check(vkQueueWaitIdle(queue), "the device has run them");
  vkDestroyCommandPool(device, pool, nullptr);
}

using pairs = std::vector<std::pair<device_buffer, device_buffer>>;

/// Pairs of buffers of one thread, the first of each filled. Every other one goes at once, and its
/// room is used again.
pairs make_pairs(device_heap& heap, unsigned thread, int& mark) {
  pairs made;
  for (unsigned i = 0; i < 24; ++i) {
    const VkDeviceSize size = 100 + 1'777 * i + thread;
    auto from = device_buffer::make(heap, size, &mark);
    auto to = device_buffer::make(heap, size, &mark);
    expect(from && to, "the heap has room for three times 48 buffers of at most 64 KiB");
    from->fill(100 * thread + i);
    if (i % 2 == 0) made.emplace_back(std::move(*from), std::move(*to));
  }
  return made;
}

void run(device_heap& heap, std::uint32_t family) {
  constexpr unsigned threads = 3;
  std::vector<pairs> made(threads);
  std::vector<int> marks(threads);
  std::vector<std::thread> workers;
  for (unsigned t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] { made[t] = make_pairs(heap, t, marks[t]); });
  }
  for (std::thread& each : workers) each.join();
  for (const pairs& each : made) copy_on_device(heap.memory.device, family, each);
  for (unsigned t = 0; t < threads; ++t) {
    for (std::size_t i = 0; i < made[t].size(); ++i) {
      const unsigned seed = 100 * t + 2 * static_cast<unsigned>(i);
      expect(made[t][i].first.holds(seed), "no buffer was written over by another");
      expect(made[t][i].second.holds(seed), "the device has copied it");
    }
  }
  // What is live is known without a list of one's own.
  heap.ranges.for_each_live([&](const caiman::offset_allocator::live_range& each) {
    ++*static_cast<int*>(each.user_data);
  });
  for (const int mark : marks) expect(mark == 24, "24 buffers of each thread are live");
  const auto now = heap.ranges.statistics();
  std::printf("%zu buffers in one allocation of %zu KiB: %zu KiB asked for, %zu KiB of waste\n",
              now.live, now.total / 1024, now.asked / 1024, now.waste() / 1024);
  made.clear();
  expect(heap.ranges.statistics().largest_free == heap_size, "all of it is one range again");
}

}  // namespace

int main() {
  const vulkan::device device;
  std::printf("on %s\n", device.name().c_str());
  device_heap heap(device);
  run(heap, device.family);
}
