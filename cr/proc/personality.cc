#include "cr/proc/personality.h"

#include "cr/proc/text.h"

namespace cr::proc {

Result<uint32_t> parse_personality(std::string_view text) {
  CR_TRY(check_complete("personality", text));
  Cursor cursor(text);
  uint32_t value = 0;
  if (!cursor.number(value, 16) || !cursor.take('\n') || !cursor.at_end()) {
    return unexpected(text, "personality to be hexadecimal digits");
  }
  return value;
}

}  // namespace cr::proc
