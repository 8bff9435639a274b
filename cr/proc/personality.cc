#include "cr/proc/personality.h"

#include "cr/proc/text.h"

namespace cr::proc {

Result<uint32_t> parse_personality(std::string_view text) {
  return parse_number<uint32_t>("personality", text, 16);
}

}  // namespace cr::proc
