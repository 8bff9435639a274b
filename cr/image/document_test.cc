// The image that docs/FORMAT.md shows byte by byte is a sound one, and the one that is written today.
#include <cstdio>
#include <fstream>

#include "cr/image/image_testing.h"

namespace cr::image {
namespace {

// The lines of `hexdump -C` in the document, without their column of characters.
std::string shown_bytes() {
  std::ifstream document(CR_FORMAT_DOCUMENT);
  std::string bytes, line_before;
  bool repeats = false;
  for (std::string line; std::getline(document, line);) {
    unsigned long offset = 0;
    int end = 0;
    if (line == "    *") repeats = true;
    if (std::sscanf(line.c_str(), "    %8lx%n", &offset, &end) != 1 || end != 12) continue;
    while (repeats && bytes.size() < offset) bytes += line_before;
    repeats = false;
    EXPECT_EQ(bytes.size(), offset) << line;
    line_before.clear();
    for (size_t at = 14; at + 1 < std::min(line.find('|'), line.size()); at += at == 14 + 7 * 3 ? 4 : 3)
      if (line[at] != ' ') line_before += static_cast<char>(std::stoul(line.substr(at, 2), nullptr, 16));
    bytes += line_before;
  }
  return bytes;
}

TEST(Document, ShowsASoundImage) {
  const auto reader = Reader::from_fd(in_memory(shown_bytes()), "FORMAT.md");
  ASSERT_TRUE(reader) << reader.error().message();
  const auto verified = reader->verify();
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(reader->record(5, 812).value(), "hello");
  EXPECT_EQ(pages_of(*reader, 7), std::string(kPageSize, 'A') + std::string(kPageSize, '\0'));
}

TEST(Document, ShowsWhatIsWritten) {
  const TempDir dir;
  Writer writer = Writer::create(dir / "image").value();
  ASSERT_TRUE(writer.add_record(5, 812, "hello"));
  add_pages(writer, 7, std::string(kPageSize, 'A') + std::string(kPageSize, '\0'));
  ASSERT_TRUE(writer.commit());
  std::string written = bytes_of_file(dir / "image"), shown = shown_bytes();
  ASSERT_EQ(written.size(), shown.size());
  // The id is random, and these are what depends on it.
  const size_t footer = written.size() - sizeof(Footer);
  for (std::string* bytes : {&written, &shown}) {
    bytes->replace(offsetof(Header, image_id), sizeof(ImageId), sizeof(ImageId), 'i');
    for (const size_t at :
         {offsetof(Header, hash), footer + offsetof(Footer, header_hash), footer + offsetof(Footer, hash)})
      bytes->replace(at, sizeof(uint64_t), sizeof(uint64_t), 'h');
  }
  EXPECT_TRUE(written == shown);
}

}  // namespace
}  // namespace cr::image
