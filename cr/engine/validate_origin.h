// What an image says of where it comes from: a sound record, and that of these other records.
#pragma once

#include <string>

#include "cr/base/result.h"
#include "cr/kinds/origin.pb.h"
#include "cr/kinds/records.h"

namespace cr::engine {

// Of the image itself, or of one that it inherits from, whose other records nobody reads. InvalidImage also
// if a name in it is longer than any.
Result<kinds::Origin> decode_origin(const std::string& payload);

// The root and the word sizes are those of the tasks. Requires: validate() of the records succeeded.
Result<void> validate_origin(const kinds::Origin& origin, const kinds::Records& records);

}  // namespace cr::engine
