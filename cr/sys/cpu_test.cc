// The kernel names in /proc/cpuinfo what it has switched on; what we find by asking the CPU is all there.
#include "cr/sys/cpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
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

TEST(XsaveComponents, AlwaysHoldFpuAndSse) { EXPECT_EQ(xsave_components() & 3, 3u); }

}  // namespace
}  // namespace cr::sys
