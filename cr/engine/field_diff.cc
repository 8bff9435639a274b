#include "cr/engine/field_diff.h"

#include <fmt/format.h>
#include <google/protobuf/unknown_field_set.h>

#include <map>

namespace cr::engine {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kAbsent[] = "absent";
constexpr int kNone = -1;  // no such element

}  // namespace

const FieldDescriptor* key_of(const FieldDescriptor& list) {
  if (list.message_type() == nullptr) return nullptr;
  for (int i = 0; i < list.message_type()->field_count(); ++i)
    if (kinds::policy_of(*list.message_type()->field(i)).key()) return list.message_type()->field(i);
  return nullptr;
}

class FieldDiff::Walk {
 public:
  Walk(const FieldDiff& diff, const std::string& where, std::vector<Difference>& out)
      : diff_(diff), where_(where), out_(out) {}

  void messages(const std::string& prefix, const Message& a, const Message& b) {
    for (int i = 0; i < a.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor& field = *a.GetDescriptor()->field(i);
      if (kinds::policy_of(field).volatile_() && !diff_.all_) continue;
      if (field.is_repeated())
        lists(prefix, field, a, b);
      else
        singles(prefix + field.name(), field, a, b);
    }
    const std::string in_a = unknown_in(a), in_b = unknown_in(b);
    if (in_a != in_b)
      differ(prefix + "(unknown to this engine)", fmt::format("{} bytes", in_a.size()),
             fmt::format("{} bytes", in_b.size()));
  }

  void differ(const std::string& path, std::string a, std::string b) {
    out_.push_back({where_, path, std::move(a), std::move(b)});
  }

 private:
  static std::string unknown_in(const Message& message) {
    std::string bytes;
    (void)message.GetReflection()->GetUnknownFields(message).SerializeToString(&bytes);
    return bytes;
  }

  void singles(const std::string& path, const FieldDescriptor& field, const Message& a, const Message& b) {
    const auto holder = [&](const Message& message) {
      return !field.has_presence() || message.GetReflection()->HasField(message, &field) ? &message : nullptr;
    };
    const Message *in_a = holder(a), *in_b = holder(b);
    if (in_a && in_b && field.message_type() != nullptr)
      messages(path + ".", a.GetReflection()->GetMessage(a, &field),
               b.GetReflection()->GetMessage(b, &field));
    else if (in_a || in_b)
      values(path, in_a ? diff_.text_.value(a, field) : kAbsent,
             in_b ? diff_.text_.value(b, field) : kAbsent);
  }

  void lists(const std::string& prefix, const FieldDescriptor& field, const Message& a, const Message& b) {
    const FieldDescriptor* key = key_of(field);
    std::vector<std::string> order;  // of a, then what only b has
    std::map<std::string, std::pair<int, int>> pairs;
    const auto add = [&](const Message& message, int std::pair<int, int>::*side) {
      for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
        std::string name = std::to_string(i);
        if (key)
          name = diff_.text_.value(message.GetReflection()->GetRepeatedMessage(message, &field, i), *key);
        const auto [pair, is_new] = pairs.emplace(name, std::pair(kNone, kNone));
        pair->second.*side = i;
        if (is_new) order.push_back(name);
      }
    };
    add(a, &std::pair<int, int>::first);
    add(b, &std::pair<int, int>::second);
    for (const std::string& name : order)
      elements(fmt::format("{}{}[{}]", prefix, field.name(), name), field, a, pairs[name].first, b,
               pairs[name].second);
  }

  void elements(const std::string& path, const FieldDescriptor& field, const Message& a, int in_a,
                const Message& b, int in_b) {
    if (in_a != kNone && in_b != kNone && field.message_type() != nullptr)
      return messages(path + ".", a.GetReflection()->GetRepeatedMessage(a, &field, in_a),
                      b.GetReflection()->GetRepeatedMessage(b, &field, in_b));
    values(path, in_a == kNone ? kAbsent : diff_.text_.value(a, field, in_a),
           in_b == kNone ? kAbsent : diff_.text_.value(b, field, in_b));
  }

  void values(const std::string& path, std::string a, std::string b) {
    if (a != b) differ(path, std::move(a), std::move(b));
  }

  const FieldDiff& diff_;
  const std::string& where_;
  std::vector<Difference>& out_;
};

void FieldDiff::compare(const std::string& where, const Message* a, const Message* b,
                        std::vector<Difference>& out) const {
  Walk walk(*this, where, out);
  if (a != nullptr && b != nullptr)
    walk.messages("", *a, *b);
  else
    walk.differ("", a == nullptr ? kAbsent : "present", b == nullptr ? kAbsent : "present");
}

}  // namespace cr::engine
