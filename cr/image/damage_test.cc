// No image with a wrong byte is accepted, whatever byte it is, and the message says where.
#include "cr/image/format.h"
#include "cr/image/hash.h"
#include "cr/image/image_testing.h"

namespace cr::image {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Damage : public testing::Test {
 protected:
  void SetUp() override {
    write_small_image(dir_ / "x");
    good_ = bytes_of_file(dir_ / "x");
    ASSERT_TRUE(accept(good_).has_value());
  }

  // The image with some of its bytes replaced.
  template <typename T>
  std::string with(size_t offset, const T& value) const {
    std::string bad = good_;
    bad.replace(offset, sizeof(value), reinterpret_cast<const char*>(&value), sizeof(value));
    return bad;
  }

  template <typename T>
  T read(size_t offset) const {
    T value;
    std::memcpy(&value, good_.data() + offset, sizeof(value));
    return value;
  }

  Header header() const { return read<Header>(0); }
  Footer footer() const { return read<Footer>(good_.size() - sizeof(Footer)); }

  static Header sealed(Header header) {
    header.hash = hash_of(bytes_of(header).first(offsetof(Header, hash)));
    return header;
  }

  // A file whose index was changed by someone who knows the checksums.
  std::string forged_index(std::vector<IndexEntry> entries) const {
    const auto index = std::as_bytes(std::span(entries));
    const Footer footer = make_footer(header(), this->footer().index_offset, index);
    std::string bad = good_.substr(0, this->footer().index_offset);
    bad.append(reinterpret_cast<const char*>(index.data()), index.size());
    bad.append(reinterpret_cast<const char*>(&footer), sizeof(footer));
    return bad;
  }

  std::vector<IndexEntry> index() const {
    std::vector<IndexEntry> entries(footer().index_length / sizeof(IndexEntry));
    std::memcpy(entries.data(), good_.data() + footer().index_offset, footer().index_length);
    return entries;
  }

  const TempDir dir_;
  std::string good_;
};

TEST_F(Damage, TruncatedAtEveryByte) {
  for (size_t length = 0; length < good_.size(); ++length)
    ASSERT_THAT(accept(std::string_view(good_).substr(0, length)), IsInvalidImage(HasSubstr("image test: ")))
        << length;
}

TEST_F(Damage, EveryBitFlipped) {
  const sys::UniqueFd fd = in_memory(good_);
  for (size_t bit = 0; bit < good_.size() * 8; ++bit) {
    const char bad = static_cast<char>(good_[bit / 8] ^ (1 << bit % 8));
    ASSERT_EQ(::pwrite(fd.get(), &bad, 1, static_cast<off_t>(bit / 8)), 1);
    const auto outcome = [&]() -> Result<void> {
      const Reader reader =
          CR_TRY(Reader::from_fd(sys::UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)), "test"));
      CR_TRY(reader.verify());
      return {};
    }();
    ASSERT_THAT(outcome, IsInvalidImage(HasSubstr("offset"))) << "bit " << bit;
    ASSERT_EQ(::pwrite(fd.get(), &good_[bit / 8], 1, static_cast<off_t>(bit / 8)), 1);
  }
}

TEST_F(Damage, AnythingAppended) {
  EXPECT_THAT(accept(good_ + '\0'), IsInvalidImage(HasSubstr("something was appended")));
  EXPECT_THAT(accept(good_ + std::string(4096, '\0')), IsInvalidImage(HasSubstr("footer at offset")));
  EXPECT_THAT(accept(good_ + good_), IsInvalidImage(HasSubstr("the image was written with")));
}

TEST_F(Damage, HeaderOfAnotherImage) {
  write_small_image(dir_ / "y");
  const std::string other = bytes_of_file(dir_ / "y");
  EXPECT_THAT(accept(other.substr(0, sizeof(Header)) + good_.substr(sizeof(Header))),
              IsInvalidImage(HasSubstr("belongs to another image")));
}

TEST_F(Damage, SectionsSwapped) {
  const Reader reader = must(Reader::open(dir_ / "x"));
  const Section a = reader.sections()[0], b = reader.sections()[3];
  std::string bad = good_;
  std::swap_ranges(bad.begin() + a.offset, bad.begin() + a.offset + a.length, bad.begin() + b.offset);
  EXPECT_THAT(accept(bad),
              IsInvalidImage(AllOf(HasSubstr("record type 7 id 1 at offset 64"), HasSubstr("checksum"))));
}

TEST_F(Damage, RecordIsCheckedEvenWithoutVerify) {
  const Reader reader = must(Reader::from_fd(in_memory(with(sizeof(Header), 'T')), "test"));
  EXPECT_THAT(reader.record(7, 1), IsInvalidImage(HasSubstr("record type 7 id 1 at offset 64: checksum")));
  EXPECT_TRUE(reader.record(9, 0).has_value());
}

TEST_F(Damage, PaddingIsNamed) {
  const Reader reader = must(Reader::open(dir_ / "x"));
  const uint64_t padding = reader.sections()[0].offset + reader.sections()[0].length;
  EXPECT_THAT(
      accept(with(padding, '\1')),
      IsInvalidImage(HasSubstr(fmt::format("padding before record type 7 id 2 at offset {}", padding))));
}

TEST_F(Damage, OtherWorlds) {
  Header other = header();
  other.major_version = 2;
  EXPECT_THAT(accept(with(0, sealed(other))), IsInvalidImage(HasSubstr("format version 2.0")));
  other = header();
  other.required_features = 0x50;
  EXPECT_THAT(accept(with(0, sealed(other))), IsInvalidImage(HasSubstr("features 0x50 ")));
  other = header();
  other.page_size = 65536;
  EXPECT_THAT(accept(with(0, sealed(other))), IsInvalidImage(HasSubstr("page size 65536")));
  EXPECT_THAT(accept("#!/bin/sh\necho hello\n"), IsInvalidImage(HasSubstr("not a cr image")));
  EXPECT_THAT(Reader::open("/dev/null"), IsInvalidImage(HasSubstr("not a regular file")));
}

TEST_F(Damage, NewerMinorVersionsAndOptionalFeaturesAreReadable) {
  Header newer = header();
  newer.minor_version = 9;
  newer.optional_features = 0x8;
  newer = sealed(newer);
  const auto entries = index();
  const Footer footer = make_footer(newer, this->footer().index_offset, std::as_bytes(std::span(entries)));
  good_ = with(0, newer);
  const std::string image = with(good_.size() - sizeof(Footer), footer);
  EXPECT_TRUE(accept(image).has_value());
  EXPECT_EQ(must(Reader::from_fd(in_memory(image), "test")).unknown_optional_features(), 0x8u);
}

// Right checksums do not make a wrong structure right: the reader never follows an offset out of its place.
TEST_F(Damage, ForgedIndexes) {
  ASSERT_TRUE(accept(forged_index(index())).has_value()) << "the forger's tool works";
  using Change = void (*)(std::vector<IndexEntry>&);
  const std::pair<const char*, Change> changes[] = {
      {"is there twice", [](auto& entries) { entries[1].id = 1; }},
      {"its place is", [](auto& entries) { entries[1].offset += 8; }},
      {"its place is", [](auto& entries) { std::swap(entries[0], entries[1]); }},
      {"its place is", [](auto& entries) { entries.erase(entries.begin()); }},
      {"the last section ends at", [](auto& entries) { entries.pop_back(); }},
      {"reaches beyond", [](auto& entries) { entries.back().length += 100; }},
      {"reaches beyond", [](auto& entries) { entries.back().length = UINT64_MAX; }},
      {"not whole pages", [](auto& entries) { entries[2].length -= 1; }},
      {"unknown flags", [](auto& entries) { entries[2].flags = 1; }},
  };
  for (const auto& [message, change] : changes) {
    auto entries = index();
    change(entries);
    EXPECT_THAT(accept(forged_index(entries)), IsInvalidImage(HasSubstr(message)));
  }
}

TEST_F(Damage, ChangedBehindTheReadersBack) {
  const Reader reader = must(Reader::open(dir_ / "x"));
  EXPECT_TRUE(reader.check_unchanged().has_value());
  write_small_image(dir_ / "x");  // a new image under the name is another file
  EXPECT_TRUE(reader.check_unchanged().has_value());
  EXPECT_TRUE(reader.verify().has_value());

  const Reader victim = must(Reader::open(dir_ / "x"));
  std::filesystem::last_write_time(dir_ / "x",
                                   std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  const auto changed = victim.check_unchanged();
  ASSERT_FALSE(changed.has_value());
  EXPECT_EQ(changed.error().kind(), ErrorKind::kConflict);

  std::filesystem::resize_file(dir_ / "x", 100);
  EXPECT_THAT(victim.verify(), IsInvalidImage(HasSubstr("when it was opened")));
}

}  // namespace
}  // namespace cr::image
