#include "cr/engine/load.h"

#include "cr/engine/compile.h"
#include "cr/kinds/shape.h"

namespace cr::engine {
namespace {

const google::protobuf::Message* prototype_of(uint32_t type) {
  for (const auto& kind : kinds::all_kinds())
    for (const kinds::Schema& schema : kind->schemas())
      if (schema.type == type) return schema.prototype;
  return nullptr;
}

Result<void> decode(const image::Reader& reader, const image::Section& section, Loaded& out) {
  const std::string payload = CR_TRY(reader.record(section.key.type, section.key.id));
  if (section.key.type == kinds::kOriginRecord) {
    if (!out.origin.ParseFromString(payload))
      return kinds::invalid("the origin record is no message of its kind");
    return {};
  }
  const google::protobuf::Message* prototype = prototype_of(section.key.type);
  if (prototype == nullptr)
    return kinds::invalid("record of type {}, unknown to this engine: a newer one wrote it",
                          section.key.type);
  std::unique_ptr<google::protobuf::Message> message(prototype->New());
  if (!message->ParseFromString(payload))
    return kinds::invalid("record {} {} is no message of its kind", prototype->GetTypeName(), section.key.id);
  out.records.add(static_cast<kinds::RecordType>(section.key.type), section.key.id, std::move(message));
  return {};
}

}  // namespace

Result<Loaded> load(const std::string& path) {
  Loaded out{CR_TRY(image::Reader::open(path)), {}, {}, {}};
  out.verified = CR_TRY(out.reader.verify());
  if (!out.reader.has_record(kinds::kOriginRecord, 0)) return kinds::invalid("{}: no origin record", path);
  for (const image::Section& section : out.reader.sections()) {
    if (section.key.type == image::kPages) {
      if (const auto pages = out.reader.pages(section.key.id)) out.records.pages[section.key.id] = *pages;
      continue;
    }
    CR_TRY(decode(out.reader, section, out), "{}", path);
  }
  CR_TRY(validate(out.records), "{}", path);
  return out;
}

}  // namespace cr::engine
