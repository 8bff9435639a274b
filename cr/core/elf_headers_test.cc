// ELF and program headers of both word sizes, read back through the system's structs.
#include "cr/core/elf_headers.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "cr/core/core_testing.h"

namespace cr::core {
namespace {

const std::vector<Segment> kSegments = {
    {0x400000, 0x402000, 0x1000, PROT_READ | PROT_EXEC},
    {0x500000, 0x600000, 0, PROT_NONE},
    {0x700000, 0x703000, 0x3000, PROT_READ | PROT_WRITE},
};

template <typename Header, typename ProgramHeader>
void expect_headers(WordSize word_size, int elf_class, int machine) {
  const Layout layout = lay_out(word_size, "the notes", kSegments, 1).value();
  const auto header = at<Header>(layout.front, 0);
  EXPECT_EQ(std::memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
  EXPECT_EQ(header.e_ident[EI_CLASS], elf_class);
  EXPECT_EQ(header.e_ident[EI_DATA], ELFDATA2LSB);
  EXPECT_EQ(header.e_type, ET_CORE);
  EXPECT_EQ(header.e_machine, machine);
  EXPECT_EQ(header.e_ehsize, sizeof(header));
  EXPECT_EQ(header.e_phoff, sizeof(header));
  EXPECT_EQ(header.e_phentsize, sizeof(ProgramHeader));
  EXPECT_EQ(header.e_phnum, 4);
  EXPECT_EQ(header.e_shnum, 0);
  const auto program = [&](size_t i) {
    return at<ProgramHeader>(layout.front, sizeof(Header) + i * sizeof(ProgramHeader));
  };
  EXPECT_EQ(program(0).p_type, uint32_t{PT_NOTE});
  EXPECT_EQ(layout.front.substr(program(0).p_offset, program(0).p_filesz), "the notes");
  const uint32_t flags[] = {PF_R | PF_X, 0, PF_R | PF_W};
  for (size_t i = 0; i < kSegments.size(); ++i) {
    const auto load = program(i + 1);
    EXPECT_EQ(load.p_type, uint32_t{PT_LOAD});
    EXPECT_EQ(load.p_flags, flags[i]);
    EXPECT_EQ(load.p_vaddr, kSegments[i].start);
    EXPECT_EQ(load.p_filesz, kSegments[i].contents);
    EXPECT_EQ(load.p_memsz, kSegments[i].end - kSegments[i].start);
    EXPECT_EQ(load.p_offset, layout.offsets[i]);
  }
  EXPECT_THAT(layout.offsets, ::testing::ElementsAre(0x1000, 0x2000, 0x2000));
  EXPECT_EQ(layout.front.size(), 0x1000u);
  EXPECT_EQ(layout.size, 0x5000u);
}

TEST(ElfHeaders, Of64Bits) { expect_headers<Elf64_Ehdr, Elf64_Phdr>(WordSize::k64, ELFCLASS64, EM_X86_64); }
TEST(ElfHeaders, Of32Bits) { expect_headers<Elf32_Ehdr, Elf32_Phdr>(WordSize::k32, ELFCLASS32, EM_386); }

TEST(ElfHeaders, MoreThanTheFieldCanCount) {
  std::vector<Segment> many;
  for (uint64_t i = 0; i < 70000; ++i) many.push_back({0x10000 + i * 0x2000, 0x11000 + i * 0x2000, 0, 0});
  const Layout layout = lay_out(WordSize::k64, "", many, 1).value();
  const auto header = at<Elf64_Ehdr>(layout.front, 0);
  EXPECT_EQ(header.e_phnum, PN_XNUM);
  ASSERT_EQ(header.e_shnum, 1);
  const auto section = at<Elf64_Shdr>(layout.front, header.e_shoff);
  EXPECT_EQ(section.sh_info, 70001u);
  EXPECT_EQ(section.sh_size, 1u);
  EXPECT_EQ(at<Elf64_Phdr>(layout.front, sizeof(header)).p_offset, header.e_shoff + sizeof(section));
  many.resize(PN_XNUM - 2);
  EXPECT_EQ(at<Elf32_Ehdr>(lay_out(WordSize::k32, "", many, 1)->front, 0).e_phnum, PN_XNUM - 1);
}

TEST(ElfHeaders, A32BitFileEndsAt4GiB) {
  const uint64_t most = (uint64_t{1} << 32) - 0x2000;
  EXPECT_TRUE(lay_out(WordSize::k32, "", std::vector<Segment>{{0x1000, most + 0x1000, most, 0}}, 7));
  const std::vector<Segment> larger{{0x1000, most + 0x2000, most + 0x1000, 0}};
  EXPECT_TRUE(lay_out(WordSize::k64, "", larger, 7));
  const auto refused = lay_out(WordSize::k32, "", larger, 7);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::kUnsupported);
  ASSERT_EQ(refused.error().blockers().size(), 1u);
  EXPECT_EQ(refused.error().blockers()[0].pid, 7);
}

}  // namespace
}  // namespace cr::core
