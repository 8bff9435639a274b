#include "cr/engine/load.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "cr/engine/parents.h"
#include "cr/engine/validate.h"
#include "cr/kinds/shape.h"

namespace cr::engine {
namespace {

// An empty message of two bytes takes a hundred and more when it is decoded, so the fields of a record are
// counted before. The densest honest record is a table of descriptors.
Result<void> check_density(const std::string& payload) {
  constexpr uint64_t kFewFields = 1024, kBytesPerField = 6;
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(payload.data()),
                                            static_cast<int>(payload.size()));
  uint64_t fields = 0;
  for (uint32_t tag = in.ReadTag(); tag != 0 && WireFormatLite::SkipField(&in, tag); tag = in.ReadTag())
    ++fields;
  if (fields <= kFewFields + payload.size() / kBytesPerField) return {};
  return kinds::invalid("{} fields in {} bytes", fields, payload.size());
}

Result<void> decode(image::SectionKey key, const std::string& payload, Loaded& out) {
  if (key.type == kinds::kOriginRecord) {
    if (key.id != 0 || !out.origin.ParseFromString(payload))
      return kinds::invalid("the origin record is no message of its kind");
    return {};
  }
  const google::protobuf::Message* prototype = kinds::prototype_of(key.type);
  if (prototype == nullptr)
    return kinds::invalid("record of type {}, unknown to this engine: a newer one wrote it", key.type);
  CR_TRY(check_density(payload), "record {} {}", prototype->GetTypeName(), key.id);
  std::unique_ptr<google::protobuf::Message> message(prototype->New());
  if (!message->ParseFromString(payload))
    return kinds::invalid("record {} {} is no message of its kind", prototype->GetTypeName(), key.id);
  out.records.add(static_cast<kinds::RecordType>(key.type), key.id, std::move(message));
  return {};
}

}  // namespace

Result<Loaded> load(const std::string& path, std::span<const std::string> parents) {
  Loaded out;
  const auto reader = std::make_shared<image::Reader>(CR_TRY(image::Reader::open(path)));
  out.verified = CR_TRY(reader->verify());
  if (!reader->has_record(kinds::kOriginRecord, 0)) return kinds::invalid("{}: no origin record", path);
  for (const image::Section& section : reader->records())
    CR_TRY(decode(section.key, CR_TRY(reader->record(section.key.type, section.key.id)), out), "{}", path);
  CR_TRY(attach_parents(*reader, out.origin, parents));
  out.records.pages = &reader->pages();
  out.reader = reader;
  CR_TRY(validate(out.records), "{}", path);
  return out;
}

Result<Loaded> load_records(image::Scanner& stream, const std::string& name,
                            std::span<const std::string> parents) {
  Loaded out;
  bool has_origin = false;
  CR_TRY(stream.records([&](image::SectionKey key, const std::string& payload) -> Result<void> {
    has_origin = has_origin || key == image::SectionKey{kinds::kOriginRecord, 0};
    return decode(key, payload, out);
  }),
         "{}", name);
  if (!has_origin) return kinds::invalid("{}: no origin record", name);
  CR_TRY(validate(out.records), "{}", name);
  if ((stream.header().required_features & image::kFeatureParent) != 0)
    out.parent_of_stream = CR_TRY(find_parent(stream.header().parent_id, name, out.origin, parents));
  return out;
}

}  // namespace cr::engine
