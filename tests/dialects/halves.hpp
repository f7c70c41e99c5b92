// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// halves.hpp: what the two halves of a program of mixed flags know of each other
// ---------------------------------------------------------------------------------------------
#pragma once

#include <caiman/caiman.hpp>

#include <memory_resource>

bool lives_with();
bool lives_without();
caiman::buffer written_with(const caiman::buddy_arena& arena);
caiman::buffer written_without(const caiman::buddy_arena& arena);
bool reads_with(caiman::bytes what);
bool reads_without(caiman::bytes what);
std::pmr::memory_resource* resource_with(const caiman::buddy_arena& arena);
std::pmr::memory_resource* resource_without(const caiman::buddy_arena& arena);
bool equal_with(const caiman::buddy_arena& arena, const std::pmr::memory_resource& other);
bool equal_without(const caiman::buddy_arena& arena, const std::pmr::memory_resource& other);
