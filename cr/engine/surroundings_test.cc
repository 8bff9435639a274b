// What a restoring engine would hand on to the tree is undone, or named as a conflict.
#include "cr/engine/surroundings.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "cr/engine/origin.h"
#include "cr/proc/status.h"
#include "cr/sys/affinity.h"
#include "cr/sys/fd.h"

namespace cr::engine {
namespace {

using kinds::Origin;
using kinds::Surroundings;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string conflict(const Result<void>& verdict) {
  if (verdict) return "";
  EXPECT_EQ(verdict.error().kind(), ErrorKind::kConflict) << verdict.error().message();
  return verdict.error().message();
}

Origin here() { return origin_here(::getpid()).value(); }

proc::Status status() { return proc::parse_status(sys::read_file("/proc/self/status").value()).value(); }

// In a process of its own, since most of this lasts; what it returns is what is wrong.
void in_child(const std::function<std::string()>& what) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string wrong = what();
    (void)sys::write_fully(ends[1], std::as_bytes(std::span(wrong)));
    ::_exit(0);
  }
  ::close(ends[1]);
  EXPECT_EQ(sys::read_all(ends[0]).value(), "");
  ::close(ends[0]);
  int ended = -1;
  ASSERT_EQ(::waitpid(child, &ended, 0), child);
  EXPECT_EQ(ended, 0);
}

std::string without(const std::string& text, const std::string& expected) {
  if (!expected.empty() && text.find(expected) != std::string::npos) return "";
  return expected.empty() ? text : fmt::format("\"{}\" is not in \"{}\"", expected, text);
}

// ---- what is recorded and compared ----

std::string changed(const std::function<void(Surroundings&, Origin&)>& change) {
  Origin was = here(), is = was;
  change(*was.mutable_surroundings(), is);
  return conflict(check_surroundings(was, is));
}

TEST(Surroundings, OfThisProcessAreNoConflict) {
  const Origin origin = here();
  ASSERT_TRUE(origin.has_surroundings());
  EXPECT_EQ(origin.surroundings().real_uid(), ::getuid());
  EXPECT_EQ(origin.surroundings().bounding(), status().cap_bounding);
  EXPECT_EQ(conflict(check_surroundings(origin, here())), "");
  EXPECT_EQ(conflict(check_cpus(origin)), "");
}

TEST(Surroundings, ThatNobodyRecordedAreNotCompared) {
  Origin origin = here();
  origin.clear_surroundings();
  Origin is = here();
  is.mutable_surroundings()->set_real_uid(77), is.mutable_surroundings()->set_permitted(0);
  EXPECT_EQ(conflict(check_surroundings(origin, is)), "");
  EXPECT_EQ(conflict(check_cpus(origin)), "");
}

TEST(Surroundings, RealIdsAreTheSame) {
  EXPECT_THAT(changed([](Surroundings& was, Origin&) { was.set_real_uid(77); }),
              HasSubstr("real user was 77"));
  EXPECT_THAT(changed([](Surroundings& was, Origin&) { was.set_real_gid(78); }), HasSubstr("real group 78"));
}

TEST(Surroundings, CapabilitiesThatTheTreeHadAreThere) {
  const uint64_t one = uint64_t{1} << CAP_KILL;
  const auto lacks = [one](auto set) {
    return [one, set](Surroundings& was, Origin& is) { set(was, one), set(*is.mutable_surroundings(), 0); };
  };
  EXPECT_THAT(changed(lacks([](Surroundings& s, uint64_t value) { s.set_permitted(value); })),
              HasSubstr("in its permitted set, this command lacks 0x20"));
  EXPECT_THAT(changed(lacks([](Surroundings& s, uint64_t value) { s.set_bounding(value); })),
              HasSubstr("in its bounding set, this command lacks 0x20"));
  EXPECT_THAT(changed([one](Surroundings& was, Origin& is) {
                was.set_inheritable(one), was.set_permitted(0), is.mutable_surroundings()->set_permitted(0);
              }),
              HasSubstr("in its inheritable set"));
  // From the permitted set the inheritable one can be had.
  EXPECT_EQ(changed([one](Surroundings& was, Origin& is) {
              was.set_inheritable(one), is.mutable_surroundings()->set_permitted(~uint64_t{0});
            }),
            "");
}

TEST(Surroundings, CapabilitiesThatTheTreeHadNotMustBeDropped) {
  const auto change = [](Surroundings& was, Origin& is) {
    was.set_bounding(1), was.set_permitted(1);
    is.mutable_surroundings()->set_bounding(3), is.mutable_surroundings()->set_permitted(3);
  };
  EXPECT_EQ(changed([&](Surroundings& was, Origin& is) {
              change(was, is), is.set_capabilities(uint64_t{1} << CAP_SETPCAP);
            }),
            "");
  EXPECT_THAT(changed([&](Surroundings& was, Origin& is) { change(was, is), is.set_capabilities(3); }),
              HasSubstr("capabilities 0x2 that the tree had not, and without CAP_SETPCAP"));
  // One that came with a later kernel.
  EXPECT_EQ(changed([&](Surroundings& was, Origin& is) {
              change(was, is), is.set_capabilities(3), was.set_last_capability(0);
            }),
            "");
}

TEST(Surroundings, LabelsAreTheSameWhereThereAreAny) {
  const auto labels = [](const char* one, const char* other) {
    return changed([=](Surroundings& was, Origin& is) {
      was.set_label(one), is.mutable_surroundings()->set_label(other);
    });
  };
  EXPECT_THAT(labels("unconfined", "docker-default (enforce)"),
              HasSubstr("has \"docker-default (enforce)\""));
  EXPECT_EQ(labels("unconfined", "unconfined"), "");
  EXPECT_EQ(labels("", "unconfined"), "");
  EXPECT_EQ(labels("unconfined", ""), "");
}

TEST(Surroundings, WhoeverMightMountMay) {
  const auto may = [](bool before, bool now, uint64_t capabilities) {
    Origin was = here(), is = was;
    was.set_capabilities(capabilities);
    was.mutable_surroundings()->set_may_mount(before), is.mutable_surroundings()->set_may_mount(now);
    return conflict(check_surroundings(was, is));
  };
  constexpr uint64_t kAdmin = uint64_t{1} << CAP_SYS_ADMIN;
  EXPECT_THAT(may(true, false, kAdmin), HasSubstr("is denied to, as in a landlock domain"));
  EXPECT_THAT(may(false, true, kAdmin), HasSubstr("is allowed to, as outside a landlock domain"));
  EXPECT_EQ(may(true, true, kAdmin), "");
  EXPECT_EQ(may(false, true, 0), "");
}

TEST(Surroundings, SpeculationIsTheSameWhereItWasChosen) {
  constexpr uint32_t kUnaffected = 0, kOn = PR_SPEC_PRCTL | PR_SPEC_ENABLE,
                     kOff = PR_SPEC_PRCTL | PR_SPEC_DISABLE, kOffForAll = PR_SPEC_DISABLE,
                     kOnForAll = PR_SPEC_ENABLE;
  const auto compared = [](uint32_t before, uint32_t now) {
    std::string told[2];
    told[0] = changed([=](Surroundings& was, Origin& is) {
      was.set_store_bypass(before), is.mutable_surroundings()->set_store_bypass(now);
    });
    told[1] = changed([=](Surroundings& was, Origin& is) {
      was.set_indirect_branch(before), is.mutable_surroundings()->set_indirect_branch(now);
    });
    EXPECT_EQ(told[0].empty(), told[1].empty());
    return told[0];
  };
  EXPECT_THAT(compared(kOff, kOn), HasSubstr("the tree ran without speculative store bypass"));
  EXPECT_THAT(compared(kOff, kOnForAll), HasSubstr("the tree ran without"));
  EXPECT_THAT(compared(kOn, kOff), HasSubstr("this command runs without"));
  EXPECT_THAT(compared(kUnaffected, kOff), HasSubstr("this command runs without"));
  for (const uint32_t fine : {kUnaffected, kOff, kOffForAll}) EXPECT_EQ(compared(kOff, fine), "") << fine;
  for (const uint32_t fine : {kUnaffected, kOn, kOffForAll, kOnForAll})
    EXPECT_EQ(compared(kOn, fine), "") << fine;
  EXPECT_EQ(compared(kOffForAll, kOn), "");
}

TEST(Surroundings, CpusThatAreNotThereAreAConflict) {
  Origin origin = here();
  origin.mutable_surroundings()->clear_cpus();
  EXPECT_EQ(conflict(check_cpus(origin)), "");
  origin.mutable_surroundings()->add_cpus(8191);
  EXPECT_THAT(conflict(check_cpus(origin)), HasSubstr("CPUs 8191, of which only none"));
}

// ---- what no tree has ----

TEST(Unconfined, IsThisProcess) { EXPECT_EQ(conflict(check_unconfined()), ""); }

TEST(Unconfined, NotWithNoNewPrivs) {
  in_child([] {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return without(conflict(check_unconfined()), "has no_new_privs set");
  });
}

TEST(Unconfined, NotUnderSeccomp) {
  in_child([] {
    sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const sock_fprog program{1, &allow};
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) return std::string("no seccomp");
    return without(conflict(check_unconfined()), "has seccomp filters");
  });
}

TEST(Unconfined, NotWithSecurebits) {
  in_child([] {
    if (::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0) != 0) return std::string("no securebits");
    return without(conflict(check_unconfined()), "has securebits set");
  });
}

TEST(Unconfined, NotWithMemoryDenied) {
  constexpr int kPrSetMdwe = 65, kRefuseExecGain = 1;
  in_child([] {
    if (::prctl(kPrSetMdwe, kRefuseExecGain, 0, 0, 0) != 0) return std::string();  // since Linux 6.3
    return without(conflict(check_unconfined()), "PR_SET_MDWE");
  });
}

// ---- what is undone ----

// What forget_inheritance makes of a process that has become odd.
void undone(const std::function<void()>& odd, const std::function<std::string()>& still) {
  const Origin origin = here();
  in_child([&]() -> std::string {
    odd();
    if (still().empty()) return "it did not become odd";
    if (const auto forgotten = forget_inheritance(origin); !forgotten) return forgotten.error().message();
    return still();
  });
}

TEST(ForgetInheritance, Affinity) {
  if (sys::allowed_cpus().value().size() < 2) GTEST_SKIP() << "a second CPU is needed";
  const std::string all = status().cpus_allowed;
  undone([] { (void)sys::allow_cpus({sys::allowed_cpus().value().back()}); },
         [&] { return status().cpus_allowed == all ? "" : status().cpus_allowed; });
}

TEST(ForgetInheritance, AffinityThatTheTreeHad) {
  const sys::Cpus all = sys::allowed_cpus().value();
  if (all.size() < 2) GTEST_SKIP() << "a second CPU is needed";
  Origin origin = here();
  origin.mutable_surroundings()->add_cpus(all.back());
  ASSERT_EQ(conflict(check_cpus(origin)), "");
  in_child([&]() -> std::string {
    if (!forget_inheritance(origin)) return "failed";
    return sys::allowed_cpus().value() == sys::Cpus{all.back()} ? "" : status().cpus_allowed;
  });
}

TEST(ForgetInheritance, HugePages) {
  undone([] { ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); },
         [] { return ::prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 0 ? "" : "switched off"; });
}

TEST(ForgetInheritance, MemoryMerge) {
  constexpr int kSet = 67, kGet = 68;
  if (::prctl(kGet, 0, 0, 0, 0) < 0) GTEST_SKIP() << "no PR_SET_MEMORY_MERGE here";
  undone([] { ::prctl(kSet, 1, 0, 0, 0); }, [] { return ::prctl(kGet, 0, 0, 0, 0) == 0 ? "" : "merged"; });
}

TEST(ForgetInheritance, MachineCheckPolicy) {
  undone([] { ::prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0); },
         [] { return ::prctl(PR_MCE_KILL_GET, 0, 0, 0, 0) == PR_MCE_KILL_DEFAULT ? "" : "early"; });
}

TEST(ForgetInheritance, MemoryPolicy) {
  int mode = 0;
  if (::syscall(SYS_get_mempolicy, &mode, nullptr, 0, nullptr, 0) < 0) GTEST_SKIP() << "no NUMA here";
  constexpr int kLocal = 4;  // MPOL_LOCAL
  undone([] { ::syscall(SYS_set_mempolicy, kLocal, nullptr, 0); },
         [] {
           int now = -1;
           ::syscall(SYS_get_mempolicy, &now, nullptr, 0, nullptr, 0);
           return now == 0 ? std::string() : fmt::format("policy {}", now);
         });
}

TEST(ForgetInheritance, Scheduling) {
  undone(
      [] {
        const sched_param none{};
        ::sched_setscheduler(0, SCHED_BATCH, &none);
        ::setpriority(PRIO_PROCESS, 0, 7);
        ::prctl(PR_SET_TIMERSLACK, 12345, 0, 0, 0);
      },
      [] {
        const int policy = ::sched_getscheduler(0), nice = ::getpriority(PRIO_PROCESS, 0);
        const int slack = ::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
        const bool ordinary = policy == SCHED_OTHER && nice == 0 && slack == 50000;
        return ordinary ? std::string() : fmt::format("policy {}, nice {}, slack {}", policy, nice, slack);
      });
}

TEST(ForgetInheritance, NicenessThatStaysIsNamed) {
  const Origin origin = here();
  in_child([&]() -> std::string {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_NICE, &none);
    ::setpriority(PRIO_PROCESS, 0, 7);
    // The user's, not root's, capabilities: none.
    if (::setresuid(65534, 65534, 65534) != 0) return "setresuid";
    return without(conflict(forget_inheritance(origin)), "has a nice value of its own");
  });
}

TEST(ForgetInheritance, Groups) {
  const std::vector<uint32_t> own = status().groups;
  undone(
      [] {
        const gid_t other = 4242;
        (void)::setgroups(1, &other);
      },
      [&] { return status().groups == own ? "" : "other groups"; });
}

// As an execve sees them.
TEST(ForgetInheritance, Capabilities) {
  constexpr uint64_t kOne = uint64_t{1} << CAP_WAKE_ALARM, kOther = uint64_t{1} << CAP_KILL;
  Origin origin = here();
  Surroundings& was = *origin.mutable_surroundings();
  ASSERT_NE(was.permitted() & kOne & was.bounding(), 0u);
  was.set_bounding(was.bounding() & ~kOne);
  was.set_inheritable(kOther), was.set_ambient(kOther);
  in_child([&]() -> std::string {
    if (const auto forgotten = forget_inheritance(origin); !forgotten) return forgotten.error().message();
    const proc::Status now = status();
    const bool right =
        now.cap_bounding == was.bounding() && now.cap_inheritable == kOther && now.cap_ambient == kOther;
    if (!right) return fmt::format("{:x} {:x} {:x}", now.cap_bounding, now.cap_inheritable, now.cap_ambient);
    was.set_ambient(0), was.set_inheritable(0);
    if (!forget_inheritance(origin)) return "failed";
    return status().cap_inheritable == 0 && status().cap_ambient == 0 ? "" : "not taken back";
  });
}

TEST(ForgetInheritance, OfAnOlderImageLeavesWhatIsUnknown) {
  Origin origin = here();
  origin.clear_surroundings();
  in_child([&]() -> std::string {
    const gid_t other = 4242;
    (void)::setgroups(1, &other);
    if (!forget_inheritance(origin)) return "failed";
    return status().groups == std::vector<uint32_t>{other} ? "" : "the groups were changed";
  });
}

}  // namespace
}  // namespace cr::engine
