// Of a real child's memory, exactly the pages that hold something of its own are found and copied.
#include "cr/kinds/memory/pages.h"

#include <sys/mman.h>

#include <csignal>

#include "cr/base/numbers.h"
#include "cr/image/page_reader.h"
#include "cr/image/reader.h"
#include "cr/kinds/kinds_testing.h"
#include "cr/sys/sys_testing.h"

namespace cr::kinds {
namespace {

using sys::Child;

constexpr size_t kPages = 64;

class Mapping {
 public:
  explicit Mapping(int fd = -1, int flags = MAP_PRIVATE) {
    data_ = ::mmap(nullptr, kPages * kPageSize, PROT_READ | PROT_WRITE, flags | (fd < 0 ? MAP_ANONYMOUS : 0),
                   fd, 0);
    EXPECT_NE(data_, MAP_FAILED);
    ::madvise(data_, kPages * kPageSize, MADV_NOHUGEPAGE);
  }
  ~Mapping() { ::munmap(data_, kPages * kPageSize); }
  volatile char& page(size_t number) const { return static_cast<char*>(data_)[number * kPageSize]; }
  void read_all() const {
    for (size_t number = 0; number < kPages; ++number) [[maybe_unused]] const char byte = page(number);
  }
  uint64_t address(size_t number) const { return reinterpret_cast<uint64_t>(data_) + number * kPageSize; }
  PageRange all() const { return {address(0), address(kPages)}; }

 private:
  void* data_;
};

sys::UniqueFd file_of_pages() {
  sys::UniqueFd fd(::memfd_create("pages", MFD_CLOEXEC));
  const std::string bytes(kPages * kPageSize, 'f');
  EXPECT_TRUE(sys::write_fully(fd.get(), std::as_bytes(std::span(bytes))));
  return fd;
}

std::vector<size_t> found_in(pid_t pid, const Mapping& mapping) {
  PageFinder finder = PageFinder::open(pid).value();
  std::vector<size_t> pages;
  uint64_t last_end = 0;
  const std::vector<PageRange> ranges = finder.private_pages(mapping.all()).value();
  for (const PageRange& range : ranges) {
    EXPECT_TRUE(page_aligned(range.start) && page_aligned(range.end) && range.start < range.end);
    EXPECT_GT(range.start, last_end) << "neighbours are one range";
    last_end = range.end;
    for (uint64_t at = range.start; at < range.end; at += kPageSize)
      pages.push_back((at - mapping.address(0)) / kPageSize);
  }
  return pages;
}

TEST(PageFinder, UntouchedMemoryHasNone) {
  const Mapping mapping;
  const Child child;
  EXPECT_THAT(found_in(child.pid(), mapping), ::testing::IsEmpty());
}

TEST(PageFinder, FindsWhatWasWrittenBeforeAndAfterTheFork) {
  const Mapping mapping;
  for (const size_t page : {0, 1, 2, 40}) mapping.page(page) = 'p';
  const Child child([&] {
    for (const size_t page : {41, 50, 63}) mapping.page(page) = 'c';
  });
  EXPECT_THAT(found_in(child.pid(), mapping), ::testing::ElementsAre(0, 1, 2, 40, 41, 50, 63));
}

// A page full of zeroes that the task wrote is its own; one it has only read is the kernel's.
TEST(PageFinder, PagesOnlyReadAreNotItsOwn) {
  const Mapping mapping;
  const Child child([&] {
    mapping.read_all();
    mapping.page(7) = 0;
  });
  const std::vector<size_t> found = found_in(child.pid(), mapping);
  EXPECT_THAT(found, ::testing::Contains(7));
  if (found.size() == 1) return;
  // Without PAGEMAP_SCAN nothing tells the zero page from others: more is saved than needed, never less.
  EXPECT_EQ(found.size(), kPages);
}

TEST(PageFinder, OfAPrivateFileMappingOnlyWhatWasWritten) {
  const sys::UniqueFd fd = file_of_pages();
  const Mapping mapping(fd.get());
  const Child child([&] {
    mapping.read_all();
    for (const size_t page : {3, 4, 60}) mapping.page(page) = 'w';
  });
  EXPECT_THAT(found_in(child.pid(), mapping), ::testing::ElementsAre(3, 4, 60));
}

TEST(PageFinder, SharedMemoryIsNobodysOwn) {
  const Mapping mapping(-1, MAP_SHARED);
  const Child child([&] { mapping.page(5) = 's'; });
  EXPECT_THAT(found_in(child.pid(), mapping), ::testing::IsEmpty());
}

// More separate ranges than one call of the kernel's returns.
TEST(PageFinder, GoesOnWhereACallEnded) {
  constexpr size_t kMany = 4096;
  void* memory =
      ::mmap(nullptr, kMany * kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  ::madvise(memory, kMany * kPageSize, MADV_NOHUGEPAGE);
  for (size_t page = 0; page < kMany; page += 2) static_cast<char*>(memory)[page * kPageSize] = 'x';
  const Child child;
  const auto start = reinterpret_cast<uint64_t>(memory);
  const auto ranges =
      PageFinder::open(child.pid()).value().private_pages({start, start + kMany * kPageSize}).value();
  ASSERT_EQ(ranges.size(), kMany / 2);
  for (size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_EQ(ranges[i].start, start + 2 * i * kPageSize);
    EXPECT_EQ(ranges[i].end, ranges[i].start + kPageSize);
  }
  ::munmap(memory, kMany * kPageSize);
}

TEST(PageCopier, CopiesAlsoWhatItsOwnerMayNotRead) {
  const Mapping mapping;
  for (size_t page = 0; page < kPages; ++page) mapping.page(page) = static_cast<char>('0' + page);
  const Child child(
      [&] { ::mprotect(reinterpret_cast<void*>(mapping.address(10)), 10 * kPageSize, PROT_NONE); });
  const sys::TempDir dir;
  const std::string path = dir / "image";
  {
    image::Writer writer = image::Writer::create(path).value();
    PageCopier copier = PageCopier::of_process(child.pid(), 1, {writer}).value();
    EXPECT_TRUE(copier.copy({mapping.address(2), mapping.address(5)}, true));
    EXPECT_TRUE(copier.copy({mapping.address(12), mapping.address(14)}, false));
    const auto refused = copier.copy({mapping.address(12), mapping.address(14)}, true);
    EXPECT_FALSE(refused) << "the quick way respects protections";
    ASSERT_TRUE(writer.commit());
  }
  const image::Reader reader = image::Reader::open(path).value();
  ASSERT_TRUE(reader.verify());
  ASSERT_EQ(reader.pages().pages(1), 5u);
  std::string read_back(5 * kPageSize, '\0');
  ASSERT_TRUE(image::PageReader(reader).read(1, 0, std::as_writable_bytes(std::span(read_back))));
  std::string firsts;
  for (size_t page = 0; page < 5; ++page) firsts += read_back[page * kPageSize];
  EXPECT_EQ(firsts, "234<=");
}

}  // namespace
}  // namespace cr::kinds
