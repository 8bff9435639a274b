// A thread that is restricted to some CPUs is told from one that is not; asking changes nothing.
#include "cr/sys/affinity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace cr::sys {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// In a thread of its own, which takes its CPUs with it.
template <typename What>
void apart(What what) {
  std::thread(what).join();
}

TEST(Affinity, OfAThreadThatAskedForAllIsNoRestriction) {
  apart([] {
    ASSERT_TRUE(allow_cpus(every_cpu()));
    EXPECT_FALSE(allowed_cpus().value().empty());
    EXPECT_THAT(restricting_cpus().value(), IsEmpty());
  });
}

TEST(Affinity, OfOneCpuIsARestrictionWhereThereAreMore) {
  apart([] {
    ASSERT_TRUE(allow_cpus(every_cpu()));
    const Cpus all = allowed_cpus().value();
    if (all.size() < 2) GTEST_SKIP() << "a second CPU is needed";
    const Cpus last{all.back()};
    ASSERT_TRUE(allow_cpus(last));
    EXPECT_EQ(restricting_cpus().value(), last);
    EXPECT_EQ(obtainable_cpus(every_cpu()).value(), all);
    EXPECT_THAT(obtainable_cpus({all.front(), 8191}).value(), ElementsAre(all.front()));
    EXPECT_THAT(obtainable_cpus({8191}).value(), IsEmpty());
    EXPECT_THAT(obtainable_cpus({1u << 31}).value(), IsEmpty());
    EXPECT_EQ(allowed_cpus().value(), last);
  });
}

}  // namespace
}  // namespace cr::sys
