// What a newer engine adds to a record is still there after this one has read and written it.
#include <google/protobuf/unknown_field_set.h>

#include "cr/kinds/kinds_testing.h"

namespace cr::kinds {
namespace {

using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kNumber = 15000;  // of no schema

// One of each wire type.
void add_unknown(Message& message) {
  auto& fields = *message.GetReflection()->MutableUnknownFields(&message);
  fields.AddVarint(kNumber, 42);
  fields.AddFixed32(kNumber + 1, 43);
  fields.AddFixed64(kNumber + 2, 44);
  fields.AddLengthDelimited(kNumber + 3, std::string("new\0state", 9));
}

TEST(UnknownFields, SurviveInEveryRecord) {
  const Sample sample = small_tree();
  for (const auto& [key, known] : sample.records.by_key()) {
    std::unique_ptr<Message> newer(known->New());
    newer->CopyFrom(*known);
    add_unknown(*newer);
    const std::string written = newer->SerializeAsString();
    ASSERT_NE(written, known->SerializeAsString());

    std::unique_ptr<Message> here(known->New());
    ASSERT_TRUE(here->ParseFromString(written)) << known->GetTypeName();
    EXPECT_EQ(here->GetReflection()->GetUnknownFields(*here).field_count(), 4) << known->GetTypeName();
    EXPECT_EQ(here->SerializeAsString(), written) << known->GetTypeName();
  }
}

TEST(UnknownFields, SurviveInNestedMessages) {
  Sample sample = small_tree();
  add_unknown(*sample.thread(100).mutable_registers());
  add_unknown(*sample.space(100).mutable_vmas(1));
  add_unknown(*sample.description(3).mutable_regular());
  for (const Message* newer :
       {static_cast<const Message*>(&sample.thread(100)), static_cast<const Message*>(&sample.space(100)),
        static_cast<const Message*>(&sample.description(3))}) {
    std::unique_ptr<Message> here(newer->New());
    ASSERT_TRUE(here->ParseFromString(newer->SerializeAsString()));
    EXPECT_EQ(here->SerializeAsString(), newer->SerializeAsString()) << newer->GetTypeName();
    EXPECT_THAT(here->DebugString(), testing::HasSubstr("15000: 42")) << newer->GetTypeName();
  }
}

}  // namespace
}  // namespace cr::kinds
