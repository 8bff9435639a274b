// Writes small images into a directory: seeds for the fuzz targets of the reader, made by the writer of
// today.
#include <array>
#include <cstdio>
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

Result<void> write_pages(const std::string& path) {
  Writer writer = CR_TRY(Writer::create(path));
  CR_TRY(writer.add_record(3, 1, std::string_view("before")));
  CR_TRY(writer.begin_pages(1));
  std::vector<char> pages(2 * 4096, 'p');
  const std::array<iovec, 1> data = {{{pages.data(), pages.size()}}};
  CR_TRY(writer.append_pages(data));
  CR_TRY(writer.end_pages());
  CR_TRY(writer.begin_pages(2));  // an object without a single page
  CR_TRY(writer.end_pages());
  CR_TRY(writer.commit());
  return {};
}

Result<void> write_all(const std::string& dir) {
  CR_TRY(write_empty(dir + "/empty.cr"));
  CR_TRY(write_records(dir + "/records.cr"));
  CR_TRY(write_pages(dir + "/pages.cr"));
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
