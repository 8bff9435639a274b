// What several kinds together have to keep: the kernel writes into a task only where that has memory of its
// own.
#include "cr/engine/validate.h"

#include "cr/kinds/kinds_testing.h"

namespace cr::engine {
namespace {

using kinds::Sample;
using kinds::Wait;
using ::testing::HasSubstr;

// The mappings of a sample's task: 0x400000-0x402000, to be executed, and 0x700000-0x800000, to be written.
void expect_refused(const Sample& sample, const char* words) {
  const auto verdict = validate(sample.records);
  ASSERT_FALSE(verdict) << words;
  EXPECT_EQ(verdict.error().kind(), ErrorKind::kInvalidImage);
  EXPECT_THAT(verdict.error().message(), HasSubstr(words));
}

TEST(Validate, AnRseqAreaIsWhereItCanBeWritten) {
  Sample sample = kinds::small_tree();
  sample.thread(103).set_rseq_size(64);
  for (const uint64_t sound : {0x700000, 0x7fffc0}) {
    sample.thread(103).set_rseq_address(sound);
    EXPECT_TRUE(validate(sample.records)) << std::hex << sound;
  }
  for (const uint64_t wrong : {0x102000, 0x3fffe0, 0x401fe0, 0x7fffe0, 0x800000}) {
    sample.thread(103).set_rseq_address(wrong);
    expect_refused(sample, "task 100: an rseq area of 64 bytes at");
  }
  sample.thread(103).set_rseq_address(0x400000);
  expect_refused(sample, "an rseq area of 64 bytes at 0x400000, where nothing can be written");
}

TEST(Validate, ARangeMayLieInMappingsNextToEachOther) {
  Sample sample = kinds::small_tree();
  sample.add_vma(101, 0x903000, 0x904000);
  sample.thread(101).set_rseq_address(0x902fe0), sample.thread(101).set_rseq_size(64);
  EXPECT_TRUE(validate(sample.records));
}

TEST(Validate, SoAreTheResultsOfInterruptedCalls) {
  Sample sample = kinds::small_tree();
  Wait& wait = sample.add_wait(100);
  wait.set_address(0x7ffff0), wait.set_count(2);
  EXPECT_TRUE(validate(sample.records));
  wait.set_count(3);
  expect_refused(sample, "an interrupted call's result of 24 bytes at 0x7ffff0");
  wait.set_count(~0u);
  expect_refused(sample, "an interrupted call's result of 34359738360 bytes");
  wait.set_call(Wait::NANOSLEEP), wait.set_clock(CLOCK_MONOTONIC), wait.set_address(0x102000);
  expect_refused(sample, "an interrupted call's result of 16 bytes at 0x102000");
  wait.set_address(0);
  EXPECT_TRUE(validate(sample.records)) << "it asked for no rest";
}

}  // namespace
}  // namespace cr::engine
