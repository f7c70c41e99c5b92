// ---------------------------------------------------------------------------------------------
// caiman.hpp: the umbrella. A program that wants one thing includes that header instead.
// ---------------------------------------------------------------------------------------------
#pragma once

#include "caiman/buddy.hpp"
#include "caiman/error.hpp"
#include "caiman/geometry.hpp"
#include "caiman/native_sync.hpp"
#include "caiman/sequential_sync.hpp"
