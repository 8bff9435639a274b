// Reader::verify: every byte of the file, once, front to back.
#include <sys/stat.h>

#include <algorithm>

#include "cr/image/byte_source.h"
#include "cr/image/hash.h"
#include "cr/image/reader.h"

namespace cr::image {
namespace {

constexpr uint64_t kProgressBytes = uint64_t{16} << 20;

class Verifier {
 public:
  Verifier(int fd, uint64_t size, const Progress& progress)
      : source_(fd, size), size_(size), progress_(progress) {}

  // The next `length` bytes are `what` and hash to `expected`.
  Result<void> hashed(std::string_view what, uint64_t length, uint64_t expected) {
    const uint64_t offset = source_.position();
    hasher_.reset();
    CR_TRY(consume(length,
                   [this](std::span<const std::byte> bytes) -> Result<void> {
                     hasher_.update(bytes);
                     return {};
                   }),
           "{}", what);
    if (const uint64_t hash = hasher_.value(); hash != expected)
      return damaged("{} at offset {}: checksum is {:016x}, should be {:016x}", what, offset, hash, expected);
    return {};
  }

  // From here to `end` there is padding, which is zero.
  Result<void> padding(std::string_view before, uint64_t end) {
    uint64_t at = source_.position();
    return consume(end - at, [&](std::span<const std::byte> bytes) -> Result<void> {
      const auto stray = std::ranges::find_if(bytes, [](std::byte byte) { return byte != std::byte{0}; });
      if (stray != bytes.end())
        return damaged("padding before {} at offset {}: is not zero", before,
                       at + static_cast<uint64_t>(stray - bytes.begin()));
      at += bytes.size();
      return {};
    });
  }

  uint64_t position() const { return source_.position(); }

 private:
  template <typename Visit>
  Result<void> consume(uint64_t length, Visit visit) {
    while (length > 0) {
      const auto bytes = CR_TRY(source_.next(length));
      CR_TRY(visit(bytes));
      length -= bytes.size();
      CR_TRY(report());
    }
    return {};
  }

  Result<void> report() {
    const bool due = source_.position() - reported_ >= kProgressBytes || source_.position() == size_;
    if (!progress_ || !due) return {};
    reported_ = source_.position();
    return progress_(reported_, size_);
  }

  ByteSource source_;
  uint64_t size_;
  const Progress& progress_;
  uint64_t reported_ = 0;
  Hasher hasher_;
};

}  // namespace

Result<VerifyReport> Reader::verify(const Progress& progress) const {
  const auto check = [&]() -> Result<void> {
    struct stat status;
    if (::fstat(fd(), &status) != 0) return fail_errno("stat");
    if (static_cast<uint64_t>(status.st_size) != size_)
      return damaged("footer: the file had {} bytes when it was opened, now {}", size_, status.st_size);
    Verifier verifier(fd(), size_, progress);
    CR_TRY(verifier.hashed("header", sizeof(Header), hash_of(bytes_of(header_))));
    for (const Section& section : sections_) {
      const std::string what = section.key.name();
      CR_TRY(verifier.padding(what, section.offset));
      CR_TRY(verifier.hashed(what, section.length, section.hash));
    }
    CR_TRY(verifier.padding("index", footer_.index_offset));
    CR_TRY(verifier.hashed("index", footer_.index_length, footer_.index_hash));
    CR_TRY(verifier.hashed("footer", sizeof(Footer), hash_of(bytes_of(footer_))));
    CR_CHECK(verifier.position() == size_);
    return {};
  };
  CR_TRY(check(), "image {}", name_);
  return VerifyReport{.sections = sections_.size(), .bytes = size_};
}

}  // namespace cr::image
