// Images that inherit from each other, wherever they lie: found, refused by name, never followed in circles.
#include "cr/engine/parents.h"

#include <cstring>
#include <filesystem>

#include "cr/image/format.h"
#include "cr/image/page_reader.h"
#include "cr/image/writer.h"
#include "cr/kinds/kinds_testing.h"
#include "cr/kinds/record_types.h"
#include "cr/sys/sys_testing.h"

namespace cr::engine {
namespace {

using ::testing::HasSubstr;

class Parents : public testing::Test {
 protected:
  // One page of object 1: full of the letter, or the parent's.
  image::ImageId write(const std::string& name, char letter, std::optional<image::ImageId> parent = {},
                       const std::string& parent_path = "", uint64_t parent_checksum = 0) {
    image::Writer writer = image::Writer::create(dir_ / name, {.parent = parent}).value();
    kinds::Origin origin;
    origin.set_parent_path(parent_path), origin.set_parent_checksum(parent_checksum);
    EXPECT_TRUE(writer.add_record(kinds::kOriginRecord, 0, origin.SerializeAsString()));
    if (parent) {
      EXPECT_TRUE(writer.add_inherited(1, 1, 1, 0));
    } else {
      std::memset(writer.page_room(1).value().data(), letter, kPageSize);
      EXPECT_TRUE(writer.pages_filled(kPageSize));
    }
    EXPECT_TRUE(writer.commit());
    return image::Reader::open(dir_ / name).value().image_id();
  }

  Result<std::string> first_page(const std::string& name, const std::vector<std::string>& given = {}) {
    image::Reader reader = CR_TRY(image::Reader::open(dir_ / name));
    kinds::Origin origin;
    origin.ParseFromString(CR_TRY(reader.record(kinds::kOriginRecord, 0)));
    CR_TRY(attach_parents(reader, origin, given));
    std::string page(kPageSize, '?');
    CR_TRY(image::PageReader(reader).read(1, 0, std::as_writable_bytes(std::span(page))));
    return page;
  }
  void is_refused(const std::string& name, ErrorKind kind, const std::string& why,
                  const std::vector<std::string>& given = {}) {
    const auto page = first_page(name, given);
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().kind(), kind);
    EXPECT_THAT(page.error().message(), HasSubstr(why));
  }

  uint64_t checksum(const std::string& name) { return image::Reader::open(dir_ / name).value().checksum(); }

  // Makes an image another one, with checksums that are right.
  void take_id(const std::string& name, const image::Header& header) {
    std::string bytes = sys::read_file(dir_ / name).value();
    std::memcpy(bytes.data(), &header, sizeof(header));
    image::Footer footer;
    std::memcpy(&footer, bytes.data() + bytes.size() - sizeof(footer), sizeof(footer));
    const image::Section index{
        {image::kIndex, 0}, footer.index_offset, footer.index_length, 0, footer.index_hash};
    footer = image::make_footer(header, index);
    std::memcpy(bytes.data() + bytes.size() - sizeof(footer), &footer, sizeof(footer));
    const sys::UniqueFd fd = sys::open(dir_ / name, O_WRONLY).value();
    ASSERT_TRUE(sys::write_fully(fd.get(), std::as_bytes(std::span(bytes))));
  }

  const sys::TempDir dir_;
  const std::string page_of_a_ = std::string(kPageSize, 'a');
};

TEST_F(Parents, AreFoundWhereTheImageSays) {
  const auto first = write("1", 'a');
  const auto second = write("2", 0, first, "1");
  write("3", 0, second, dir_ / "2");
  EXPECT_EQ(first_page("1").value(), page_of_a_);
  EXPECT_EQ(first_page("2").value(), page_of_a_);
  EXPECT_EQ(first_page("3").value(), page_of_a_);
}

TEST_F(Parents, AreFoundWhereTheUserSays) {
  const auto first = write("1", 'a');
  write("2", 0, write("middle", 0, first, "gone"), "gone too");
  EXPECT_EQ(first_page("2", {dir_ / "1", dir_ / "middle"}).value(), page_of_a_);
  is_refused("2", ErrorKind::kConflict, "--parent", {dir_ / "1"});
}

TEST_F(Parents, AnotherImageIsNotTheParent) {
  write("2", 0, write("1", 'a'), "1");
  write("1", 'b');
  is_refused("2", ErrorKind::kConflict, "1 is another image");
}

TEST_F(Parents, ADamagedOneIsInvalid) {
  write("2", 0, write("1", 'a'), "1");
  std::string bytes = sys::read_file(dir_ / "1").value();
  bytes[bytes.find("aaaa") + 100] = 'b';
  const sys::UniqueFd fd = sys::open(dir_ / "1", O_WRONLY).value();
  ASSERT_TRUE(sys::write_fully(fd.get(), std::as_bytes(std::span(bytes))));
  is_refused("2", ErrorKind::kInvalidImage, "checksum");
}

// Checksums are no secret either.
TEST_F(Parents, AnotherOneWithTheSameIdIsNotTheParent) {
  const auto first = write("1", 'a');
  const auto second = write("2", 0, first, "1", checksum("1"));
  write("3", 0, second, "2", checksum("2"));
  std::filesystem::copy_file(dir_ / "1", dir_ / "kept");
  EXPECT_EQ(first_page("3").value(), page_of_a_);
  write("1", 'b');
  take_id("1", image::make_header(first, 0, {}));
  is_refused("2", ErrorKind::kConflict, "1 has its id, but was changed since");
  is_refused("3", ErrorKind::kConflict, "1 has its id, but was changed since");
  EXPECT_EQ(first_page("3", {dir_ / "kept"}).value(), page_of_a_) << "the right one is in another place";
  // An image that says nothing of it is as old as the format allows.
  write("old", 0, first, "1");
  EXPECT_EQ(first_page("old").value(), std::string(kPageSize, 'b'));
}

TEST_F(Parents, AParentsOriginIsAsSoundAsTheImages) {
  image::Writer writer = image::Writer::create(dir_ / "1").value();
  kinds::Origin origin;
  for (int i = 0; i < 100000; ++i) origin.add_cpu_features();
  ASSERT_TRUE(writer.add_record(kinds::kOriginRecord, 0, origin.SerializeAsString()));
  std::memset(writer.page_room(1).value().data(), 'a', kPageSize);
  ASSERT_TRUE(writer.pages_filled(kPageSize));
  ASSERT_TRUE(writer.commit());
  write("2", 0, image::Reader::open(dir_ / "1").value().image_id(), "1");
  is_refused("2", ErrorKind::kInvalidImage, "1: the origin record: more than");
}

// Ids are no secret: two images can be made to name each other.
TEST_F(Parents, ACircleIsInvalid) {
  const auto first = write("1", 'a');
  const auto second = write("2", 0, first, "1");
  write("1", 0, second, "2");
  take_id("1", image::make_header(first, image::kFeatureParent, second));
  is_refused("2", ErrorKind::kInvalidImage, "among its own ancestors");
}

TEST_F(Parents, APageThatTheParentLacks) {
  const auto first = write("1", 'a');
  image::Writer writer = image::Writer::create(dir_ / "2", {.parent = first}).value();
  kinds::Origin origin;
  origin.set_parent_path("1");
  ASSERT_TRUE(writer.add_record(kinds::kOriginRecord, 0, origin.SerializeAsString()));
  ASSERT_TRUE(writer.add_inherited(1, 2, 1, 0));
  ASSERT_TRUE(writer.commit());
  is_refused("2", ErrorKind::kInvalidImage, "does not have them");
}

TEST_F(Parents, ADeadlineEndsTheReadingOfThem) {
  write("2", 0, write("1", 'a'), "1");
  image::Reader reader = image::Reader::open(dir_ / "2").value();
  kinds::Origin origin;
  ASSERT_TRUE(origin.ParseFromString(reader.record(kinds::kOriginRecord, 0).value()));
  Operation operation;
  operation.deadline = Clock::now();
  const auto attached = attach_parents(reader, origin, {}, operation);
  ASSERT_FALSE(attached);
  EXPECT_EQ(attached.error().kind(), ErrorKind::kDeadline) << attached.error().message();
}

// It is asked on the way, not only at the end, and tells how far it has come.
TEST_F(Parents, ALargeOneIsReadInPieces) {
  image::Writer writer = image::Writer::create(dir_ / "large").value();
  constexpr size_t kBytes = 64 << 20;
  for (size_t bytes = 0; bytes < kBytes;) {
    const auto room = writer.page_room(1).value();
    std::memset(room.data(), 'a', room.size());
    ASSERT_TRUE(writer.pages_filled(room.size()));
    bytes += room.size();
  }
  ASSERT_TRUE(writer.commit());
  const image::Reader large = image::Reader::open(dir_ / "large").value();
  std::vector<std::string> told;
  Operation operation;
  operation.progress = [&](const std::string& step) { told.push_back(step); };
  ASSERT_TRUE(verify(large, operation));
  ASSERT_GE(told.size(), 4u);
  EXPECT_LE(told.size(), 10u);
  EXPECT_EQ(told.front(), "verifying " + large.name());
  EXPECT_EQ(told[1], "verifying " + large.name() + ": 20%");

  const size_t all = told.size();
  told.clear();
  operation.progress = [&](const std::string& step) {
    told.push_back(step);
    if (told.size() == 3) operation.deadline = Clock::now();
  };
  const auto stopped = verify(large, operation);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind(), ErrorKind::kDeadline);
  EXPECT_EQ(told.size(), 3u);
  EXPECT_LT(told.size(), all);
}

TEST_F(Parents, PathForChild) {
  write("1", 'a');
  std::filesystem::create_directory(dir_ / "below");
  EXPECT_EQ(path_for_child(dir_ / "1", dir_ / "2").value(), "1");
  EXPECT_EQ(path_for_child(dir_ / "1", dir_ / "below/2").value(), std::filesystem::canonical(dir_ / "1"));
  EXPECT_EQ(path_for_child(dir_ / "1", "").value(), std::filesystem::canonical(dir_ / "1"));
  EXPECT_FALSE(path_for_child(dir_ / "none", dir_ / "2"));
}

}  // namespace
}  // namespace cr::engine
