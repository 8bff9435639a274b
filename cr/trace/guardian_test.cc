// Real small trees stand still as a whole, and go on as if nothing had happened.
#include "cr/trace/guardian.h"

#include <gmock/gmock.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "cr/proc/maps.h"
#include "cr/proc/status.h"
#include "cr/trace/guardian_testing.h"

namespace cr::trace {
namespace {

using ::testing::HasSubstr;

std::set<pid_t> pids_of(const FrozenTree& tree) {
  std::set<pid_t> pids;
  for (const ProcessState& process : tree.processes) pids.insert(process.pid);
  return pids;
}

// Ends our own tracing of a running task; false if it was not traced by us any more.
bool detach_from(pid_t pid) {
  int status = 0;
  return interrupt(pid) && ::waitpid(pid, &status, __WALL) == pid && detach(pid);
}

TEST(Guardian, HoldsASingleTaskAndLetsItGoOn) {
  Counter counter;
  const Child child([&] { count_for_ever(counter); });
  ASSERT_TRUE(moves(*counter, 5s));
  Guardian guardian = start();
  const FrozenTree tree = freeze(guardian, child.pid());
  ASSERT_EQ(tree.processes.size(), 1u);
  EXPECT_TRUE(tree.blockers.empty());
  EXPECT_EQ(tree.processes[0].pid, child.pid());
  EXPECT_EQ(tree.processes[0].parent, 0);
  EXPECT_FALSE(moves(*counter, 50ms));
  EXPECT_TRUE(guardian.thaw());
  EXPECT_TRUE(moves(*counter, 5s));
}

TEST(Guardian, HoldsEveryThread) {
  constexpr int kThreads = 12;
  Counter counter, born;
  const Child child([&] {
    for (int i = 0; i < kThreads; ++i) std::thread([&] { ++*born, count_for_ever(counter); }).detach();
    count_for_ever(counter);
  });
  ASSERT_TRUE(eventually([&] { return *born == kThreads; }));
  Guardian guardian = start();
  const FrozenTree tree = freeze(guardian, child.pid());
  ASSERT_EQ(tree.processes.size(), 1u);
  const auto& threads = tree.processes[0].threads;
  EXPECT_EQ(threads.size(), 1u + kThreads);
  EXPECT_EQ(threads.front().tid, child.pid());
  EXPECT_FALSE(moves(*counter, 50ms));
  EXPECT_TRUE(guardian.thaw());
  EXPECT_TRUE(moves(*counter, 5s));
}

// Four threads that do nothing but ask for the time, most of which is spent in there.
TEST(Guardian, LeavesNoThreadInItsVdso) {
  Counter counter;
  const auto ask = [&] {
    for (timespec now;; ++*counter)
      for (int i = 0; i < 1000; ++i) ::clock_gettime(CLOCK_MONOTONIC, &now);
  };
  const Child child([&] {
    for (int i = 0; i < 3; ++i) std::thread(ask).detach();
    ask();
  });
  ASSERT_TRUE(moves(*counter, 5s));
  const std::string maps = sys::read_file(fmt::format("/proc/{}/maps", child.pid())).value();
  uint64_t start = 0, end = 0;
  for (const proc::Vma& vma : proc::parse_maps(maps).value())
    if (vma.path == "[vdso]") start = vma.start, end = vma.end;
  if (end == 0) GTEST_SKIP() << "missing: a vdso";
  for (int round = 0; round < 20; ++round) {
    Guardian guardian = trace::start();
    const FrozenTree tree = freeze(guardian, child.pid());
    for (const ThreadState& thread : tree.processes.at(0).threads)
      EXPECT_FALSE(thread.regs.rip >= start && thread.regs.rip < end) << thread.tid;
    EXPECT_TRUE(guardian.thaw());
    EXPECT_TRUE(moves(*counter, 5s));
  }
}

// Leading it out takes a SIGTRAP: whoever blocks it blocks it afterwards, whoever ignores it still does.
TEST(Guardian, LeavesSignalsOfThreadsInTheVdsoAlone) {
  for (const bool ignores : {false, true}) {
    Counter counter;
    const Child child([&] {
      if (ignores) ::signal(SIGTRAP, SIG_IGN);
      sigset_t blocked;
      sigemptyset(&blocked), sigaddset(&blocked, SIGTRAP), sigaddset(&blocked, SIGUSR1);
      ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
      for (timespec now;; ++*counter)
        for (int i = 0; i < 1000; ++i) ::clock_gettime(CLOCK_MONOTONIC, &now);
    });
    ASSERT_TRUE(moves(*counter, 5s));
    for (int round = 0; round < 10; ++round) {
      Guardian guardian = trace::start();
      (void)freeze(guardian, child.pid());
      EXPECT_TRUE(guardian.thaw());
      EXPECT_TRUE(moves(*counter, 5s));
      const auto status =
          proc::parse_status(sys::read_file(fmt::format("/proc/{}/status", child.pid())).value()).value();
      EXPECT_EQ(status.sig_blocked, signal_bit(SIGTRAP) | signal_bit(SIGUSR1));
      EXPECT_EQ((status.sig_ignored & signal_bit(SIGTRAP)) != 0, ignores);
    }
  }
}

// Threads that are born and die all the time.
TEST(Guardian, CatchesAThreadStorm) {
  Counter counter;
  const Child child([&] {
    for (;;) {
      std::thread([&] { std::thread([&] { ++*counter; }).join(); }).join();
    }
  });
  ASSERT_TRUE(moves(*counter, 5s));
  for (int round = 0; round < 5; ++round) {
    Guardian guardian = start();
    const FrozenTree tree = freeze(guardian, child.pid());
    const auto tids = sys::list_dir(fmt::format("/proc/{}/task", child.pid())).value();
    EXPECT_EQ(tree.processes.at(0).threads.size(), tids.size());
    EXPECT_FALSE(moves(*counter, 20ms));
    EXPECT_TRUE(guardian.thaw());
    EXPECT_TRUE(moves(*counter, 5s));
  }
}

// Every process forks two, they fork again, some leave orphans to the root.
[[noreturn]] void fork_storm(Counter& counter) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  for (;;) {
    for (int i = 0; i < 2; ++i) {
      if (::fork() == 0) {
        ++*counter;
        if (::fork() == 0) {
          if (::fork() == 0) ::_exit(0);
          ::_exit(3);
        }
        if (i == 0) ::wait(nullptr);
        ::_exit(0);
      }
    }
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
  }
}

TEST(Guardian, CatchesAForkStorm) {
  Counter counter;
  const Child child([&] { fork_storm(counter); });
  ASSERT_TRUE(moves(*counter, 5s));
  for (int round = 0; round < 10; ++round) {
    Guardian guardian = start();
    const FrozenTree tree = freeze(guardian, child.pid());
    EXPECT_EQ(pids_of(tree), tree_below(child.pid())) << "round " << round;
    for (const ProcessState& process : tree.processes)
      EXPECT_EQ(state_of(process.pid), process.zombie ? 'Z' : 't') << "pid " << process.pid;
    EXPECT_FALSE(moves(*counter, 20ms));
    EXPECT_EQ(pids_of(tree), tree_below(child.pid()));
    EXPECT_TRUE(guardian.thaw());
    EXPECT_TRUE(moves(*counter, 5s));
  }
}

TEST(Guardian, TellsZombiesAndParents) {
  SharedValue<std::atomic<pid_t>> zombie, living;
  const Child child([&] {
    const pid_t dead = ::fork();
    if (dead == 0) ::_exit(7);
    const pid_t alive = ::fork();
    if (alive == 0)
      for (;;) ::pause();
    *zombie = dead;
    *living = alive;
    for (;;) ::pause();
  });
  ASSERT_TRUE(eventually([&] { return *living != 0 && state_of(*zombie) == 'Z'; }));
  Guardian guardian = start();
  const FrozenTree tree = freeze(guardian, child.pid());
  ASSERT_EQ(tree.processes.size(), 3u);
  for (const ProcessState& process : tree.processes) {
    EXPECT_EQ(process.zombie, process.pid == *zombie);
    EXPECT_EQ(process.parent, process.pid == child.pid() ? 0 : child.pid());
    EXPECT_EQ(process.threads.empty(), process.zombie);
  }
  EXPECT_TRUE(guardian.thaw());
}

// The parent waits unstoppably until its child executes something: it is let run to there.
TEST(Guardian, LetsAVforkChildReachItsExec) {
  Counter counter;
  const Child child([&] {
    if (::vfork() == 0) {
      ++*counter;
      const timespec while_{0, 200'000'000};
      ::nanosleep(&while_, nullptr);
      ::execl("/bin/sleep", "sleep", "60", nullptr);
      ::_exit(1);
    }
    for (;;) ++*counter;
  });
  ASSERT_TRUE(eventually([&] { return *counter == 1; }));
  Guardian guardian = start();
  const FrozenTree tree = freeze(guardian, child.pid());
  EXPECT_EQ(tree.processes.size(), 2u);
  EXPECT_EQ(pids_of(tree), tree_below(child.pid()));
  EXPECT_FALSE(moves(*counter, 50ms));
  EXPECT_TRUE(guardian.thaw());
  EXPECT_TRUE(moves(*counter, 5s)) << "the parent comes back from vfork";
}

TEST(Guardian, GivesUpInTimeOnAVforkChildThatStays) {
  Counter counter;
  const Child child([&] {
    if (::vfork() == 0) count_for_ever(counter);
    ::_exit(0);
  });
  ASSERT_TRUE(moves(*counter, 5s));
  Guardian guardian = start();
  const auto tree = guardian.freeze(child.pid(), 300ms);
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().kind(), ErrorKind::kDeadline);
  EXPECT_THAT(tree.error().message(), HasSubstr(fmt::format("thread {}", child.pid())));
  EXPECT_TRUE(guardian.thaw());
  EXPECT_TRUE(moves(*counter, 5s));
}

TEST(Guardian, NamesWhatJobControlHasStopped) {
  const Child child([] {
    for (;;) ::pause();
  });
  ::kill(child.pid(), SIGSTOP);
  ASSERT_TRUE(eventually([&] { return state_of(child.pid()) == 'T'; }));
  Guardian guardian = start();
  const FrozenTree tree = freeze(guardian, child.pid());
  ASSERT_EQ(tree.blockers.size(), 1u);
  EXPECT_EQ(tree.blockers[0].pid, child.pid());
  EXPECT_EQ(tree.blockers[0].kind, "stopped");
  ASSERT_EQ(tree.processes.size(), 1u) << "it is described all the same";
  EXPECT_EQ(tree.processes[0].hold, Hold::kStill);
  EXPECT_EQ(tree.processes[0].threads.size(), 1u);
  EXPECT_TRUE(guardian.thaw());
  EXPECT_TRUE(eventually([&] { return state_of(child.pid()) == 'T'; })) << "it is still stopped";
  ::kill(child.pid(), SIGCONT);
  EXPECT_TRUE(eventually([&] { return state_of(child.pid()) == 'S'; }));
}

TEST(Guardian, NamesTheDebuggerOfATracedTask) {
  const Child child([] {
    for (;;) ::pause();
  });
  ASSERT_TRUE(seize(child.pid(), 0));
  Guardian guardian = start();
  const FrozenTree tree = freeze(guardian, child.pid());
  ASSERT_EQ(tree.blockers.size(), 1u);
  EXPECT_EQ(tree.blockers[0].kind, "traced");
  ASSERT_EQ(tree.processes.size(), 1u);
  EXPECT_EQ(tree.processes[0].hold, Hold::kLoose);
  ASSERT_EQ(tree.processes[0].threads.size(), 1u);
  EXPECT_EQ(tree.processes[0].threads[0].tid, child.pid());
  EXPECT_THAT(tree.blockers[0].reason, HasSubstr(fmt::format("pid {}", ::getpid())));
  EXPECT_TRUE(guardian.thaw());
}

std::map<pid_t, std::string> kinds_of(const FrozenTree& tree) {
  std::map<pid_t, std::string> kinds;
  for (const Blocker& blocker : tree.blockers) kinds[blocker.pid] += blocker.kind;
  return kinds;
}

[[noreturn]] void pause_for_ever() {
  for (;;) ::pause();
}

// Each of them alone would do; none hides another, and whoever can be held is.
TEST(Guardian, NamesAllWhoCannotBeHeldOrEntered) {
  struct Pids {
    std::atomic<pid_t> stopped, traced, in_vfork, without_leader;
  };
  const SharedValue<Pids> pids;
  Counter counter, of_vfork_child;
  const Child child([&] {
    const auto fork_into = [](std::atomic<pid_t>& place, const auto& life) {
      const pid_t pid = ::fork();
      if (pid == 0) life();
      place = pid;
    };
    fork_into(pids->stopped, pause_for_ever);
    fork_into(pids->traced, pause_for_ever);
    fork_into(pids->in_vfork, [&] {
      if (::vfork() == 0) count_for_ever(of_vfork_child);
      ::_exit(0);
    });
    fork_into(pids->without_leader, [] {
      std::thread(pause_for_ever).detach();
      ::syscall(SYS_exit, 0);
    });
    count_for_ever(counter);
  });
  ASSERT_TRUE(moves(*counter, 5s));
  ASSERT_TRUE(moves(*of_vfork_child, 5s));
  ASSERT_TRUE(eventually([&] { return state_of(pids->without_leader) == 'Z'; }));
  ::kill(pids->stopped, SIGSTOP);
  ASSERT_TRUE(eventually([&] { return state_of(pids->stopped) == 'T'; }));
  ASSERT_TRUE(seize(pids->traced, 0));

  Guardian guardian = start();
  const FrozenTree tree = freeze(guardian, child.pid());
  const std::map<pid_t, std::string> expected{{pids->stopped, "stopped"},
                                              {pids->traced, "traced"},
                                              {pids->in_vfork, "vfork"},
                                              {pids->without_leader, "dead-leader"}};
  EXPECT_EQ(kinds_of(tree), expected);
  EXPECT_EQ(pids_of(tree), tree_below(child.pid()));
  for (const ProcessState& process : tree.processes) {
    const bool blocked = expected.contains(process.pid);
    EXPECT_EQ(process.hold, process.pid == pids->traced ? Hold::kLoose
                            : blocked                   ? Hold::kStill
                                                        : Hold::kFirm);
    EXPECT_FALSE(process.threads.empty());
  }
  EXPECT_FALSE(moves(*counter, 50ms));
  EXPECT_FALSE(moves(*of_vfork_child, 50ms));
  EXPECT_TRUE(guardian.thaw());
  EXPECT_TRUE(moves(*counter, 5s));
  EXPECT_TRUE(moves(*of_vfork_child, 5s));
  EXPECT_TRUE(eventually([&] { return state_of(pids->stopped) == 'T'; })) << "it is still stopped";
  EXPECT_TRUE(detach_from(pids->traced)) << "it is still ours";
}

// What is left of a wait is seen by letting it go on, and that is not for who was stopped.
TEST(Guardian, AStoppedSleeperIsNotWokenToLookAtItsWait) {
  const Child child([] {
    const timespec time{60, 0};
    for (;;) ::nanosleep(&time, nullptr);
  });
  ASSERT_TRUE(eventually([&] { return state_of(child.pid()) == 'S'; }));
  ::kill(child.pid(), SIGSTOP);
  ASSERT_TRUE(eventually([&] { return state_of(child.pid()) == 'T'; }));
  Guardian guardian = start();
  const FrozenTree tree = freeze(guardian, child.pid());
  ASSERT_EQ(tree.processes.size(), 1u);
  EXPECT_EQ(restart_of(tree.processes[0].threads.at(0).regs), Restart::kBlock);
  EXPECT_FALSE(tree.processes[0].threads.at(0).wait.has_value());
  EXPECT_TRUE(guardian.thaw());
}

TEST(Guardian, WhoTakesNoMemoryOfOursIsNamedAndOthersTakeIt) {
  constexpr int kSetMdwe = 65, kRefuseExecGain = 1;
  SharedValue<std::atomic<int>> denied;
  const Child child([&] {
    if (::fork() == 0) {
      *denied = ::prctl(kSetMdwe, kRefuseExecGain, 0, 0, 0) == 0 ? 1 : -1;
      pause_for_ever();
    }
    pause_for_ever();
  });
  ASSERT_TRUE(eventually([&] { return *denied != 0; }));
  if (*denied < 0) GTEST_SKIP() << "this kernel has no PR_SET_MDWE";
  Guardian guardian = start();
  const FrozenTree tree = freeze(guardian, child.pid());
  ASSERT_EQ(tree.processes.size(), 2u);
  const pid_t denier =
      tree.processes[1].parent == child.pid() ? tree.processes[1].pid : tree.processes[0].pid;
  const auto areas = guardian.map({{denier, WordSize::k64, 4096}, {child.pid(), WordSize::k64, 4096}});
  ASSERT_TRUE(areas) << areas.error().message();
  ASSERT_EQ(areas->addresses.size(), 2u);
  EXPECT_EQ(areas->addresses[0], 0u);
  EXPECT_NE(areas->addresses[1], 0u);
  ASSERT_EQ(areas->blockers.size(), 1u);
  EXPECT_EQ(areas->blockers[0].kind, "mdwe");
  EXPECT_EQ(areas->blockers[0].pid, denier);
  EXPECT_TRUE(guardian.thaw());
}

TEST(Guardian, RefusesAProcessThatIsNotThere) {
  const pid_t gone = ::fork();
  if (gone == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(gone, nullptr, 0), gone);
  Guardian guardian = start();
  const auto tree = guardian.freeze(gone, kPatience);
  ASSERT_FALSE(tree);
  EXPECT_THAT(tree.error().message(), HasSubstr(fmt::format("{}", gone)));
}

TEST(Guardian, KillsTheWholeTree) {
  Counter counter;
  Child child([&] { fork_storm(counter); });
  ASSERT_TRUE(moves(*counter, 5s));
  Guardian guardian = start();
  const FrozenTree tree = freeze(guardian, child.pid());
  EXPECT_TRUE(guardian.kill());
  EXPECT_TRUE(eventually([&] { return state_of(child.pid()) == 'Z'; }));
  EXPECT_FALSE(moves(*counter, 20ms));
  child.end();
  for (const ProcessState& process : tree.processes)
    EXPECT_TRUE(eventually([&] { return state_of(process.pid) == '\0' || state_of(process.pid) == 'Z'; }));
}

uint64_t executable_anonymous_bytes(pid_t pid) {
  const std::string text = sys::read_file(fmt::format("/proc/{}/maps", pid)).value();
  const std::vector<proc::Vma> vmas = proc::parse_maps(text).value();
  uint64_t bytes = 0;
  for (const proc::Vma& vma : vmas)
    if (vma.exec && vma.write && vma.inode == 0) bytes += vma.size();
  return bytes;
}

TEST(Guardian, MapsMemoryAndTakesItOutAgain) {
  Counter counter;
  const Child child([&] { count_for_ever(counter); });
  ASSERT_TRUE(moves(*counter, 5s));
  for (const bool by_thaw : {false, true}) {
    Guardian guardian = start();
    (void)freeze(guardian, child.pid());
    const uint64_t before = executable_anonymous_bytes(child.pid());
    const auto areas = guardian.map({{child.pid(), WordSize::k64, 3 * 4096}});
    ASSERT_TRUE(areas) << areas.error().message();
    ASSERT_EQ(areas->addresses.size(), 1u);
    EXPECT_EQ(executable_anonymous_bytes(child.pid()), before + 3 * 4096);
    EXPECT_FALSE(moves(*counter, 20ms));
    if (!by_thaw) {
      EXPECT_TRUE(guardian.unmap_all());
      EXPECT_EQ(executable_anonymous_bytes(child.pid()), before);
    }
    EXPECT_TRUE(guardian.thaw());
    EXPECT_EQ(executable_anonymous_bytes(child.pid()), before);
    EXPECT_TRUE(moves(*counter, 5s));
  }
}

// A call that a stop interrupts goes on as if nothing had happened; 1 tells of an EINTR that no signal
// caused.
void goes_on_undisturbed(const std::function<long()>& call, int expected_status) {
  Child child([&] {
    const long result = call();
    ::_exit(result < 0 && errno == EINTR ? 1 : expected_status);
  });
  ASSERT_TRUE(eventually([&] { return state_of(child.pid()) == 'S'; }));
  for (int round = 0; round < 3; ++round) {
    Guardian guardian = start();
    (void)freeze(guardian, child.pid());
    EXPECT_TRUE(guardian.thaw());
  }
  EXPECT_EQ(child.exit_status(), expected_status);
}

TEST(Guardian, SleepsGoOn) {
  goes_on_undisturbed(
      [] {
        const timespec time{0, 500'000'000};
        return static_cast<long>(::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr)) == EINTR
                   ? (errno = EINTR, -1L)
                   : 0L;
      },
      9);
}

// A call that a stop ends with EINTR.
long wait_in_epoll(int timeout_ms) {
  epoll_event event;
  return ::epoll_wait(::epoll_create1(0), &event, 1, timeout_ms);
}

// Nobody has looked at the thread yet when the freeze is given up: neither at one that stands, nor at one on
// its way.
TEST(Guardian, AFreezeThatFailsDisturbsNoCall) {
  for (const auto patience : {300ms, 0ms}) {
    Counter counter, result;
    const Child child([&] {
      std::thread([&] { *result = wait_in_epoll(1500) == 0 ? 1 : 2; }).detach();
      if (::vfork() == 0) count_for_ever(counter);
    });
    ASSERT_TRUE(moves(*counter, 5s));
    Guardian guardian = start();
    ASSERT_FALSE(guardian.freeze(child.pid(), patience));
    EXPECT_TRUE(guardian.thaw());
    EXPECT_TRUE(moves(*counter, 5s));
    EXPECT_TRUE(eventually([&] { return *result != 0; }));
    EXPECT_EQ(*result, 1u) << "epoll_wait came back with EINTR";
  }
}

TEST(Guardian, ReadsGoOn) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::thread writer([&] {
    std::this_thread::sleep_for(700ms);
    EXPECT_EQ(::write(ends[1], "x", 1), 1);
  });
  goes_on_undisturbed(
      [&] {
        char byte;
        return static_cast<long>(::read(ends[0], &byte, 1));
      },
      9);
  writer.join();
  ::close(ends[0]), ::close(ends[1]);
}

}  // namespace
}  // namespace cr::trace
