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
    pages.push_back(
        {{"id", id}, {"pages", image.reader->pages().pages(id)}, {"stored", stored_bytes(extents)}});
  const nlohmann::json all = {
      {"origin", message_to_json(image.origin)}, {"records", records}, {"pages", pages}};
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
