#include "cr/proc/id_map.h"

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

TEST(IdMap, TwoRangesAndTheInitialOne) {
  const auto two = parse_id_map(captured("id_map"));
  ASSERT_TRUE(two) << two.error().message();
  EXPECT_EQ(*two, (std::vector<IdRange>{{0, 1000, 1}, {1, 100000, 65536}}));
  const auto initial = parse_id_map("         0          0 4294967295\n");
  ASSERT_TRUE(initial) << initial.error().message();
  EXPECT_EQ(initial->front().count, 4294967295u);
  const auto unwritten = parse_id_map("");
  ASSERT_TRUE(unwritten);
  EXPECT_TRUE(unwritten->empty());
}

TEST(IdMap, BrokenLinesAreNamed) {
  for (const char* text : {"0 0\n", "0 0 4294967296\n", "0 -1 1\n", "a b c\n", "\n"}) {
    SCOPED_TRACE(text);
    expect_error(parse_id_map(text), {"id map line 1", "INSIDE OUTSIDE COUNT"});
  }
}

TEST(IdMap, CutAnywhere) {
  const auto describe = [](const std::vector<IdRange>& ranges) {
    std::vector<std::string> out;
    for (const auto& r : ranges) out.push_back(fmt::format("{} {} {}", r.inside, r.outside, r.count));
    return out;
  };
  EXPECT_EQ(expect_cuts_are_prefixes(captured("id_map"), parse_id_map, describe), 2u);
}

}  // namespace
}  // namespace cr::proc
