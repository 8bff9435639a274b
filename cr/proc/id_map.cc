#include "cr/proc/id_map.h"

#include "cr/proc/text.h"

namespace cr::proc {

Result<std::vector<IdRange>> parse_id_map(std::string_view text) {
  CR_TRY(check_complete("id map", text));
  std::vector<IdRange> ranges;
  Lines lines(text);
  for (std::string_view line; lines.next(line);) {
    Cursor cursor(line);
    IdRange range;
    for (uint32_t* number : {&range.inside, &range.outside, &range.count}) {
      cursor.blanks();
      if (!cursor.number(*number)) {
        return fail(ErrorKind::kSystem, "id map line {}: {}: expected INSIDE OUTSIDE COUNT", lines.number(),
                    quoted(line));
      }
    }
    ranges.push_back(range);
  }
  return ranges;
}

}  // namespace cr::proc
