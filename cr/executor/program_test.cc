#include "cr/executor/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "cr/base/numbers.h"
#include "cr/executor/check.h"
#include "cr/executor/embedded.h"

namespace cr::exec {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kBase = 0x7f0000000000, kLowBase = 0x40000000;

template <typename T>
T read_at(const Area& area, uint64_t address) {
  T out;
  std::memcpy(&out, area.bytes.data() + (address - area.base), sizeof(T));
  return out;
}

TEST(BlobCode, IsSmallCodeThatFitsAPage) {
  EXPECT_GT(blob_code().size(), 100u);
  EXPECT_LE(blob_code().size(), kPageSize);
}

TEST(Layout, AnEmptyProgramHasCodeAndAWritablePage) {
  Program program;
  const auto area = program.lay_out(kBase);
  ASSERT_TRUE(area);
  EXPECT_EQ(area->size(), program.size());
  EXPECT_EQ(area->size(), area->code_size + kPageSize);
  EXPECT_EQ(area->bytes.substr(0, blob_code().size()), blob_code());
  EXPECT_TRUE(check(*area));
}

TEST(Layout, ControlsPointToTheirParts) {
  Program program;
  ListBuilder& first = program.add_list("first");
  ListBuilder& second = program.add_list("second");
  first.syscall(Abi::k64, SYS_getpid, {});
  second.syscall(Abi::k64, SYS_gettid, {}).save(second.fresh_slot());
  second.on_failure_here();
  second.trap();
  const auto area = program.lay_out(kBase);
  ASSERT_TRUE(area);
  EXPECT_TRUE(check(*area));
  const auto one = read_at<Control>(*area, area->control(0)), two = read_at<Control>(*area, area->control(1));
  EXPECT_EQ(one.op_count, 1u);
  EXPECT_EQ(two.op_count, 2u);
  EXPECT_EQ(one.on_failure, kNone);
  EXPECT_EQ(two.on_failure, 1u);
  EXPECT_EQ(read_at<Op>(*area, two.ops).nr, static_cast<uint32_t>(SYS_gettid));
  EXPECT_EQ(two.stack_top - one.stack_top, kStackSize);
  EXPECT_EQ(two.controls, area->control(0));
  EXPECT_EQ(two.state, State::kIdle);
}

TEST(Layout, PointersInTheDataAreSet) {
  Program program;
  ListBuilder& list = program.add_list("list");
  const Data text = list.stash_text("hello"), wide = list.reserve(16), narrow = list.reserve(8);
  list.point(wide.from(8), text.from(1));
  list.point(narrow, text, Abi::k32);
  const auto area = program.lay_out(kLowBase);
  ASSERT_TRUE(area);
  EXPECT_EQ(read_at<uint64_t>(*area, area->address_of(wide) + 8), area->address_of(text) + 1);
  EXPECT_EQ(read_at<uint64_t>(*area, area->address_of(narrow)), area->address_of(text));

  const auto too_high = program.lay_out(kBase);
  ASSERT_FALSE(too_high);
  EXPECT_THAT(too_high.error().message(), HasSubstr("32-bit pointer"));
}

TEST(Layout, DataOfTheCompatAbiLiesBelow4GiB) {
  Program program;
  ListBuilder& list = program.add_list("pid 12");
  list.syscall(Abi::k32, 20, {});  // without data, it does not matter
  EXPECT_TRUE(program.lay_out(kBase));
  list.syscall(Abi::k32, 5, {list.stash_text("/x"), 0});
  EXPECT_TRUE(program.lay_out(kLowBase));
  const auto refused = program.lay_out(kBase);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::kInternal);
  EXPECT_THAT(refused.error().message(), HasSubstr("list pid 12: op 1"));
  EXPECT_FALSE(program.lay_out((uint64_t{1} << 32) - kPageSize)) << "starts below, ends above";
}

TEST(Layout, NoRoomAtTheEndOfTheWorld) {
  Program program;
  EXPECT_FALSE(program.lay_out(~uint64_t{0xfff}));
}

TEST(Area, KnowsWhatTouchesIt) {
  Program program;
  const Area area = program.lay_out(kLowBase).value();
  const uint64_t end = area.base + area.size();
  EXPECT_TRUE(area.contains(area.base, area.size()));
  EXPECT_FALSE(area.contains(area.base, area.size() + 1));
  EXPECT_FALSE(area.contains(area.base - 1, 1));
  EXPECT_FALSE(area.contains(end, 1));
  EXPECT_TRUE(area.overlaps(area.base - 1, 2));
  EXPECT_FALSE(area.overlaps(area.base - 1, 1));
  EXPECT_TRUE(area.overlaps(end - 1, 1));
  EXPECT_FALSE(area.overlaps(end, kPageSize));
  EXPECT_TRUE(area.overlaps(0, ~uint64_t{0}));
  EXPECT_FALSE(area.overlaps(area.base, 0));
}

}  // namespace
}  // namespace cr::exec
