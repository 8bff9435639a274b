// What a person wants to know of an image first: where it is from, its tree, and of each task its memory and
// descriptors.
#pragma once

#include <string>

#include "cr/engine/load.h"

namespace cr::cli {

// Requires: an image from a file.
std::string summary_of(const engine::Loaded& image);

}  // namespace cr::cli
