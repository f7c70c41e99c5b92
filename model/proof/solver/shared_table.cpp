// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// shared_table.cpp: a table with open addressing, at most half full
// ---------------------------------------------------------------------------------------------
#include "shared_table.hpp"

#include <sys/mman.h>

#include <iterator>
#include <new>

namespace caiman::proof {

shared_table::shared_table() {
  void* at = ::mmap(nullptr, sizeof(memory), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<memory*>(at);
}
shared_table::~shared_table() { ::munmap(memory_, sizeof(memory)); }

// Where it is, or would be.
shared_table::cell& shared_table::place_of(const fingerprint& what) const {
  for (std::uint64_t at = what.first;; ++at) {
    cell& here = memory_->all[at % std::size(memory_->all)];
    if (!here.is_there || here.of == what) return here;
  }
}

std::optional<std::uint64_t> shared_table::find(const fingerprint& of) const {
  const cell& at = place_of(of);
  return at.is_there ? std::optional(at.value) : std::nullopt;
}

bool shared_table::put(const fingerprint& of, std::uint64_t value) {
  if (memory_->there == std::size(memory_->all) / 2) return false;
  ++memory_->there;
  place_of(of) = {of, value, true};
  return true;
}

}  // namespace caiman::proof
