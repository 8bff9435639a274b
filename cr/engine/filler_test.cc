// What a plan leaves to the engine, from an image that comes front to back.
#include "cr/engine/filler.h"

#include <sys/mman.h>

#include "cr/image/image_testing.h"

namespace cr::engine {
namespace {

using image::must;

constexpr uint64_t kObject = 100;
constexpr pid_t kPid = 100;

// One task with two pages, of which an image has the one, and the other as the same.
class Filled : public ::testing::Test {
 protected:
  Filled() {
    plan_.processes[kPid].fills.push_back({kObject, 0, 2, 0, true});
    image::Writer writer = must(image::Writer::to_stream(image_.get(), "image"));
    image::add_pages(writer, kObject, page_);
    must(writer.add_same(kObject, 1, kObject, 0));
    must(writer.commit());
    EXPECT_EQ(::lseek(image_.get(), 0, SEEK_SET), 0);
    EXPECT_EQ(::ftruncate(memory_.get(), 2 * kPageSize), 0);
  }
  Result<void> fill(const Filler::KeepGoing& keep_going) {
    image::Stream stream = image::Stream::of_pipe(image_.get(), {});
    image::Scanner scanner = CR_TRY(image::Scanner::begin(stream));
    CR_TRY(scanner.records([](image::SectionKey, const std::string&) { return Result<void>(); }));
    Filler filler(plan_, [this](pid_t, int) -> Result<int> { return memory_.get(); });
    return filler.fill_from(scanner, nullptr, keep_going);
  }

  const std::string page_ = image::some_pages(1, 1);
  kinds::Plan plan_;
  sys::UniqueFd image_{::memfd_create("image", MFD_CLOEXEC)}, memory_{::memfd_create("memory", MFD_CLOEXEC)};
};

TEST_F(Filled, FromAStreamItIsTheSame) {
  const auto done = fill([] { return Result<void>(); });
  ASSERT_TRUE(done) << done.error().message();
  std::string bytes(2 * kPageSize, '\0');
  ASSERT_TRUE(sys::pread_fully(memory_.get(), std::as_writable_bytes(std::span(bytes)), 0));
  EXPECT_TRUE(bytes == page_ + page_);
}

// Whoever sends references sends few bytes for much work.
TEST_F(Filled, ItIsStoppedBetweenTwoExtents) {
  int asked = 0;
  const auto done = fill([&]() -> Result<void> {
    if (++asked == 2) return fail(ErrorKind::kDeadline, "enough");
    return {};
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), ErrorKind::kDeadline);
}

}  // namespace
}  // namespace cr::engine
