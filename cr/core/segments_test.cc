// Which bytes of a mapping a core file holds.
#include "cr/core/segments.h"

#include <sys/mman.h>

#include "cr/kinds/kinds_testing.h"

namespace cr::core {
namespace {

using engine::Stretch;
using kinds::Vma;
using Source = Stretch::Source;

constexpr uint64_t kBase = 0x10000000, kMiB = 1 << 20;

struct Part {
  Source source;
  uint64_t size;
};

// "start contents/size protection" of each segment, relative to the mapping; in hexadecimal.
std::string cut(Vma vma, std::vector<Part> parts, bool elf_header = false) {
  std::vector<Stretch> stretches;
  uint64_t at = kBase;
  for (const Part& part : parts) {
    stretches.push_back({at, at + part.size, part.source});
    at += part.size;
  }
  vma.set_start(kBase), vma.set_end(at);
  std::string text;
  uint64_t expected = kBase;
  for (const Segment& segment : segments_of(vma, stretches, elf_header)) {
    EXPECT_EQ(segment.start, expected) << "segments cover the mapping";
    EXPECT_LE(segment.contents, segment.end - segment.start);
    expected = segment.end;
    text += fmt::format("{:x} {:x}/{:x} {}; ", segment.start - kBase, segment.contents,
                        segment.end - segment.start, segment.protection);
  }
  EXPECT_EQ(expected, at);
  return text;
}

Vma anonymous() {
  Vma vma;
  vma.set_protection(PROT_READ | PROT_WRITE);
  return vma;
}
Vma of_file(bool shared = false) {
  Vma vma;
  vma.set_protection(PROT_READ), vma.set_backing(Vma::FILE), vma.set_shared(shared);
  return vma;
}

TEST(Segments, ZerosAtTheEndAreLeftOut) {
  EXPECT_EQ(cut(anonymous(), {{Source::kPages, 0x3000}}), "0 3000/3000 3; ");
  EXPECT_EQ(cut(anonymous(), {{Source::kPages, 0x1000}, {Source::kZero, 0x2000}}), "0 1000/3000 3; ");
  EXPECT_EQ(cut(anonymous(), {{Source::kZero, 0x2000}}), "0 0/2000 3; ");
  EXPECT_EQ(cut(anonymous(), {{Source::kZero, 0x2000}, {Source::kPages, 0x1000}}),
            "0 0/2000 3; 2000 1000/1000 3; ");
}

TEST(Segments, ShortHolesStayLongOnesCut) {
  EXPECT_EQ(cut(anonymous(), {{Source::kPages, 0x1000}, {Source::kZero, 0x2000}, {Source::kPages, 0x1000}}),
            "0 4000/4000 3; ");
  EXPECT_EQ(cut(anonymous(), {{Source::kPages, 0x1000}, {Source::kZero, kMiB}, {Source::kPages, 0x1000}}),
            "0 1000/101000 3; 101000 1000/1000 3; ");
}

TEST(Segments, CleanFilesAreLeftToTheFile) {
  EXPECT_EQ(cut(of_file(), {{Source::kFile, 0x5000}}), "0 0/5000 1; ");
  EXPECT_EQ(cut(of_file(), {{Source::kFile, 0x5000}}, true), "0 1000/5000 1; ");
  EXPECT_EQ(cut(of_file(true), {{Source::kFile, 0x5000}}), "0 0/5000 1; ");
  EXPECT_EQ(cut(of_file(), {{Source::kUnknown, 0x5000}}), "0 0/5000 1; ");
}

TEST(Segments, FilesThatWereWrittenToAreWhole) {
  EXPECT_EQ(cut(of_file(), {{Source::kFile, 0x1000}, {Source::kPages, 0x1000}, {Source::kFile, 0x1000}}),
            "0 3000/3000 1; ");
  EXPECT_EQ(
      cut(of_file(), {{Source::kUnknown, 0x1000}, {Source::kPages, 0x1000}, {Source::kUnknown, 0x1000}}),
      "0 0/1000 1; 1000 1000/2000 1; ")
      << "as far as anybody has them";
}

TEST(Segments, TheVdsoIsCodeAfterData) {
  Vma vma = anonymous();
  vma.set_backing(Vma::VDSO), vma.set_protection(PROT_READ);
  EXPECT_EQ(cut(vma, {{Source::kUnknown, 0x4000}, {Source::kVdso, 0x2000}}),
            "0 0/4000 1; 4000 2000/2000 5; ");
  EXPECT_EQ(cut(vma, {{Source::kUnknown, 0x6000}}), "0 0/6000 1; ");
}

TEST(Segments, WhatIsNotToBeDumpedIsNot) {
  Vma vma = anonymous();
  vma.add_advice(MADV_DONTDUMP);
  EXPECT_EQ(cut(vma, {{Source::kPages, 0x1000}, {Source::kZero, 0x2000}}), "0 0/3000 3; ");
}

TEST(Segments, OnlyTheBeginningOfAPrivateFileMayShowAHeader) {
  const std::vector<Stretch> file{{kBase, kBase + 0x1000, Source::kFile}};
  EXPECT_TRUE(may_show_elf_header(of_file(), file));
  EXPECT_FALSE(may_show_elf_header(of_file(true), file));
  EXPECT_FALSE(may_show_elf_header(of_file(), {}));
  EXPECT_FALSE(may_show_elf_header(anonymous(), file));
  EXPECT_FALSE(
      may_show_elf_header(of_file(), std::vector<Stretch>{{kBase, kBase + 0x1000, Source::kUnknown}}));
  Vma vma = of_file();
  vma.set_offset(0x1000);
  EXPECT_FALSE(may_show_elf_header(vma, file));
  vma = of_file(), vma.set_protection(PROT_EXEC);
  EXPECT_FALSE(may_show_elf_header(vma, file));
}

}  // namespace
}  // namespace cr::core
