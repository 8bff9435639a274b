// The vdso of this kernel is read, and whatever else may stand in its place is refused or told in bounds.
#include "cr/kinds/memory/vdso_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "cr/kinds/memory/own_vdso.h"

namespace cr::kinds {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

std::string code_of(WordSize word_size) {
  const auto own = own_vdso(word_size).value();
  if (!own) return "";
  return std::string(reinterpret_cast<const char*>(own->code.data()), own->code.size());
}

void lie_within(const VdsoFunctions& functions, const std::string& code) {
  EXPECT_LE(functions.text_end, code.size());
  for (const auto& [offset, function] : functions.by_offset) {
    EXPECT_GE(offset, functions.text);
    EXPECT_LE(offset + function.size, functions.text_end);
    EXPECT_FALSE(functions.inside(offset));
    EXPECT_FALSE(function.names.empty());
  }
}

TEST(VdsoFunctions, AreWhatProgramsLookFor) {
  for (const WordSize size : {WordSize::k64, WordSize::k32}) {
    const std::string code = code_of(size);
    if (code.empty()) continue;
    const auto functions = functions_of_vdso(code, size);
    ASSERT_TRUE(functions) << functions.error().message();
    lie_within(*functions, code);
    const auto clock = functions->find("__vdso_clock_gettime");
    ASSERT_TRUE(clock);
    if (size == WordSize::k64) EXPECT_THAT(functions->by_offset.at(*clock).names, Contains("clock_gettime"));
    EXPECT_TRUE(functions->inside(*clock + 1));
    EXPECT_FALSE(functions->inside(0)) << "its header";
    EXPECT_EQ(functions->find("__kernel_vsyscall").has_value(), size == WordSize::k32);
    EXPECT_FALSE(functions->find("__vdso_clock"));
  }
}

TEST(VdsoFunctions, OfTheOtherWordSizeAreNone) {
  const std::string code = code_of(WordSize::k64);
  if (code.empty()) GTEST_SKIP() << "missing: a vdso";
  EXPECT_THAT(functions_of_vdso(code, WordSize::k32).error().message(), HasSubstr("no ELF file"));
  EXPECT_THAT(functions_of_vdso(std::string(4096, '\0'), WordSize::k64).error().message(),
              HasSubstr("no ELF file"));
  EXPECT_THAT(functions_of_vdso("", WordSize::k64).error().message(), HasSubstr("header lies outside"));
}

// Not one read outside: the sanitizers of the other builds see it.
TEST(VdsoFunctions, NoDamageLeadsOutside) {
  const std::string code = code_of(WordSize::k64);
  if (code.empty()) GTEST_SKIP() << "missing: a vdso";
  std::mt19937_64 random(5);
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = code;
    // The headers at both ends, and the tables behind the first one.
    const size_t at = random() % 2 == 0 ? random() % 1024 : code.size() - 1 - random() % (code.size() / 2);
    for (uint64_t bytes = 1 + random() % 8; bytes > 0; --bytes)
      damaged[std::min(at + bytes, damaged.size() - 1)] = static_cast<char>(random());
    if (random() % 8 == 0) damaged.resize(random() % damaged.size());
    const auto functions = functions_of_vdso(damaged, WordSize::k64);
    if (functions)
      lie_within(*functions, damaged);
    else
      EXPECT_EQ(functions.error().kind(), ErrorKind::kInvalidImage);
  }
}

}  // namespace
}  // namespace cr::kinds
