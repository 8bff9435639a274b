#include "fuzz/replaced_record.h"

#include "cr/engine/compile.h"
#include "cr/kinds/shape.h"
#include "fuzz/fuzz.h"
#include "fuzz/small_tree.h"

namespace {

using cr::kinds::Records;

// The records of a small tree, and the id of the first one of the type, which is replaced.
struct Others {
  Records records = fuzz::small_tree().records;
  uint64_t id = 0;

  explicit Others(uint32_t type) {
    const auto first = records.by_key().lower_bound({type, 0});
    FUZZ_REQUIRE(first != records.by_key().end() && first->first.first == type);
    id = first->first.second;
  }
};

std::unique_ptr<google::protobuf::Message> copy_of(const google::protobuf::Message& message) {
  std::unique_ptr<google::protobuf::Message> copy(message.New());
  copy->CopyFrom(message);
  return copy;
}

}  // namespace

int fuzz::replace_record(uint32_t type, const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  static const Others others(type);
  std::unique_ptr<google::protobuf::Message> message(cr::kinds::prototype_of(type)->New());
  if (!message->ParseFromArray(data, static_cast<int>(size))) return -1;
  const std::string once = message->SerializeAsString();
  const std::unique_ptr<google::protobuf::Message> again(message->New());
  FUZZ_REQUIRE(again->ParseFromString(once) && again->SerializeAsString() == once);

  Records records;
  for (const auto& [key, other] : others.records.by_key())
    if (key != Records::Key{type, others.id})
      records.add(static_cast<cr::kinds::RecordType>(key.first), key.second, copy_of(*other));
  records.add(static_cast<cr::kinds::RecordType>(type), others.id, std::move(message));
  const auto sound = cr::engine::validate(records);
  if (!sound) {
    FUZZ_REQUIRE(sound.error().kind() == cr::ErrorKind::kInvalidImage);
    FUZZ_REQUIRE(!sound.error().message().empty());
    return 0;
  }
  const auto plan = cr::engine::compile(records);
  FUZZ_REQUIRE(plan || plan.error().kind() == cr::ErrorKind::kUnsupported ||
               plan.error().kind() == cr::ErrorKind::kInvalidImage);
  return 0;
}
