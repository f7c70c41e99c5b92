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
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "expect.hpp"

namespace {

constexpr VkDeviceSize heap_size = 4 << 20;
constexpr VkDeviceSize min_unit = 256;
constexpr VkBufferUsageFlags usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                     VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                                     VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT;

void check(VkResult result, const char* what) { expect(result == VK_SUCCESS, what); }

[[noreturn]] void skip(const char* why) {
  std::printf("not run: %s\n", why);
  std::fflush(stdout);
  std::quick_exit(77);
}

VkInstance make_instance() {
  const VkApplicationInfo application{.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                      .pNext = nullptr,
                                      .pApplicationName = "caiman",
                                      .applicationVersion = 1,
                                      .pEngineName = nullptr,
                                      .engineVersion = 0,
                                      .apiVersion = VK_API_VERSION_1_0};
  VkInstanceCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
  info.pApplicationInfo = &application;
  VkInstance made = VK_NULL_HANDLE;
  if (vkCreateInstance(&info, nullptr, &made) == VK_ERROR_INCOMPATIBLE_DRIVER) {
    skip("Vulkan has no driver here (mesa-vulkan-drivers has one)");
  }
  expect(made != VK_NULL_HANDLE, "an instance");
  return made;
}

/// One that runs on the processor, if there is one: it is the same everywhere.
VkPhysicalDevice choose_device(VkInstance instance) {
  std::uint32_t count = 0;
  vkEnumeratePhysicalDevices(instance, &count, nullptr);
  std::vector<VkPhysicalDevice> all(count);
  if (count == 0) skip("Vulkan has no device here (mesa-vulkan-drivers has one)");
  check(vkEnumeratePhysicalDevices(instance, &count, all.data()), "the devices");
  VkPhysicalDevice chosen = all.front();
  for (VkPhysicalDevice each : all) {
    VkPhysicalDeviceProperties properties;
    vkGetPhysicalDeviceProperties(each, &properties);
    if (properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU) chosen = each;
  }
  VkPhysicalDeviceProperties properties;
  vkGetPhysicalDeviceProperties(chosen, &properties);
  std::printf("on %s\n", properties.deviceName);
  return chosen;
}

/// A family of queues that can copy: all that draw or compute can.
std::uint32_t queue_family(VkPhysicalDevice device) {
  std::uint32_t count = 0;
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
  std::vector<VkQueueFamilyProperties> all(count);
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, all.data());
  for (std::uint32_t i = 0; i < count; ++i) {
    if ((all[i].queueFlags & (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT)) != 0) return i;
  }
  skip("no queue of the device copies");
}

VkDevice make_device(VkPhysicalDevice physical, std::uint32_t family) {
  const float priority = 1;
  VkDeviceQueueCreateInfo queue{};
  queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
  queue.queueFamilyIndex = family;
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;
  VkDeviceCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queue;
  VkDevice made = VK_NULL_HANDLE;
  check(vkCreateDevice(physical, &info, nullptr, &made), "a device");
  return made;
}

VkBuffer make_buffer(VkDevice device, VkDeviceSize size) {
  VkBufferCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
  info.size = size;
  info.usage = usage;
  info.sharingMode = VK_SHARING_MODE_EXCLUSIVE;
  VkBuffer made = VK_NULL_HANDLE;
  check(vkCreateBuffer(device, &info, nullptr, &made), "a buffer");
  return made;
}

/// A type of memory that the processor sees without being told, for buffers of such a use.
std::uint32_t memory_type(VkPhysicalDevice physical, VkDevice device) {
  VkBuffer sample = make_buffer(device, 1);
  VkMemoryRequirements needs;
  vkGetBufferMemoryRequirements(device, sample, &needs);
  vkDestroyBuffer(device, sample, nullptr);
  VkPhysicalDeviceMemoryProperties memory;
  vkGetPhysicalDeviceMemoryProperties(physical, &memory);
  constexpr VkMemoryPropertyFlags seen =
      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  for (std::uint32_t i = 0; i < memory.memoryTypeCount; ++i) {
    if ((needs.memoryTypeBits >> i & 1) != 0 &&
        (memory.memoryTypes[i].propertyFlags & seen) == seen) {
      return i;
    }
  }
  expect(false, "every driver has such a type, says the specification");
  std::abort();
}

/// One allocation of the driver's, and the ranges of it.
struct device_heap {
  VkDevice device;
  VkDeviceMemory memory = VK_NULL_HANDLE;
  std::byte* mapped = nullptr;
  caiman::offset_allocator ranges;

  device_heap(VkDevice on, std::uint32_t type)
      : device(on), ranges(caiman::offset_allocator::make(heap_size, min_unit).value()) {
    VkMemoryAllocateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
    info.allocationSize = heap_size;
    info.memoryTypeIndex = type;
    check(vkAllocateMemory(device, &info, nullptr, &memory), "memory of the device");
    void* at = nullptr;
    check(vkMapMemory(device, memory, 0, VK_WHOLE_SIZE, 0, &at), "the memory is mapped");
    mapped = static_cast<std::byte*>(at);
  }
  device_heap(const device_heap&) = delete;
  device_heap& operator=(const device_heap&) = delete;
  ~device_heap() { vkFreeMemory(device, memory, nullptr); }
};

/// A buffer in a range of the heap; both go with it.
class device_buffer {
 public:
  /// Nothing if the heap has no room.
  static std::optional<device_buffer> make(device_heap& heap, VkDeviceSize size, void* mark) {
    VkBuffer made = make_buffer(heap.device, size);
    VkMemoryRequirements needs;
    vkGetBufferMemoryRequirements(heap.device, made, &needs);
    auto place = heap.ranges.allocate_unique(needs.size, needs.alignment, mark);
    if (!place) {
      vkDestroyBuffer(heap.device, made, nullptr);
      return std::nullopt;
    }
    expect(place->get().offset % needs.alignment == 0, "aligned as the driver asks for");
    check(vkBindBufferMemory(heap.device, made, heap.memory, place->get().offset), "bound");
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
    if (buffer_ != nullptr) vkDestroyBuffer(heap_->device, buffer_, nullptr);
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
  std::byte* bytes() const { return heap_->mapped + place_.get().offset; }

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
  check(vkCreateCommandPool(device, &pool_info, nullptr, &pool), "a pool of commands");
  VkCommandBufferAllocateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
  info.commandPool = pool;
  info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  info.commandBufferCount = 1;
  VkCommandBuffer commands = VK_NULL_HANDLE;
  check(vkAllocateCommandBuffers(device, &info, &commands), "commands");
  VkCommandBufferBeginInfo begin{};
  begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
  check(vkBeginCommandBuffer(commands, &begin), "the commands begin");
  for (const auto& [from, to] : pairs) {
    const VkBufferCopy all{0, 0, from.size()};
    vkCmdCopyBuffer(commands, from.handle(), to.handle(), 1, &all);
  }
  check(vkEndCommandBuffer(commands), "the commands end");
  VkSubmitInfo submit{};
  submit.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
  submit.commandBufferCount = 1;
  submit.pCommandBuffers = &commands;
  VkQueue queue = VK_NULL_HANDLE;
  vkGetDeviceQueue(device, family, 0, &queue);
  check(vkQueueSubmit(queue, 1, &submit, VK_NULL_HANDLE), "the commands are taken");
  check(vkQueueWaitIdle(queue), "the device has run them");
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
  for (const pairs& each : made) copy_on_device(heap.device, family, each);
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
  VkInstance instance = make_instance();
  VkPhysicalDevice physical = choose_device(instance);
  const std::uint32_t family = queue_family(physical);
  VkDevice device = make_device(physical, family);
  {
    device_heap heap(device, memory_type(physical, device));
    run(heap, family);
  }
  vkDestroyDevice(device, nullptr);
  vkDestroyInstance(instance, nullptr);
}
