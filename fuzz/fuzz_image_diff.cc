// What `cr diff` compares: an image that loads is the same as itself; with a field of it changed it differs
// in that, and from either side alike; another tree's image can be compared with it, too.
#include <google/protobuf/util/message_differencer.h>

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
using cr::kinds::Records;
using google::protobuf::Descriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

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

void match_by_keys(const Descriptor& message, std::set<const Descriptor*>& seen,
                   MessageDifferencer& differencer) {
  if (!seen.insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const auto& field = *message.field(i);
    if (field.message_type() == nullptr) continue;
    if (const auto* key = cr::engine::key_of(field)) differencer.TreatAsMap(&field, key);
    match_by_keys(*field.message_type(), seen, differencer);
  }
}

// As Protobuf itself sees it; where an element stands that has a key says nothing.
bool equal(const Message& a, const Message& b) {
  MessageDifferencer differencer;
  std::set<const Descriptor*> seen;
  match_by_keys(*a.GetDescriptor(), seen, differencer);
  return differencer.Compare(a, b);
}

bool equal_records(const Loaded& a, const Loaded& b) {
  const auto same = [](const auto& one, const auto& other) {
    return one.first == other.first && equal(*one.second, *other.second);
  };
  return equal(a.origin, b.origin) && std::ranges::equal(a.records.by_key(), b.records.by_key(), same);
}

// One record is not what it was; which one, and in what, the input says by its hash.
Records::Key change(Loaded& image, uint64_t hash) {
  const auto& records = image.records.by_key();
  std::mt19937_64 random(hash);
  auto record = records.begin();
  std::advance(record, static_cast<std::ptrdiff_t>(random() % records.size()));
  fuzz::mutate(*record->second, random);
  return record->first;
}

// Of two images that differ in this record alone: it is what is named, if it is another one indeed.
void require_named(const Loaded& image, const Loaded& changed, const Records::Key& key) {
  const Message& record = *image.records.by_key().at(key);
  const std::string name = cr::engine::name_of_record(record, key.second);
  const auto names_it = [&](const auto& field) { return field.where == name; };
  const Comparison found = compare(image, changed, true);
  FUZZ_REQUIRE(std::ranges::all_of(found.fields, names_it));
  FUZZ_REQUIRE(found.fields.empty() == equal(record, *changed.records.by_key().at(key)));
  (void)compare(image, changed, false);
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
  const auto key = change(*changed, cr::image::hash_of(std::as_bytes(std::span(data, size))));
  if (cr::engine::validate(changed->records)) require_named(*image, *changed, key);

  static const auto other = cr::engine::load(fuzz::parent_path());
  FUZZ_REQUIRE(other);
  FUZZ_REQUIRE(compare(*image, *other, true).fields.empty() == equal_records(*image, *other));
  (void)compare(*image, *other, false);
  return 0;
}
