#include "cr/engine/page_diff.h"

#include <algorithm>
#include <array>

#include "cr/engine/page_data.h"
#include "cr/image/hash.h"

namespace cr::engine {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kAtOnce = 256 * kPage;

// `buffer` is what lies at `address`.
void wipe(std::span<std::byte> buffer, uint64_t address, const Bytes& bytes) {
  const uint64_t from = std::max(address, bytes.address);
  const uint64_t to = std::min(address + buffer.size(), bytes.address + bytes.length);
  if (from < to) std::ranges::fill(buffer.subspan(from - address, to - from), std::byte{0});
}

uint64_t hash_of_zeroes() {
  constexpr std::array<std::byte, kPage> kZeroes{};
  return image::hash_of(kZeroes);
}

PageHashes::const_iterator from(const PageHashes& pages, uint64_t address) {
  return std::lower_bound(pages.begin(), pages.end(), address,
                          [](const PageHash& page, uint64_t wanted) { return page.address < wanted; });
}

}  // namespace

Result<PageHashes> hash_pages(const Loaded& image, uint64_t section,
                              const google::protobuf::RepeatedPtrField<kinds::PageRun>& runs,
                              std::span<const Bytes> without) {
  PageHashes hashes;
  PageData pages(*image.reader);
  const std::vector<uint64_t> offsets = offsets_of(runs);
  std::vector<std::byte> buffer(kAtOnce);
  for (int i = 0; i < runs.size(); ++i) {
    const kinds::PageRun& run = runs[i];
    for (uint64_t done = 0; done < run.length();) {
      const std::span some = std::span(buffer).first(std::min<uint64_t>(kAtOnce, run.length() - done));
      CR_TRY(pages.read(section, offsets[static_cast<size_t>(i)] + done, some));
      for (const Bytes& bytes : without) wipe(some, run.address() + done, bytes);
      for (size_t at = 0; at < some.size(); at += kPage)
        hashes.push_back({run.address() + done + at, image::hash_of(some.subspan(at, kPage))});
      done += some.size();
    }
  }
  return hashes;
}

PageDifference compare_pages(const PageHashes& a, const PageHashes& b, const PageRange& range) {
  const uint64_t zeroes = hash_of_zeroes();
  PageDifference found;
  const auto differs = [&](const PageHash* in_a, const PageHash* in_b) {
    if (in_a && in_b) return in_a->hash != in_b->hash;
    return !range.zero_filled || (in_a ? in_a : in_b)->hash != zeroes;
  };
  auto in_a = from(a, range.start), in_b = from(b, range.start);
  const auto end_a = from(a, range.end), end_b = from(b, range.end);
  while (in_a != end_a || in_b != end_b) {
    const bool take_a = in_b == end_b || (in_a != end_a && in_a->address <= in_b->address);
    const bool take_b = in_a == end_a || (in_b != end_b && in_b->address <= in_a->address);
    const uint64_t address = take_a ? in_a->address : in_b->address;
    if (differs(take_a ? &*in_a : nullptr, take_b ? &*in_b : nullptr) && found.pages++ == 0)
      found.first = address;
    in_a += take_a;
    in_b += take_b;
  }
  return found;
}

std::vector<PageRange> common_ranges(const kinds::AddressSpace& a, const kinds::AddressSpace& b) {
  std::vector<PageRange> ranges;
  for (int i = 0, j = 0; i < a.vmas_size() && j < b.vmas_size();) {
    const kinds::Vma &in_a = a.vmas(i), &in_b = b.vmas(j);
    const PageRange both{std::max(in_a.start(), in_b.start()), std::min(in_a.end(), in_b.end()),
                         in_a.backing() == kinds::Vma::ANONYMOUS && in_b.backing() == kinds::Vma::ANONYMOUS};
    if (both.start < both.end) ranges.push_back(both);
    const bool a_ends_first = in_a.end() <= in_b.end();
    j += in_b.end() <= in_a.end();
    i += a_ends_first;
  }
  return ranges;
}

}  // namespace cr::engine
