#include "cr/kinds/memory/nameless_flag.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "cr/base/numbers.h"
#include "cr/sys/fd.h"

namespace cr::kinds {
namespace {

using proc::SmapsVma;
using proc::VmFlag;

SmapsVma told_of(const void* page) {
  const auto vmas = proc::parse_smaps(sys::read_file("/proc/self/smaps").value()).value();
  for (const SmapsVma& smaps : vmas)
    if (smaps.vma.start <= reinterpret_cast<uint64_t>(page) &&
        reinterpret_cast<uint64_t>(page) < smaps.vma.end)
      return smaps;
  ADD_FAILURE() << "not mapped";
  return {};
}

// Whatever this kernel says of it, it is known for what it is.
TEST(NamelessFlag, LockedOnFaultIsTold) {
  void* const page = ::mmap(nullptr, kPageSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  if (::mlock2(page, kPageSize, MLOCK_ONFAULT) != 0) GTEST_SKIP() << "missing: locked memory";
  const SmapsVma locked = told_of(page);
  EXPECT_NE(locked.flags.has(VmFlag::kLf), is_nameless_lock_on_fault(locked));
  ASSERT_EQ(::mlock(page, kPageSize), 0);
  const SmapsVma present = told_of(page);
  EXPECT_TRUE(present.flags.has(VmFlag::kLo));
  EXPECT_FALSE(present.flags.has(VmFlag::kLf) || is_nameless_lock_on_fault(present));
  ::munmap(page, kPageSize);
}

TEST(NamelessFlag, OthersStayUnknown) {
  SmapsVma smaps;
  smaps.flags.set(VmFlag::kLo);
  smaps.unknown_flags = {"zz"};
  EXPECT_FALSE(is_nameless_lock_on_fault(smaps));
  smaps.unknown_flags = {"??", "??"};
  EXPECT_FALSE(is_nameless_lock_on_fault(smaps));
}

}  // namespace
}  // namespace cr::kinds
