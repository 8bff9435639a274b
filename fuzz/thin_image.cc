// Makes seeds of a real dump: the image with little of its page data, and each record for itself.
// usage: thin_image IMAGE DIRECTORY NAME     adds image/NAME and record/TYPE/NAME-ID to the directory
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "cr/base/numbers.h"
#include "cr/image/page_reader.h"
#include "cr/image/writer.h"

namespace {

namespace fs = std::filesystem;
using cr::kPageSize;
using namespace cr::image;

// Objects keep their size. What is in their first page is kept too, so that there is data of every kind.
cr::Result<void> copy_pages(const Reader& image, uint64_t object, Writer& into) {
  PageReader pages(image);
  const uint64_t count = image.pages().pages(object);
  for (uint64_t page = 0; page < count;) {
    const auto room = CR_TRY(into.page_room(object));
    const size_t bytes = std::min<uint64_t>(room.size(), (count - page) * kPageSize);
    std::memset(room.data(), 0, bytes);
    if (page == 0) CR_TRY(pages.read(object, 0, room.first(kPageSize)));
    CR_TRY(into.pages_filled(bytes));
    page += bytes / kPageSize;
  }
  return {};
}

cr::Result<void> thin(const std::string& path, const fs::path& folder, const std::string& name) {
  const Reader image = CR_TRY(Reader::open(path));
  fs::create_directories(folder / "image");
  Writer writer = CR_TRY(Writer::create(folder / "image" / name));
  for (const Section& section : image.records()) {
    const std::string payload = CR_TRY(image.record(section.key.type, section.key.id));
    CR_TRY(writer.add_record(section.key.type, section.key.id, payload));
    const fs::path records = folder / "record" / std::to_string(section.key.type);
    fs::create_directories(records);
    std::ofstream(records / fmt::format("{}-{}", name, section.key.id), std::ios::binary) << payload;
  }
  for (const auto& [object, extents] : image.pages().objects()) CR_TRY(copy_pages(image, object, writer));
  CR_TRY(writer.commit());
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s IMAGE DIRECTORY NAME\n", argv[0]);
    return 2;
  }
  if (const auto done = thin(argv[1], argv[2], argv[3]); !done) {
    std::fprintf(stderr, "thin_image: %s\n", done.error().message().c_str());
    return 1;
  }
  return 0;
}
