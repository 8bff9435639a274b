#include "cr/proc/binfmt.h"

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

using namespace std::string_literals;

constexpr char kWine[] =
    "enabled\ninterpreter /usr/bin/wine stable\nflags: POCF\noffset 2\nmagic 4d5a00\nmask ffdf00\n";

TEST(Binfmt, ByBytesAndMask) {
  const auto entry = parse_binfmt_entry(kWine);
  ASSERT_TRUE(entry) << entry.error().message();
  EXPECT_TRUE(entry->enabled);
  EXPECT_EQ(entry->interpreter, "/usr/bin/wine stable");
  EXPECT_EQ(entry->flags, "POCF");
  EXPECT_EQ(entry->offset, 2u);
  EXPECT_EQ(entry->magic, "MZ\0"s);
  EXPECT_EQ(entry->mask, "\xff\xdf\0"s);
  EXPECT_TRUE(entry->matches("..MZ."));
  EXPECT_TRUE(entry->matches("..Mz!?"));  // the mask leaves case and the last byte open
  EXPECT_FALSE(entry->matches("..NZ."));
  EXPECT_FALSE(entry->matches("..MZ"));
  EXPECT_FALSE(entry->matches("."));
}

TEST(Binfmt, ByExtension) {
  const auto entry = parse_binfmt_entry("disabled\ninterpreter /bin/x\nflags: \nextension .com\n");
  ASSERT_TRUE(entry) << entry.error().message();
  EXPECT_FALSE(entry->enabled);
  EXPECT_EQ(entry->extension, ".com");
  EXPECT_EQ(entry->flags, "");
  EXPECT_FALSE(entry->matches("anything"));
}

TEST(Binfmt, BrokenOnesAreNamed) {
  expect_error(parse_binfmt_entry(""), {"enabled or disabled"});
  expect_error(parse_binfmt_entry("enabled"), {"cut short"});
  expect_error(parse_binfmt_entry("enabled\n"), {"an interpreter"});
  expect_error(parse_binfmt_entry("enabled\ninterpreter /x\nflags: \n"), {"either magic or extension"});
  expect_error(parse_binfmt_entry("enabled\ninterpreter /x\noffset -1\n"), {"line 3", "offset NUMBER"});
  expect_error(parse_binfmt_entry("enabled\ninterpreter /x\nmagic 4d5\n"), {"line 3", "hexadecimal"});
  expect_error(parse_binfmt_entry("enabled\ninterpreter /x\nmagic 4g\n"), {"line 3", "hexadecimal"});
  expect_error(parse_binfmt_entry("enabled\ninterpreter /x\nmagic 4d5a\nmask ff\n"), {"as long as"});
}

TEST(Binfmt, WhatANewerKernelAddsPasses) {
  EXPECT_TRUE(parse_binfmt_entry(fmt::format("{}priority 3\n", kWine)));
}

}  // namespace
}  // namespace cr::proc
