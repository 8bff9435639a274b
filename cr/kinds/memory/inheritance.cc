#include "cr/kinds/memory/inheritance.h"

#include <algorithm>
#include <array>

#include "cr/base/numbers.h"
#include "cr/image/limits.h"

namespace cr::kinds {

Inheritance::Inheritance(const Records& records, const image::Reader& image) : image_(image), reader_(image) {
  for (const auto* space : records.all<AddressSpace>(kAddressSpaceRecord))
    learn(static_cast<uint64_t>(space->pid()), space->runs());
  for (const auto* object : records.all<SharedMemory>(kSharedMemoryRecord))
    learn(kSharedPages | object->id(), object->runs());
}

void Inheritance::learn(uint64_t object, const google::protobuf::RepeatedPtrField<PageRun>& runs) {
  uint64_t first = 0;
  for (const PageRun& run : runs) {
    objects_[object].push_back({run.address(), run.length() / kPageSize, first});
    first += run.length() / kPageSize;
  }
}

Result<std::optional<uint64_t>> Inheritance::source_of(uint64_t object, uint64_t address,
                                                       std::span<const std::byte> page) {
  const auto found = objects_.find(object);
  if (found == objects_.end()) return std::nullopt;
  const auto after = std::ranges::upper_bound(found->second, address, {}, &Run::address);
  if (after == found->second.begin()) return std::nullopt;
  const Run& run = *std::prev(after);
  const uint64_t offset = (address - run.address) / kPageSize;
  if (offset >= run.pages) return std::nullopt;
  const uint64_t source = run.first + offset;
  // Zeros cost nothing where they are.
  if (image_.pages().at(object, source).kind == image::ExtentKind::kZero) return std::nullopt;
  std::array<std::byte, kPageSize> there;
  CR_TRY(reader_.read(object, source, there));
  if (!std::ranges::equal(there, page)) return std::nullopt;
  return source;
}

Result<Inheritance::Piece> Inheritance::next(uint64_t object, uint64_t address,
                                             std::span<const std::byte> pages) {
  const uint64_t count = std::min<uint64_t>(pages.size() / kPageSize, image::kMaxExtentPages);
  CR_CHECK(count > 0);
  Piece piece{1, CR_TRY(source_of(object, address, pages.first(kPageSize)))};
  for (; piece.pages < count; ++piece.pages) {
    const uint64_t at = piece.pages * kPageSize;
    const auto source = CR_TRY(source_of(object, address + at, pages.subspan(at, kPageSize)));
    const bool goes_on = piece.source_page ? source == *piece.source_page + piece.pages : !source;
    if (!goes_on) break;
  }
  return piece;
}

}  // namespace cr::kinds
