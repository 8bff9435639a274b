#include "cr/kinds/record_text.h"

#include <fmt/format.h>

#include <concepts>
#include <set>
#include <span>

#include "cr/image/hash.h"
#include "cr/kinds/origin.pb.h"
#include "cr/kinds/shape.h"

namespace cr::kinds {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::TextFormat;
using Generator = TextFormat::BaseTextGenerator;

class ByPolicy : public TextFormat::FastFieldValuePrinter {
 public:
  explicit ByPolicy(Policy::Format format) : format_(format) {}

  void PrintInt32(int32_t value, Generator* out) const override { number(value, out); }
  void PrintUInt32(uint32_t value, Generator* out) const override { number(value, out); }
  void PrintInt64(int64_t value, Generator* out) const override { number(value, out); }
  void PrintUInt64(uint64_t value, Generator* out) const override { number(value, out); }
  void PrintBytes(const std::string& value, Generator* out) const override {
    if (format_ != Policy::OPAQUE) return FastFieldValuePrinter::PrintBytes(value, out);
    const uint64_t hash = image::hash_of(std::as_bytes(std::span(value)));
    out->PrintString(fmt::format("{} bytes, hash {:#x}", value.size(), hash));
  }

 private:
  void number(std::integral auto value, Generator* out) const {
    if (format_ == Policy::ADDRESS || format_ == Policy::FLAGS)
      out->PrintString(fmt::format("{:#x}", value));
    else if (format_ == Policy::MODE)
      out->PrintString(fmt::format("{:#o}", value));
    else
      out->PrintString(fmt::format("{}", value));
  }

  Policy::Format format_;
};

void register_all(const Descriptor& message, std::set<const Descriptor*>& seen,
                  TextFormat::Printer& printer) {
  if (!seen.insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    const Policy::Format format = policy_of(field).format();
    if (format != Policy::PLAIN) {
      // Taken over by the printer, unless it refuses.
      auto by_policy = std::make_unique<ByPolicy>(format);
      if (printer.RegisterFieldValuePrinter(&field, by_policy.get())) (void)by_policy.release();
    }
    if (field.message_type() != nullptr) register_all(*field.message_type(), seen, printer);
  }
}

void register_all(TextFormat::Printer& printer) {
  std::set<const Descriptor*> seen;
  register_all(*Origin::descriptor(), seen, printer);
  for (const auto& kind : all_kinds())
    for (const Schema& schema : kind->schemas())
      register_all(*schema.prototype->GetDescriptor(), seen, printer);
}

}  // namespace

RecordText::RecordText() {
  register_all(lines_);
  register_all(single_line_);
  single_line_.SetSingleLineMode(true);
}

std::string RecordText::lines(const google::protobuf::Message& message) const {
  std::string text;
  lines_.PrintToString(message, &text);
  return text;
}

std::string RecordText::value(const google::protobuf::Message& message, const FieldDescriptor& field,
                              int index) const {
  std::string text;
  single_line_.PrintFieldValueToString(message, &field, index, &text);
  if (field.message_type() == nullptr) return text;
  while (text.ends_with(' ')) text.pop_back();
  return fmt::format("{{{}}}", text);
}

}  // namespace cr::kinds
