// Of a real child's memory, exactly the pages that hold something of its own are found and copied.
#include "cr/kinds/memory/pages.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <csignal>
#include <functional>
#include <optional>

#include "cr/base/numbers.h"
#include "cr/image/page_reader.h"
#include "cr/image/reader.h"
#include "cr/kinds/kinds_testing.h"
#include "cr/kinds/memory/relatives.h"
#include "cr/proc/pagemap.h"
#include "cr/sys/process.h"
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
  // It is asked each time whether to go on.
  int asked = 0;
  const auto stopped = PageFinder::open(child.pid())
                           .value()
                           .private_pages({start, start + kMany * kPageSize}, [&]() -> Result<void> {
                             if (++asked == 2) return fail(ErrorKind::kDeadline, "time is up");
                             return {};
                           });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind(), ErrorKind::kDeadline);
  ::munmap(memory, kMany * kPageSize);
}

TEST(PageCopier, CopiesAlsoWhatItsOwnerMayNotRead) {
  const Mapping mapping;
  const Child child([&] {
    for (size_t page = 0; page < kPages; ++page) mapping.page(page) = static_cast<char>('0' + page);
    ::mprotect(reinterpret_cast<void*>(mapping.address(10)), 10 * kPageSize, PROT_NONE);
  });
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

proc::PagemapEntry entry_of(pid_t pid, uint64_t address) {
  const sys::UniqueFd pagemap = sys::open(fmt::format("/proc/{}/pagemap", pid), O_RDONLY).value();
  uint64_t bits = 0;
  EXPECT_TRUE(sys::pread_fully(pagemap.get(), std::as_writable_bytes(std::span(&bits, 1)),
                               address / kPageSize * sizeof(bits)));
  return proc::decode_pagemap(bits);
}

bool frames_are_told() {
  const int here = 0;
  return entry_of(::getpid(), reinterpret_cast<uint64_t>(&here)).pfn != 0;
}

// Two forks of one process, and what an image of both stores of a mapping.
class Siblings : public ::testing::Test {
 protected:
  Siblings() {
    for (size_t page = 0; page < kPages; ++page) mapping_.page(page) = static_cast<char>('0' + page);
  }
  void copy_both(const std::function<void()>& in_between = {}) {
    image::Writer writer = image::Writer::create(path_).value();
    Relatives relatives;
    const PageStore store{.writer = writer, .relatives = &relatives};
    first_.emplace();
    second_.emplace([this] {
      for (const size_t page : {5, 6, 63}) mapping_.page(page) = '!';
    });
    ASSERT_TRUE(PageCopier::of_process(first_->pid(), 1, store).value().copy(mapping_.all(), true));
    if (in_between) in_between();
    ASSERT_TRUE(PageCopier::of_process(second_->pid(), 2, store).value().copy(mapping_.all(), true));
    ASSERT_TRUE(writer.commit());
    reader_.emplace(image::Reader::open(path_).value());
    ASSERT_TRUE(reader_->verify());
  }
  std::string firsts_of(uint64_t object) {
    std::string bytes(kPages * kPageSize, '\0'), firsts;
    EXPECT_TRUE(image::PageReader(*reader_).read(object, 0, std::as_writable_bytes(std::span(bytes))));
    for (size_t page = 0; page < kPages; ++page) firsts += bytes[page * kPageSize];
    return firsts;
  }
  // Page numbers of the second's that are not the first one's.
  std::vector<size_t> stored_again() {
    std::vector<size_t> pages;
    for (size_t page = 0; page < kPages; ++page)
      if (reader_->pages().at(2, page).kind != image::ExtentKind::kSame) pages.push_back(page);
    return pages;
  }
  std::string expected() {
    std::string text;
    for (size_t page = 0; page < kPages; ++page) text += static_cast<char>('0' + page);
    return text;
  }

  Mapping mapping_;
  std::optional<Child> first_, second_;
  sys::TempDir dir_;
  std::string path_ = dir_ / "image";
  std::optional<image::Reader> reader_;
};

TEST_F(Siblings, WhatTheyHaveInCommonIsStoredOnce) {
  if (!frames_are_told()) GTEST_SKIP() << "needs CAP_SYS_ADMIN: /proc/PID/pagemap tells no frames without";
  copy_both();
  EXPECT_THAT(stored_again(), ::testing::ElementsAre(5, 6, 63));
  EXPECT_EQ(firsts_of(1), expected());
  std::string second = expected();
  for (const size_t page : {5, 6, 63}) second[page] = '!';
  EXPECT_EQ(firsts_of(2), second);
}

// A reference to them would be filled in at the restore.
TEST_F(Siblings, ZerosStayZeros) {
  for (const size_t page : {2, 3, 40}) mapping_.page(page) = '\0';
  copy_both();
  for (const size_t page : {2, 3, 40})
    for (const uint64_t object : {1, 2})
      EXPECT_EQ(reader_->pages().at(object, page).kind, image::ExtentKind::kZero) << page << " of " << object;
}

// Nobody gets copies of their own from having been looked at.
TEST_F(Siblings, TheyShareAsMuchAsBefore) {
  copy_both();
  for (const size_t page : {0, 20, 62}) {
    EXPECT_TRUE(entry_of(first_->pid(), mapping_.address(page)).shared()) << page;
    EXPECT_TRUE(entry_of(second_->pid(), mapping_.address(page)).shared()) << page;
  }
  EXPECT_FALSE(entry_of(second_->pid(), mapping_.address(6)).shared()) << "its own";
}

// Frames are a hint only: here the first one's page is in another frame by the time of the second's.
TEST_F(Siblings, TheirBytesAreCompared) {
  if (!frames_are_told()) GTEST_SKIP() << "needs CAP_SYS_ADMIN: /proc/PID/pagemap tells no frames without";
  copy_both([this] {
    ASSERT_TRUE(sys::write_memory(first_->pid(), {mapping_.address(20)}, std::as_bytes(std::span("new", 3))));
  });
  EXPECT_THAT(stored_again(), ::testing::IsSupersetOf({5, 6, 20, 63}));
  std::string second = expected();
  for (const size_t page : {5, 6, 63}) second[page] = '!';
  EXPECT_EQ(firsts_of(1), expected());
  EXPECT_EQ(firsts_of(2), second);
}

}  // namespace
}  // namespace cr::kinds
