// Writes small images into a directory: seeds for the fuzz targets of whole images, made by the writer of
// today.
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "cr/engine/compile.h"
#include "cr/engine/load.h"
#include "cr/image/writer.h"
#include "fuzz/parent.h"
#include "fuzz/small_tree.h"

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

// What a dump of a small tree would be; everything behind the container's checks begins with these.
Result<void> write_small_tree(const std::string& path, fuzz::Inherits inherits,
                              cr::image::WriterOptions options) {
  Writer writer = CR_TRY(Writer::create(path, std::move(options)));
  CR_TRY(fuzz::write_tree(fuzz::small_tree(), inherits, writer));
  CR_TRY(writer.commit());
  // Seeds that are refused would test nothing, in silence.
  const auto loaded = CR_TRY(cr::engine::load(path, {&fuzz::parent_path(), 1}));
  CR_TRY(cr::engine::compile(loaded.records));
  return {};
}

Result<void> write_all(const std::string& dir) {
  CR_TRY(write_empty(dir + "/empty.cr"));
  CR_TRY(write_records(dir + "/records.cr"));
  CR_TRY(write_pages(dir + "/pages.cr"));
  CR_TRY(write_inherited(dir + "/inherited.cr"));
  CR_TRY(write_small_tree(dir + "/tree.cr", fuzz::Inherits::kNothing, {}));
  CR_TRY(write_small_tree(dir + "/tree_compressed.cr", fuzz::Inherits::kNothing, {.compression = 1}));
  CR_TRY(write_small_tree(dir + "/tree_child.cr", fuzz::Inherits::kEverything, {.parent = fuzz::kParentId}));
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
