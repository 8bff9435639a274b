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
                       const std::string& parent_path = "") {
    image::Writer writer = image::Writer::create(dir_ / name, {.parent = parent}).value();
    kinds::Origin origin;
    origin.set_parent_path(parent_path);
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

// Ids are no secret: two images can be made to name each other.
TEST_F(Parents, ACircleIsInvalid) {
  const auto first = write("1", 'a');
  const auto second = write("2", 0, first, "1");
  write("1", 0, second, "2");
  std::string bytes = sys::read_file(dir_ / "1").value();
  const image::Header header = image::make_header(first, image::kFeatureParent, second);
  std::memcpy(bytes.data(), &header, sizeof(header));
  image::Footer footer;
  std::memcpy(&footer, bytes.data() + bytes.size() - sizeof(footer), sizeof(footer));
  const image::Section index{
      {image::kIndex, 0}, footer.index_offset, footer.index_length, 0, footer.index_hash};
  footer = image::make_footer(header, index);
  std::memcpy(bytes.data() + bytes.size() - sizeof(footer), &footer, sizeof(footer));
  const sys::UniqueFd fd = sys::open(dir_ / "1", O_WRONLY).value();
  ASSERT_TRUE(sys::write_fully(fd.get(), std::as_bytes(std::span(bytes))));
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
