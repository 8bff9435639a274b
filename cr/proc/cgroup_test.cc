#include "cr/proc/cgroup.h"

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

TEST(Cgroup, BothVersionsSideBySide) {
  const auto entries = parse_cgroup(captured("cgroup-hybrid"));
  ASSERT_TRUE(entries) << entries.error().message();
  ASSERT_EQ(entries->size(), 10u);
  EXPECT_EQ((*entries)[0].hierarchy, 9u);
  EXPECT_EQ((*entries)[0].controllers, std::vector<std::string>{"name=systemd"});
  EXPECT_EQ((*entries)[5].controllers, std::vector<std::string>{"memory"});
  EXPECT_EQ((*entries)[5].path, "/user.slice/a: b");
  EXPECT_TRUE(entries->back().unified());
  EXPECT_TRUE(entries->back().controllers.empty());
  EXPECT_EQ(entries->back().path, "/");
}

TEST(Cgroup, SharedHierarchyAndRemovedGroup) {
  const auto entries = parse_cgroup("4:cpu,cpuacct:/a (deleted)\n0::/../b (deleted)\n");
  ASSERT_TRUE(entries) << entries.error().message();
  EXPECT_EQ((*entries)[0].controllers, (std::vector<std::string>{"cpu", "cpuacct"}));
  EXPECT_EQ((*entries)[0].path, "/a (deleted)");  // version 1 never adds it: it is the group's name
  EXPECT_FALSE((*entries)[0].deleted);
  EXPECT_EQ((*entries)[1].path, "/../b");
  EXPECT_TRUE((*entries)[1].deleted);
}

TEST(Cgroup, BrokenLinesAreNamed) {
  expect_error(parse_cgroup("0::/\nx::/\n"), {"cgroup line 2", "HIERARCHY"});
  expect_error(parse_cgroup("99999999999::/\n"), {"cgroup line 1", "HIERARCHY"});
  expect_error(parse_cgroup("0:/\n"), {"CONTROLLERS:PATH"});
  expect_error(parse_cgroup("0::\n"), {"starts with /"});
}

TEST(Cgroup, CutAnywhere) {
  const auto describe = [](const std::vector<CgroupEntry>& entries) {
    std::vector<std::string> out;
    for (const auto& e : entries) {
      out.push_back(
          fmt::format("{} {} {} {}", e.hierarchy, fmt::join(e.controllers, ","), e.path, e.deleted));
    }
    return out;
  };
  EXPECT_EQ(expect_cuts_are_prefixes(captured("cgroup-hybrid"), parse_cgroup, describe), 10u);
}

}  // namespace
}  // namespace cr::proc
