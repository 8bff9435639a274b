#include "cr/cli/show.h"

#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>

#include "cr/executor/text.h"
#include "cr/kinds/record_text.h"

namespace cr::cli {
namespace {

// The names of the schema, bytes in base64, every field present.
nlohmann::json message_to_json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return nullptr;
  return nlohmann::json::parse(text);
}

uint64_t stored_bytes(const std::vector<image::Extent>& extents) {
  uint64_t sum = 0;
  for (const image::Extent& extent : extents) sum += extent.stored;
  return sum;
}

// An array, so that a bit without a name here is one all the same.
nlohmann::json bits_of(uint64_t features) {
  nlohmann::json bits = nlohmann::json::array();
  for (int bit = 0; bit < 64; ++bit)
    if ((features >> bit & 1) != 0) bits.push_back(bit);
  return bits;
}

nlohmann::json header_to_json(const image::Reader& image) {
  const image::Header& header = image.header();
  const auto parent = image.parent_id();
  return {{"major_version", header.major_version},
          {"minor_version", header.minor_version},
          {"page_size", header.page_size},
          {"required_features", bits_of(header.required_features)},
          {"optional_features", bits_of(header.optional_features)},
          {"image_id", image::to_text(header.image_id)},
          {"parent_id", parent ? nlohmann::json(image::to_text(*parent)) : nlohmann::json()}};
}

std::string_view name_of(image::ExtentKind kind) {
  switch (kind) {
    case image::ExtentKind::kRaw:
      return "raw";
    case image::ExtentKind::kZero:
      return "zero";
    case image::ExtentKind::kZstd:
      return "zstd";
    case image::ExtentKind::kSame:
      return "same";
    case image::ExtentKind::kParent:
      return "parent";
  }
  return "";
}

nlohmann::json extent_to_json(const image::Extent& extent) {
  nlohmann::json source;  // null
  if (extent.kind == image::ExtentKind::kSame || extent.kind == image::ExtentKind::kParent)
    source = {{"id", extent.source_id}, {"first", extent.source_page}};
  return {{"first", extent.first},
          {"pages", extent.pages},
          {"kind", name_of(extent.kind)},
          {"stored", extent.stored},
          {"source", source}};
}

nlohmann::json object_to_json(uint64_t id, const std::vector<image::Extent>& extents) {
  nlohmann::json all = nlohmann::json::array();
  for (const image::Extent& extent : extents) all.push_back(extent_to_json(extent));
  return {{"id", id},
          {"pages", extents.empty() ? 0 : extents.back().end()},
          {"stored", stored_bytes(extents)},
          {"extents", all}};
}

std::string_view role_of(const kinds::ProcessPlan& process) {
  switch (process.role) {
    case kinds::ProcessPlan::Role::kZombie:
      return "zombie";
    case kinds::ProcessPlan::Role::kStandIn:
      return "stand-in";
    default:
      return "task";
  }
}

}  // namespace

std::string to_json(const engine::Loaded& image) {
  nlohmann::json records = nlohmann::json::array();
  for (const auto& [key, message] : image.records.by_key())
    records.push_back({{"type", message->GetDescriptor()->name()},
                       {"id", key.second},
                       {"record", message_to_json(*message)}});
  nlohmann::json pages = nlohmann::json::array();
  for (const auto& [id, extents] : image.reader->pages().objects())
    pages.push_back(object_to_json(id, extents));
  const nlohmann::json all = {{"header", header_to_json(*image.reader)},
                              {"origin", message_to_json(image.origin)},
                              {"records", records},
                              {"pages", pages}};
  return all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string to_text(const engine::Loaded& image) {
  const kinds::RecordText record;
  std::string text = "Origin\n" + record.lines(image.origin);
  for (const auto& [key, message] : image.records.by_key())
    text += fmt::format("\n{} {}\n{}", message->GetDescriptor()->name(), key.second, record.lines(*message));
  for (const auto& [id, extents] : image.reader->pages().objects())
    text += fmt::format("\nPages of {:#x}: {}, stored in {} bytes\n", id, image.reader->pages().pages(id),
                        stored_bytes(extents));
  return text;
}

std::string plan_to_text(const kinds::Plan& plan) {
  std::string text = exec::to_string(plan.store.list(0));
  for (const auto& [pid, process] : plan.processes) {
    if (process.role != kinds::ProcessPlan::Role::kTask) {
      text += fmt::format("\npid {}: a {}, made by pid {} in list {}\n", pid, role_of(process),
                          process.runs_in, process.runs_list);
      continue;
    }
    text += fmt::format("\npid {}: {}-bit, built from {:#x}\n", pid, static_cast<int>(process.word_size),
                        process.area_base);
    for (uint32_t i = 0; i < process.program.list_count(); ++i)
      text += exec::to_string(process.program.list(i));
  }
  return text;
}

std::string plan_to_json(const kinds::Plan& plan) {
  const auto list_to_json = [](const exec::ListBuilder& list) {
    nlohmann::json ops = nlohmann::json::array();
    for (uint32_t i = 0; i < list.size(); ++i)
      ops.push_back({{"op", exec::to_string(list.ops()[i])}, {"reason", list.reason_of(i)}});
    return nlohmann::json{{"name", list.name()}, {"ops", ops}};
  };
  nlohmann::json processes = nlohmann::json::array();
  for (const auto& [pid, process] : plan.processes) {
    nlohmann::json lists = nlohmann::json::array();
    for (uint32_t i = 0; i < process.program.list_count(); ++i)
      lists.push_back(list_to_json(process.program.list(i)));
    processes.push_back({{"pid", pid},
                         {"role", role_of(process)},
                         {"word_size", static_cast<int>(process.word_size)},
                         {"lists", lists}});
  }
  const nlohmann::json all = {
      {"root", plan.root}, {"store", list_to_json(plan.store.list(0))}, {"processes", processes}};
  return all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace cr::cli
