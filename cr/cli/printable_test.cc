// What comes out moves nobody's cursor, and a name comes out whole.
#include "cr/cli/printable.h"

#include <gtest/gtest.h>

namespace cr::cli {
namespace {

TEST(Printable, NamesAreOneLineWithoutControls) {
  EXPECT_EQ(printable("plain name, gr\u00fc\u00dfe"), "plain name, gr\u00fc\u00dfe");
  EXPECT_EQ(printable("a\nb\r\x1b[2Jc\x7f"), "a\\012b\\015\\033[2Jc\\177");
  EXPECT_EQ(printable("a\\012b"), "a\\134012b");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\302\\2332J");
  EXPECT_EQ(printable("\xc2"), "\xc2");
}

TEST(Printable, LinesStayLines) {
  EXPECT_EQ(printable_lines("one\ntwo \\012\x1b]0;title\x07\n"), "one\ntwo \\012\\033]0;title\\007\n");
}

}  // namespace
}  // namespace cr::cli
