// One record of a sound tree replaced by any bytes: decoded, written again, validated, planned.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fuzz {

// What LLVMFuzzerTestOneInput() returns. A process calls it with one type only.
int replace_record(uint32_t type, const uint8_t* data, size_t size);

}  // namespace fuzz
