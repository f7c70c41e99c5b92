// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// recording_json.hpp: the parts of a trace that are a recording, whichever engine made it
// ---------------------------------------------------------------------------------------------
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "caiman-model/recording.hpp"

namespace caiman::model {

/// What an engine calls the things of an event.
struct event_names {
  std::string_view site;
  std::string file;
  std::string object;
};

/// In the place of a property: the execution passed.
inline const std::string no_violation = "no violation";

nlohmann::json id_or_null(std::uint32_t id);
nlohmann::json event_to_json(const event& e, std::size_t id, const event_names& names);
nlohmann::json operations_to_json(const recording& seen);
nlohmann::json race_to_json(const recording& seen);

}  // namespace caiman::model
