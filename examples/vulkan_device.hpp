// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// vulkan_device.hpp: a device of Vulkan whose memory the processor sees, and buffers on it
//
// What has to be there before a program can place buffers in the memory of a device. Relies on
// Vulkan 1.0 and any driver, such as lavapipe of Mesa, which needs no device (Debian:
// libvulkan-dev, mesa-vulkan-drivers). Without a driver it says so and ends with 77, which test
// programs take for "skipped".
// ---------------------------------------------------------------------------------------------
#pragma once

#include <vulkan/vulkan.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "expect.hpp"

namespace vulkan {

inline constexpr VkBufferUsageFlags usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                            VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                                            VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT;

inline void check(VkResult result, const char* what) { expect(result == VK_SUCCESS, what); }

[[noreturn]] inline void skip(const char* why) {
  std::printf("not run: %s\n", why);
  std::fflush(stdout);
  std::quick_exit(77);
}

inline VkInstance make_instance() {
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
inline VkPhysicalDevice choose_device(VkInstance instance) {
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
  return chosen;
}

/// A family of queues that can copy: all that draw or compute can.
inline std::uint32_t queue_family(VkPhysicalDevice device) {
  std::uint32_t count = 0;
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
  std::vector<VkQueueFamilyProperties> all(count);
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, all.data());
  for (std::uint32_t i = 0; i < count; ++i) {
    if ((all[i].queueFlags & (VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT)) != 0) return i;
  }
  skip("no queue of the device copies");
}

inline VkDevice make_device(VkPhysicalDevice physical, std::uint32_t family) {
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

inline VkBuffer make_buffer(VkDevice device, VkDeviceSize size) {
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
inline std::uint32_t memory_type(VkPhysicalDevice physical, VkDevice device) {
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

/// A device, of which all that is made must have gone before it.
struct device {
  VkInstance instance = make_instance();
  VkPhysicalDevice physical = choose_device(instance);
  std::uint32_t family = queue_family(physical);
  VkDevice handle = make_device(physical, family);
  std::uint32_t type = memory_type(physical, handle);

  device() = default;
  device(const device&) = delete;
  device& operator=(const device&) = delete;
  ~device() {
    vkDestroyDevice(handle, nullptr);
    vkDestroyInstance(instance, nullptr);
  }
  std::string name() const {
    VkPhysicalDeviceProperties properties;
    vkGetPhysicalDeviceProperties(physical, &properties);
    return static_cast<const char*>(properties.deviceName);
  }
};

/// One allocation of the driver's, mapped for as long as it lives.
struct device_memory {
  VkDevice device;
  VkDeviceMemory handle = VK_NULL_HANDLE;
  std::byte* mapped = nullptr;

  device_memory(VkDevice on, std::uint32_t type, VkDeviceSize size) : device(on) {
    VkMemoryAllocateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
    info.allocationSize = size;
    info.memoryTypeIndex = type;
    check(vkAllocateMemory(device, &info, nullptr, &handle), "memory of the device");
    void* at = nullptr;
    check(vkMapMemory(device, handle, 0, VK_WHOLE_SIZE, 0, &at), "the memory is mapped");
    mapped = static_cast<std::byte*>(at);
  }
  device_memory(const device_memory&) = delete;
  device_memory& operator=(const device_memory&) = delete;
  ~device_memory() { vkFreeMemory(device, handle, nullptr); }
};

}  // namespace vulkan
