// Changes protobuf messages field by field, so that they stay messages.
#pragma once

#include <google/protobuf/message.h>

#include <random>

namespace fuzz {

// One change, somewhere in the message or below: a number to one that is often wrong, text longer or shorter,
// an element of a list doubled, gone or exchanged, a field cleared.
void mutate(google::protobuf::Message& message, std::mt19937_64& random);

}  // namespace fuzz
