// SPDX-License-Identifier: MIT
// What every mutant includes and no mutant changes, compiled once for all of them: nothing of
// core/, nor what includes it.
#include <chrono>
#include <functional>

#include <fmt/format.h>

#include "caiman-model/relacy.hpp"
