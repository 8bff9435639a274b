#include "cr/engine/page_data.h"

#include <algorithm>
#include <array>

#include "cr/base/numbers.h"

namespace cr::engine {

Result<void> PageData::read(uint64_t object, uint64_t offset, std::span<std::byte> into) {
  while (!into.empty()) {
    const uint64_t skip = offset % kPageSize;
    if (skip == 0 && into.size() >= kPageSize) {
      const auto whole = into.first(page_down(into.size()));
      CR_TRY(reader_.read(object, offset / kPageSize, whole));
      offset += whole.size();
      into = into.subspan(whole.size());
      continue;
    }
    std::array<std::byte, kPageSize> page;
    CR_TRY(reader_.read(object, offset / kPageSize, page));
    const auto part = std::span(page).subspan(skip, std::min<uint64_t>(into.size(), kPageSize - skip));
    std::ranges::copy(part, into.begin());
    offset += part.size();
    into = into.subspan(part.size());
  }
  return {};
}

std::vector<uint64_t> offsets_of(const google::protobuf::RepeatedPtrField<kinds::PageRun>& runs) {
  std::vector<uint64_t> offsets;
  offsets.reserve(static_cast<size_t>(runs.size()));
  uint64_t sum = 0;
  for (const kinds::PageRun& run : runs) {
    offsets.push_back(sum);
    sum += run.length();
  }
  return offsets;
}

}  // namespace cr::engine
