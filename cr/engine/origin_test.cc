// An image of another machine is refused before anything is made, and says what is missing.
#include "cr/engine/origin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>

namespace cr::engine {
namespace {

using ::testing::HasSubstr;

void is_refused(const std::function<void(kinds::Origin&)>& change, const std::string& why) {
  kinds::Origin origin = origin_here(::getpid()).value();
  change(origin);
  const auto checked = check_origin(origin);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind(), ErrorKind::kConflict);
  EXPECT_THAT(checked.error().message(), HasSubstr(why));
}

TEST(Origin, OfThisMachineIsAccepted) {
  kinds::Origin origin = origin_here(::getpid()).value();
  EXPECT_TRUE(check_origin(origin));
  origin.set_kernel_release("2.6.39"), origin.add_word_sizes(64), origin.mutable_cpu_features()->RemoveLast();
  EXPECT_TRUE(check_origin(origin));
}

TEST(Origin, AnotherMachineIsRefused) {
  is_refused([](kinds::Origin& origin) { origin.set_machine("riscv64"); }, "riscv64");
  is_refused([](kinds::Origin& origin) { origin.add_cpu_features("avx4096"); }, "lacks avx4096");
  is_refused([](kinds::Origin& origin) { origin.set_xfeatures(origin.xfeatures() | 1ull << 40); },
             "components 0x10000000000");
}

TEST(Origin, OtherCredentialsAreRefused) {
  is_refused([](kinds::Origin& origin) { origin.set_uid(origin.uid() + 1); }, "as user");
  is_refused([](kinds::Origin& origin) { origin.set_capabilities(~uint64_t{0}); }, "capabilities");
}

}  // namespace
}  // namespace cr::engine
