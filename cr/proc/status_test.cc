#include "cr/proc/status.h"

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

Status parsed(const char* file) {
  auto status = parse_status(captured(file));
  EXPECT_TRUE(status) << status.error().message();
  return status ? *status : Status{};
}

class CapturedStatus : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(WordSizes, CapturedStatus, testing::Values("status-64", "status-32"));

TEST_P(CapturedStatus, ReadsEveryField) {
  const Status status = parsed(GetParam());
  EXPECT_EQ(status.name, "a) R 1 (\n\\b");
  EXPECT_EQ(status.umask, 027u);
  EXPECT_EQ(status.state, 'S');
  EXPECT_EQ(status.tgid, status.pid);
  EXPECT_EQ(status.ppid, 18623);
  EXPECT_EQ(status.tracer_pid, 0);
  EXPECT_EQ(status.uid, IdSet{});
  EXPECT_EQ(status.fd_size, 256u);
  EXPECT_TRUE(status.groups.empty());
  EXPECT_EQ(status.ns_tgid, std::vector<pid_t>{status.pid});
  EXPECT_EQ(status.ns_sid, std::vector<pid_t>{status.pid});
  EXPECT_EQ(status.kthread, false);
  EXPECT_EQ(status.core_dumping, false);
  EXPECT_EQ(status.thp_enabled, true);
  EXPECT_TRUE(status.has_memory());
  EXPECT_EQ(status.threads, 1u);
  EXPECT_GE(status.sigq_queued, 5u);  // two signals, three timers; the count is per user
  EXPECT_EQ(status.sigq_limit, 96365u);
  EXPECT_EQ(status.sig_pending, uint64_t{1} << 36);  // SIGRTMIN+3 to the thread
  EXPECT_EQ(status.sig_pending_shared, uint64_t{1} << 9);
  EXPECT_EQ(status.sig_blocked, status.sig_pending | status.sig_pending_shared);
  EXPECT_EQ(status.sig_ignored & 1, 1u);
  EXPECT_EQ(status.sig_caught, uint64_t{1} << 11);
  EXPECT_EQ(status.cap_inheritable, 0u);
  EXPECT_EQ(status.cap_effective, 0x000001fffeffffffu);
  EXPECT_EQ(status.cap_bounding, status.cap_permitted);
  EXPECT_FALSE(status.no_new_privs);
  EXPECT_EQ(status.seccomp, 0u);
  EXPECT_EQ(status.seccomp_filters, 0u);
  EXPECT_EQ(status.speculation_store_bypass, "vulnerable");
  EXPECT_EQ(status.speculation_indirect_branch, "always enabled");
  EXPECT_EQ(status.cpus_allowed, "3");
  EXPECT_TRUE(status.mems_allowed.ends_with(",00000001"));
  EXPECT_FALSE(status.x86_thread_features);
}

TEST(Status, NestedPidNamespaceAndGroups) {
  const Status status = parsed("status-nested");
  EXPECT_EQ(status.groups, (std::vector<uint32_t>{4, 24, 1000}));
  ASSERT_EQ(status.ns_pid.size(), 2u);
  EXPECT_EQ(status.ns_pid.front(), status.pid);
  EXPECT_EQ(status.ns_pid.back(), 1);
  EXPECT_EQ(status.ns_pgid.back(), 0);  // its group leader lives outside
}

TEST(Status, ZombieHasNeitherMemoryNorUmask) {
  const Status status = parsed("status-zombie");
  EXPECT_EQ(status.state, 'Z');
  EXPECT_FALSE(status.has_memory());
  EXPECT_FALSE(status.umask);
  EXPECT_FALSE(status.thp_enabled);
}

TEST(Status, KernelThread) {
  const Status status = parsed("status-kthread");
  EXPECT_EQ(status.name, "kthreadd");
  EXPECT_EQ(status.kthread, true);
  EXPECT_FALSE(status.has_memory());
}

TEST(Status, OldKernelsAndNewOnes) {
  std::string text = captured("status-64");
  for (const char* line : {"Kthread:\t0\n", "Seccomp_filters:\t0\n", "THP_enabled:\t1\n"}) {
    text = replaced(text, line, "");
  }
  const auto old = parse_status(text);
  ASSERT_TRUE(old) << old.error().message();
  EXPECT_FALSE(old->kthread || old->seccomp_filters || old->thp_enabled);

  const auto with_features = parse_status(
      captured("status-64") + "x86_Thread_features:\tshstk wrss \nx86_Thread_features_locked:\t\nNovelty\n");
  ASSERT_TRUE(with_features) << with_features.error().message();
  EXPECT_EQ(with_features->x86_thread_features, "shstk wrss");
  EXPECT_EQ(with_features->x86_thread_features_locked, "");
}

TEST(Status, NamesAreUnescapedOnce) {
  const auto name_of = [](std::string_view shown) {
    const auto status = parse_status(replaced(captured("status-64"), "a) R 1 (\\n\\\\b", shown));
    EXPECT_TRUE(status) << status.error().message();
    return status ? status->name : "";
  };
  EXPECT_EQ(name_of("plain"), "plain");
  EXPECT_EQ(name_of(""), "");
  EXPECT_EQ(name_of(" blanks "), " blanks ");
  EXPECT_EQ(name_of("\\\\n"), "\\n");
  EXPECT_EQ(name_of("Pid:\t7"), "Pid:\t7");
}

TEST(Status, EveryRequiredLineIsMissed) {
  const std::string text = captured("status-64");
  for (const std::string_view key :
       {"Name",    "State",  "Tgid",   "Pid",    "PPid",   "TracerPid",  "Uid",
        "Gid",     "FDSize", "Groups", "NStgid", "NSpid",  "NSpgid",     "NSsid",
        "Threads", "SigQ",   "SigPnd", "ShdPnd", "SigBlk", "SigIgn",     "SigCgt",
        "CapInh",  "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Cpus_allowed"}) {
    const std::string wanted = fmt::format("{}:", key);
    const size_t at = text.starts_with(wanted) ? 0 : text.find("\n" + wanted) + 1;
    const size_t end = text.find('\n', at) + 1;
    expect_error(parse_status(text.substr(0, at) + text.substr(end)), {"status", key});
  }
}

TEST(Status, BrokenNumbersAreNamed) {
  const std::string text = captured("status-64");
  const struct {
    std::string_view from, to, line;
  } kBroken[] = {
      {"Umask:\t0027", "Umask:\t0029", "line 2"},
      {"State:\tS (sleeping)", "State:\t", "line 3"},
      {"Tgid:\t18624", "Tgid:\t99999999999", "line 4"},
      {"PPid:\t18623", "PPid:\tx", "line 7"},
      {"Uid:\t0\t0\t0\t0", "Uid:\t0\t0\t0", "line 9"},
      {"Gid:\t0\t0\t0\t0", "Gid:\t0\t-1\t0\t0", "line 10"},
      {"Groups:\t ", "Groups:\t4 x ", "line 12"},
      {"NSpid:\t18624", "NSpid:\t", "line 14"},
      {"Kthread:\t0", "Kthread:\t2", "Kthread"},
      {"SigQ:\t5/96365", "SigQ:\t5", "SigQ"},
      {"SigBlk:\t0000001000000200", "SigBlk:\t000001000000200", "SigBlk"},
      {"SigCgt:\t0000000000000800", "SigCgt:\t000000000000080g", "SigCgt"},
      {"NoNewPrivs:\t0", "NoNewPrivs:\tno", "NoNewPrivs"},
  };
  for (const auto& broken : kBroken) {
    SCOPED_TRACE(broken.to);
    expect_error(parse_status(replaced(text, broken.from, broken.to)),
                 {"status line", broken.line, "expected"});
  }
}

TEST(Status, CutAnywhere) {
  const auto describe = [](const Status& s) {
    return std::vector<std::string>{fmt::format("{} {} {} {} {} {:x} {:x} {:x} {}", s.name, s.pid, s.ppid,
                                                s.uid.fs, s.threads, s.sig_blocked, s.cap_ambient,
                                                s.cap_bounding, s.cpus_allowed)};
  };
  // After Cpus_allowed nothing is required any more: five cuts between the lines that follow.
  EXPECT_EQ(expect_cuts_are_prefixes(captured("status-64"), parse_status, describe), 5u);
}

}  // namespace
}  // namespace cr::proc
