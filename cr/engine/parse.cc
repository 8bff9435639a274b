#include "cr/engine/parse.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format.h>

#include "cr/kinds/records.h"

namespace cr::engine {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormat;
using google::protobuf::internal::WireFormatLite;

// Its place is in the message that has it, or with its like in an array.
bool is_number(const FieldDescriptor* field, WireFormatLite::WireType wire) {
  if (field == nullptr || field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE ||
      field->cpp_type() == FieldDescriptor::CPPTYPE_STRING)
    return false;
  return wire == WireFormat::WireTypeForFieldType(field->type()) ||
         (wire == WireFormatLite::WIRETYPE_LENGTH_DELIMITED && field->is_packable());
}

// Messages, strings and unknown fields, at every depth: two bytes of each take a hundred and more when they
// are decoded.
class Objects {
 public:
  Objects(const std::string& payload, uint64_t most)
      : in_(reinterpret_cast<const uint8_t*>(payload.data()), static_cast<int>(payload.size())),
        most_(most) {}

  bool are_few(const Descriptor& type) {
    (void)walk(&type, 0);
    return count_ <= most_;
  }

 private:
  static constexpr int kDeepest = 100;  // the decoder goes so deep, and no deeper

  // To the end of a message, or of a group, whose `type` is null: nobody knows any. False: far enough, there
  // are too many, or the decoder will come no further either.
  bool walk(const Descriptor* type, int depth) {
    for (uint32_t tag = in_.ReadTag(); tag != 0; tag = in_.ReadTag()) {
      if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_END_GROUP) return type == nullptr;
      if (!field(tag, type, depth)) return false;
    }
    return in_.ConsumedEntireMessage();
  }

  bool field(uint32_t tag, const Descriptor* type, int depth) {
    const WireFormatLite::WireType wire = WireFormatLite::GetTagWireType(tag);
    const FieldDescriptor* known =
        type == nullptr ? nullptr : type->FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
    if (is_number(known, wire)) return WireFormatLite::SkipField(&in_, tag);
    if (++count_ > most_) return false;
    if (wire == WireFormatLite::WIRETYPE_START_GROUP) return depth < kDeepest && walk(nullptr, depth + 1);
    const bool message = known != nullptr && known->message_type() != nullptr &&
                         wire == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    if (!message) return WireFormatLite::SkipField(&in_, tag);
    return depth < kDeepest && below(*known->message_type(), depth + 1);
  }

  bool below(const Descriptor& type, int depth) {
    int length = 0;
    if (!in_.ReadVarintSizeAsInt(&length)) return false;
    const auto limit = in_.PushLimit(length);
    if (!walk(&type, depth)) return false;
    in_.PopLimit(limit);
    return true;
  }

  google::protobuf::io::CodedInputStream in_;
  uint64_t most_, count_ = 0;
};

}  // namespace

Result<void> parse(const std::string& payload, google::protobuf::Message& into) {
  // The densest honest record is a table of descriptors.
  constexpr uint64_t kFew = 1024, kBytesEach = 6;
  const uint64_t most = kFew + payload.size() / kBytesEach;
  if (!Objects(payload, most).are_few(*into.GetDescriptor()))
    return kinds::invalid("more than {} messages, strings and unknown fields in {} bytes", most,
                          payload.size());
  if (!into.ParseFromString(payload)) return kinds::invalid("is no message of its kind");
  return {};
}

}  // namespace cr::engine
