// Images and plans as text and as JSON.
#pragma once

#include <string>

#include "cr/engine/load.h"
#include "cr/kinds/plan.h"

namespace cr::cli {

std::string to_text(const engine::Loaded& image);
std::string to_json(const engine::Loaded& image);
std::string plan_to_text(const kinds::Plan& plan);
std::string plan_to_json(const kinds::Plan& plan);

}  // namespace cr::cli
