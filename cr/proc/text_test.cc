#include "cr/proc/text.h"

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

TEST(Text, WholeNumbersOnly) {
  EXPECT_EQ(whole_number<uint8_t>("255"), 255);
  EXPECT_EQ(whole_number<int>("-7"), -7);
  EXPECT_EQ(whole_number<uint64_t>("ffffffffffffffff", 16), ~uint64_t{0});
  for (const char* text : {"", "256", "-1", "+1", " 1", "1 ", "0x1", "1a"}) {
    EXPECT_EQ(whole_number<uint8_t>(text), std::nullopt) << text;
  }
}

TEST(Text, AFileOfOneNumber) {
  EXPECT_EQ(parse_number<int32_t>("oom_score_adj", "-17\n").value_or(0), -17);
  EXPECT_EQ(parse_number<uint32_t>("coredump_filter", "000000ff\n", 16).value_or(0), 255u);
  for (const char* text :
       {"", "\n", "12", "12abc\n", "12 \n", " 12\n", "+12\n", "12\n\n", "12\n3\n", "2147483648\n"}) {
    SCOPED_TRACE(text);
    expect_error(parse_number<int32_t>("oom_score_adj", text), {"oom_score_adj"});
  }
}

TEST(Text, OctalEscapes) {
  EXPECT_EQ(unescape_octal("a\\040b\\011\\012\\134\\043"), "a b\t\n\\#");
  EXPECT_EQ(unescape_octal("\\377"), "\377");
  // What is no escape stays as it is, at the very end as well.
  for (const char* text : {"\\", "\\0", "\\04", "\\400", "\\08 ", "\\x41", "plain"}) {
    EXPECT_EQ(unescape_octal(text), text);
  }
  EXPECT_EQ(unescape_octal("\\134040"), "\\040");  // once, not again
}

TEST(Text, LinesAndTheirNumbers) {
  Lines lines("one\n\nthree");
  std::vector<std::string> seen;
  for (std::string_view line; lines.next(line);) seen.push_back(fmt::format("{}:{}", lines.number(), line));
  EXPECT_EQ(seen, (std::vector<std::string>{"1:one", "2:", "3:three"}));
}

TEST(Text, QuotesAreShortAndPrintable) {
  EXPECT_EQ(proc::quoted("a\tb\n"), "\"a\\x09b\\x0a\"");
  const std::string quote = proc::quoted(std::string(5000, 'x'));
  EXPECT_LT(quote.size(), 200u);
  EXPECT_TRUE(quote.ends_with("..."));
}

TEST(Text, CutTextsAreNamed) {
  EXPECT_TRUE(check_complete("maps", ""));
  EXPECT_TRUE(check_complete("maps", "a\n"));
  expect_error(check_complete("maps", "a\nbc"), {"maps", "cut short", "\"bc\""});
}

}  // namespace
}  // namespace cr::proc
