// From a record's bytes to its message, in memory that is in proportion to them.
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "cr/base/result.h"

namespace cr::engine {

// InvalidImage if they are no message of this kind, or one of so many small parts that it would take many
// times their size; that is told before anything is decoded.
Result<void> parse(const std::string& payload, google::protobuf::Message& into);

}  // namespace cr::engine
