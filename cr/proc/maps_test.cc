#include "cr/proc/maps.h"

#include <algorithm>

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

constexpr std::string_view kLine =
    "7feee721c000-7feee7242000 r-xp 00026000 fe:00 332835                     /lib/libc.so.6";

const Vma* find(const std::vector<Vma>& vmas, std::string_view path) {
  for (const Vma& vma : vmas) {
    if (vma.path == path) return &vma;
  }
  ADD_FAILURE() << "no mapping of " << path;
  return nullptr;
}

std::vector<std::string> describe(const std::vector<Vma>& vmas) {
  std::vector<std::string> out;
  for (const Vma& vma : vmas) {
    out.push_back(fmt::format("{:x} {:x} {}{}{}{} {:x} {}:{} {} {} {} {}", vma.start, vma.end, vma.read,
                              vma.write, vma.exec, vma.shared, vma.offset, vma.dev_major, vma.dev_minor,
                              vma.inode, vma.path, vma.deleted, vma.raw));
  }
  return out;
}

TEST(Maps, ReadsEveryFieldOfALine) {
  const auto vma = parse_maps_line(kLine);
  ASSERT_TRUE(vma) << vma.error().message();
  EXPECT_EQ(vma->start, 0x7feee721c000u);
  EXPECT_EQ(vma->end, 0x7feee7242000u);
  EXPECT_EQ(vma->size(), 0x26000u);
  EXPECT_TRUE(vma->read && vma->exec);
  EXPECT_FALSE(vma->write || vma->shared);
  EXPECT_EQ(vma->offset, 0x26000u);
  EXPECT_EQ(vma->dev_major, 0xfeu);
  EXPECT_EQ(vma->dev_minor, 0u);
  EXPECT_EQ(vma->inode, 332835u);
  EXPECT_EQ(vma->path, "/lib/libc.so.6");
  EXPECT_EQ(vma->raw_name(), vma->path);
  EXPECT_FALSE(vma->special() || vma->deleted);
}

class CapturedMaps : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(WordSizes, CapturedMaps, testing::Values("maps-64", "maps-32"));

TEST_P(CapturedMaps, NamesWithBlanksNewlinesAndDeleted) {
  const auto vmas = parse_maps(captured(GetParam()));
  ASSERT_TRUE(vmas) << vmas.error().message();

  EXPECT_NE(find(*vmas, "/srv/zoo/dir with blanks/a file"), nullptr);

  const Vma* gone = find(*vmas, "/srv/zoo/dir with blanks/gone");
  ASSERT_NE(gone, nullptr);
  EXPECT_TRUE(gone->deleted);
  EXPECT_FALSE(gone->shared);
  EXPECT_EQ(gone->raw_name(), "/srv/zoo/dir with blanks/gone (deleted)");

  const Vma* two_lines = find(*vmas, "/srv/zoo/two\nlines");
  ASSERT_NE(two_lines, nullptr);
  EXPECT_EQ(two_lines->raw_name(), "/srv/zoo/two\\012lines");

  // These two living files are shown like others: only raw_name() leads to them.
  const Vma* alive = find(*vmas, "/srv/zoo/alive");
  ASSERT_NE(alive, nullptr);
  EXPECT_EQ(alive->raw_name(), "/srv/zoo/alive (deleted)");
  const Vma* backslash = find(*vmas, "/srv/zoo/back\nslash");
  ASSERT_NE(backslash, nullptr);
  EXPECT_EQ(backslash->raw_name(), "/srv/zoo/back\\012slash");
}

TEST_P(CapturedMaps, MemoryThatIsNoFileOnDisk) {
  const auto vmas = parse_maps(captured(GetParam()));
  ASSERT_TRUE(vmas) << vmas.error().message();
  for (const char* path : {"/dev/zero", "/memfd:a memfd", "/SYSV00000000"}) {
    const Vma* vma = find(*vmas, path);
    ASSERT_NE(vma, nullptr);
    EXPECT_TRUE(vma->deleted && vma->shared) << path;
    EXPECT_FALSE(vma->special()) << path;
    EXPECT_EQ(vma->dev_minor, 1u) << path;
  }
  for (const char* path : {"[heap]", "[stack]", "[vdso]", "[vvar]", "[vvar_vclock]"}) {
    const Vma* vma = find(*vmas, path);
    ASSERT_NE(vma, nullptr);
    EXPECT_TRUE(vma->special()) << path;
    EXPECT_EQ(vma->inode, 0u);
  }
  const auto unnamed =
      std::count_if(vmas->begin(), vmas->end(), [](const Vma& vma) { return vma.path.empty(); });
  EXPECT_GE(unnamed, 7);
}

TEST_P(CapturedMaps, AddressesRiseAndFitTheWordSize) {
  const auto vmas = parse_maps(captured(GetParam()));
  ASSERT_TRUE(vmas) << vmas.error().message();
  for (size_t i = 1; i < vmas->size(); ++i) EXPECT_LE((*vmas)[i - 1].end, (*vmas)[i].start);
  const bool narrow = std::string_view(GetParam()) == "maps-32";
  EXPECT_EQ(vmas->back().path, narrow ? "[stack]" : "[vsyscall]");
  EXPECT_EQ(vmas->back().end, narrow ? 0xffab7000u : 0xffffffffff601000u);
}

TEST_P(CapturedMaps, CutAnywhere) {
  const std::string text = captured(GetParam());
  const auto lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  // Between two lines a cut cannot be seen, anywhere else it is.
  EXPECT_EQ(expect_cuts_are_prefixes(text, parse_maps, describe), lines);
}

TEST(Maps, NothingAtAll) {
  const auto vmas = parse_maps("");  // a kernel thread, a zombie
  ASSERT_TRUE(vmas);
  EXPECT_TRUE(vmas->empty());
}

TEST(Maps, NamesGivenByPrctl) {
  const std::string line = replaced(std::string(kLine), "/lib/libc.so.6", "[anon:my heap (deleted)]");
  const auto anon = parse_maps_line(line);
  ASSERT_TRUE(anon) << anon.error().message();
  EXPECT_EQ(anon->anon_name(), "my heap (deleted)");
  EXPECT_TRUE(anon->special());
  EXPECT_FALSE(anon->deleted);
  const auto shmem = parse_maps_line(replaced(std::string(kLine), "/lib/libc.so.6", "[anon_shmem:x]"));
  ASSERT_TRUE(shmem);
  EXPECT_EQ(shmem->anon_name(), "x");
  EXPECT_EQ(parse_maps_line(kLine)->anon_name(), "");
  EXPECT_EQ(parse_maps_line(replaced(std::string(kLine), "/lib/libc.so.6", "[heap]"))->anon_name(), "");
}

TEST(Maps, FilesWithoutAPath) {
  const auto vma =
      parse_maps_line("7f0000000000-7f0000001000 rw-s 00000000 00:10 1039 anon_inode:[io_uring]");
  ASSERT_TRUE(vma) << vma.error().message();
  EXPECT_EQ(vma->path, "anon_inode:[io_uring]");
  EXPECT_TRUE(vma->special());
  const auto aio = parse_maps_line("7f0000000000-7f0000001000 rw-s 00000000 00:11 9 /[aio] (deleted)");
  ASSERT_TRUE(aio);
  EXPECT_EQ(aio->path, "/[aio]");
  EXPECT_TRUE(aio->deleted);
}

TEST(Maps, BrokenLinesAreNamed) {
  const struct {
    std::string_view from, to, expected;
  } kBroken[] = {
      {"7feee721c000-", "7feee721c000 ", "START-END"},
      {"7feee721c000-", "7feee721z000-", "START-END"},
      {"7feee721c000-", "-7feee721c000-", "START-END"},
      {"7feee721c000-", "FEEE721C000-", "START-END"},
      {"7feee7242000", "17feee72420000000", "START-END"},  // beyond 64 bits
      {"7feee7242000", "7feee721c000", "end above"},
      {"r-xp", "r-x", "permissions"},
      {"r-xp", "r-x-", "permissions"},
      {"r-xp", "rrxp", "permissions"},
      {"00026000", "0x26000", "offset"},
      {"fe:00", "fe-00", "device"},
      {"fe:00", "1000000fe:00", "device"},
      {"332835", "-332835", "inode"},
      {"332835", "99999999999999999999", "inode"},
  };
  for (const auto& broken : kBroken) {
    SCOPED_TRACE(broken.to);
    const std::string line = replaced(std::string(kLine), broken.from, broken.to);
    expect_error(parse_maps(fmt::format("{}\n{}\n", kLine, line)), {"maps line 2", line, broken.expected});
  }
}

}  // namespace
}  // namespace cr::proc
