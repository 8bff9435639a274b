// Records in words, each field as its policy says: addresses in hexadecimal, permissions in octal.
#pragma once

#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <string>

#include "cr/kinds/policy.pb.h"

namespace cr::kinds {

inline const Policy& policy_of(const google::protobuf::FieldDescriptor& field) {
  return field.options().GetExtension(policy);
}

class RecordText {
 public:
  RecordText();

  // Protobuf's text format, a field a line.
  std::string lines(const google::protobuf::Message& message) const;

  // One value; `index` is -1 where the field is no list.
  std::string value(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                    int index = -1) const;

 private:
  google::protobuf::TextFormat::Printer lines_, single_line_;
};

}  // namespace cr::kinds
