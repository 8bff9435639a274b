#include "fuzz/mutation/message.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/reflection.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

uint64_t below(std::mt19937_64& random, uint64_t end) { return random() % end; }

// Edges of addresses, sizes and counts.
uint64_t odd_number(uint64_t now, std::mt19937_64& random) {
  static constexpr std::array<uint64_t, 16> kEdges = {0,
                                                      1,
                                                      4095,
                                                      4096,
                                                      0x7fffffff,
                                                      0x80000000,
                                                      0xffffffff,
                                                      0x100000000,
                                                      0x7ffffffff000,
                                                      0x800000000000,
                                                      0x7fffffffffffffff,
                                                      0x8000000000000000,
                                                      ~uint64_t{0},
                                                      ~uint64_t{0} - 4095,
                                                      0xffff800000000000,
                                                      0xffffffffff600000};
  switch (below(random, 6)) {
    case 0:
      return kEdges[below(random, kEdges.size())];
    case 1:
      return now ^ uint64_t { 1 } << below(random, 64);
    case 2:
      return now + (below(random, 2) == 0 ? 1 : -1);
    case 3:
      return now + (below(random, 2) == 0 ? 4096 : -4096);
    case 4:
      return below(random, 300);
    default:
      return random();
  }
}

std::string odd_text(std::string now, std::mt19937_64& random) {
  switch (below(random, 4)) {
    case 0:
      return now.substr(0, below(random, now.size() + 1));
    case 1:
      return now + std::string(1 + below(random, 300), static_cast<char>(random()));
    case 2:
      return now + now.substr(0, 5000);
    default:
      if (!now.empty()) now[below(random, now.size())] = static_cast<char>(random());
      return now;
  }
}

class Change {
 public:
  Change(Message& message, const FieldDescriptor& field, std::mt19937_64& random)
      : message_(message), field_(field), reflection_(*message.GetReflection()), random_(random) {}

  void one() {
    if (below(random_, 16) == 0) return reflection_.ClearField(&message_, &field_);
    if (field_.is_repeated()) return list();
    if (field_.message_type() != nullptr)
      return mutate(*reflection_.MutableMessage(&message_, &field_), random_);
    if (field_.cpp_type() == FieldDescriptor::CPPTYPE_STRING)
      return reflection_.SetString(&message_, &field_,
                                   odd_text(reflection_.GetString(message_, &field_), random_));
    set_number(odd_number(number(), random_));
  }

 private:
  void list() {
    const int size = reflection_.FieldSize(message_, &field_);
    const int any = size == 0 ? 0 : static_cast<int>(below(random_, static_cast<uint64_t>(size)));
    switch (size == 0 ? 0 : below(random_, 5)) {
      case 0:
        return add(size, any);
      case 1:
        if (any + 1 < size) reflection_.SwapElements(&message_, &field_, any, any + 1);
        return reflection_.RemoveLast(&message_, &field_);
      case 2:
        return reflection_.SwapElements(&message_, &field_, any,
                                        static_cast<int>(below(random_, static_cast<uint64_t>(size))));
      default:
        return change_element(any);
    }
  }

  void add(int size, int any) {
    if (field_.message_type() != nullptr) {
      Message* added = reflection_.AddMessage(&message_, &field_);
      if (size > 0) added->CopyFrom(reflection_.GetRepeatedMessage(message_, &field_, any));
      return mutate(*added, random_);
    }
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection_.AddString(&message_, &field_, odd_text("", random_));
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection_.AddInt32(&message_, &field_, static_cast<int32_t>(odd_number(0, random_)));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection_.AddUInt32(&message_, &field_, static_cast<uint32_t>(odd_number(0, random_)));
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection_.AddUInt64(&message_, &field_, odd_number(0, random_));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection_.AddInt64(&message_, &field_, static_cast<int64_t>(odd_number(0, random_)));
      default:
        return;
    }
  }

  void change_element(int at) {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return mutate(*reflection_.MutableRepeatedMessage(&message_, &field_, at), random_);
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection_.SetRepeatedString(
            &message_, &field_, at, odd_text(reflection_.GetRepeatedString(message_, &field_, at), random_));
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection_.SetRepeatedInt32(
            &message_, &field_, at,
            static_cast<int32_t>(odd_number(
                static_cast<uint64_t>(reflection_.GetRepeatedInt32(message_, &field_, at)), random_)));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection_.SetRepeatedUInt32(
            &message_, &field_, at,
            static_cast<uint32_t>(odd_number(reflection_.GetRepeatedUInt32(message_, &field_, at), random_)));
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection_.SetRepeatedUInt64(
            &message_, &field_, at,
            odd_number(reflection_.GetRepeatedUInt64(message_, &field_, at), random_));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection_.SetRepeatedInt64(
            &message_, &field_, at,
            static_cast<int64_t>(odd_number(
                static_cast<uint64_t>(reflection_.GetRepeatedInt64(message_, &field_, at)), random_)));
      default:
        return;
    }
  }

  uint64_t number() const {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return static_cast<uint64_t>(reflection_.GetInt32(message_, &field_));
      case FieldDescriptor::CPPTYPE_INT64:
        return static_cast<uint64_t>(reflection_.GetInt64(message_, &field_));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection_.GetUInt32(message_, &field_);
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection_.GetUInt64(message_, &field_);
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection_.GetBool(message_, &field_);
      case FieldDescriptor::CPPTYPE_ENUM:
        return static_cast<uint64_t>(reflection_.GetEnumValue(message_, &field_));
      default:
        return 0;
    }
  }

  void set_number(uint64_t value) {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection_.SetInt32(&message_, &field_, static_cast<int32_t>(value));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection_.SetInt64(&message_, &field_, static_cast<int64_t>(value));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection_.SetUInt32(&message_, &field_, static_cast<uint32_t>(value));
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection_.SetUInt64(&message_, &field_, value);
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection_.SetBool(&message_, &field_, !reflection_.GetBool(message_, &field_));
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection_.SetEnumValue(&message_, &field_, static_cast<int>(value));
      default:
        return;
    }
  }

  Message& message_;
  const FieldDescriptor& field_;
  const Reflection& reflection_;
  std::mt19937_64& random_;
};

}  // namespace

void mutate(Message& message, std::mt19937_64& random) {
  const auto& descriptor = *message.GetDescriptor();
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  // Mostly what is there: an image holds many messages with few fields each.
  const FieldDescriptor* field = nullptr;
  if (!set.empty() && below(random, 8) != 0)
    field = set[below(random, set.size())];
  else if (descriptor.field_count() > 0)
    field =
        descriptor.field(static_cast<int>(below(random, static_cast<uint64_t>(descriptor.field_count()))));
  if (field != nullptr) Change(message, *field, random).one();
}

}  // namespace fuzz
