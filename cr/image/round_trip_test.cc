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
  EXPECT_EQ(must(reader.record(9, 0)), "after the pages");
  EXPECT_TRUE(reader.has_record(9, 0));
  EXPECT_FALSE(reader.has_record(9, 1));
  EXPECT_THAT(reader.record(9, 1), IsInvalidImage(testing::HasSubstr("record type 9 id 1 is missing")));
  EXPECT_EQ(must(reader.verify()).sections, 4u);
}

TEST(RoundTrip, PagesAreWhereTheWriterSaid) {
  const TempDir dir;
  std::string first = some_pages(3, 1), second = some_pages(700, 2);  // below and above what is buffered
  Writer writer = must(Writer::create(dir / "x"));
  must(writer.add_record(1, 1, std::string_view("odd")));
  must(writer.begin_pages(5));
  const iovec one = vector_of(first);
  EXPECT_EQ(must(writer.append_pages({&one, 1})), 0u);
  EXPECT_EQ(must(writer.append_pages({})), first.size());
  // Vectors need not be pages, only their sum.
  const std::vector<iovec> odd = {
      {second.data(), 100}, {second.data() + 100, 0}, {second.data() + 100, second.size() - 100}};
  EXPECT_EQ(must(writer.append_pages(odd)), first.size());
  must(writer.end_pages());
  must(writer.begin_pages(6));
  must(writer.end_pages());
  const uint64_t size = must(writer.commit());
  EXPECT_EQ(size, std::filesystem::file_size(dir / "x"));

  const Reader reader = must(Reader::open(dir / "x"));
  const PageSection pages = reader.pages(5).value();
  EXPECT_EQ(pages.offset % kPageSize, 0u);
  EXPECT_EQ(bytes_of_file(dir / "x").substr(pages.offset, pages.length), first + second);
  EXPECT_EQ(reader.pages(6).value().length, 0u);
  EXPECT_FALSE(reader.pages(7).has_value());
  must(reader.verify());
}

TEST(RoundTrip, MoreVectorsThanOneCallTakes) {
  const TempDir dir;
  std::string data = some_pages(300, 3);
  std::vector<iovec> crumbs;
  for (size_t at = 0; at < data.size(); at += 64) crumbs.push_back({data.data() + at, 64});
  ASSERT_GT(crumbs.size(), 2u * IOV_MAX);
  Writer writer = must(Writer::create(dir / "x"));
  must(writer.begin_pages(1));
  must(writer.append_pages(crumbs));
  must(writer.end_pages());
  must(writer.commit());
  const Reader reader = must(Reader::open(dir / "x"));
  EXPECT_EQ(bytes_of_file(dir / "x").substr(reader.pages(1)->offset, reader.pages(1)->length), data);
  must(reader.verify());
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
