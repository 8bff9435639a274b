// What a dump finds in its parent: the same bytes at the same place, and nothing else.
#include "cr/kinds/memory/inheritance.h"

#include <cstring>

#include "cr/image/writer.h"
#include "cr/kinds/kinds_testing.h"
#include "cr/sys/sys_testing.h"

namespace cr::kinds {
namespace {

constexpr uint64_t kAt = 0x500000, kPid = 100;

std::string pages_of(const std::string& letters) {
  std::string bytes;
  for (const char letter : letters) bytes.append(kPageSize, letter == '0' ? '\0' : letter);
  return bytes;
}

// A parent that has pages "ab0d" at kAt and "e" two pages behind them; as shared memory 3, "s" at 0.
class InheritanceTest : public testing::Test {
 protected:
  InheritanceTest() {
    auto& space = records_.add<AddressSpace>(kAddressSpaceRecord, kPid);
    space.set_pid(kPid);
    add_run(*space.add_runs(), kAt, 4);
    add_run(*space.add_runs(), kAt + 6 * kPageSize, 1);
    auto& object = records_.add<SharedMemory>(kSharedMemoryRecord, 3);
    object.set_id(3);
    add_run(*object.add_runs(), 0, 1);
    image::Writer writer = image::Writer::create(dir_ / "image").value();
    add_pages(writer, kPid, pages_of("ab0de"));
    add_pages(writer, kSharedPages | 3, pages_of("s"));
    EXPECT_TRUE(writer.commit());
    image_.emplace(image::Reader::open(dir_ / "image").value());
    inheritance_.emplace(records_, *image_);
  }

  static void add_run(PageRun& run, uint64_t address, uint64_t pages) {
    run.set_address(address), run.set_length(pages * kPageSize);
  }
  static void add_pages(image::Writer& writer, uint64_t object, const std::string& bytes) {
    const auto room = writer.page_room(object).value();
    std::memcpy(room.data(), bytes.data(), bytes.size());
    EXPECT_TRUE(writer.pages_filled(bytes.size()));
  }

  // One letter per page: the number of its source, or '-'.
  std::string found(uint64_t object, uint64_t address, const std::string& letters) {
    const std::string bytes = pages_of(letters);
    auto left = std::as_bytes(std::span(bytes));
    std::string text;
    while (!left.empty()) {
      const auto piece = inheritance_->next(object, address, left).value();
      for (uint64_t i = 0; i < piece.pages; ++i)
        text += piece.source_page ? static_cast<char>('0' + *piece.source_page + i) : '-';
      text += ' ';
      left = left.subspan(piece.pages * kPageSize);
      address += piece.pages * kPageSize;
    }
    return text;
  }

  const sys::TempDir dir_;
  Records records_;
  std::optional<image::Reader> image_;
  std::optional<Inheritance> inheritance_;
};

TEST_F(InheritanceTest, EqualPagesNextToEachOtherAreOnePiece) {
  EXPECT_EQ(found(kPid, kAt, "ab"), "01 ");
  EXPECT_EQ(found(kPid, kAt, "ax0d"), "0 -- 3 ");
  EXPECT_EQ(found(kSharedPages | 3, 0, "s"), "0 ");
}

TEST_F(InheritanceTest, ZerosAreNotInherited) { EXPECT_EQ(found(kPid, kAt + 2 * kPageSize, "0"), "- "); }

TEST_F(InheritanceTest, OnlyFromTheSamePlace) {
  EXPECT_EQ(found(kPid, kAt - kPageSize, "aa"), "- 0 ");
  EXPECT_EQ(found(kPid, kAt + kPageSize, "a"), "- ");
  EXPECT_EQ(found(kPid + 1, kAt, "ab"), "-- ");
  EXPECT_EQ(found(kSharedPages | 4, 0, "s"), "- ");
}

// In memory there is something between them, in the parent's object there is not.
TEST_F(InheritanceTest, AGapInMemory) {
  EXPECT_EQ(found(kPid, kAt + 3 * kPageSize, "dxxe"), "3 -- 4 ");
  EXPECT_EQ(found(kPid, kAt + 3 * kPageSize, "de"), "3 - ");
}

}  // namespace
}  // namespace cr::kinds
