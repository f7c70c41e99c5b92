// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// sanitized.hpp: whether a test runs under a sanitizer that has malloc and the address space
//
// Some limits of memory no such build survives, and it has hooks of its own for malloc.
// ---------------------------------------------------------------------------------------------
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CAIMAN_TEST_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAIMAN_TEST_SANITIZED 1
#endif
