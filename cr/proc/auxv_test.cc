#include "cr/proc/auxv.h"

#include <elf.h>

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

Result<std::vector<AuxEntry>> parse_64(std::string_view bytes) { return parse_auxv(bytes, WordSize::k64); }
Result<std::vector<AuxEntry>> parse_32(std::string_view bytes) { return parse_auxv(bytes, WordSize::k32); }

TEST(Auxv, Of64Bits) {
  const auto auxv = parse_64(captured("auxv-64"));
  ASSERT_TRUE(auxv) << auxv.error().message();
  EXPECT_EQ(auxv->size(), 22u);
  EXPECT_EQ(auxv->front().type, uint64_t{AT_SYSINFO_EHDR});
  EXPECT_EQ(find_aux(*auxv, AT_SYSINFO_EHDR), 0x7feee7412000u);  // [vdso] in maps-64
  EXPECT_EQ(find_aux(*auxv, AT_PAGESZ), 4096u);
  EXPECT_EQ(find_aux(*auxv, AT_PHENT), sizeof(Elf64_Phdr));
  EXPECT_EQ(find_aux(*auxv, AT_SYSINFO), std::nullopt);
  EXPECT_EQ(find_aux(*auxv, AT_NULL), std::nullopt);
}

TEST(Auxv, Of32BitsWithThePaddingBehindItsEnd) {
  const auto auxv = parse_32(captured("auxv-32"));
  ASSERT_TRUE(auxv) << auxv.error().message();
  EXPECT_EQ(auxv->size(), 23u);
  EXPECT_EQ(find_aux(*auxv, AT_SYSINFO_EHDR), 0xf7f04000u);  // [vdso] in maps-32
  EXPECT_EQ(find_aux(*auxv, AT_SYSINFO), 0xf7f045e0u);
  EXPECT_EQ(find_aux(*auxv, AT_PHENT), sizeof(Elf32_Phdr));
}

TEST(Auxv, NothingAtAll) {
  for (const WordSize size : {WordSize::k32, WordSize::k64}) {
    const auto auxv = parse_auxv("", size);
    ASSERT_TRUE(auxv);
    EXPECT_TRUE(auxv->empty());
  }
}

TEST(Auxv, CutAnywhere) {
  const auto describe = [](const std::vector<AuxEntry>& auxv) {
    std::vector<std::string> out;
    for (const auto& entry : auxv) out.push_back(fmt::format("{} {}", entry.type, entry.value));
    return out;
  };
  // Only the empty one is accepted; and of the 32-bit one, the 17 lengths that keep AT_NULL.
  EXPECT_EQ(expect_cuts_are_prefixes(captured("auxv-64"), parse_64, describe), 1u);
  EXPECT_EQ(expect_cuts_are_prefixes(captured("auxv-32"), parse_32, describe), 17u);
  expect_error(parse_64(captured("auxv-64").substr(0, 100)),
               {"100 bytes", "AT_NULL", "6 entries of 64 bits"});
}

}  // namespace
}  // namespace cr::proc
