// The place of our own memory overlaps nothing of the task's, and leaves stacks the gap that they must have.
#include "cr/engine/place.h"

#include <random>

#include "cr/base/numbers.h"
#include "cr/kinds/kinds_testing.h"

namespace cr::engine {
namespace {

using kinds::Sample;
using kinds::Vma;

constexpr uint64_t kGuardGap = 256 * kPageSize;  // stack_guard_gap

Sample task_of(uint32_t word_size) {
  Sample sample;
  sample.add_task(100, 0, 100, 100, word_size);
  sample.space(100).clear_vmas();
  return sample;
}

void is_sound(Sample& sample, uint64_t start, uint64_t size) {
  EXPECT_TRUE(page_aligned(start));
  EXPECT_GE(start, 0x10000u) << "vm.mmap_min_addr";
  EXPECT_LE(start + size, user_end(sample.task(100)));
  for (const Vma& vma : sample.space(100).vmas()) {
    EXPECT_TRUE(start + size <= vma.start() || start >= vma.end())
        << std::hex << vma.start() << " at " << start;
    if (vma.grows_down() && start < vma.start()) {
      EXPECT_LE(start + size + kGuardGap, vma.start()) << "too near below a stack";
    }
  }
}

TEST(Place, AnEmptySpaceHasRoom) {
  for (const uint32_t word_size : {32, 64}) {
    Sample sample = task_of(word_size);
    is_sound(sample, find_place(sample.records, sample.task(100), 0x5000).value(), 0x5000);
  }
}

TEST(Place, RandomLayouts) {
  std::mt19937_64 random(5);
  int found = 0;
  for (int round = 0; round < 2000; ++round) {
    Sample sample = task_of(random() % 2 == 0 ? 32 : 64);
    uint64_t at = 0x10000;
    for (uint64_t count = random() % 20; count > 0; --count) {
      at += (random() % (1 << random() % 12)) * kPageSize;
      const uint64_t end = at + (1 + random() % (1 << random() % 14)) * kPageSize;
      if (end > user_end(sample.task(100))) break;
      sample.add_vma(100, at, end).set_grows_down(random() % 4 == 0);
      at = end;
    }
    const uint64_t size = (1 + random() % 500) * kPageSize;
    const auto place = find_place(sample.records, sample.task(100), size);
    if (!place) continue;
    ++found;
    is_sound(sample, *place, size);
    ASSERT_FALSE(testing::Test::HasFailure()) << "round " << round;
  }
  EXPECT_GT(found, 1900);
}

TEST(Place, AFullSpaceIsRefused) {
  Sample sample = task_of(32);
  sample.add_vma(100, 0x10000, 0xfff00000);
  const auto place = find_place(sample.records, sample.task(100), 0x200000);
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().kind(), ErrorKind::kUnsupported);
}

TEST(Place, GoesIntoTheOnlyGap) {
  Sample sample = task_of(32);
  constexpr uint64_t kGap = 0x40000000, kSize = 0x10000;
  sample.add_vma(100, 0x10000, kGap);
  sample.add_vma(100, kGap + 2 * kGuardGap, 0xffffe000).set_grows_down(true);
  const uint64_t place = find_place(sample.records, sample.task(100), kSize).value();
  EXPECT_GE(place, kGap);
  is_sound(sample, place, kSize);
}

}  // namespace
}  // namespace cr::engine
