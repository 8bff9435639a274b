// Guard pages are found where they are, in memory of every kind that can have them.
#include "cr/kinds/memory/guards.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cr/base/numbers.h"

namespace cr::kinds {
namespace {

// The third of four pages; false where the kernel makes none, or its page tables do not tell.
bool is_found(int flags) {
  constexpr int kMadvGuardInstall = 102;  // newer than libc 2.36
  void* const area = ::mmap(nullptr, 4 * kPageSize, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
  EXPECT_NE(area, MAP_FAILED);
  const auto start = reinterpret_cast<uint64_t>(area);
  const PageRange all{start, start + 4 * kPageSize};
  *static_cast<volatile char*>(area) = 1;
  EXPECT_FALSE(GuardFinder::first_in(::getpid(), all).value());
  std::optional<PageRange> found;
  if (::madvise(static_cast<char*>(area) + 2 * kPageSize, kPageSize, kMadvGuardInstall) == 0)
    found = GuardFinder::first_in(::getpid(), all).value();
  ::munmap(area, 4 * kPageSize);
  if (!found) return false;
  EXPECT_EQ(found->start, start + 2 * kPageSize);
  EXPECT_EQ(found->end, start + 3 * kPageSize);
  return true;
}

TEST(GuardFinder, FindsThemByThePageTables) {
  if (!is_found(MAP_PRIVATE)) GTEST_SKIP() << "this kernel's page tables tell of no guard pages";
  EXPECT_TRUE(is_found(MAP_SHARED));
}

}  // namespace
}  // namespace cr::kinds
