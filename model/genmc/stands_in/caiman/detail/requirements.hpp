// SPDX-License-Identifier: MIT
// Stands in for the core's own, found first by the include path: an engine brings a clang of its
// own, which need not know std::expected. No header that a harness includes uses it.
#pragma once

#define CAIMAN_REQUIREMENTS_MET 1
