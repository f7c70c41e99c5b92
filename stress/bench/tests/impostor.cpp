// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// impostor.cpp: a library with the name of an allocator and malloc of glibc inside
//
// What a wrong package, a stub or a broken link would look like: the file is right, malloc and free
// come from it, and it is not the allocator. The worker must refuse it. Relies on the names that
// glibc gives its own malloc.
// ---------------------------------------------------------------------------------------------
#include <cstddef>

// NOLINTBEGIN(clang-diagnostic-reserved-identifier,readability-identifier-naming): glibc's names
extern "C" {
void* __libc_malloc(std::size_t bytes);
void __libc_free(void* p);

void* malloc(std::size_t size) { return __libc_malloc(size); }
void free(void* ptr) { __libc_free(ptr); }
}
// NOLINTEND(clang-diagnostic-reserved-identifier,readability-identifier-naming)
