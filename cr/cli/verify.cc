#include "cr/cli/verify.h"

#include <optional>
#include <vector>

#include "cr/cli/streams.h"
#include "cr/engine/compile.h"
#include "cr/engine/load.h"
#include "cr/image/limits.h"
#include "cr/image/page_reader.h"

namespace cr::cli {
namespace {

struct Sound {
  image::VerifyReport bytes;
  size_t records = 0;
  size_t processes = 0;
  size_t parents = 0;
};

Result<Sound> sound(const engine::Loaded& loaded, const image::VerifyReport& bytes,
                    const image::Reader* parent) {
  const kinds::Plan plan = CR_TRY(engine::compile(loaded.records));
  Sound out{bytes, loaded.records.by_key().size(), plan.processes.size(), 0};
  for (; parent != nullptr; parent = parent->parent()) ++out.parents;
  return out;
}

Result<Sound> verify_file(const Arguments& arguments, const engine::Operation& operation) {
  const engine::Loaded loaded = CR_TRY(engine::load(arguments.file, arguments.parents, operation));
  return CR_TRY(sound(loaded, loaded.verified, loaded.reader->parent()), "{}", arguments.file);
}

// Compressed pages are decompressed, inherited ones looked up: the scanner has checked what is stored.
Result<uint64_t> verify_pages(image::Scanner& scanner, const image::Reader* parent) {
  uint64_t pages = 0;
  std::optional<image::PageReader> inherited;
  if (parent != nullptr) inherited.emplace(*parent);
  image::Decompressor decompressor;
  std::vector<std::byte> content(image::kMaxExtentPages * kPageSize);
  CR_TRY(scanner.pages(
      [&](uint64_t object, const image::Extent& extent, std::span<const std::byte> stored) -> Result<void> {
        pages += extent.pages;
        const auto made = std::span(content).first(extent.pages * kPageSize);
        if (extent.kind == image::ExtentKind::kZstd)
          CR_TRY(decompressor.decompress(stored, made), "pages {:#x} of object {}", extent.first, object);
        // A table that has such pages is refused where the header names no parent.
        if (extent.kind == image::ExtentKind::kParent)
          CR_TRY(inherited->read(extent.source_id, extent.source_page, made), "pages {:#x} of object {}",
                 extent.first, object);
        return {};
      }));
  return pages;
}

Result<Sound> verify_stream(const Arguments& arguments, const engine::Operation& operation) {
  const sys::UniqueFd fd = CR_TRY(take_stdin());
  image::Stream stream = image::Stream::of_pipe(fd.get());
  const std::string name = "standard input";
  operation.step(fmt::format("verifying {}", name));
  image::Scanner scanner = CR_TRY(image::Scanner::begin(stream), "{}", name);
  engine::Loaded loaded = CR_TRY(engine::load_records(scanner, name, arguments.parents, operation));
  const image::Reader* parent = loaded.parent_of_stream.get();
  const uint64_t pages = CR_TRY(verify_pages(scanner, parent), "{}", name);
  // Once more, now that it is known which pages there are.
  loaded.records.pages = &scanner.table();
  CR_TRY(engine::validate(loaded.records), "{}", name);
  const image::VerifyReport bytes{
      .sections = scanner.sections().size(), .bytes = stream.position(), .pages = pages};
  return CR_TRY(sound(loaded, bytes, parent), "{}", name);
}

}  // namespace

Result<int> verify(const Arguments& arguments, const engine::Operation& operation, const Output& output) {
  const bool piped = arguments.file == kStandardStream;
  const Sound found =
      CR_TRY(piped ? verify_stream(arguments, operation) : verify_file(arguments, operation), "verify");
  const auto& [sections, bytes, pages] = found.bytes;
  CR_TRY(output.result(
      {{"image", arguments.file},
       {"sections", sections},
       {"bytes", bytes},
       {"pages", pages},
       {"records", found.records},
       {"processes", found.processes},
       {"parents", found.parents}},
      fmt::format(
          "{}: sound: {} sections, {} bytes, {} pages, {} records, {} parents, a plan for {} processes",
          arguments.file, sections, bytes, pages, found.records, found.parents, found.processes)));
  return 0;
}

}  // namespace cr::cli
