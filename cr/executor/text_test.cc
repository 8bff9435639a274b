#include "cr/executor/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cerrno>

#include "cr/executor/program.h"

namespace cr::exec {
namespace {

using ::testing::HasSubstr;

class Text : public ::testing::Test {
 protected:
  std::string last() const { return to_string(list_.ops().back()); }
  Program program_;
  ListBuilder& list_ = program_.add_list("pid 812");
  Slot slot_ = list_.fresh_slot();
  Data data_ = list_.reserve(64);
};

TEST_F(Text, NamesComeFromTheRightTable) {
  EXPECT_EQ(syscall_name(Abi::k64, 0), "read");
  EXPECT_EQ(syscall_name(Abi::k32, 0), "restart_syscall");
  EXPECT_EQ(syscall_name(Abi::k64, SYS_clone3), "clone3");
  EXPECT_EQ(syscall_name(Abi::k32, 192), "mmap2");
  EXPECT_EQ(syscall_name(Abi::k64, 9999), "syscall 9999");
}

TEST_F(Text, EveryKindOfOpReadsLikeACall) {
  list_.syscall(Abi::k64, SYS_openat, {-100, data_, 0x80000}).save(slot_);
  EXPECT_EQ(last(), "s0 = openat(-100, data+0x0, 0x80000) >= 0");
  list_.syscall(Abi::k32, 174, {11, data_.from(16), 0, 8}).expect(0);
  EXPECT_EQ(last(), "int80 rt_sigaction(11, data+0x10, 0, 8) == 0");
  list_.syscall(Abi::k64, SYS_getpid, {}).any();
  EXPECT_EQ(last(), "getpid()");
  list_.load32(slot_, data_.from(4));
  EXPECT_EQ(last(), "s0 = load32 data+0x4");
  list_.load32(slot_, data_.from(4)).expect(5);
  EXPECT_EQ(last(), "s0 = load32 data+0x4 == 5");
  list_.load64(slot_, data_);
  EXPECT_EQ(last(), "s0 = load64 data+0x0");
  list_.store32(data_, 7);
  EXPECT_EQ(last(), "store32 data+0x0 <- 7");
  list_.store64(data_.from(8), slot_);
  EXPECT_EQ(last(), "store64 data+0x8 <- s0");
  list_.copy(RemoteAddr{0x7f0000}, data_, 64);
  EXPECT_EQ(last(), "copy(0x7f0000, data+0x0, 64)");
  list_.read_fully(slot_, RemoteAddr{0x7f0000}, 8192, 4096);
  EXPECT_EQ(last(), "read_fully(s0, 0x7f0000, 0x2000, 0x1000) >= 0");
  list_.trap(3);
  EXPECT_EQ(last(), "trap 3");
  list_.sigreturn(data_);
  EXPECT_EQ(last(), "sigreturn data+0x0");
  list_.jump(2);
  EXPECT_EQ(last(), "jump 2");
  const ListBuilder& child = program_.add_list("pid 813");
  list_.spawn(child, {.exit_signal = 17}).save(slot_);
  EXPECT_THAT(last(), HasSubstr("s0 = spawn list 1 with data+"));
}

TEST_F(Text, AListShowsReasonsAndTheWayHome) {
  list_.syscall(Abi::k64, SYS_close, {3}).because("fd {}", 3);
  list_.on_failure_here();
  list_.trap();
  EXPECT_EQ(to_string(list_),
            "list 0: pid 812, 2 ops\n"
            "      0  close(3) >= 0   # fd 3\n"
            "  on failure:\n"
            "      1  trap 0\n");
}

TEST_F(Text, FailuresSayWhatWhyAndHow) {
  list_.syscall(Abi::k64, SYS_mmap, {}).because("map {} at {:x}", "/usr/bin/x", 0x55d0c0000000);
  EXPECT_EQ(describe_failure(list_, 0, -ENOMEM),
            "pid 812: op 0, mmap (map /usr/bin/x at 55d0c0000000): Cannot allocate memory (ENOMEM)");
  list_.syscall(Abi::k64, SYS_dup2, {3, 4}).expect(4);
  EXPECT_EQ(describe_failure(list_, 1, 5), "pid 812: op 1, dup2: returned 5 instead of 4");
  EXPECT_EQ(describe_failure(list_, 1, -EBADF), "pid 812: op 1, dup2: Bad file descriptor (EBADF)");
  // 512 is the kernel's own ERESTARTSYS: glibc has no name for it.
  EXPECT_EQ(describe_failure(list_, 1, -512), "pid 812: op 1, dup2: error 512");
  EXPECT_THAT(describe_failure(list_, 7, -1), HasSubstr("the list has only 2"));
}

}  // namespace
}  // namespace cr::exec
