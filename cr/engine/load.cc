#include "cr/engine/load.h"

#include "cr/engine/parents.h"
#include "cr/engine/parse.h"
#include "cr/engine/validate.h"
#include "cr/engine/validate_origin.h"
#include "cr/kinds/shape.h"

namespace cr::engine {
namespace {

Result<void> decode(image::SectionKey key, const std::string& payload, Loaded& out) {
  if (key.type == kinds::kOriginRecord) {
    if (key.id != 0) return kinds::invalid("an origin record with the id {}", key.id);
    out.origin = CR_TRY(decode_origin(payload));
    return {};
  }
  const google::protobuf::Message* prototype = kinds::prototype_of(key.type);
  if (prototype == nullptr)
    return kinds::invalid("record of type {}, unknown to this engine: a newer one wrote it", key.type);
  std::unique_ptr<google::protobuf::Message> message(prototype->New());
  CR_TRY(parse(payload, *message), "record {} {}", prototype->GetTypeName(), key.id);
  out.records.add(static_cast<kinds::RecordType>(key.type), key.id, std::move(message));
  return {};
}

}  // namespace

Result<Loaded> load(const std::string& path, std::span<const std::string> parents,
                    const Operation& operation) {
  Loaded out;
  const auto reader = std::make_shared<image::Reader>(CR_TRY(image::Reader::open(path)));
  out.verified = CR_TRY(verify(*reader, operation));
  if (!reader->has_record(kinds::kOriginRecord, 0)) return kinds::invalid("{}: no origin record", path);
  for (const image::Section& section : reader->records()) {
    CR_TRY(operation.check_time(), "{}", path);
    CR_TRY(decode(section.key, CR_TRY(reader->record(section.key.type, section.key.id)), out), "{}", path);
  }
  out.records.pages = &reader->pages();
  out.reader = reader;
  // First what is wrong with the image itself, as in a stream: then what is wrong with the place.
  CR_TRY(validate(out.records), "{}", path);
  CR_TRY(validate_origin(out.origin, out.records), "{}", path);
  CR_TRY(attach_parents(*reader, out.origin, parents, operation));
  CR_TRY(operation.check_time(), "{}", path);
  return out;
}

Result<Loaded> load_records(image::Scanner& stream, const std::string& name,
                            std::span<const std::string> parents, const Operation& operation) {
  Loaded out;
  bool has_origin = false;
  CR_TRY(stream.records([&](image::SectionKey key, const std::string& payload) -> Result<void> {
    has_origin = has_origin || key == image::SectionKey{kinds::kOriginRecord, 0};
    return decode(key, payload, out);
  }),
         "{}", name);
  if (!has_origin) return kinds::invalid("{}: no origin record", name);
  CR_TRY(validate(out.records), "{}", name);
  CR_TRY(validate_origin(out.origin, out.records), "{}", name);
  if ((stream.header().required_features & image::kFeatureParent) != 0)
    out.parent_of_stream =
        CR_TRY(find_parent(stream.header().parent_id, name, out.origin, parents, operation));
  return out;
}

}  // namespace cr::engine
