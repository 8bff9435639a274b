// What `cr diff` compares: an image that loads is the same as itself; with a field of it changed it differs
// in that, and from either side alike; another tree's image can be compared with it, too.
#include <algorithm>
#include <random>
#include <set>

#include "cr/engine/diff.h"
#include "cr/engine/load.h"
#include "cr/engine/validate.h"
#include "cr/image/hash.h"
#include "fuzz/fuzz.h"
#include "fuzz/image_file.h"
#include "fuzz/moderate.h"
#include "fuzz/mutation/message.h"
#include "fuzz/parent.h"

namespace {

using cr::engine::Comparison;
using cr::engine::Loaded;

// A record is called after what it is in the first of the two, so only its fields are alike.
bool same_from_both_sides(const Comparison& one, const Comparison& other) {
  const auto fields = [](const Comparison& found) {
    std::multiset<std::string> all;
    for (const auto& each : found.fields) all.insert(each.field);
    return all;
  };
  const auto same = [](const auto& a, const auto& b) {
    return a.where == b.where && a.pages == b.pages && a.first == b.first;
  };
  return fields(one) == fields(other) && std::ranges::equal(one.pages, other.pages, same);
}

Comparison compare(const Loaded& a, const Loaded& b, bool all) {
  const auto found = cr::engine::diff(a, b, all);
  FUZZ_REQUIRE(found);
  for (const auto& field : found->fields) FUZZ_REQUIRE(!field.where.empty());
  for (const auto& range : found->pages) FUZZ_REQUIRE(!range.where.empty() && range.pages > 0);
  const auto reversed = cr::engine::diff(b, a, all);
  FUZZ_REQUIRE(reversed && same_from_both_sides(*found, *reversed));
  return *found;
}

// One record is not what it was; which one, and in what, the input says by its hash.
void change(Loaded& image, uint64_t hash) {
  const auto& records = image.records.by_key();
  if (records.empty()) return;
  std::mt19937_64 random(hash);
  auto record = records.begin();
  std::advance(record, static_cast<std::ptrdiff_t>(random() % records.size()));
  fuzz::mutate(*record->second, random);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxImage) return -1;
  const cr::sys::UniqueFd fd = fuzz::file_of(data, size);
  const std::span<const std::string> parents{&fuzz::parent_path(), 1};
  const auto load = [&] { return cr::engine::load(fuzz::path_of(fd), parents); };
  const auto image = load();
  if (!image || !fuzz::is_moderate(*image->reader)) return 0;
  for (const bool all : {false, true}) FUZZ_REQUIRE(compare(*image, *image, all).same());

  auto changed = load();
  FUZZ_REQUIRE(changed);
  change(*changed, cr::image::hash_of(std::as_bytes(std::span(data, size))));
  if (cr::engine::validate(changed->records))
    for (const bool all : {false, true}) (void)compare(*image, *changed, all);

  static const auto other = cr::engine::load(fuzz::parent_path());
  FUZZ_REQUIRE(other);
  for (const bool all : {false, true}) (void)compare(*image, *other, all);
  return 0;
}
