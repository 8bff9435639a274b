// What a held thread is made to do, also when it stops more often than it was asked to, gets signals
// meanwhile, or ends.
#include "cr/trace/remote.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <time.h>

#include <cstddef>

#include "cr/proc/maps.h"
#include "cr/sys/process.h"
#include "cr/trace/trace_testing.h"

// An agent: waits until control.gate is open, tells by control.counter that it is through, and by SIGURG.
asm(R"(
    .pushsection .rodata
  cr_test_agent:
    cmpl $0, 4(%rdi)
    je cr_test_agent
    movq %rdi, %rbx
    movl $39, %eax  # getpid
    syscall
    movl %eax, %r12d
    movl $186, %eax  # gettid
    syscall
    movl $7, (%rbx)
    movl %r12d, %edi
    movl %eax, %esi
    movl $23, %edx  # SIGURG
    movl $234, %eax  # tgkill
    syscall
    jmp .
  cr_test_agent_end:
    .popsection
)");
extern "C" const char cr_test_agent[], cr_test_agent_end[];

namespace cr::trace {
namespace {

using ::testing::HasSubstr;

struct Control {
  uint32_t counter = 0;
  uint32_t gate = 0;
};

uint64_t own_bytes(pid_t pid) {
  const std::vector<proc::Vma> vmas =
      proc::parse_maps(sys::read_file(fmt::format("/proc/{}/maps", pid)).value()).value();
  uint64_t bytes = 0;
  for (const proc::Vma& vma : vmas)
    if (vma.exec && vma.write) bytes += vma.size();
  return bytes;
}

// A freezer waits with SIGCHLD blocked except while it sleeps.
class RemoteTest : public testing::Test {
 protected:
  RemoteTest() {
    std::signal(SIGCHLD, [](int) {});
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, nullptr);
  }
  ~RemoteTest() override {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    std::signal(SIGCHLD, SIG_DFL);
  }

  void freeze(pid_t root) {
    const auto frozen = freezer_.freeze(root, Clock::now() + 10s);
    ASSERT_TRUE(frozen) << frozen.error().message();
  }

  Freezer freezer_{[] { return false; }};
  Remote remote_{freezer_};
};

TEST_F(RemoteTest, MapsAndUnmaps) {
  const Child task([] { ::pause(); });
  freeze(task.pid());
  const auto address = remote_.map(task.pid(), WordSize::k64, 0x3000);
  ASSERT_TRUE(address) << address.error().message();
  EXPECT_EQ(own_bytes(task.pid()), 0x3000u);
  EXPECT_TRUE(remote_.unmap_all());
  EXPECT_EQ(own_bytes(task.pid()), 0u);
  freezer_.thaw();
}

// As a newborn is that was told to stop while it stood in its first stop: the flag outlives that.
TEST_F(RemoteTest, AStopThatIsStillToComeIsNotTakenForTheCalls) {
  const Child task([] { ::pause(); });
  freeze(task.pid());
  ASSERT_TRUE(interrupt(task.pid()));
  const auto address = remote_.map(task.pid(), WordSize::k64, 0x3000);
  ASSERT_TRUE(address) << address.error().message();
  ASSERT_TRUE(interrupt(task.pid()));
  const auto unmapped = remote_.unmap_all();
  EXPECT_TRUE(unmapped) << unmapped.error().message();
  freezer_.thaw();
}

TEST_F(RemoteTest, WhereOneHasEndedTheOthersAreRidOfOurMemory) {
  const SharedValue<std::atomic<pid_t>> born;
  const Child task([&] {
    if (const pid_t pid = ::fork(); pid != 0) *born = pid;
    for (;;) ::pause();
  });
  ASSERT_TRUE(eventually([&] { return *born != 0; }));
  const pid_t other = *born;
  freeze(task.pid());
  for (const pid_t pid : {task.pid(), other}) ASSERT_TRUE(remote_.map(pid, WordSize::k64, 0x3000));
  const pid_t first = std::min(task.pid(), other), second = std::max(task.pid(), other);
  ::kill(first, SIGKILL);
  EXPECT_FALSE(remote_.unmap_all());
  EXPECT_EQ(own_bytes(second), 0u);
  ASSERT_TRUE(eventually([&] {
    (void)freezer_.wait_for_arrival(second, Clock::now());  // sees what has ended, too
    return !freezer_.held().contains(first);
  }));
  const auto described = freezer_.describe();
  ASSERT_FALSE(described);
  EXPECT_THAT(described.error().message(), HasSubstr(fmt::format("pid {} was ended", first)));
  freezer_.thaw();
}

// Whoever was attached at its birth and lost its parent since belongs to nobody of the tree.
TEST_F(RemoteTest, WhoIsNoPartOfTheTreeIsLetGo) {
  const SharedValue<std::atomic<uint64_t>> counter;
  const Child stray([&] {
    for (;;) ++*counter;
  });
  const Child task([] { ::pause(); });
  ASSERT_TRUE(seize(stray.pid(), 0));
  Held& held = freezer_.held()[stray.pid()];
  held.tid = held.tgid = stray.pid();
  ASSERT_TRUE(interrupt(stray.pid()));
  freeze(task.pid());
  EXPECT_TRUE(moves(*counter, 5s));
  EXPECT_EQ(freezer_.held().size(), 1u);
  freezer_.thaw();
}

// Anybody may send the signal by which the agent tells that it is through.
TEST_F(RemoteTest, AnAgentIsThroughWhenItsCounterSaysSo) {
  const Child task([] { ::pause(); });
  freeze(task.pid());
  const uint64_t area = remote_.map(task.pid(), WordSize::k64, 0x3000).value();
  const std::string code(cr_test_agent, cr_test_agent_end);
  ASSERT_TRUE(sys::write_memory(task.pid(), {area}, std::as_bytes(std::span(code))));
  const uint64_t control = area + 0x1000;
  const auto counter = [&] { return sys::peek<uint32_t>(task.pid(), {control}).value(); };
  std::thread outside([&] {
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(::kill(task.pid(), SIGURG), 0);
      std::this_thread::sleep_for(20ms);
    }
    EXPECT_EQ(counter(), 0u);
    const uint32_t open = 1;
    EXPECT_TRUE(sys::write_memory(task.pid(), {control + offsetof(Control, gate)},
                                  std::as_bytes(std::span(&open, 1))));
  });
  const auto ran = remote_.run({{.tid = task.pid(),
                                 .entry = area,
                                 .control = control,
                                 .stack_top = area + 0x3000,
                                 .notify_signal = SIGURG,
                                 .counter = control + offsetof(Control, counter),
                                 .through = 7}},
                               Clock::now() + 20s);
  outside.join();
  EXPECT_TRUE(ran) << ran.error().message();
  EXPECT_EQ(counter(), 7u);
  EXPECT_TRUE(remote_.unmap_all());
  freezer_.thaw();
}

volatile int got_value = 0;

void sleep_until_a_signal(std::atomic<int>& value) {
  struct sigaction action {};
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = [](int, siginfo_t* info, void*) { got_value = info->si_value.sival_int; };
  ::sigaction(SIGUSR1, &action, nullptr);
  const timespec time{60, 0};
  ::nanosleep(&time, nullptr);
  value = got_value;
}

// It is neither handed out nor does it end the wait that is looked at.
TEST_F(RemoteTest, ASignalThatComesWhileAWaitIsLookedAtIsKept) {
  const SharedValue<std::atomic<int>> value;
  Child task([&] { sleep_until_a_signal(*value); });
  ASSERT_TRUE(eventually([&] { return state_of(task.pid()) == 'S'; }));
  freeze(task.pid());
  sigval told{};
  told.sival_int = 42;
  ASSERT_EQ(::sigqueue(task.pid(), SIGUSR1, told), 0);
  const auto observed = remote_.observe_waits(Clock::now() + 20s);
  ASSERT_TRUE(observed) << observed.error().message();
  const Held& held = freezer_.held().at(task.pid());
  EXPECT_EQ(restart_of(held.state.regs), Restart::kBlock);
  ASSERT_TRUE(held.state.wait.has_value());
  EXPECT_TRUE(held.state.wait->has_deadline);
  EXPECT_TRUE(held.deferred.empty());
  EXPECT_EQ(*value, 0);
  freezer_.thaw();
  EXPECT_EQ(task.exit_status(), 0);
  EXPECT_EQ(*value, 42) << "with all that it brings along";
}

TEST_F(RemoteTest, WaitsAreLookedAtInTimeOrNotAtAll) {
  const Child task([] {
    const timespec time{60, 0};
    ::nanosleep(&time, nullptr);
  });
  ASSERT_TRUE(eventually([&] { return state_of(task.pid()) == 'S'; }));
  freeze(task.pid());
  const auto observed = remote_.observe_waits(Clock::now());
  ASSERT_FALSE(observed);
  EXPECT_EQ(observed.error().kind(), ErrorKind::kDeadline);
  freezer_.thaw();
}

// Its arguments say that there is no end to it: it is not woken to look for one.
TEST_F(RemoteTest, APollForEverIsNotLookedAt) {
  const Child task([] { ::poll(nullptr, 0, -1); });
  ASSERT_TRUE(eventually([&] { return state_of(task.pid()) == 'S'; }));
  freeze(task.pid());
  ASSERT_EQ(restart_of(freezer_.held().at(task.pid()).state.regs), Restart::kBlock);
  EXPECT_TRUE(remote_.observe_waits(Clock::now() + 20s));
  EXPECT_FALSE(freezer_.held().at(task.pid()).state.wait.has_value());
  freezer_.thaw();
}

}  // namespace
}  // namespace cr::trace
