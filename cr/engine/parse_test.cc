// What many times its own size would come of is not decoded, wherever in the record it is.
#include "cr/engine/parse.h"

#include <google/protobuf/unknown_field_set.h>

#include "cr/kinds/kinds_testing.h"
#include "cr/kinds/origin.pb.h"

namespace cr::engine {
namespace {

using ::testing::HasSubstr;

constexpr int kMany = 100000;

void is_too_dense(const google::protobuf::Message& message) {
  const std::string bytes = message.SerializePartialAsString();
  const std::unique_ptr<google::protobuf::Message> into(message.New());
  const auto parsed = parse(bytes, *into);
  ASSERT_FALSE(parsed) << message.GetTypeName();
  EXPECT_EQ(parsed.error().kind(), ErrorKind::kInvalidImage);
  EXPECT_THAT(parsed.error().message(), HasSubstr(fmt::format("unknown fields in {} bytes", bytes.size())));
  EXPECT_EQ(into->ByteSizeLong(), 0u) << "decoded all the same";
}

google::protobuf::UnknownFieldSet& unknown_of(google::protobuf::Message& message) {
  return *message.GetReflection()->MutableUnknownFields(&message);
}

TEST(Parse, MessagesAndStringsOfNothing) {
  kinds::AddressSpace space;
  for (int i = 0; i < kMany; ++i) space.add_vmas();
  is_too_dense(space);
  kinds::Origin origin;
  for (int i = 0; i < kMany; ++i) origin.add_cpu_features();
  is_too_dense(origin);
}

TEST(Parse, UnknownFieldsAtAnyDepth) {
  kinds::AddressSpace at_the_top, below;
  kinds::FileDescription two_below;
  for (int i = 0; i < kMany; ++i) {
    unknown_of(at_the_top).AddVarint(15, 1);
    unknown_of(*below.mutable_layout()).AddVarint(15, 1);
    unknown_of(*two_below.mutable_regular()).AddLengthDelimited(15);
  }
  is_too_dense(at_the_top);
  is_too_dense(below);
  is_too_dense(two_below);
}

// A known field of another wire type than its own is kept as an unknown one.
TEST(Parse, FieldsOfAnotherType) {
  kinds::AddressSpace space;
  for (int i = 0; i < kMany; ++i) unknown_of(*space.mutable_layout()).AddFixed32(1, 1);
  is_too_dense(space);
  std::string bytes;
  for (int i = 0; i < kMany; ++i) bytes += std::string("\x10\x01", 2);  // AddressSpace.layout, a number
  const auto parsed = parse(bytes, space);
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().message(), HasSubstr("in 200000 bytes"));
}

TEST(Parse, GroupsAreLookedInto) {
  kinds::AddressSpace space;
  google::protobuf::UnknownFieldSet& group = *unknown_of(*space.mutable_layout()).AddGroup(15);
  for (int i = 0; i < kMany; ++i) group.AddVarint(1, 1);
  is_too_dense(space);
  // Deeper than the decoder goes.
  const std::string deep(kMany, '\x7b');
  EXPECT_FALSE(parse(deep, space));
}

TEST(Parse, TheDeepestLevelThatIsDecodedIsCounted) {
  for (const int depth : {99, 100}) {
    kinds::AddressSpace space;
    google::protobuf::UnknownFieldSet* inside = &unknown_of(space);
    for (int i = 0; i < depth; ++i) inside = inside->AddGroup(15);
    ASSERT_TRUE(parse(space.SerializeAsString(), space)) << "the decoder comes so far";
    inside = &unknown_of(space);
    for (int i = 0; i < depth; ++i) inside = inside->mutable_field(0)->mutable_group();
    for (int i = 0; i < kMany; ++i) inside->AddLengthDelimited(15);
    is_too_dense(space);
  }
}

TEST(Parse, NumbersAreDense) {
  kinds::Task task;
  kinds::Vma vma;
  for (int i = 0; i < kMany; ++i) task.add_tids(1), vma.add_advice(1);
  EXPECT_TRUE(parse(task.SerializeAsString(), task));
  EXPECT_EQ(task.tids_size(), kMany);
  std::string bytes;
  for (int i = 0; i < kMany; ++i) bytes += std::string("\x70\x01", 2);  // Vma.advice, not packed
  EXPECT_TRUE(parse(bytes, vma));
  EXPECT_EQ(vma.advice_size(), kMany);
}

TEST(Parse, EveryRecordOfATreeComesBack) {
  const kinds::Sample sample = kinds::small_tree();
  for (const auto& [key, message] : sample.records.by_key()) {
    const std::string bytes = message->SerializeAsString();
    const std::unique_ptr<google::protobuf::Message> into(message->New());
    const auto parsed = parse(bytes, *into);
    ASSERT_TRUE(parsed) << message->GetTypeName() << parsed.error().message();
    EXPECT_EQ(into->SerializeAsString(), bytes);
    for (size_t length = 0; length < bytes.size(); ++length) {
      const std::string cut = bytes.substr(0, length);
      EXPECT_EQ(parse(cut, *into).has_value(), into->ParseFromString(cut)) << length;
    }
  }
}

}  // namespace
}  // namespace cr::engine
