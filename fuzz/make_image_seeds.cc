// Writes small images into a directory: seeds for the fuzz targets of the reader, made by the writer of
// today.
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "cr/image/writer.h"

namespace {

using cr::Result;
using cr::image::Writer;

Result<void> write_empty(const std::string& path) {
  Writer writer = CR_TRY(Writer::create(path));
  CR_TRY(writer.commit());
  return {};
}

Result<void> write_records(const std::string& path) {
  Writer writer = CR_TRY(Writer::create(path));
  CR_TRY(writer.add_record(1, 0, std::string_view("a record")));
  CR_TRY(writer.add_record(1, 7, std::string_view("")));
  CR_TRY(writer.add_record(2, 0, std::string(1000, 'x')));
  CR_TRY(writer.commit());
  return {};
}

Result<void> give(Writer& writer, uint64_t id, std::string_view pages) {
  const auto room = CR_TRY(writer.page_room(id));
  std::memcpy(room.data(), pages.data(), pages.size());
  return writer.pages_filled(pages.size());
}

// Raw, zero, compressed, the same as others: whatever one image can hold.
Result<void> write_pages(const std::string& path) {
  Writer writer = CR_TRY(Writer::create(path, {.compression = 1}));
  CR_TRY(writer.add_record(3, 1, std::string_view("before")));
  std::string noise(4096, ' ');
  for (size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * i * 0x9e3779b1 >> 11);
  CR_TRY(give(writer, 1, noise + std::string(4096, '\0') + std::string(4096, 'p')));
  CR_TRY(writer.add_same(2, 2, 1, 1));
  CR_TRY(writer.commit());
  return {};
}

Result<void> write_inherited(const std::string& path) {
  Writer writer = CR_TRY(Writer::create(path, {.parent = cr::image::ImageId{std::byte{1}}}));
  CR_TRY(writer.add_inherited(1, 300, 7, 3));
  CR_TRY(writer.commit());
  return {};
}

Result<void> write_all(const std::string& dir) {
  CR_TRY(write_empty(dir + "/empty.cr"));
  CR_TRY(write_records(dir + "/records.cr"));
  CR_TRY(write_pages(dir + "/pages.cr"));
  CR_TRY(write_inherited(dir + "/inherited.cr"));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  if (const auto done = write_all(argv[1]); !done) {
    std::fprintf(stderr, "make_image_seeds: %s\n", done.error().message().c_str());
    return 1;
  }
  return 0;
}
