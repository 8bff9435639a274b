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
  std::string forged_index(const std::vector<IndexEntry>& entries) const {
    const auto bytes = std::as_bytes(std::span(entries));
    const Section section{{kIndex, 0}, footer().index_offset, bytes.size(), 0, hash_of(bytes)};
    std::string bad = good_.substr(0, section.offset);
    const auto append = [&bad](std::span<const std::byte> part) {
      bad.append(reinterpret_cast<const char*>(part.data()), part.size());
    };
    append(bytes_of(make_head(section)));
    append(bytes);
    append(bytes_of(make_footer(header(), section)));
    return bad;
  }

  std::vector<IndexEntry> index() const {
    std::vector<IndexEntry> entries(footer().index_length / sizeof(IndexEntry));
    std::memcpy(entries.data(), good_.data() + footer().index_offset + sizeof(SectionHead),
                footer().index_length);
    return entries;
  }

  // The image with another table for its last page section, right in every checksum.
  std::string forged_table(std::vector<ExtentEntry> table, const Header& header) const {
    std::vector<IndexEntry> entries = index();
    IndexEntry& entry = entries.back();
    const auto bytes = std::as_bytes(std::span(table));
    CR_CHECK(bytes.size() == entry.length);
    entry.hash = hash_of(bytes);
    std::string bad = forged_index(entries);
    const auto put = [&bad](size_t offset, std::span<const std::byte> part) {
      bad.replace(offset, part.size(), reinterpret_cast<const char*>(part.data()), part.size());
    };
    const Section section{{kPages, entry.id}, entry.offset, entry.length, entry.attached, entry.hash};
    put(entry.offset, bytes_of(make_head(section)));
    put(entry.offset + sizeof(SectionHead), bytes);
    put(0, bytes_of(header));
    const auto forged = std::as_bytes(std::span(entries));
    put(bad.size() - sizeof(Footer),
        bytes_of(
            make_footer(header, {{kIndex, 0}, footer().index_offset, forged.size(), 0, hash_of(forged)})));
    return bad;
  }

  std::vector<ExtentEntry> last_table() const {
    const IndexEntry entry = index().back();
    std::vector<ExtentEntry> table(entry.length / sizeof(ExtentEntry));
    std::memcpy(table.data(), good_.data() + entry.offset + sizeof(SectionHead), entry.length);
    return table;
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
  const Section a = reader.sections()[0], b = reader.sections()[2];
  std::string bad = good_;
  std::swap_ranges(bad.begin() + a.offset, bad.begin() + a.offset + sizeof(SectionHead),
                   bad.begin() + b.offset);
  EXPECT_THAT(accept(bad),
              IsInvalidImage(AllOf(HasSubstr("record type 9 id 0 at offset 80"), HasSubstr("checksum"))));
}

TEST_F(Damage, RecordIsCheckedEvenWithoutVerify) {
  const Section first = must(Reader::open(dir_ / "x")).sections()[0];
  const Reader reader = must(Reader::from_fd(in_memory(with(payload_offset(first), 'T')), "test"));
  EXPECT_THAT(reader.record(7, 1), IsInvalidImage(HasSubstr("record type 7 id 1 at offset 80: checksum")));
  EXPECT_TRUE(reader.record(9, 0).has_value());
}

TEST_F(Damage, PagesAreCheckedEvenWithoutVerify) {
  const uint64_t place = must(Reader::open(dir_ / "x")).pages().at(42, 0).offset;
  const Reader reader = must(Reader::from_fd(in_memory(with(place + 100, "bad")), "test"));
  std::string page(kPageSize, '?');
  const auto into = std::as_writable_bytes(std::span(page));
  EXPECT_THAT(PageReader(reader).read(42, 0, into), IsInvalidImage(HasSubstr("page 0x0 of object 42")));
  EXPECT_TRUE(PageReader(reader).read(43, 2, into).has_value());
  EXPECT_THAT(PageReader(reader).read(43, 3, into), IsInvalidImage(HasSubstr("object 43 has 0x3 pages")));
  EXPECT_THAT(PageReader(reader).read(43, UINT64_MAX, into), IsInvalidImage(HasSubstr("object 43")));
}

TEST_F(Damage, PaddingIsNamed) {
  const uint64_t padding = payload_end(must(Reader::open(dir_ / "x")).sections()[0]);
  EXPECT_THAT(accept(with(padding, '\1')),
              IsInvalidImage(HasSubstr(fmt::format("padding before a section at offset {}", padding))));
}

TEST_F(Damage, OtherWorlds) {
  Header other = header();
  other.major_version = 2;
  EXPECT_THAT(accept(with(0, sealed(other))), IsInvalidImage(HasSubstr("format version 2.0")));
  EXPECT_THAT(accept(with(0, other)), IsInvalidImage(HasSubstr("checksum")));  // no newer one, but damaged
  other = header();
  other.required_features = 0x500;
  EXPECT_THAT(accept(with(0, sealed(other))), IsInvalidImage(HasSubstr("features 0x500 ")));
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
  const std::string image = forged_table(last_table(), sealed(newer));
  EXPECT_TRUE(accept(image).has_value());
  EXPECT_EQ(must(Reader::from_fd(in_memory(image), "test")).unknown_optional_features(), 0x8u);
}

TEST_F(Damage, ParentsThatCannotBe) {
  Header other = header();
  other.required_features |= kFeatureParent;
  EXPECT_THAT(accept(with(0, sealed(other))), IsInvalidImage(HasSubstr("a parent's id is missing")));
  other.parent_id = other.image_id;
  EXPECT_THAT(accept(with(0, sealed(other))), IsInvalidImage(HasSubstr("its own parent")));
  other.required_features &= ~kFeatureParent;
  EXPECT_THAT(accept(with(0, sealed(other))), IsInvalidImage(HasSubstr("without the feature")));
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
      {"reaches beyond", [](auto& entries) { entries.back().attached += 1 << 20; }},
      {"more than its table", [](auto& entries) { entries.back().attached = UINT64_MAX; }},
      {"a table of", [](auto& entries) { entries.back().length -= 1; }},
      {"a table of", [](auto& entries) { entries.back().length = 0; }},
      {"more than the limit", [](auto& entries) { entries[2].length = UINT64_MAX; }},
      {"where there can be none", [](auto& entries) { entries[2].attached = 1; }},
      {"names itself", [](auto& entries) { entries[1].type = kIndex, entries[1].id = 0; }},
      {"unknown flags", [](auto& entries) { entries[2].flags = 1; }},
  };
  for (const auto& [message, change] : changes) {
    auto entries = index();
    change(entries);
    EXPECT_THAT(accept(forged_index(entries)), IsInvalidImage(HasSubstr(message)));
  }
}

// The last section is object 43's: two pages the same as others, then a raw one.
TEST_F(Damage, ForgedTables) {
  ASSERT_TRUE(accept(forged_table(last_table(), header())).has_value()) << "the forger's tool works";
  using Change = void (*)(std::vector<ExtentEntry>&);
  const std::pair<const char*, Change> changes[] = {
      {"unknown kind 5", [](auto& table) { table[0].kind = 5; }},
      {"has 0 pages", [](auto& table) { table[0].pages = 0; }},
      {"has 257 pages", [](auto& table) { table[0].pages = 257; }},
      {"stored bytes", [](auto& table) { table[0].stored = 8; }},
      {"stored bytes", [](auto& table) { table[1].stored = 0; }},
      {"stored bytes", [](auto& table) { table[1].kind = static_cast<uint32_t>(ExtentKind::kZstd); }},
      {"there are 4096", [](auto& table) { table[1].kind = 1, table[1].stored = 0, table[1].hash = 0; }},
      {"checksum of nothing", [](auto& table) { table[0].hash = 1; }},
      {"a source that its kind", [](auto& table) { table[1].source_id = 1; }},
      {"which are not there", [](auto& table) { table[0].source_page = 3; }},
      {"which are not there", [](auto& table) { table[0].source_id = 99; }},
      {"which are not there", [](auto& table) { table[0].source_id = 43, table[0].source_page = 2; }},
      {"beyond all objects", [](auto& table) { table[0].source_page = UINT64_MAX; }},
      {"begins at page", [](auto& table) { table[1].first = 1; }},
      {"no parent", [](auto& table) { table[0].kind = static_cast<uint32_t>(ExtentKind::kParent); }},
      {"pages 0x2 of object 43", [](auto& table) { table[1].hash ^= 1; }},
  };
  for (const auto& [message, change] : changes) {
    auto table = last_table();
    change(table);
    EXPECT_THAT(accept(forged_table(table, header())), IsInvalidImage(HasSubstr(message)));
  }
  auto chain = last_table();
  chain[1] = chain[0];
  chain[1].first = 2, chain[1].pages = 1, chain[1].source_id = 43, chain[1].source_page = 0;
  EXPECT_THAT(accept(forged_table(chain, header())), IsInvalidImage(HasSubstr("there are 4096")));
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
