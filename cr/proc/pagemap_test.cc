#include "cr/proc/pagemap.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "cr/base/numbers.h"

namespace cr::proc {
namespace {

constexpr uint64_t bit(int n) { return uint64_t{1} << n; }

static_assert(decode_pagemap(bit(63) | 0x1234).pfn == 0x1234);
static_assert(!decode_pagemap(0).populated());

TEST(Pagemap, OneBitIsOneField) {
  const std::pair<int, bool PagemapEntry::*> kBits[] = {
      {63, &PagemapEntry::present},    {62, &PagemapEntry::swapped}, {61, &PagemapEntry::file_or_shared},
      {58, &PagemapEntry::guard},      {57, &PagemapEntry::uffd_wp}, {56, &PagemapEntry::exclusive},
      {55, &PagemapEntry::soft_dirty},
  };
  for (const auto& [set, wanted] : kBits) {
    const PagemapEntry entry = decode_pagemap(bit(set));
    for (const auto& [number, field] : kBits) EXPECT_EQ(entry.*field, number == set) << set << ' ' << number;
    EXPECT_EQ(entry.pfn, 0u);
    EXPECT_EQ(entry.swap, 0u);
  }
}

TEST(Pagemap, FrameOrSwapOrNeither) {
  const uint64_t low = bit(55) - 1;
  EXPECT_EQ(decode_pagemap(bit(63) | low).pfn, low);
  EXPECT_EQ(decode_pagemap(bit(62) | low).swap, low);
  EXPECT_EQ(decode_pagemap(bit(62) | low).pfn, 0u);
  EXPECT_EQ(decode_pagemap(low).pfn, 0u);
  EXPECT_TRUE(decode_pagemap(bit(62)).populated());
  EXPECT_FALSE(decode_pagemap(bit(58)).populated());
}

// The running kernel agrees about the bits an unprivileged reader can see.
TEST(Pagemap, OfThisProcess) {
  void* const mapping =
      mmap(nullptr, 2 * kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(mapping, MAP_FAILED);
  static_cast<volatile char*>(mapping)[0] = 1;
  const int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  uint64_t bits[2];
  const auto page = reinterpret_cast<uintptr_t>(mapping) / kPageSize;
  ASSERT_EQ(pread(fd, bits, sizeof(bits), static_cast<off_t>(page * sizeof(uint64_t))),
            static_cast<ssize_t>(sizeof(bits)));
  close(fd);
  munmap(mapping, 2 * kPageSize);
  EXPECT_TRUE(decode_pagemap(bits[0]).populated());
  EXPECT_FALSE(decode_pagemap(bits[0]).file_or_shared);
  EXPECT_FALSE(decode_pagemap(bits[1]).populated());
}

}  // namespace
}  // namespace cr::proc
