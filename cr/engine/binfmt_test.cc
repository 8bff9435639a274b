// The line by which images are registered with the kernel: whatever is in it, each field stays one.
#include "cr/engine/binfmt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cr/image/format.h"

namespace cr::engine {
namespace {

using namespace std::string_view_literals;
using ::testing::HasSubstr;

TEST(BinfmtRegistration, OfImages) {
  const std::string_view magic(image::kMagic.data(), image::kMagic.size());
  EXPECT_EQ(binfmt_registration("cr-image", magic, "/usr/bin/cr").value(),
            R"(:cr-image:M:0:\x89\x43\x52\x49\x4d\x47\x0d\x0a::/usr/bin/cr:OF)");
}

TEST(BinfmtRegistration, BytesThatMeanSomething) {
  EXPECT_EQ(binfmt_registration("n", "\0:\\x41\n\xff"sv, "/i").value(),
            R"(:n:M:0:\x00\x3a\x5c\x78\x34\x31\x0a\xff::/i:OF)");
}

TEST(BinfmtRegistration, AnotherSeparatorWhereThePathHasTheUsualOne) {
  EXPECT_EQ(binfmt_registration("n", "a", "/a:b/c").value(), R"(|n|M|0|\x61||/a:b/c|OF)");
  EXPECT_EQ(binfmt_registration("n|,", "a", "/a:b/c").value(), R"(;n|,;M;0;\x61;;/a:b/c;OF)");
  const std::string line = binfmt_registration("n", "a", "/a:|,;!#%&@^~").value();
  EXPECT_EQ(line.front(), '\x01');
  EXPECT_EQ(std::count(line.begin(), line.end(), '\x01'), 7);
}

TEST(BinfmtRegistration, WhatTheKernelWouldCutOrMisread) {
  EXPECT_TRUE(binfmt_registration("n", "a", "/" + std::string(126, 'x')));
  const auto too_long = binfmt_registration("n", "a", "/" + std::string(127, 'x'));
  ASSERT_FALSE(too_long);
  EXPECT_THAT(too_long.error().message(), HasSubstr("at most 127 bytes"));
  const auto two_lines = binfmt_registration("n", "a", "/a\nb");
  ASSERT_FALSE(two_lines);
  EXPECT_THAT(two_lines.error().message(), HasSubstr("newline"));
  const auto no_separator = binfmt_registration("n", "a", "/a:|,;!#%&@^~\x01\x02\x03\x04");
  ASSERT_FALSE(no_separator);
  EXPECT_THAT(no_separator.error().message(), HasSubstr("no character"));
  const auto long_line = binfmt_registration(std::string(1920, 'n'), "a", "/a");
  ASSERT_FALSE(long_line);
  EXPECT_THAT(long_line.error().message(), HasSubstr("1920"));
}

}  // namespace
}  // namespace cr::engine
