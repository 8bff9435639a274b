// /proc/PID/personality: the execution domain and its quirks, eight hexadecimal digits.
#pragma once

#include <cstdint>
#include <string_view>

#include "cr/base/result.h"

namespace cr::proc {

Result<uint32_t> parse_personality(std::string_view text);

}  // namespace cr::proc
