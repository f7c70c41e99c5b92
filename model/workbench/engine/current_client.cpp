// SPDX-License-Identifier: MIT
#include "engine/current_client.hpp"

namespace caiman::model {
namespace {

const client*& in_force() noexcept {
  static const client none{};
  static const client* only = &none;
  return only;
}

}  // namespace

void use_client(const client& what) noexcept { in_force() = &what; }

const client& client_in_force() noexcept { return *in_force(); }

std::vector<variant> variants(const scenario& s) {
  const client& now = client_in_force();
  return now.variants == nullptr ? std::vector<variant>{} : now.variants(s);
}

}  // namespace caiman::model
