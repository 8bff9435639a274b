// What is written comes back: records, pages, order, and the places that the writer told.
#include "cr/image/image_testing.h"
#include "cr/image/limits.h"

namespace cr::image {
namespace {

using testing::ElementsAre;

TEST(RoundTrip, EmptyImage) {
  const TempDir dir;
  Writer writer = must(Writer::create(dir / "x"));
  EXPECT_EQ(must(writer.commit()), kMinFileBytes);
  const Reader reader = must(Reader::open(dir / "x"));
  EXPECT_TRUE(reader.sections().empty());
  EXPECT_EQ(must(reader.verify()).bytes, kMinFileBytes);
}

TEST(RoundTrip, RecordsInFileOrder) {
  const TempDir dir;
  write_small_image(dir / "x");
  const Reader reader = must(Reader::open(dir / "x"));
  std::vector<SectionKey> keys;
  for (const Section& record : reader.records()) keys.push_back(record.key);
  EXPECT_THAT(keys, ElementsAre(SectionKey{7, 1}, SectionKey{7, 2}, SectionKey{9, 0}));
  EXPECT_EQ(must(reader.record(7, 1)), "thirteen byte");
  EXPECT_EQ(must(reader.record(7, 2)), "");
  EXPECT_EQ(must(reader.record(9, 0)), "before the pages");
  EXPECT_TRUE(reader.has_record(9, 0));
  EXPECT_FALSE(reader.has_record(9, 1));
  EXPECT_THAT(reader.record(9, 1), IsInvalidImage(testing::HasSubstr("record type 9 id 1 is missing")));
  EXPECT_EQ(must(reader.verify()).sections, 5u);
}

TEST(RoundTrip, PagesOfManySizes) {
  const TempDir dir;
  const std::string first = some_pages(3, 1), second = some_pages(700, 2);  // below and above one batch
  Writer writer = must(Writer::create(dir / "x"));
  must(writer.add_record(1, 1, std::string_view("odd")));
  add_pages(writer, 5, first);
  add_pages(writer, 6, some_pages(1, 3));
  add_pages(writer, 5, second);  // an object goes on after another
  must(writer.pages_filled(0));
  const uint64_t size = must(writer.commit());
  EXPECT_EQ(size, std::filesystem::file_size(dir / "x"));

  const Reader reader = must(Reader::open(dir / "x"));
  EXPECT_TRUE(pages_of(reader, 5) == first + second);
  EXPECT_TRUE(pages_of(reader, 6) == some_pages(1, 3));
  EXPECT_EQ(reader.pages().pages(7), 0u);
  EXPECT_EQ(must(reader.verify()).pages, 704u);
  // As they lie in the file: a restore reads them there.
  const std::string file = bytes_of_file(dir / "x");
  std::string raw;
  for (const Extent& extent : reader.pages().objects().at(5)) {
    EXPECT_EQ(extent.kind, ExtentKind::kRaw);
    EXPECT_EQ(extent.offset % kPageSize, 0u);
    raw += file.substr(extent.offset, extent.stored);
  }
  EXPECT_TRUE(raw == first + second);
}

TEST(RoundTrip, ZerosAreNotStored) {
  const TempDir dir;
  const std::string data = some_pages(2, 1) + std::string(5000 * kPageSize, '\0') + some_pages(1, 2);
  Writer writer = must(Writer::create(dir / "x"));
  add_pages(writer, 1, data);
  EXPECT_LT(must(writer.commit()), 64u << 10);
  EXPECT_TRUE(pages_of(must(Reader::open(dir / "x")), 1) == data);
}

TEST(RoundTrip, CompressedWhereItPays) {
  const TempDir dir;
  std::string text;
  for (int i = 0; text.size() < 3u << 20; ++i) text += fmt::format("line {} of a text\n", i);
  text.resize(3 << 20);
  const std::string data = text + some_pages(256, 1);
  Writer writer = must(Writer::create(dir / "x", {.compression = 3}));
  add_pages(writer, 1, data);
  EXPECT_LT(must(writer.commit()), 2u << 20);
  const Reader reader = must(Reader::open(dir / "x"));
  const auto& extents = reader.pages().objects().at(1);
  EXPECT_EQ(extents.front().kind, ExtentKind::kZstd);
  EXPECT_EQ(extents.back().kind, ExtentKind::kRaw) << "noise";
  EXPECT_TRUE(pages_of(reader, 1) == data);
  EXPECT_EQ(must(reader.verify()).pages, data.size() / kPageSize);
  std::string one(kPageSize, '?');
  must(PageReader(reader).read(1, 300, std::as_writable_bytes(std::span(one))));
  EXPECT_EQ(one, data.substr(300 * kPageSize, kPageSize)) << "from the middle of an extent";
}

TEST(RoundTrip, TheSameAsOtherPages) {
  const TempDir dir;
  const std::string data = some_pages(600, 1);
  Writer writer = must(Writer::create(dir / "x"));
  add_pages(writer, 1, data);
  must(writer.add_same(2, 400, 1, 100));
  add_pages(writer, 2, some_pages(1, 2));
  const auto beyond = writer.add_same(2, 1, 1, 600);
  EXPECT_FALSE(beyond.has_value());

  Writer again = must(Writer::create(dir / "x"));
  add_pages(again, 1, data);
  must(again.add_same(2, 400, 1, 100));
  add_pages(again, 2, some_pages(1, 2));
  must(again.add_same(1, 1, 1, 0));  // an object may repeat itself
  add_pages(again, 1, some_pages(1, 3));
  must(again.add_same(1, 1, 1, 601));  // what was added last, too
  must(again.commit());
  const Reader reader = must(Reader::open(dir / "x"));
  EXPECT_TRUE(pages_of(reader, 2) == data.substr(100 * kPageSize, 400 * kPageSize) + some_pages(1, 2));
  EXPECT_TRUE(pages_of(reader, 1) == data + data.substr(0, kPageSize) + some_pages(1, 3) + some_pages(1, 3));
  must(reader.verify());
}

TEST(RoundTrip, PagesOfTheParent) {
  const TempDir dir;
  write_small_image(dir / "parent");
  const auto parent = std::make_shared<const Reader>(must(Reader::open(dir / "parent")));
  Writer writer = must(Writer::create(dir / "x", {.parent = parent->image_id()}));
  must(writer.add_inherited(1, 4, 42, 0));
  add_pages(writer, 1, some_pages(1, 9));
  must(writer.commit());
  Reader reader = must(Reader::open(dir / "x"));
  EXPECT_EQ(reader.parent_id(), parent->image_id());
  must(reader.verify());
  std::string data(5 * kPageSize, '?');
  const auto alone = PageReader(reader).read(1, 0, std::as_writable_bytes(std::span(data)));
  ASSERT_FALSE(alone.has_value());
  EXPECT_EQ(alone.error().kind(), ErrorKind::kConflict);

  write_small_image(dir / "stranger");
  const auto stranger =
      reader.attach_parent(std::make_shared<const Reader>(must(Reader::open(dir / "stranger"))));
  ASSERT_FALSE(stranger.has_value());
  EXPECT_EQ(stranger.error().kind(), ErrorKind::kConflict);
  must(reader.attach_parent(parent));
  EXPECT_TRUE(pages_of(reader, 1) == pages_of(*parent, 42) + some_pages(1, 9));
}

TEST(RoundTrip, TheParentMustHaveWhatIsInherited) {
  const TempDir dir;
  write_small_image(dir / "parent");
  const auto parent = std::make_shared<const Reader>(must(Reader::open(dir / "parent")));
  Writer writer = must(Writer::create(dir / "x", {.parent = parent->image_id()}));
  must(writer.add_inherited(1, 5, 42, 0));
  must(writer.commit());
  EXPECT_THAT(must(Reader::open(dir / "x")).attach_parent(parent),
              IsInvalidImage(testing::HasSubstr("does not have them")));
}

TEST(RoundTrip, ManySections) {
  const TempDir dir;
  constexpr uint64_t kCount = 20000;
  Writer writer = must(Writer::create(dir / "x"));
  for (uint64_t id = kCount; id > 0; --id)
    must(writer.add_record(1 + id % 3, id, std::string_view(fmt::format("{:>{}}", id, id % 50 + 1))));
  add_pages(writer, 1, some_pages(2, 4));
  add_pages(writer, 2, some_pages(1, 5));
  must(writer.commit());
  const Reader reader = must(Reader::open(dir / "x"));
  EXPECT_EQ(must(reader.verify()).sections, kCount + 2);
  for (uint64_t id = 1; id <= kCount; id += 37)
    EXPECT_EQ(must(reader.record(1 + id % 3, id)), fmt::format("{:>{}}", id, id % 50 + 1));
}

TEST(RoundTrip, RecordsBelowAndAboveTheBuffer) {
  const TempDir dir;
  std::vector<std::string> payloads;
  for (const size_t size : {1u, 65535u, 65536u, 65537u, 524288u, 3000001u})
    payloads.emplace_back(size, 'a' + payloads.size());
  Writer writer = must(Writer::create(dir / "x"));
  for (size_t i = 0; i < payloads.size(); ++i) must(writer.add_record(1, i, payloads[i]));
  must(writer.commit());
  const Reader reader = must(Reader::open(dir / "x"));
  for (size_t i = 0; i < payloads.size(); ++i) EXPECT_EQ(must(reader.record(1, i)), payloads[i]);
  must(reader.verify());
}

TEST(RoundTrip, VerifyTellsProgressAndCanBeStopped) {
  const TempDir dir;
  Writer writer = must(Writer::create(dir / "x"));
  add_pages(writer, 1, some_pages(10000, 6));
  const uint64_t size = must(writer.commit());
  const Reader reader = must(Reader::open(dir / "x"));
  std::vector<uint64_t> told;
  must(reader.verify([&](uint64_t done, uint64_t total) -> Result<void> {
    EXPECT_EQ(total, size);
    told.push_back(done);
    return {};
  }));
  ASSERT_GE(told.size(), 3u);
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_EQ(told.back(), size);
  const auto stopped = reader.verify(
      [](uint64_t, uint64_t) -> Result<void> { return fail(ErrorKind::kDeadline, "time is up"); });
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().kind(), ErrorKind::kDeadline);
}

TEST(RoundTrip, TwoImagesHaveTwoIds) {
  const TempDir dir;
  write_small_image(dir / "a");
  write_small_image(dir / "b");
  const Reader a = must(Reader::open(dir / "a")), b = must(Reader::open(dir / "b"));
  EXPECT_FALSE(std::ranges::equal(a.image_id(), b.image_id()));
}

}  // namespace
}  // namespace cr::image
