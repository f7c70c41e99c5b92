// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// current_client.hpp: the client that is being checked, for the rest of the workbench
// ---------------------------------------------------------------------------------------------
#pragma once

#include <vector>

#include "caiman-model/client.hpp"

namespace caiman::model {

/// The one of use_client.
const client& client_in_force() noexcept;

inline const std::vector<site_row>& shipped_sites() noexcept { return client_in_force().sites; }
std::vector<variant> variants(const scenario& s);

}  // namespace caiman::model
