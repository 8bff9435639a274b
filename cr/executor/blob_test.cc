// The blob in a real child: what each op does, what a failure leaves behind, and what is not touched.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cstring>

#include "cr/executor/test_task.h"
#include "cr/executor/text.h"

// Some `syscall` instruction, where a test can put the instruction pointer.
asm(".globl cr_test_syscall_instruction\ncr_test_syscall_instruction: syscall\nud2\n");
extern "C" const char cr_test_syscall_instruction[];

namespace cr::exec {
namespace {

using test::PlacedProgram;
using test::Seen;
using test::TestTask;
using test::Where;
using ::testing::HasSubstr;
using ::testing::Not;

class Blob : public ::testing::Test {
 protected:
  // Runs the list in a child and keeps what the child's memory shows at its final int3.
  void run(Where where = Where::kAnywhere) {
    placed_.emplace(program_, where);
    task_.emplace(TestTask::fork_stopped());
    const Seen seen = task_->run(area(), list_);
    ASSERT_TRUE(seen.stopped);
    ASSERT_EQ(seen.signal, SIGTRAP);
    control_ = task_->control(area(), list_);
  }
  const Area& area() const { return placed_->area(); }
  uint64_t value(Slot slot) const { return task_->value(area(), slot); }
  std::string bytes(Data data) const { return task_->read(area().address_of(data), data.size); }
  std::string failure() const { return describe_failure(list_, control_.failed_op, control_.result); }

  Program program_;
  ListBuilder& list_ = program_.add_list("test");
  std::optional<PlacedProgram> placed_;
  std::optional<TestTask> task_;
  Control control_{};
};

TEST_F(Blob, SavesResults) {
  const Slot pid = list_.fresh_slot(), bad = list_.fresh_slot();
  list_.syscall(Abi::k64, SYS_getpid, {}).save(pid);
  list_.syscall(Abi::k64, SYS_close, {-1}).any().save(bad);
  run();
  EXPECT_EQ(control_.state, State::kDone);
  EXPECT_EQ(control_.failed_op, kNone);
  EXPECT_EQ(value(pid), static_cast<uint64_t>(task_->pid()));
  EXPECT_EQ(static_cast<int64_t>(value(bad)), -EBADF);
}

TEST_F(Blob, PassesSixArgumentsOfEveryKind) {
  const Slot size = list_.fresh_slot(), where = list_.fresh_slot();
  const Data page_size = list_.stash(uint64_t{8192});
  list_.load64(size, page_size);
  list_
      .syscall(Abi::k64, SYS_mmap,
               {0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, uint64_t{0}})
      .save(where);
  list_.copy(where, list_.stash_text("hello"), 6);
  run();
  ASSERT_EQ(control_.state, State::kDone) << failure();
  EXPECT_EQ(task_->read(value(where), 6), std::string("hello\0", 6));
}

TEST_F(Blob, StopsAtTheFailingOpAndSaysWhich) {
  const Slot after = list_.fresh_slot();
  list_.syscall(Abi::k64, SYS_getpid, {});
  list_.syscall(Abi::k64, SYS_openat, {AT_FDCWD, list_.stash_text("/does/not/exist"), O_RDONLY})
      .because("open {}", "/does/not/exist");
  list_.syscall(Abi::k64, SYS_getpid, {}).save(after);
  run();
  EXPECT_EQ(control_.state, State::kFailed);
  EXPECT_EQ(control_.failed_op, 1u);
  EXPECT_EQ(control_.result, -ENOENT);
  EXPECT_EQ(value(after), 0u);
  EXPECT_EQ(failure(), "test: op 1, openat (open /does/not/exist): No such file or directory (ENOENT)");
}

TEST_F(Blob, AnUnexpectedSuccessIsAFailure) {
  list_.syscall(Abi::k64, SYS_dup2, {2, 2}).expect(5);
  run();
  EXPECT_EQ(control_.state, State::kFailed);
  EXPECT_EQ(failure(), "test: op 0, dup2: returned 2 instead of 5");
}

TEST_F(Blob, GoesOnAtTheFailureHandler) {
  const Slot skipped = list_.fresh_slot(), ran = list_.fresh_slot();
  list_.syscall(Abi::k64, SYS_close, {-1});
  list_.syscall(Abi::k64, SYS_getpid, {}).save(skipped);
  list_.on_failure_here();
  list_.syscall(Abi::k64, SYS_getpid, {}).save(ran);
  run();
  EXPECT_EQ(control_.state, State::kDone);
  EXPECT_EQ(control_.failed_op, 0u);
  EXPECT_EQ(control_.result, -EBADF);
  EXPECT_EQ(value(skipped), 0u);
  EXPECT_EQ(value(ran), static_cast<uint64_t>(task_->pid()));
}

TEST_F(Blob, ASecondFailureStopsAndTheFirstStaysOnRecord) {
  list_.syscall(Abi::k64, SYS_close, {-1});
  list_.on_failure_here();
  list_.syscall(Abi::k64, SYS_dup2, {-1, 3});
  run();
  EXPECT_EQ(control_.state, State::kFailed);
  EXPECT_EQ(control_.failed_op, 0u);
}

TEST_F(Blob, LoadsAndStoresBothWidths) {
  const Data fds = list_.reserve(8);  // as pipe2 writes them: two 32-bit numbers
  const Data wide = list_.reserve(16);
  const Slot reader = list_.fresh_slot(), writer = list_.fresh_slot(), sum = list_.fresh_slot();
  list_.syscall(Abi::k64, SYS_pipe2, {fds, 0});
  list_.load32(reader, fds);
  list_.load32(writer, fds.from(4));
  list_.syscall(Abi::k64, SYS_dup2, {reader, 200}).expect(200);
  list_.syscall(Abi::k64, SYS_dup2, {writer, 201}).expect(201);
  list_.store64(wide, uint64_t{0x1122334455667788});
  list_.store32(wide.from(8), writer);
  list_.load64(sum, wide);
  run();
  ASSERT_EQ(control_.state, State::kDone) << failure();
  EXPECT_EQ(value(sum), 0x1122334455667788u);
  uint32_t stored = 0;
  std::memcpy(&stored, bytes(wide).data() + 8, 4);
  EXPECT_EQ(stored, value(writer));
  EXPECT_EQ(value(writer), value(reader) + 1);
}

TEST_F(Blob, CopiesLikeMemmove) {
  const Data up = list_.stash_text("abcdefgh"), down = list_.stash_text("abcdefgh");
  list_.copy(up.from(2), up, 6);
  list_.copy(down, down.from(2), 6);
  list_.copy(down, up, 0);
  run();
  EXPECT_EQ(bytes(up).substr(0, 8), "ababcdef");
  EXPECT_EQ(bytes(down).substr(0, 8), "cdefghgh");
}

TEST_F(Blob, ReadsAFileFullyAtAnyOffset) {
  std::string content(300'000, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 + i / 251);
  const int fd = test::memory_file(content, 0);
  const Data into = list_.reserve(200'000);
  list_.read_fully(fd, into, into.size, 99'999);
  run();
  ASSERT_EQ(control_.state, State::kDone) << failure();
  EXPECT_TRUE(bytes(into) == content.substr(99'999, 200'000));
  ::close(fd);
}

// procfs gives out at most a page at a time, so one pread64 would not do.
TEST_F(Blob, ReadsFullyThroughShortReads) {
  constexpr int kPageOfMaps = 4096;
  std::vector<void*> pages;
  for (int i = 0; i < 200; ++i)  // enough mappings for several pages of text
    pages.push_back(
        ::mmap(nullptr, kPageOfMaps, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  const Slot fd = list_.fresh_slot(), once = list_.fresh_slot();
  const Data into = list_.reserve(3 * kPageOfMaps);
  list_.syscall(Abi::k64, SYS_openat, {AT_FDCWD, list_.stash_text("/proc/self/maps"), O_RDONLY}).save(fd);
  list_.syscall(Abi::k64, SYS_pread64, {fd, into, into.size, 0}).save(once);
  list_.read_fully(fd, into, into.size, 0);
  run();
  ASSERT_EQ(control_.state, State::kDone) << failure();
  EXPECT_LT(value(once), into.size) << "the kernel gave it all at once: this test proves nothing here";
  EXPECT_EQ(bytes(into), task_->maps().substr(0, into.size));
  for (void* page : pages) ::munmap(page, kPageOfMaps);
}

TEST_F(Blob, AFileThatEndsEarlyIsAFailure) {
  const int fd = test::memory_file("short", 0);
  const Data into = list_.reserve(6);
  list_.read_fully(fd, into, 6, 0).because("page 3");
  run();
  EXPECT_EQ(control_.state, State::kFailed);
  EXPECT_EQ(failure(), "test: op 0, read (page 3): the file ended too early");
  ::close(fd);
}

TEST_F(Blob, SpeaksTheCompatAbi) {
  struct Sigaction32 {
    uint32_t handler, flags, restorer;
    uint32_t mask[2];
  };
  const Sigaction32 action{0x12345678, SA_RESTART, 0, {0x1000, 0x2}};
  const Data old = list_.reserve(sizeof(Sigaction32));
  constexpr int kSigaction32 = 174, kMmap2 = 192, kGetpid32 = 20;
  const Slot pid = list_.fresh_slot(), where = list_.fresh_slot();
  list_.syscall(Abi::k32, kSigaction32, {SIGUSR1, list_.stash(action), 0, 8}).expect(0);
  list_.syscall(Abi::k32, kSigaction32, {SIGUSR1, 0, old, 8}).expect(0);
  list_.syscall(Abi::k32, kGetpid32, {}).save(pid);
  list_.syscall(Abi::k32, kMmap2, {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}).save(where);
  list_.syscall(Abi::k32, kSigaction32, {SIGKILL, list_.stash(action), 0, 8}).expect(-EINVAL);
  run(Where::kBelow4GiB);
  ASSERT_EQ(control_.state, State::kDone) << failure();
  EXPECT_EQ(value(pid), static_cast<uint64_t>(task_->pid()));
  EXPECT_LT(value(where), uint64_t{1} << 32);
  Sigaction32 got{};
  std::memcpy(&got, bytes(old).data(), sizeof(got));
  EXPECT_EQ(got.handler, action.handler);
  EXPECT_EQ(got.flags, action.flags);
  EXPECT_EQ(got.mask[0], action.mask[0]);
  EXPECT_EQ(got.mask[1], action.mask[1]);
}

TEST_F(Blob, TrapsAreSeenAndContinued) {
  const Slot before = list_.fresh_slot(), after = list_.fresh_slot();
  list_.syscall(Abi::k64, SYS_getpid, {}).save(before);
  list_.trap(7);
  list_.syscall(Abi::k64, SYS_getppid, {}).save(after);
  run();
  EXPECT_EQ(control_.state, State::kTrapped);
  EXPECT_EQ(control_.trap_tag, 7u);
  EXPECT_EQ(control_.next, 2u);
  EXPECT_NE(value(before), 0u);
  EXPECT_EQ(value(after), 0u);

  EXPECT_EQ(task_->resume().signal, SIGTRAP);
  EXPECT_EQ(task_->control(area(), list_).state, State::kDone);
  EXPECT_EQ(value(after), static_cast<uint64_t>(::getpid()));
  // A task that is continued after its end does not wander off into whatever follows.
  EXPECT_EQ(task_->resume().signal, SIGTRAP);
  EXPECT_EQ(task_->control(area(), list_).state, State::kDone);
}

TEST_F(Blob, JumpsSkipOps) {
  const Slot skipped = list_.fresh_slot(), reached = list_.fresh_slot();
  list_.jump(2);
  list_.syscall(Abi::k64, SYS_getpid, {}).save(skipped);
  list_.syscall(Abi::k64, SYS_getpid, {}).save(reached);
  run();
  EXPECT_EQ(control_.state, State::kDone);
  EXPECT_EQ(value(skipped), 0u);
  EXPECT_NE(value(reached), 0u);
}

// Goroutine stacks are tiny, and the red zone is alive: below the interrupted stack pointer nothing may
// change.
TEST_F(Blob, LeavesTheInterruptedStackAlone) {
  list_.syscall(Abi::k64, SYS_getpid, {});
  list_.copy(list_.reserve(64), list_.stash_text("some work"), 10);
  list_.syscall(Abi::k64, SYS_close, {-1}).any();
  placed_.emplace(program_);
  task_.emplace(TestTask::fork_stopped());
  constexpr uint64_t kBelow = 8192, kAbove = 512;
  const uint64_t bottom = task_->registers().rsp - kBelow;
  task_->write(bottom, std::string(kBelow, '\xa5'));
  const std::string before = task_->read(bottom, kBelow + kAbove);
  task_->run(area(), list_);
  ASSERT_EQ(task_->control(area(), list_).state, State::kDone);
  EXPECT_TRUE(task_->read(bottom, kBelow + kAbove) == before);
}

TEST_F(Blob, UsesLittleOfItsOwnStack) {
  list_.read_fully(-1, 0, 1, 0);
  list_.on_failure_here();
  list_.syscall(Abi::k32, 20, {});
  run(Where::kBelow4GiB);
  const std::string stack = task_->read(area().stack_top(0) - kStackSize, kStackSize);
  const size_t untouched = stack.find_first_not_of('\0');
  EXPECT_LT(kStackSize - untouched, 512u);
}

TEST_F(Blob, TheTracerCanUnmapTheWholeArea) {
  list_.trap();
  run();
  const std::string start = fmt::format("{:x}-", area().base);
  ASSERT_THAT(task_->maps(), HasSubstr(start));
  EXPECT_EQ(task_->inject(reinterpret_cast<uint64_t>(cr_test_syscall_instruction), SYS_munmap, area().base,
                          area().size()),
            0);
  EXPECT_THAT(task_->maps(), Not(HasSubstr(start)));
}

}  // namespace
}  // namespace cr::exec
