// Reading and writing a child's memory, its robust lists, and which of its objects are ours too.
#include "cr/sys/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "cr/base/numbers.h"
#include "cr/sys/cpu.h"
#include "cr/sys/sys_testing.h"

namespace cr::sys {
namespace {

using ::testing::HasSubstr;

RemoteAddr at(const void* address) { return {reinterpret_cast<uint64_t>(address)}; }

class Pages {
 public:
  explicit Pages(size_t count) : size_(count * kPageSize) {
    data_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(data_, MAP_FAILED);
  }
  ~Pages() { ::munmap(data_, size_); }
  char* data() const { return static_cast<char*>(data_); }

 private:
  void* data_;
  size_t size_;
};

TEST(ReadMemory, SeesTheChildsOwnCopy) {
  const Pages pages(1);
  pages.data()[0] = 'p';
  const Child child([&] { pages.data()[0] = 'c'; });
  EXPECT_EQ(peek<char>(child.pid(), at(pages.data())).value(), 'c');
  EXPECT_EQ(pages.data()[0], 'p');
}

TEST(ReadMemory, IsAllOrAnError) {
  const Pages pages(3);
  ::memset(pages.data(), 'x', 2 * kPageSize);
  ::mprotect(pages.data() + 2 * kPageSize, kPageSize, PROT_NONE);
  const Child child;
  std::vector<std::byte> two(2 * kPageSize), three(3 * kPageSize);
  EXPECT_TRUE(read_memory(child.pid(), at(pages.data()), two));
  const auto result = read_memory(child.pid(), at(pages.data()), three);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error_number(), EFAULT);
  EXPECT_THAT(result.error().message(), HasSubstr(fmt::format("of pid {}", child.pid())));
}

TEST(WriteMemory, ChangesTheChildAlone) {
  const Pages pages(1);
  const Child child;
  const std::string text = "written from outside";
  EXPECT_TRUE(write_memory(child.pid(), at(pages.data()), std::as_bytes(std::span(text))));
  std::string back(text.size(), '\0');
  EXPECT_TRUE(read_memory(child.pid(), at(pages.data()), std::as_writable_bytes(std::span(back))));
  EXPECT_EQ(back, text);
  EXPECT_EQ(pages.data()[0], '\0');
  EXPECT_FALSE(write_memory(child.pid(), {16}, std::as_bytes(std::span(text))));
}

TEST(RobustLists, OfBothAbisAreToldApart) {
  static uint64_t head_64[3];
  constexpr long kSetRobustListOf32 = 311;
  constexpr uint32_t kHeadOf32 = 0x12340;
  const Child child([] {
    ::syscall(SYS_set_robust_list, head_64, 24);
    if (!takes_32bit_calls().value()) return;
    long result = kSetRobustListOf32;
    __asm__ volatile("int $0x80"
                     : "+a"(result)
                     : "b"(kHeadOf32), "c"(12)
                     : "memory", "r8", "r9", "r10", "r11");
    if (result != 0) ::_exit(1);
  });
  const RobustLists lists = get_robust_lists(child.pid()).value();
  EXPECT_EQ(lists.head, reinterpret_cast<uint64_t>(head_64));
  EXPECT_EQ(lists.compat_head, takes_32bit_calls().value() ? kHeadOf32 : 0);
}

TEST(RobustLists, OfNobodyAreAnError) {
  const pid_t gone = ::fork();
  if (gone == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(gone, nullptr, 0), gone);
  EXPECT_EQ(get_robust_lists(gone).error().error_number(), ESRCH);
}

TEST(Pidfd, FetchesTheSameOpenFile) {
  int fd = -1;
  const UniqueFd file(::memfd_create("mine", 0));
  fd = file.get();
  const Child child([fd] { ::lseek(fd, 17, SEEK_SET); });
  const UniqueFd pidfd = pidfd_open(child.pid()).value();
  const UniqueFd fetched = pidfd_getfd(pidfd, fd).value();
  EXPECT_EQ(::lseek(fetched.get(), 0, SEEK_CUR), 17);
  EXPECT_EQ(compare_files(::getpid(), fetched.get(), child.pid(), fd).value(), 0);
  EXPECT_EQ(::fcntl(fetched.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(pidfd_getfd(pidfd, 987).error().error_number(), EBADF);
}

// The order must be one that a sorted vector can be kept by.
TEST(Compare, IsAnOrderOfObjects) {
  const Child child;
  const pid_t me = ::getpid();
  for (const Shared what : {Shared::kVm, Shared::kFiles, Shared::kFs, Shared::kSighand}) {
    EXPECT_EQ(compare(me, me, what).value(), 0);
    const int there = compare(me, child.pid(), what).value(), back = compare(child.pid(), me, what).value();
    EXPECT_NE(there, 0);
    EXPECT_EQ(there, -back);
  }
  const UniqueFd a(::memfd_create("a", 0)), b(::memfd_create("b", 0));
  EXPECT_NE(compare_files(me, a.get(), me, b.get()).value(), 0);
}

TEST(Compare, FindsWhatCloneShares) {
  alignas(16) static char stack[16384];
  const pid_t sharer = ::clone(
      [](void*) {
        for (;;) ::pause();
        return 0;
      },
      stack + sizeof(stack), CLONE_FS | SIGCHLD, nullptr);
  ASSERT_GT(sharer, 0);
  EXPECT_EQ(compare(::getpid(), sharer, Shared::kFs).value(), 0);
  EXPECT_NE(compare(::getpid(), sharer, Shared::kFiles).value(), 0);
  EXPECT_NE(compare(::getpid(), sharer, Shared::kVm).value(), 0);
  ::kill(sharer, SIGKILL);
  ::waitpid(sharer, nullptr, 0);
}

}  // namespace
}  // namespace cr::sys
