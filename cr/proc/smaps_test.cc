#include "cr/proc/smaps.h"

#include <algorithm>

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

// As many mappings of the captured file as keep the sweep over every cut short.
std::string first_blocks(const std::string& text, size_t blocks) {
  size_t end = 0;
  for (size_t i = 0; i < blocks; ++i) end = text.find('\n', text.find("VmFlags:", end)) + 1;
  return text.substr(0, end);
}

std::string flags_of(const SmapsVma& block) {
  std::string out;
  for (unsigned i = 0; i < static_cast<unsigned>(VmFlag::kCount); ++i) {
    if (block.flags.has(static_cast<VmFlag>(i))) out += std::string(name_of(static_cast<VmFlag>(i))) + " ";
  }
  return out;
}

std::vector<std::string> describe(const std::vector<SmapsVma>& blocks) {
  std::vector<std::string> out;
  for (const SmapsVma& block : blocks) {
    out.push_back(fmt::format("{:x} {} {} {} {} {} {} {} {}", block.vma.start, block.vma.path,
                              flags_of(block), block.rss_kb, block.anonymous_kb, block.swap_kb,
                              block.locked_kb, block.kernel_page_kb, fmt::join(block.unknown_flags, ",")));
  }
  return out;
}

class CapturedSmaps : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(WordSizes, CapturedSmaps, testing::Values("64", "32"));

TEST_P(CapturedSmaps, HasTheMappingsOfMaps) {
  const auto blocks = parse_smaps(captured(std::string("smaps-") + GetParam()));
  const auto vmas = parse_maps(captured(std::string("maps-") + GetParam()));
  ASSERT_TRUE(blocks) << blocks.error().message();
  ASSERT_TRUE(vmas);
  ASSERT_EQ(blocks->size(), vmas->size());
  for (size_t i = 0; i < vmas->size(); ++i) {
    const SmapsVma& block = (*blocks)[i];
    EXPECT_EQ(block.vma.start, (*vmas)[i].start);
    EXPECT_EQ(block.vma.raw_name(), (*vmas)[i].raw_name());
    // Two ways to tell the same; [vsyscall] is no real mapping and readable in neither.
    EXPECT_EQ(block.flags.has(VmFlag::kRd), block.vma.read) << block.vma.path;
    EXPECT_EQ(block.flags.has(VmFlag::kWr), block.vma.write) << block.vma.path;
    EXPECT_EQ(block.flags.has(VmFlag::kEx), block.vma.exec) << block.vma.path;
    EXPECT_EQ(block.flags.has(VmFlag::kMs), block.vma.shared) << block.vma.path;
    EXPECT_TRUE(block.unknown_flags.empty()) << block.vma.path;
    EXPECT_FALSE(block.protection_key);  // not a CPU with keys
    EXPECT_EQ(block.kernel_page_kb, 4u);
  }
}

TEST_P(CapturedSmaps, FlagsTellWhatMapsCannot) {
  const auto blocks = parse_smaps(captured(std::string("smaps-") + GetParam()));
  ASSERT_TRUE(blocks) << blocks.error().message();
  const auto count = [&](VmFlag flag) {
    return std::count_if(blocks->begin(), blocks->end(),
                         [&](const SmapsVma& b) { return b.flags.has(flag); });
  };
  EXPECT_EQ(count(VmFlag::kGd), 1);  // the stack
  EXPECT_EQ(count(VmFlag::kLo), 1);
  EXPECT_EQ(count(VmFlag::kWf), 1);
  EXPECT_EQ(count(VmFlag::kNr), 4);
  EXPECT_GE(count(VmFlag::kDc), 1);
  EXPECT_GE(count(VmFlag::kDd), 1);
  for (const SmapsVma& block : *blocks) {
    if (block.flags.has(VmFlag::kGd)) {
      EXPECT_EQ(block.vma.path, "[stack]");
    }
    if (block.flags.has(VmFlag::kLo)) {
      EXPECT_EQ(block.locked_kb, 2u);  // 8 kB, shared by three tasks
    }
    if (block.vma.path == "[heap]") {
      EXPECT_EQ(block.anonymous_kb, block.rss_kb);
    }
  }
}

TEST_P(CapturedSmaps, CutAnywhere) {
  const std::string text = first_blocks(captured(std::string("smaps-") + GetParam()), 5);
  // Only between two mappings, and at the very start, a cut cannot be seen.
  EXPECT_EQ(expect_cuts_are_prefixes(text, parse_smaps, describe), 5u);
}

TEST(Smaps, EveryFlagHasItsOwnName) {
  std::string text = first_blocks(captured("smaps-64"), 1);
  std::string all;
  for (unsigned i = 0; i < static_cast<unsigned>(VmFlag::kCount); ++i) {
    all += std::string(name_of(static_cast<VmFlag>(i))) + " ";
  }
  text = text.substr(0, text.find("VmFlags:")) + "VmFlags: " + all + "\n";
  const auto blocks = parse_smaps(text);
  ASSERT_TRUE(blocks) << blocks.error().message();
  EXPECT_EQ(blocks->front().flags.bits(), (uint64_t{1} << static_cast<unsigned>(VmFlag::kCount)) - 1);
  EXPECT_EQ(flags_of(blocks->front()), all);
  EXPECT_TRUE(blocks->front().unknown_flags.empty());
}

TEST(Smaps, UnknownFlagsAreKept) {
  const std::string text =
      replaced(first_blocks(captured("smaps-64"), 1), "VmFlags: rd ", "VmFlags: rd zz ?? 7a abc ");
  const auto blocks = parse_smaps(text);
  ASSERT_TRUE(blocks) << blocks.error().message();
  EXPECT_EQ(blocks->front().unknown_flags, (std::vector<std::string>{"zz", "??", "7a", "abc"}));
  EXPECT_TRUE(blocks->front().flags.has(VmFlag::kRd));
  EXPECT_TRUE(blocks->front().flags.has(VmFlag::kMe));
}

TEST(Smaps, NewLinesAndProtectionKeys) {
  std::string text = first_blocks(captured("smaps-64"), 2);
  text = replaced(text, "VmFlags:", "Novelty:    two words\nProtectionKey:         7\nVmFlags:");
  text += "Postscript:  1 kB\n";
  const auto blocks = parse_smaps(text);
  ASSERT_TRUE(blocks) << blocks.error().message();
  ASSERT_EQ(blocks->size(), 2u);
  EXPECT_EQ(blocks->front().protection_key, 7u);
  EXPECT_EQ(blocks->back().protection_key, std::nullopt);
}

TEST(Smaps, BrokenBlocksAreNamed) {
  const std::string text = first_blocks(captured("smaps-64"), 2);
  expect_error(parse_smaps(replaced(text, "Rss:                   8 kB", "Rss:                  -8 kB")),
               {"smaps line 5", "Rss:", "decimal number"});
  expect_error(parse_smaps(replaced(text, "Swap:                  0 kB", "Swap:  99999999999999999999 kB")),
               {"smaps line 21", "decimal number"});
  expect_error(parse_smaps(replaced(text, "Locked:                0 kB", "Locked:                0 MB")),
               {"Locked:", "decimal number"});
  expect_error(parse_smaps(replaced(text, "Anonymous:", "Anonimous:")), {"55ba80d01000", "Anonymous"});
  expect_error(parse_smaps(replaced(text, "VmFlags:", "VmFlocks:")), {"55ba80d01000", "VmFlags"});
  expect_error(parse_smaps(text.substr(text.find("Size:"))), {"smaps line 1", "first line of a mapping"});
  expect_error(parse_smaps(replaced(text, "r--p", "r-?p")), {"smaps line 1", "permissions"});
}

}  // namespace
}  // namespace cr::proc
