// The same bytes as a file and as a stream: who reads front to back accepts no more and no less, and sees the
// same.
#include <map>
#include <vector>

#include "cr/image/compression.h"
#include "cr/image/reader.h"
#include "cr/image/scanner.h"
#include "fuzz/fuzz.h"
#include "fuzz/image_file.h"
#include "fuzz/pipe.h"

namespace {

using cr::image::Extent;
using cr::image::SectionKey;

struct Seen {
  std::map<SectionKey, std::string> records;
  std::map<uint64_t, std::vector<std::pair<Extent, std::string>>>
      objects;  // with what is stored of each extent
};

cr::Result<Seen> scan(cr::image::Stream& stream) {
  Seen seen;
  cr::image::Scanner scanner = CR_TRY(cr::image::Scanner::begin(stream));
  CR_TRY(scanner.records([&](SectionKey key, std::string payload) -> cr::Result<void> {
    FUZZ_REQUIRE(seen.records.emplace(key, std::move(payload)).second);
    return {};
  }));
  cr::image::Decompressor decompressor;
  std::vector<std::byte> content;
  CR_TRY(scanner.pages(
      [&](uint64_t object, const Extent& extent, std::span<const std::byte> stored) -> cr::Result<void> {
        FUZZ_REQUIRE(stored.size() == extent.stored);
        seen.objects[object].emplace_back(
            extent, std::string(reinterpret_cast<const char*>(stored.data()), stored.size()));
        if (extent.kind != cr::image::ExtentKind::kZstd) return {};
        content.resize(extent.pages * cr::kPageSize);
        return decompressor.decompress(stored, content);
      }));
  return seen;
}

bool same(const Extent& a, const Extent& b) {
  return a.kind == b.kind && a.pages == b.pages && a.first == b.first && a.offset == b.offset &&
         a.stored == b.stored && a.source_id == b.source_id && a.source_page == b.source_page &&
         a.hash == b.hash;
}

void compare(const cr::image::Reader& reader, const Seen& streamed) {
  FUZZ_REQUIRE(reader.records().size() == streamed.records.size());
  for (const auto& [key, payload] : streamed.records)
    FUZZ_REQUIRE(reader.record(key.type, key.id).value() == payload);
  size_t objects = 0;
  std::string stored;
  for (const auto& [id, extents] : reader.pages().objects()) {
    if (extents.empty()) continue;  // a section that tells of no page
    ++objects;
    const auto& others = streamed.objects.at(id);
    FUZZ_REQUIRE(others.size() == extents.size());
    for (size_t i = 0; i < extents.size(); ++i) {
      FUZZ_REQUIRE(same(extents[i], others[i].first));
      stored.resize(extents[i].stored);
      FUZZ_REQUIRE(
          cr::image::read_at(reader.fd(), std::as_writable_bytes(std::span(stored)), extents[i].offset));
      FUZZ_REQUIRE(stored == others[i].second);
    }
  }
  FUZZ_REQUIRE(objects == streamed.objects.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxImage) return -1;
  const fuzz::Pipe pipe(data, size);
  cr::image::Stream stream = cr::image::Stream::of_pipe(pipe.fd());
  const auto streamed = scan(stream);
  FUZZ_REQUIRE(streamed || streamed.error().kind() == cr::ErrorKind::kInvalidImage);

  const auto reader = cr::image::Reader::from_fd(fuzz::file_of(data, size), "input");
  const bool sound = reader && reader->verify();
  FUZZ_REQUIRE(sound == streamed.has_value());
  if (sound) compare(*reader, *streamed);
  return 0;
}
