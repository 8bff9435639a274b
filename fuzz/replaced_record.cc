#include "fuzz/replaced_record.h"

#include "cr/engine/compile.h"
#include "cr/image/hash.h"
#include "cr/kinds/memory/memory.pb.h"
#include "cr/kinds/shape.h"
#include "fuzz/fuzz.h"
#include "fuzz/small_tree.h"

namespace {

using cr::kinds::Records;

// The first one of a type is replaced.
uint64_t first_of(uint32_t type, const Records& records) {
  const auto first = records.by_key().lower_bound({type, 0});
  FUZZ_REQUIRE(first != records.by_key().end() && first->first.first == type);
  return first->first.second;
}

std::unique_ptr<google::protobuf::Message> copy_of(const google::protobuf::Message& message) {
  std::unique_ptr<google::protobuf::Message> copy(message.New());
  copy->CopyFrom(message);
  return copy;
}

// What it is filed under: a vdso's content, everything else a number that does not change.
uint64_t id_of(uint32_t type, uint64_t now, const google::protobuf::Message& message) {
  if (type != cr::kinds::kVdsoRecord) return now;
  return cr::image::hash_of(std::as_bytes(std::span(static_cast<const cr::kinds::Vdso&>(message).code())));
}

Records replaced(const Records& sound, uint32_t type, std::unique_ptr<google::protobuf::Message> message) {
  const uint64_t first = first_of(type, sound), id = id_of(type, first, *message);
  Records records;
  for (const auto& [key, other] : sound.by_key())
    if (key != Records::Key{type, first})
      records.add(static_cast<cr::kinds::RecordType>(key.first), key.second, copy_of(*other));
  records.add(static_cast<cr::kinds::RecordType>(type), id, std::move(message));
  if (type == cr::kinds::kVdsoRecord)
    records.find<cr::kinds::AddressSpace>(cr::kinds::kAddressSpaceRecord, 100)->set_vdso_hash(id);
  return records;
}

// The verdict, and if it is good, a plan.
bool judged(const Records& records) {
  const auto sound = cr::engine::validate(records);
  if (!sound) {
    FUZZ_REQUIRE(sound.error().kind() == cr::ErrorKind::kInvalidImage);
    FUZZ_REQUIRE(!sound.error().message().empty());
    return false;
  }
  const auto plan = cr::engine::compile(records);
  FUZZ_REQUIRE(plan || plan.error().kind() == cr::ErrorKind::kUnsupported);
  return true;
}

}  // namespace

int fuzz::replace_record(uint32_t type, const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  static const SmallTree tree = small_tree();
  std::unique_ptr<google::protobuf::Message> message(cr::kinds::prototype_of(type)->New());
  if (!message->ParseFromArray(data, static_cast<int>(size))) return -1;
  const std::string once = message->SerializeAsString();
  const std::unique_ptr<google::protobuf::Message> again(message->New());
  FUZZ_REQUIRE(again->ParseFromString(once) && again->SerializeAsString() == once);

  Records records = replaced(tree.records, type, std::move(message));
  // A stream's records come before its pages; those of a file have them, as many as they say or not.
  const bool sound = judged(records);
  if (const auto fitting = fitting_table(records)) {
    records.pages = &*fitting;
    FUZZ_REQUIRE(judged(records) == sound);
  }
  records.pages = tree.pages.get();
  FUZZ_REQUIRE(!judged(records) || sound);
  return 0;
}
