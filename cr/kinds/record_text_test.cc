// Fields are printed as their policy says, in records and alone; every policy fits its field.
#include "cr/kinds/record_text.h"

#include "cr/kinds/kinds_testing.h"

namespace cr::kinds {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using ::testing::HasSubstr;

std::string value(const google::protobuf::Message& message, const char* name, int index = -1) {
  return RecordText().value(message, *message.GetDescriptor()->FindFieldByName(name), index);
}

TEST(RecordText, Values) {
  Sample sample = small_tree();
  EXPECT_EQ(value(sample.thread(100).registers(), "rip"), "0x401000");
  EXPECT_EQ(value(sample.attributes(100), "umask"), "022");
  EXPECT_EQ(value(sample.attributes(100), "cwd"), "\"/home\"");
  EXPECT_EQ(value(sample.task(100), "pid"), "100");
  EXPECT_EQ(value(sample.task(100), "tids", 1), "103");
  EXPECT_EQ(value(sample.space(100).vmas(0), "backing"), "FILE");
  EXPECT_THAT(value(sample.thread(100), "xstate"), testing::StartsWith("576 bytes, hash 0x"));
  EXPECT_EQ(value(sample.attributes(100), "limits", 3),
            "{resource: 3 soft: 8388608 hard: 18446744073709551615}");
}

TEST(RecordText, Lines) {
  Sample sample = small_tree();
  const std::string text = RecordText().lines(sample.space(100));
  EXPECT_THAT(text, HasSubstr("  start: 0x400000\n  end: 0x402000\n  protection: 0x5\n  backing: FILE\n"));
}

void expect_fits(const FieldDescriptor& field) {
  const Policy& policy = policy_of(field);
  const bool is_bytes = field.type() == FieldDescriptor::TYPE_BYTES;
  const bool is_message = field.message_type() != nullptr;
  if (policy.format() == Policy::OPAQUE) {
    EXPECT_TRUE(is_bytes) << field.full_name();
  } else if (policy.format() != Policy::PLAIN) {
    EXPECT_FALSE(is_bytes || is_message) << field.full_name();
  }
  if (policy.key()) {
    EXPECT_FALSE(field.is_repeated() || is_message || policy.volatile_()) << field.full_name();
  }
}

TEST(RecordText, EveryPolicyFitsItsField) {
  int with_policy = 0;
  for (const auto& kind : all_kinds())
    for (const Schema& schema : kind->schemas()) {
      const google::protobuf::FileDescriptor& file = *schema.prototype->GetDescriptor()->file();
      for (int i = 0; i < file.message_type_count(); ++i)
        for (int j = 0; j < file.message_type(i)->field_count(); ++j) {
          expect_fits(*file.message_type(i)->field(j));
          with_policy += file.message_type(i)->field(j)->options().HasExtension(policy);
        }
    }
  EXPECT_GT(with_policy, 20);
}

}  // namespace
}  // namespace cr::kinds
