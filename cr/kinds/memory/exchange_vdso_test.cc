// An old vdso, far from its data, does what this kernel's does.
#include "cr/kinds/memory/exchange_vdso.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

#include "cr/base/numbers.h"
#include "cr/kinds/kinds_testing.h"
#include "cr/kinds/memory/vdso_functions.h"

namespace cr::kinds {
namespace {

using ::testing::HasSubstr;

constexpr size_t kDataPages = 8;  // as many as any kernel's vdso has before its code

// This kernel's, which stands in for an old one, too.
class Exchange : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto own = own_vdso(WordSize::k64).value();
    if (!own) GTEST_SKIP() << "missing: a vdso";
    own_ = *own;
    code_.assign(reinterpret_cast<const char*>(own->code.data()), own->code.size());
    own_at_ = own->parts.back().vma.end - code_.size();
  }

  // Zeros, and the code at the end: what a restore maps.
  uint64_t map(const std::string& code) {
    const size_t data = kDataPages * kPageSize;
    auto* at = static_cast<std::byte*>(::mmap(nullptr, data + code.size(), PROT_READ | PROT_WRITE | PROT_EXEC,
                                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_NE(at, MAP_FAILED);
    return reinterpret_cast<uint64_t>(at) + data;
  }
  static void put(uint64_t at, const std::string& code) {
    std::memcpy(reinterpret_cast<void*>(at), code.data(), code.size());
  }

  template <typename F>
  F* function(uint64_t at, const std::string& code, const char* name) {
    const auto offset = functions_of_vdso(code, WordSize::k64).value().find(name);
    return offset ? reinterpret_cast<F*>(at + *offset) : nullptr;
  }

  // All of them, called at `at`.
  void tell_the_time(uint64_t at, const std::string& code) {
    for (const clockid_t clock :
         {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME}) {
      timespec before{}, told{}, after{};
      ::syscall(SYS_clock_gettime, clock, &before);
      ASSERT_EQ((function<int(clockid_t, timespec*)>(at, code, "__vdso_clock_gettime"))(clock, &told), 0);
      ::syscall(SYS_clock_gettime, clock, &after);
      EXPECT_LE(std::pair(before.tv_sec, before.tv_nsec), std::pair(told.tv_sec, told.tv_nsec)) << clock;
      EXPECT_LE(std::pair(told.tv_sec, told.tv_nsec), std::pair(after.tv_sec, after.tv_nsec)) << clock;
    }
    const time_t before = ::time(nullptr);
    timeval now{};
    ASSERT_EQ((function<int(timeval*, void*)>(at, code, "__vdso_gettimeofday"))(&now, nullptr), 0);
    EXPECT_GE(now.tv_sec, before);
    EXPECT_LE(now.tv_sec, before + 2);
    const time_t told = (function<time_t(time_t*)>(at, code, "__vdso_time"))(nullptr);
    EXPECT_GE(told, before);
    EXPECT_LE(told, before + 2);
    unsigned cpu = ~0u;
    ASSERT_EQ((function<int(unsigned*, unsigned*, void*)>(at, code, "__vdso_getcpu"))(&cpu, nullptr, nullptr),
              0);
    EXPECT_LT(cpu, 4096u);
    timespec resolution{};
    if (auto* ask = function<int(clockid_t, timespec*)>(at, code, "__vdso_clock_getres")) {
      ASSERT_EQ(ask(CLOCK_MONOTONIC, &resolution), 0);
      EXPECT_GT(resolution.tv_nsec, 0);
    }
  }

  OwnVdso own_;
  std::string code_;
  uint64_t own_at_ = 0;
};

TEST_F(Exchange, EveryFunctionLeadsToThisKernels) {
  const uint64_t at = map(code_);
  const auto redirected = redirected_vdso(code_, at, code_, own_at_, WordSize::k64);
  ASSERT_TRUE(redirected) << redirected.error().message();
  EXPECT_EQ(redirected->size(), code_.size());
  put(at, *redirected);
  tell_the_time(at, code_);
}

// Names may end in one another, so they are changed wherever they stand.
std::string with_other_names(std::string code, std::initializer_list<const char*> words) {
  for (const std::string word : words)
    for (size_t found; (found = code.find(word)) != std::string::npos;) code[found + word.size() - 1] = '!';
  return code;
}

// Nothing has its name, so each is a system call now.
TEST_F(Exchange, WhatThisKernelLacksIsACall) {
  const std::string other = with_other_names(code_, {"time", "getres", "getcpu", "getrandom"});
  const uint64_t at = map(code_);
  const auto redirected = redirected_vdso(code_, at, other, own_at_, WordSize::k64);
  ASSERT_TRUE(redirected) << redirected.error().message();
  put(at, *redirected);
  tell_the_time(at, code_);
  auto* random = function<ssize_t(void*, size_t, unsigned, void*, size_t)>(at, code_, "__vdso_getrandom");
  if (random == nullptr) return;
  char bytes[16] = {};
  EXPECT_EQ(random(bytes, sizeof(bytes), 0, nullptr, 144), 16);
  EXPECT_NE(std::string(bytes, 16), std::string(16, '\0'));
  EXPECT_EQ(random(nullptr, 0, 0, bytes, ~size_t{0}), -ENOSYS) << "what it needs";
}

TEST_F(Exchange, AFunctionThatLeadsNowhereIsAConflict) {
  const std::string older = with_other_names(code_, {"time"});
  const auto redirected = redirected_vdso(older, 0x10000, code_, own_at_, WordSize::k64);
  ASSERT_FALSE(redirected);
  EXPECT_EQ(redirected.error().kind(), ErrorKind::kConflict);
  EXPECT_THAT(redirected.error().message(), HasSubstr("for which this kernel has nothing"));
}

TEST(Exchange32, EntriesIntoTheKernelStayOrAreAConflict) {
  const auto own = own_vdso(WordSize::k32).value();
  if (!own) GTEST_SKIP() << "missing: a 32-bit vdso";
  const std::string code(reinterpret_cast<const char*>(own->code.data()), own->code.size());
  const auto functions = functions_of_vdso(code, WordSize::k32).value();
  const uint64_t entry = functions.find("__kernel_vsyscall").value();
  const auto redirected = redirected_vdso(code, 0xf7f00000, code, 0xf7e00000, WordSize::k32);
  ASSERT_TRUE(redirected) << redirected.error().message();
  const uint64_t size = functions.by_offset.at(entry).size;
  EXPECT_EQ(redirected->substr(entry, size), code.substr(entry, size));
  const uint64_t clock = functions.find("__vdso_clock_gettime").value();
  EXPECT_EQ(redirected->substr(clock, 5), std::string("\xe9\xfb\xff\xef\xff"))
      << "1 MiB back, less its own 5 bytes";

  std::string other = code;
  other[entry + code.substr(entry, size).find('\xc3') - 1] ^= 1;  // what it takes from the stack at the end
  const auto refused = redirected_vdso(code, 0xf7f00000, other, 0xf7e00000, WordSize::k32);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(),
              HasSubstr("__kernel_vsyscall() of its vdso, where threads may wait"));
}

class Trees : public Exchange {
 protected:
  // As another kernel's: one byte of its comment differs.
  Sample tree() {
    std::string other = code_;
    other.back() ^= 1;
    Sample sample;
    sample.add_task(100, 0, 100, 100);
    sample.add_vdso(100, kAt, kAt + 4 * kPageSize + other.size(), other);
    return sample;
  }
  Result<VdsoExchanges> exchange(const Sample& sample) {
    EXPECT_TRUE(validate_all(sample.records));
    return exchange_vdsos(sample.records, OwnVdsos{{WordSize::k64, own_}});
  }
  static constexpr uint64_t kAt = 0x7ff000000000, kCode = kAt + 4 * kPageSize;
};

TEST_F(Trees, HaveTheNewOneApartFromAllTheyHad) {
  Sample sample = tree();
  const auto exchanges = exchange(sample);
  ASSERT_TRUE(exchanges) << exchanges.error().message();
  ASSERT_TRUE(exchanges->contains(100));
  const VdsoExchange& found = exchanges->at(100);
  EXPECT_EQ(found.end - found.start, own_.parts.back().vma.end - own_.parts.front().vma.start);
  EXPECT_EQ(found.hash, image::hash_of(own_.code));
  EXPECT_EQ(found.code.size(), code_.size());
  for (const Vma& vma : sample.space(100).vmas())
    EXPECT_TRUE(found.end < vma.start() || found.start > vma.end()) << std::hex << vma.start();
  for (const AddressRange& range : found.inside) {
    EXPECT_LT(range.start, range.end);
    EXPECT_GE(range.start, kCode);
    EXPECT_LE(range.end, kCode + code_.size());
  }
}

TEST_F(Trees, WithThisKernelsNeedNone) {
  Sample sample;
  sample.add_task(100, 0, 100, 100);
  sample.add_vdso(100, kAt, kAt + 4 * kPageSize + code_.size(), code_);
  const auto exchanges = exchange(sample);
  ASSERT_TRUE(exchanges);
  EXPECT_TRUE(exchanges->empty());
}

TEST_F(Trees, WithoutRoomAreAConflict) {
  Sample sample = tree();
  AddressSpace& space = sample.space(100);
  // Below the vdso all is taken, above it nothing is left.
  sample.add_vma(100, kAt + 4 * kPageSize + code_.size(), kUserEnd64);
  space.mutable_vmas(0)->set_start(0x102000);
  space.mutable_vmas(0)->set_end(0x700000);
  space.mutable_vmas(1)->set_end(kAt);
  const auto refused = exchange(sample);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("are free in its address space for a vdso"));
}

}  // namespace
}  // namespace cr::kinds
