#include "cr/proc/personality.h"

#include <sys/personality.h>

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

TEST(Personality, PlainAndQuirky) {
  EXPECT_EQ(parse_personality(captured("personality-64")).value_or(~0u), static_cast<uint32_t>(PER_LINUX));
  const auto quirky = parse_personality(captured("personality-32"));
  ASSERT_TRUE(quirky) << quirky.error().message();
  EXPECT_EQ(*quirky, static_cast<uint32_t>(ADDR_NO_RANDOMIZE | ADDR_LIMIT_3GB));
  EXPECT_EQ(parse_personality("ffffffff\n").value_or(0), ~0u);
}

TEST(Personality, BrokenOnesAreNamed) {
  for (const char* text : {"\n", "x\n", "123456789\n", "00000000 \n", "-1\n"}) {
    SCOPED_TRACE(text);
    expect_error(parse_personality(text), {"personality"});
  }
}

TEST(Personality, CutAnywhere) { expect_no_cut_parses(captured("personality-64"), parse_personality); }

}  // namespace
}  // namespace cr::proc
