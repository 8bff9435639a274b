// The kernel names in /proc/cpuinfo what it has switched on; what we find by asking the CPU is all there.
#include "cr/sys/cpu.h"

#include <cpuid.h>
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "cr/sys/fd.h"

namespace cr::sys {
namespace {

std::set<std::string> flags_of_the_kernel() {
  std::istringstream text(read_file("/proc/cpuinfo").value());
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    return {std::istream_iterator<std::string>(words), {}};
  }
  return {};
}

TEST(CpuFeatures, AreFlagsOfTheKernel) {
  const std::set<std::string> known = flags_of_the_kernel();
  ASSERT_FALSE(known.empty());
  const std::vector<std::string> found = cpu_features();
  EXPECT_THAT(found, testing::IsSubsetOf(std::vector<std::string>(known.begin(), known.end())));
  EXPECT_THAT(found, testing::Contains("xsave"));
  EXPECT_TRUE(std::ranges::is_sorted(found));
}

TEST(Runs32BitPrograms, TellsWithoutLeavingAChild) {
  EXPECT_TRUE(runs_32bit_programs());
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(Takes32BitCalls, TellsWithoutLeavingAChild) {
  EXPECT_TRUE(takes_32bit_calls());
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

// A restore hands the kernel images of exactly this size.
TEST(XsaveSize, IsThatOfTheKernelsImages) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  ASSERT_GT(child, 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  std::vector<std::byte> bytes(1 << 16);
  iovec image{bytes.data(), bytes.size()};
  const long got = ::ptrace(PTRACE_GETREGSET, child, NT_X86_XSTATE, &image);
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ASSERT_EQ(got, 0);
  EXPECT_EQ(xsave_size(), image.iov_len);
  EXPECT_EQ(components_in_use(std::span(bytes).first(image.iov_len)) & ~xsave_components(), 0u);
}

TEST(XsaveComponents, AlwaysHoldFpuAndSse) { EXPECT_EQ(xsave_components() & 3, 3u); }

TEST(XsaveEnd, IsThatOfTheAreaForAllComponents) {
  EXPECT_EQ(xsave_end(3), 576u);
  uint32_t a, all, c, d;
  ASSERT_TRUE(__get_cpuid_count(0xd, 0, &a, &all, &c, &d));  // ebx: for what is switched on
  EXPECT_EQ(xsave_end(xsave_components()), all);
  if ((xsave_components() & 4) != 0) {
    EXPECT_EQ(xsave_end(7), 832u) << "AVX is first everywhere";
  }
}

}  // namespace
}  // namespace cr::sys
