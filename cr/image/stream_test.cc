// Whoever waits for a stream can stop waiting, also while bytes trickle; and for a file that is written.
#include "cr/image/stream.h"

#include <unistd.h>

#include "cr/image/image_testing.h"
#include "cr/image/limits.h"

namespace cr::image {
namespace {

// Says stop when it is asked for the second time.
std::function<Result<void>()> once() {
  return [asked = 0]() mutable -> Result<void> {
    if (asked++ == 0) return {};
    return fail(ErrorKind::kDeadline, "enough");
  };
}

TEST(Stream, IsStoppedWhileBytesTrickle) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const sys::UniqueFd reader(ends[0]), writer(ends[1]);
  Stream stream = Stream::of_pipe(reader.get(), once());
  std::byte byte;
  for (int i = 0; i < 2; ++i) ASSERT_EQ(::write(writer.get(), "x", 1), 1);
  ASSERT_TRUE(stream.read({&byte, 1})) << "there was time for this one";
  ASSERT_TRUE(stream.read({&byte, 1})) << "it came with the first";
  ASSERT_EQ(::write(writer.get(), "x", 1), 1);
  const auto late = stream.read({&byte, 1});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), ErrorKind::kDeadline);
}

TEST(Writer, IsStoppedWhileAFileIsWritten) {
  sys::TempDir dir;
  Writer writer = Writer::create(dir / "image", {.keep_going = once()}).value();
  std::string pages(kMaxExtentPages * kPageSize, 'x');
  const auto written = [&]() -> Result<void> {
    for (int i = 0; i < 4; ++i) {
      const auto room = CR_TRY(writer.page_room(1));
      std::memcpy(room.data(), pages.data(), room.size());
      CR_TRY(writer.pages_filled(room.size()));
    }
    CR_TRY(writer.commit());
    return {};
  }();
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind(), ErrorKind::kDeadline);
  EXPECT_TRUE(dir.names().empty());
}

// References are few bytes of a file and may be much work for whoever makes them.
TEST(Writer, IsStoppedWhileItRefersToPages) {
  sys::TempDir dir;
  Writer writer = Writer::create(dir / "image", {.keep_going = once()}).value();
  add_pages(writer, 1, some_pages(1, 1));
  ASSERT_TRUE(writer.add_same(1, 1, 1, 0)) << "there was time for this one";
  const auto late = writer.add_same(1, 1, 1, 0);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), ErrorKind::kDeadline);
}

}  // namespace
}  // namespace cr::image
