#include "cr/proc/children.h"

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

TEST(Children, TwoAndNone) {
  const auto two = parse_children(captured("children-64"));
  ASSERT_TRUE(two) << two.error().message();
  EXPECT_EQ(*two, (std::vector<pid_t>{18626, 18627}));
  const auto none = parse_children("");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST(Children, BrokenListsAreNamed) {
  for (const char* text : {"12", "x ", "12  13 ", "-1 ", "0 ", "12 99999999999 ", "12\n"}) {
    SCOPED_TRACE(text);
    expect_error(parse_children(text), {"children", "expected pids"});
  }
}

TEST(Children, CutAnywhere) {
  const auto describe = [](const std::vector<pid_t>& pids) {
    std::vector<std::string> out;
    for (const pid_t pid : pids) out.push_back(std::to_string(pid));
    return out;
  };
  EXPECT_EQ(expect_cuts_are_prefixes(captured("children-64"), parse_children, describe), 2u);
}

}  // namespace
}  // namespace cr::proc
