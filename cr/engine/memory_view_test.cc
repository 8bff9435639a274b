// Addresses of a process become bytes: pages of the image, zeros, clean pages of files, the vdso; or
// nobody's.
#include "cr/engine/memory_view.h"

#include <sys/stat.h>

#include <filesystem>

#include "cr/base/numbers.h"
#include "cr/image/hash.h"
#include "cr/image/writer.h"
#include "cr/kinds/kinds_testing.h"
#include "cr/sys/sys_testing.h"

namespace cr::engine {
namespace {

using kinds::Sample;
using kinds::Vma;
using Source = Stretch::Source;

constexpr uint64_t kPage = kPageSize;

class MemoryViewTest : public testing::Test {
 protected:
  // Each page of an object is full of its own number, counted from 1.
  MemoryView view() {
    image::Writer writer = image::Writer::create(dir_ / "image").value();
    kinds::Origin origin;
    origin.set_root(100), origin.add_word_sizes(32), origin.add_word_sizes(64);
    EXPECT_TRUE(writer.add_record(kinds::kOriginRecord, 0, origin.SerializeAsString()));
    std::vector<char> numbers;
    for (const auto& [id, pages] : kinds::page_objects(sample_.records))
      for (uint64_t page = 1; page <= pages; ++page) numbers.push_back(static_cast<char>(page));
    kinds::write_sample(writer, sample_.records,
                        [&](size_t page) { return std::string(kPage, numbers.at(page)); });
    EXPECT_TRUE(writer.commit());
    auto loaded = load(dir_ / "image");
    EXPECT_TRUE(loaded) << loaded.error().message();
    loaded_ = std::make_unique<Loaded>(std::move(*loaded));
    return MemoryView::of(*loaded_, 100);
  }

  // A file of `size` letters, as file 0 of the process; mapped at 0x400000 by the sample.
  std::string file(uint64_t size) {
    const std::string path = dir_ / "file";
    const sys::UniqueFd fd = sys::open(path, O_WRONLY | O_CREAT, 0600).value();
    const std::string letters(size, 'f');
    EXPECT_TRUE(sys::write_fully(fd.get(), std::as_bytes(std::span(letters))));
    struct stat status;
    EXPECT_EQ(::fstat(fd.get(), &status), 0);
    kinds::FileIdentity& identity = *sample_.space(100).mutable_files(0);
    identity.set_path(path), identity.set_size(size), identity.set_mode(status.st_mode);
    identity.set_mtime_ns(status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec);
    return path;
  }

  static std::string described(const std::vector<Stretch>& stretches) {
    static constexpr const char* kNames[] = {"pages", "zero", "file", "vdso", "unknown"};
    std::string text;
    for (const Stretch& stretch : stretches)
      text += fmt::format("{:x}-{:x} {} {:x}; ", stretch.start, stretch.end,
                          kNames[static_cast<int>(stretch.source)], stretch.offset);
    return text;
  }

  static std::string bytes(const MemoryView& view, uint64_t address, uint64_t size) {
    std::string out(size, '?');
    const auto read = view.read(address, std::as_writable_bytes(std::span(out)));
    EXPECT_TRUE(read) << read.error().message();
    return out;
  }

  sys::TempDir dir_;
  Sample sample_ = kinds::small_tree();
  std::unique_ptr<Loaded> loaded_;
};

TEST_F(MemoryViewTest, PrivateMemoryIsPagesAndZeros) {
  const MemoryView memory = view();
  EXPECT_EQ(described(memory.stretches(0x700000, 0x800000)), "700000-7fe000 zero 0; 7fe000-800000 pages 0; ");
  EXPECT_EQ(described(memory.stretches(0x7ff000, 0x900000)), "7ff000-800000 pages 1000; ");
  EXPECT_EQ(described(memory.stretches(0x800000, 0x900000)), "") << "nothing is mapped there";
  EXPECT_EQ(bytes(memory, 0x7fdffe, 4), std::string("\0\0\1\1", 4));
  EXPECT_EQ(bytes(memory, 0x7fefff, 2), "\1\2");
  EXPECT_EQ(bytes(memory, 0x800000, 0), "");
}

TEST_F(MemoryViewTest, WhatIsNotMappedCannotBeRead) {
  const MemoryView memory = view();
  std::byte two[2];
  for (const uint64_t address : {uint64_t{0}, uint64_t{0x7fffff}, uint64_t{0x800000}, ~uint64_t{0},
                                 ~uint64_t{1}, uint64_t{0x7ffffffff000}})
    EXPECT_FALSE(memory.read(address, two)) << address;
}

TEST_F(MemoryViewTest, SharedMemoryIsSeenFromItsOffset) {
  kinds::PageRun& run = *sample_.records.find<kinds::SharedMemory>(kinds::kSharedMemoryRecord, 1)->add_runs();
  run.set_address(kPage), run.set_length(kPage);
  Vma& later = sample_.add_vma(100, 0xa00000, 0xa04000);
  later.set_backing(Vma::SHARED_ANONYMOUS), later.set_shared(true), later.set_object(1);
  later.set_offset(kPage);
  Vma& beyond = sample_.add_vma(100, 0xb00000, 0xb01000);
  beyond.set_backing(Vma::SHARED_ANONYMOUS), beyond.set_shared(true), beyond.set_object(1);
  beyond.set_offset(uint64_t{1} << 62);
  const MemoryView memory = view();
  EXPECT_EQ(described(memory.stretches(0x900000, 0x903000)),
            "900000-901000 zero 0; 901000-902000 pages 0; 902000-903000 zero 0; ");
  EXPECT_EQ(described(memory.stretches(0xa00000, 0xa04000)),
            "a00000-a01000 pages 0; a01000-a02000 zero 0; a02000-a04000 unknown 0; ");
  EXPECT_EQ(described(memory.stretches(0xb00000, 0xb01000)), "b00000-b01000 unknown 0; ");
  EXPECT_EQ(bytes(memory, 0xa00fff, 2), std::string("\1\0", 2));
}

TEST_F(MemoryViewTest, AnObjectMappedFromItsMiddleAtALowAddress) {
  auto& object = *sample_.records.find<kinds::SharedMemory>(kinds::kSharedMemoryRecord, 1);
  object.set_size(0x2000000);
  kinds::PageRun& run = *object.add_runs();
  run.set_address(0x1fff000 - kPage), run.set_length(2 * kPage);
  Vma& low = sample_.add_vma(100, 0xa00000, 0xa02000);
  low.set_backing(Vma::SHARED_ANONYMOUS), low.set_shared(true), low.set_object(1), low.set_offset(0x1fff000);
  EXPECT_EQ(described(view().stretches(0xa00000, 0xa02000)),
            "a00000-a01000 pages 1000; a01000-a02000 unknown 0; ");
}

TEST_F(MemoryViewTest, CleanPagesAreTheFiles) {
  file(2 * kPage + 10);
  sample_.space(100).mutable_vmas(0)->set_end(0x404000);
  sample_.add_run(100, 0x401000, kPage);
  std::rotate(sample_.space(100).mutable_runs()->begin(), sample_.space(100).mutable_runs()->begin() + 1,
              sample_.space(100).mutable_runs()->end());
  const MemoryView memory = view();
  EXPECT_EQ(
      described(memory.stretches(0x400000, 0x404000)),
      "400000-401000 file 0; 401000-402000 pages 0; 402000-403000 file 2000; 403000-404000 unknown 0; ");
  EXPECT_EQ(bytes(memory, 0x402008, 4), std::string("ff\0\0", 4));
  EXPECT_EQ(bytes(memory, 0x402ffe, 2), std::string(2, '\0'));
}

TEST_F(MemoryViewTest, AFileThatIsNotWhatItWasSaysNothing) {
  const std::string path = file(2 * kPage);
  sample_.space(100).mutable_files(0)->set_mtime_ns(1);
  EXPECT_EQ(described(view().stretches(0x400000, 0x402000)), "400000-402000 unknown 0; ");
  file(2 * kPage);
  sample_.space(100).mutable_files(0)->set_size(2 * kPage + 1);
  EXPECT_EQ(described(view().stretches(0x400000, 0x402000)), "400000-402000 unknown 0; ");
  file(2 * kPage);
  const MemoryView memory = view();
  ASSERT_EQ(described(memory.stretches(0x400000, 0x402000)), "400000-402000 file 0; ");
  std::filesystem::resize_file(path, kPage);
  std::byte byte;
  const auto read = memory.read(0x400000, {&byte, 1});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), ErrorKind::kConflict) << "changed after it was looked at";
}

TEST_F(MemoryViewTest, ThePrivateZeroDeviceIsZero) {
  sample_.space(100).mutable_vmas(0)->set_file(1);
  kinds::FileIdentity& zero = *sample_.space(100).add_files();
  zero.set_path("/dev/zero"), zero.set_mode(S_IFCHR | 0666);
  EXPECT_EQ(described(view().stretches(0x400000, 0x402000)), "400000-402000 zero 0; ");
}

TEST_F(MemoryViewTest, TheVdsoIsTheEndOfItsMapping) {
  sample_.add_vdso(100, 0xa00000, 0xa04000, std::string(2 * kPage, 'v'));
  const MemoryView memory = view();
  EXPECT_EQ(described(memory.stretches(0xa00000, 0xa04000)),
            "a00000-a02000 unknown 0; a02000-a04000 vdso 0; ");
  EXPECT_EQ(described(memory.stretches(0xa03000, 0xa04000)), "a03000-a04000 vdso 1000; ");
  EXPECT_EQ(bytes(memory, 0xa03ffe, 2), "vv");
}

}  // namespace
}  // namespace cr::engine
