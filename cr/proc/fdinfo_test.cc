#include "cr/proc/fdinfo.h"

#include <fcntl.h>

#include <algorithm>

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

Fdinfo parsed(const char* file) {
  auto info = parse_fdinfo(captured(file));
  EXPECT_TRUE(info) << info.error().message();
  return info ? *info : Fdinfo{};
}

std::vector<std::string> describe(const Fdinfo& info) {
  std::vector<std::string> out = {fmt::format("{} {:o} {}", info.pos, info.flags, info.mnt_id)};
  for (const Lock& lock : info.locks) out.push_back(fmt::format("{} {}", lock.type_name, lock.start));
  for (const Fdinfo::Entry& entry : info.extra) out.push_back(entry.line);
  return out;
}

TEST(Fdinfo, CommonFields) {
  const Fdinfo info = parsed("fdinfo-locks");
  EXPECT_EQ(info.pos, 10);
  EXPECT_EQ(info.flags, static_cast<uint32_t>(O_RDWR | O_APPEND | 0100000 /* the kernel's O_LARGEFILE */));
  EXPECT_EQ(info.mnt_id, 27u);
  EXPECT_EQ(info.ino, 1097742u);
  EXPECT_TRUE(info.extra.empty());
}

TEST(Fdinfo, Eventfd) {
  const Fdinfo info = parsed("fdinfo-eventfd");
  EXPECT_EQ(info.number("eventfd-count", 16).value_or(0), 30u);
  EXPECT_EQ(info.find("eventfd-semaphore"), "1");
  EXPECT_EQ(info.find("eventfd-novelty"), std::nullopt);
  expect_error(info.number("eventfd-novelty"), {"fdinfo", "eventfd-novelty"});
  expect_error(info.number("eventfd-count", 10), {"eventfd-count", "1e", "base 10"});
}

TEST(Fdinfo, TimerfdKeepsOrderAndKeysWithBlanks) {
  const Fdinfo info = parsed("fdinfo-timerfd");
  std::vector<std::string> keys;
  for (const auto& entry : info.extra) keys.push_back(entry.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"clockid", "ticks", "settime flags", "it_value", "it_interval"}));
  EXPECT_EQ(info.find("it_value"), "(998, 843104267)");
  EXPECT_TRUE(info.flags & O_CLOEXEC);
}

TEST(Fdinfo, EpollPairs) {
  const Fdinfo info = parsed("fdinfo-epoll");
  ASSERT_EQ(info.extra.size(), 2u);
  EXPECT_EQ(info.extra[0].key, "tfd");
  const auto pairs = split_pairs(info.extra[0].line);
  ASSERT_EQ(pairs.size(), 6u);
  const std::pair<std::string_view, std::string_view> kWanted[] = {
      {"tfd", "4"}, {"events", "80000019"}, {"data", "1122334455667788"},
      {"pos", "0"}, {"ino", "40f"},         {"sdev", "10"}};
  for (size_t i = 0; i < pairs.size(); ++i) {
    EXPECT_EQ(pairs[i].name, kWanted[i].first);
    EXPECT_EQ(pairs[i].value, kWanted[i].second);
  }
}

TEST(Fdinfo, InotifyMarks) {
  const Fdinfo info = parsed("fdinfo-inotify");
  ASSERT_EQ(info.extra.size(), 2u);
  EXPECT_EQ(info.extra[1].key, "inotify");
  const auto pairs = split_pairs(info.extra[1].line);
  ASSERT_EQ(pairs.size(), 8u);
  EXPECT_EQ(pairs[0].name, "wd");
  EXPECT_EQ(pairs[0].value, "1");
  EXPECT_EQ(pairs[7].name, "f_handle");
  EXPECT_EQ(pairs[7].value, "08c010002803c4b1");
}

TEST(Fdinfo, PairsOfOddLines) {
  EXPECT_TRUE(split_pairs("").empty());
  EXPECT_TRUE(split_pairs("inotify").empty());
  const auto pairs = split_pairs("a:1:2 b: ");
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[0].value, "1:2");
  EXPECT_EQ(pairs[1].value, "");
}

TEST(Fdinfo, PidfdSignalfdMemfd) {
  EXPECT_EQ(parsed("fdinfo-pidfd").number("Pid").value_or(0), 18623u);
  EXPECT_EQ(parsed("fdinfo-signalfd").number("sigmask", 16).value_or(0), 0x1000000200u);
  EXPECT_EQ(parsed("fdinfo-memfd").mnt_id, 0u);
}

TEST(Fdinfo, Locks) {
  const Fdinfo info = parsed("fdinfo-locks");
  ASSERT_EQ(info.locks.size(), 2u);
  const Lock& flock = info.locks[0];
  EXPECT_EQ(flock.type, Lock::Type::kFlock);
  EXPECT_EQ(flock.mode, Lock::Mode::kRead);
  EXPECT_EQ(flock.end, std::nullopt);
  const Lock& posix = info.locks[1];
  EXPECT_EQ(posix.type, Lock::Type::kPosix);
  EXPECT_EQ(posix.mode, Lock::Mode::kWrite);
  EXPECT_EQ(posix.detail, "ADVISORY");
  EXPECT_EQ(posix.pid, 18624);
  EXPECT_EQ(posix.dev_major, 0xfeu);
  EXPECT_EQ(posix.dev_minor, 0u);
  EXPECT_EQ(posix.inode, 1097742u);
  EXPECT_EQ(posix.start, 2u);
  EXPECT_EQ(posix.end, 6u);
  const Fdinfo ofd = parsed("fdinfo-ofd-lock");
  ASSERT_EQ(ofd.locks.size(), 1u);
  EXPECT_EQ(ofd.locks[0].type, Lock::Type::kOfd);
  EXPECT_EQ(ofd.locks[0].pid, -1);
  EXPECT_EQ(ofd.locks[0].start, 20u);
}

TEST(Fdinfo, LocksOfOtherKinds) {
  const auto lease = parse_lock("7: LEASE  BREAKING  READ  812 08:01:13 0 EOF");
  ASSERT_TRUE(lease) << lease.error().message();
  EXPECT_EQ(lease->type, Lock::Type::kLease);
  EXPECT_EQ(lease->detail, "BREAKING");
  const auto waiting = parse_lock("3: -> POSIX  ADVISORY  WRITE 812 08:01:13 0 9223372036854775806");
  ASSERT_TRUE(waiting) << waiting.error().message();
  EXPECT_TRUE(waiting->waiting);
  EXPECT_EQ(waiting->end, 9223372036854775806u);
  const auto gone = parse_lock("3: POSIX  *NOINODE* UNLCK 0 <none>:0 0 EOF");
  ASSERT_TRUE(gone) << gone.error().message();
  EXPECT_EQ(gone->mode, Lock::Mode::kUnlock);
  const auto novelty = parse_lock("3: NOVEL ADVISORY STRANGE 0 00:01:2 0 EOF");
  ASSERT_TRUE(novelty) << novelty.error().message();
  EXPECT_EQ(novelty->type, Lock::Type::kUnknown);
  EXPECT_EQ(novelty->type_name, "NOVEL");
  EXPECT_EQ(novelty->mode, Lock::Mode::kUnknown);
}

TEST(Fdinfo, BrokenLocksAreNamed) {
  const std::string text = captured("fdinfo-locks");
  expect_error(parse_fdinfo(replaced(text, "2: POSIX", "POSIX")), {"fdinfo line 6", "NUMBER:"});
  expect_error(parse_fdinfo(replaced(text, "WRITE 18624", "WRITE x")), {"fdinfo line 6", "pid"});
  expect_error(parse_fdinfo(replaced(text, "fe:00:1097742 2", "fe:00 2")), {"MAJOR:MINOR:INODE"});
  expect_error(parse_fdinfo(replaced(text, " 2 6\n", " -2 6\n")), {"first locked byte"});
  expect_error(parse_fdinfo(replaced(text, " 2 6\n", " 2\n")), {"last locked byte"});
}

TEST(Fdinfo, BeforeInodesWereShown) {
  const auto info = parse_fdinfo("pos:\t0\nflags:\t02\nmnt_id:\t9\n");  // Linux 5.13 and older
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_EQ(info->ino, std::nullopt);
}

TEST(Fdinfo, FieldsOfTheFileDoNotReplaceTheCommonOnes) {
  const auto info = parse_fdinfo("pos:\t-4096\nflags:\t02\nmnt_id:\t9\nino:\t5\nflags:\tx\nfree text\n");
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_EQ(info->pos, -4096);
  EXPECT_EQ(info->flags, 2u);
  ASSERT_EQ(info->extra.size(), 2u);
  EXPECT_EQ(info->extra[0].value, "x");
  EXPECT_EQ(info->extra[1].key, "");
  EXPECT_EQ(info->extra[1].value, "free text");
}

TEST(Fdinfo, BrokenFieldsAreNamed) {
  expect_error(parse_fdinfo("pos:\tx\nflags:\t02\nmnt_id:\t9\n"), {"fdinfo line 1", "decimal"});
  expect_error(parse_fdinfo("pos:\t9223372036854775808\nflags:\t02\nmnt_id:\t9\n"), {"fdinfo line 1"});
  expect_error(parse_fdinfo("pos:\t0\nflags:\t08\nmnt_id:\t9\n"), {"fdinfo line 2", "octal"});
  expect_error(parse_fdinfo("pos:\t0\nflags:\t02\nmnt_id:\t\n"), {"fdinfo line 3", "decimal"});
  expect_error(parse_fdinfo("flags:\t02\nmnt_id:\t9\n"), {"pos"});
  expect_error(parse_fdinfo("pos:\t0\nmnt_id:\t9\n"), {"flags"});
  expect_error(parse_fdinfo("pos:\t0\nflags:\t02\n"), {"mnt_id"});
  expect_error(parse_fdinfo(""), {"pos"});
}

TEST(Fdinfo, CutAnywhere) {
  for (const char* file :
       {"fdinfo-eventfd", "fdinfo-timerfd", "fdinfo-inotify", "fdinfo-epoll", "fdinfo-locks"}) {
    SCOPED_TRACE(file);
    const std::string text = captured(file);
    const auto lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
    EXPECT_EQ(expect_cuts_are_prefixes(text, parse_fdinfo, describe),
              lines - 3);  // after mnt_id and later lines
  }
}

}  // namespace
}  // namespace cr::proc
