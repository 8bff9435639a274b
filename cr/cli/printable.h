// Text that others chose, on its way to a terminal: nothing in it may move the reader's cursor.
#pragma once

#include <string>
#include <string_view>

namespace cr::cli {

// A name, of whatever was checkpointed or of whoever made the image: one line, from which its bytes can be
// told.
std::string printable(std::string_view name);

// Lines with such names in them, which may have gone through printable() before.
std::string printable_lines(std::string_view text);

}  // namespace cr::cli
