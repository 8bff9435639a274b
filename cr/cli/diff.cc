#include "cr/cli/diff.h"

#include "cr/engine/diff.h"

namespace cr::cli {
namespace {

std::string to_text(const engine::Comparison& found) {
  std::string text;
  for (const engine::Difference& each : found.fields)
    text += fmt::format("{}{}{}: {} -> {}\n", each.where, each.field.empty() ? "" : " ", each.field, each.a,
                        each.b);
  for (const engine::PageDifference& each : found.pages)
    text += fmt::format("{}: {} pages differ, the first at {:#x}\n", each.where, each.pages, each.first);
  return text.empty() ? "no difference\n" : text;
}

nlohmann::json to_json(const engine::Comparison& found) {
  nlohmann::json fields = nlohmann::json::array(), pages = nlohmann::json::array();
  for (const engine::Difference& each : found.fields)
    fields.push_back({{"where", each.where}, {"field", each.field}, {"a", each.a}, {"b", each.b}});
  for (const engine::PageDifference& each : found.pages)
    pages.push_back({{"where", each.where}, {"differ", each.pages}, {"first", each.first}});
  return {{"same", found.same()}, {"fields", fields}, {"pages", pages}};
}

}  // namespace

Result<int> diff(const Arguments& arguments, const engine::Operation& operation, const Output& output) {
  const auto& parents = arguments.parents;
  const engine::Loaded a = CR_TRY(engine::load(arguments.file, parents, operation), "diff");
  const engine::Loaded b = CR_TRY(engine::load(arguments.other, parents, operation), "diff");
  const engine::Comparison found = CR_TRY(engine::diff(a, b, arguments.all, operation), "diff");
  std::string text = to_text(found);
  text.pop_back();  // its last newline comes with the line
  CR_TRY(output.result(to_json(found), text));
  return found.same() ? 0 : kDiffer;
}

}  // namespace cr::cli
