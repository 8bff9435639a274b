// Reader::verify: every byte of the file, once, front to back.
#include <sys/stat.h>

#include <algorithm>

#include "cr/image/compression.h"
#include "cr/image/reader.h"
#include "cr/image/scanner.h"

namespace cr::image {

Result<VerifyReport> Reader::verify(const Progress& progress) const {
  VerifyReport report{.sections = sections_.size(), .bytes = size_};
  const auto check = [&]() -> Result<void> {
    struct stat status;
    if (::fstat(fd(), &status) != 0) return fail_errno("stat");
    if (static_cast<uint64_t>(status.st_size) != size_)
      return damaged("footer: the file had {} bytes when it was opened, now {}", size_, status.st_size);
    Stream stream = Stream::of_file(fd(), size_, progress);
    Scanner scanner = CR_TRY(Scanner::begin(stream));
    CR_TRY(scanner.records([](SectionKey, const std::string&) -> Result<void> { return {}; }));
    Decompressor decompressor;
    std::vector<std::byte> content;
    CR_TRY(scanner.pages(
        [&](uint64_t object, const Extent& extent, std::span<const std::byte> stored) -> Result<void> {
          report.pages += extent.pages;
          if (extent.kind != ExtentKind::kZstd) return {};
          content.resize(extent.pages * kPageSize);
          CR_TRY(decompressor.decompress(stored, content), "pages {:#x} of object {}", extent.first, object);
          return {};
        }));
    if (scanner.header().hash != header_.hash || !std::ranges::equal(scanner.sections(), sections_))
      return damaged("the file is no longer what it was when it was opened");
    return {};
  };
  CR_TRY(check(), "image {}", name_);
  return report;
}

}  // namespace cr::image
