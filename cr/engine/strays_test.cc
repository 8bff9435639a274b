#include "cr/engine/strays.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

namespace cr::engine {
namespace {

using ::testing::HasSubstr;

template <typename Word>
class Memory {
 public:
  Memory() : words_(300000) {
    plan_.pid = ::getpid();
    plan_.word_size = sizeof(Word) == 4 ? WordSize::k32 : WordSize::k64;
    plan_.no_addresses = {{0x70001000, 0x70001200}, {0x70001210, 0x70001300}};
    plan_.searched = {{range(0, 1000), range(0, 1000)},
                      {range(2000, words_.size()), range(1500, words_.size())}};
  }
  // As the frame of a signal handler saves it, unless told otherwise.
  Result<void> with(size_t index, Word value, Word flags = 0x246,
                    Word segments = sizeof(Word) == 4 ? 0x23 : 0x2b000000000033) {
    const bool wide = sizeof(Word) == 8;
    words_[index] = value, words_[index + 1] = wide ? flags : segments,
    words_[index + 2] = wide ? segments : flags;
    const auto verdict = check_stray_frames(plan_);
    std::fill_n(words_.begin() + static_cast<ptrdiff_t>(index), 3, Word{0});
    return verdict;
  }
  uint64_t address(size_t index) const { return reinterpret_cast<uint64_t>(words_.data() + index); }

  kinds::ProcessPlan plan_;

 private:
  kinds::AddressRange range(size_t from, size_t to) { return {address(from), address(to)}; }
  std::vector<Word> words_;
};

template <typename Word>
void finds_what_leads_there() {
  Memory<Word> memory;
  EXPECT_TRUE(memory.with(0, 0));
  for (const Word harmless : {0x70000fff, 0x70001200, 0x7000120f, 0x70001300})
    EXPECT_TRUE(memory.with(7, harmless)) << std::hex << harmless;
  for (const size_t index : {size_t{0}, size_t{997}, size_t{2000}, size_t{131070}, size_t{131071},
                             size_t{262143}, size_t{270000}, size_t{299997}}) {
    const auto found = memory.with(index, 0x70001210);
    ASSERT_FALSE(found) << index;
    EXPECT_EQ(found.error().kind(), ErrorKind::kConflict);
    EXPECT_THAT(found.error().message(), HasSubstr("in the middle of a function of the task's vdso"));
  }
  EXPECT_TRUE(memory.with(7, 0x70001210, 0x44)) << "no flags of user space";
  EXPECT_TRUE(memory.with(7, 0x70001210, 0x246, 0x18)) << "no segment of user space";
  EXPECT_TRUE(memory.with(1500, 0x70001210)) << "where nobody looks";
  // Two stacks in the second mapping: what lies below both is dead.
  memory.plan_.departures[1].registers.rsp = memory.address(270000);
  EXPECT_TRUE(memory.with(2000, 0x70001210));
  EXPECT_FALSE(memory.with(270000 - 64 / sizeof(Word), 0x70001210)) << "what a leaf function uses";
  EXPECT_FALSE(memory.with(0, 0x70001210)) << "of another mapping";
  memory.plan_.departures[2].registers.rsp = memory.address(1600);
  EXPECT_FALSE(memory.with(2000, 0x70001210));
  memory.plan_.no_addresses.clear();
  EXPECT_TRUE(memory.with(0, 0x70001210));
}

TEST(StrayFrames, AreFoundInMemoryOf64Bit) { finds_what_leads_there<uint64_t>(); }
TEST(StrayFrames, AreFoundInMemoryOf32Bit) { finds_what_leads_there<uint32_t>(); }

TEST(StrayThreads, AreFound) {
  kinds::Plan plan;
  kinds::ProcessPlan& process = plan.processes[7];
  process.departures[8].registers.rip = 0x70001100;
  EXPECT_TRUE(check_stray_threads(plan));
  process.no_addresses = {{0x70001000, 0x70001200}};
  const auto found = check_stray_threads(plan);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind(), ErrorKind::kConflict);
  EXPECT_THAT(found.error().message(), HasSubstr("pid 7: thread 8 stands in the middle of its vdso"));
  process.departures[8].registers.rip = 0x70001200;
  EXPECT_TRUE(check_stray_threads(plan));
}

}  // namespace
}  // namespace cr::engine
