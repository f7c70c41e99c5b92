// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// unit_headers.hpp: what nearly every unit test includes, compiled once for all of them
//
// Only for the time that it takes: each test still names what it needs. Read once by design, and
// g++ would warn of a "pragma once" in it.
// ---------------------------------------------------------------------------------------------
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "caiman/caiman.hpp"

#include <catch2/catch.hpp>
