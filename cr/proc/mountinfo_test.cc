#include "cr/proc/mountinfo.h"

#include <algorithm>

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

const Mount* find(const std::vector<Mount>& mounts, std::string_view point) {
  for (const Mount& mount : mounts) {
    if (mount.point == point) return &mount;
  }
  ADD_FAILURE() << "nothing mounted on " << point;
  return nullptr;
}

TEST(Mountinfo, ReadsEveryField) {
  const auto mounts = parse_mountinfo(captured("mountinfo"));
  ASSERT_TRUE(mounts) << mounts.error().message();
  const Mount* root = find(*mounts, "/");
  ASSERT_NE(root, nullptr);
  EXPECT_EQ(root->id, 91u);
  EXPECT_EQ(root->parent, 90u);
  EXPECT_EQ(root->dev_major, 254u);
  EXPECT_EQ(root->dev_minor, 0u);
  EXPECT_EQ(root->root, "/");
  EXPECT_EQ(root->options, "rw,relatime");
  EXPECT_TRUE(root->fields.empty());
  EXPECT_EQ(root->fs_type, "ext4");
  EXPECT_EQ(root->source, "/dev/vda");
  EXPECT_EQ(root->super_options, "rw,discard");
}

TEST(Mountinfo, EscapedNames) {
  const auto mounts = parse_mountinfo(captured("mountinfo"));
  ASSERT_TRUE(mounts) << mounts.error().message();
  const Mount* blank = find(*mounts, "/srv/m/a b");
  ASSERT_NE(blank, nullptr);
  EXPECT_EQ(blank->source, "");
  EXPECT_EQ(blank->super_options, "rw");
  const Mount* tab = find(*mounts, "/srv/m/tab\tx");
  ASSERT_NE(tab, nullptr);
  EXPECT_EQ(tab->source, "src with blank");
  const Mount* backslash = find(*mounts, "/srv/m/back\\slash");
  ASSERT_NE(backslash, nullptr);
  EXPECT_EQ(backslash->root, "/srv/zoo/dir with blanks");
  ASSERT_NE(find(*mounts, "/srv/m/nl\nx"), nullptr);
  const Mount* hash = find(*mounts, "/srv/m/hash#");
  ASSERT_NE(hash, nullptr);
  EXPECT_EQ(hash->source, "a#b");
  const Mount* ns = find(*mounts, "/srv/m/ns");
  ASSERT_NE(ns, nullptr);
  EXPECT_EQ(ns->root, "net:[4026531833]");
}

TEST(Mountinfo, Propagation) {
  const auto mounts = parse_mountinfo(captured("mountinfo"));
  ASSERT_TRUE(mounts) << mounts.error().message();
  const Mount* shared = find(*mounts, "/srv/m/tab\tx");
  const Mount* slave = find(*mounts, "/srv/m/nl\nx");
  const Mount* unbindable = find(*mounts, "/srv/m/hash#");
  ASSERT_TRUE(shared != nullptr && slave != nullptr && unbindable != nullptr);
  EXPECT_EQ(shared->shared(), 1u);
  EXPECT_EQ(shared->master(), std::nullopt);
  EXPECT_EQ(slave->master(), 1u);
  EXPECT_EQ(slave->shared(), std::nullopt);
  EXPECT_EQ(unbindable->fields, std::vector<std::string>{"unbindable"});
  const auto two = parse_mountinfo("1 2 3:4 / / rw shared:7 master:2 novelty - x y z\n");
  ASSERT_TRUE(two) << two.error().message();
  EXPECT_EQ(two->front().shared(), 7u);
  EXPECT_EQ(two->front().master(), 2u);
}

TEST(Mountinfo, BrokenLinesAreNamed) {
  const std::string good = "1 2 3:4 / /mnt rw - ext4 /dev/x rw\n";
  ASSERT_TRUE(parse_mountinfo(good));
  const struct {
    std::string_view from, to, expected;
  } kBroken[] = {
      {"1 2 3:4", "x 2 3:4", "ID PARENT"},
      {"1 2 3:4", "1 2 3", "ID PARENT"},
      {"1 2 3:4", "1 2 99999999999:4", "ID PARENT"},
      {" / /mnt", "  /mnt", "root of the mount"},
      {" - ext4 /dev/x rw", " ext4 /dev/x rw", "\" - \""},
      {" ext4 /dev/x rw", " ext4", "source"},
      {" /dev/x rw", " /dev/x", "options of the filesystem"},
  };
  for (const auto& broken : kBroken) {
    SCOPED_TRACE(broken.to);
    expect_error(parse_mountinfo(good + replaced(good, broken.from, broken.to)),
                 {"mountinfo line 2", broken.expected});
  }
}

TEST(Mountinfo, CutAnywhere) {
  const auto describe = [](const std::vector<Mount>& mounts) {
    std::vector<std::string> out;
    for (const auto& m : mounts) {
      out.push_back(fmt::format("{} {} {} {} {} {} {} {}", m.id, m.root, m.point, m.options, m.fields.size(),
                                m.fs_type, m.source, m.super_options));
    }
    return out;
  };
  const std::string text = captured("mountinfo");
  EXPECT_EQ(expect_cuts_are_prefixes(text, parse_mountinfo, describe),
            static_cast<size_t>(std::count(text.begin(), text.end(), '\n')));
}

}  // namespace
}  // namespace cr::proc
