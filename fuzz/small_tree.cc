#include "fuzz/small_tree.h"

#include <cstring>

#include "cr/engine/compile.h"
#include "cr/image/hash.h"
#include "cr/kinds/kinds_testing.h"
#include "cr/kinds/memory/own_vdso.h"
#include "fuzz/fuzz.h"

namespace fuzz {

using cr::kPageSize;
using namespace cr::image;

namespace {

constexpr uint64_t kMostPages = 1024;

// Extents of one to three pages, each kind when its turn comes. What is the same as others is as the object's
// first page, which is raw.
std::vector<Extent> extents_for(uint64_t object, uint64_t pages, uint64_t& offset) {
  static constexpr ExtentKind kTurns[] = {ExtentKind::kRaw, ExtentKind::kZero, ExtentKind::kSame,
                                          ExtentKind::kZstd, ExtentKind::kParent};
  std::vector<Extent> extents;
  for (uint64_t first = 0, turn = 0; first < pages; ++turn) {
    Extent extent{.kind = kTurns[turn % std::size(kTurns)], .first = first};
    extent.pages = extent.kind == ExtentKind::kSame ? 1 : std::min(pages - first, 1 + turn % 3);
    if (extent.kind == ExtentKind::kSame || extent.kind == ExtentKind::kParent) extent.source_id = object;
    if (extent.kind == ExtentKind::kRaw || extent.kind == ExtentKind::kZstd) {
      extent.offset = offset;
      extent.stored = extent.kind == ExtentKind::kRaw ? extent.pages * kPageSize : kPageSize / 2;
      offset += extent.pages * kPageSize;
    }
    first += extent.pages;
    extents.push_back(extent);
  }
  return extents;
}

// As of a kernel that differs from this one in a byte that does nothing.
std::string old_vdso() {
  const auto own = cr::kinds::own_vdso(cr::WordSize::k64).value_or(std::nullopt);
  if (!own) return std::string(kPageSize, 'v');
  std::string code(reinterpret_cast<const char*>(own->code.data()), own->code.size());
  code.back() ^= 1;
  return code;
}

}  // namespace

std::optional<PageTable> fitting_table(const cr::kinds::Records& records) {
  const Header header = make_header({}, kFeatureParent | kFeatureZstd, {});
  PageTable table;
  uint64_t offset = uint64_t{1} << 20, all = 0;
  for (const auto& [id, pages] : cr::kinds::page_objects(records)) {
    if (pages > kMostPages || (all += pages) > kMostPages) return {};
    const auto extents = extents_for(id, pages, offset);
    FUZZ_REQUIRE(table.add({{kPages, id}, 0, 0, 0, 0}, extents, header));
  }
  return table;
}

SmallTree small_tree() {
  cr::kinds::Sample sample = cr::kinds::small_tree();
  cr::kinds::AddressSpace& space = sample.space(100);
  const std::string code = old_vdso();
  sample.add_vdso(100, 0xa00000, 0xa04000 + code.size(), code);
  for (const uint64_t start : {0x710000, 0x720000}) sample.add_run(100, start, 3 * kPageSize);
  std::ranges::sort(*space.mutable_runs(), {}, &cr::kinds::PageRun::address);
  sample.records.find<cr::kinds::SharedMemory>(cr::kinds::kSharedMemoryRecord, 1)
      ->add_runs()
      ->set_length(2 * kPageSize);
  SmallTree tree{std::move(sample.records), {}};
  tree.pages = std::make_unique<PageTable>(fitting_table(tree.records).value());
  tree.records.pages = tree.pages.get();
  const auto sound = cr::engine::validate(tree.records);
  if (!sound) std::fprintf(stderr, "%s\n", sound.error().message().c_str());
  FUZZ_REQUIRE(sound);
  return tree;
}

namespace {

// Noise, zeros and what can be compressed, by turns.
void fill(std::span<std::byte> page, uint64_t number) {
  for (size_t i = 0; i < page.size(); ++i)
    page[i] = static_cast<std::byte>(number % 3 == 0 ? (i + number) * (i + 1) * 0x9e3779b1 >> 11
                                                     : number % 3 * 'p');
  if (number % 3 == 1) std::ranges::fill(page, std::byte{0});
}

}  // namespace

cr::kinds::Origin small_origin() {
  cr::kinds::Origin origin;
  origin.set_engine("cr"), origin.set_engine_version("fuzz");
  origin.set_kernel_release("6.1.0"), origin.set_machine("x86_64");
  origin.set_root(100);
  origin.set_capabilities(1), origin.set_xfeatures(3);
  for (const char* feature : {"sse", "sse2"}) origin.add_cpu_features(feature);
  for (const uint32_t size : {32, 64}) origin.add_word_sizes(size);
  origin.set_parent_path("parent.cr");
  return origin;
}

cr::Result<void> write_tree(const SmallTree& tree, Inherits inherits, Writer& into) {
  return write_tree(tree, small_origin().SerializeAsString(), inherits, into);
}

cr::Result<void> write_tree(const SmallTree& tree, std::string_view origin, Inherits inherits, Writer& into) {
  CR_TRY(into.add_record(cr::kinds::kOriginRecord, 0, origin));
  for (const auto& [key, message] : tree.records.by_key())
    CR_TRY(into.add_record(key.first, key.second, message->SerializeAsString()));
  const uint64_t first_object = tree.pages->objects().begin()->first;
  for (const auto& [id, extents] : tree.pages->objects()) {
    const uint64_t pages = tree.pages->pages(id);
    if (inherits == Inherits::kEverything) {
      CR_TRY(into.add_inherited(id, pages, id, 0));
      continue;
    }
    for (uint64_t page = 0; page + 1 < pages || (page < pages && id == first_object); ++page) {
      fill(CR_TRY(into.page_room(id)).first(kPageSize), page);
      CR_TRY(into.pages_filled(kPageSize));
    }
    // Every other object ends as the first one begins.
    if (id != first_object) CR_TRY(into.add_same(id, 1, first_object, 0));
  }
  return {};
}

}  // namespace fuzz
