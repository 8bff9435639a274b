// What is printed of an image: any that loads is shown as JSON that parses, and as text; so is its plan.
#include <nlohmann/json.hpp>

#include "cr/cli/show.h"
#include "cr/cli/summary.h"
#include "cr/engine/compile.h"
#include "fuzz/fuzz.h"
#include "fuzz/image_file.h"
#include "fuzz/parent.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxImage) return -1;
  const cr::sys::UniqueFd fd = fuzz::file_of(data, size);
  const auto loaded = cr::engine::load(fuzz::path_of(fd), {&fuzz::parent_path(), 1});
  if (!loaded) return 0;
  const auto shown = nlohmann::json::parse(cr::cli::to_json(*loaded));
  FUZZ_REQUIRE(shown["records"].size() == loaded->records.by_key().size());
  FUZZ_REQUIRE(shown["header"]["image_id"] == cr::image::to_text(loaded->reader->image_id()));
  for (const auto& object : shown["pages"]) {
    const auto& extents = loaded->reader->pages().objects().at(object["id"].get<uint64_t>());
    FUZZ_REQUIRE(object["extents"].size() == extents.size());
  }
  FUZZ_REQUIRE(!cr::cli::to_text(*loaded).empty() && !cr::cli::summary_of(*loaded).empty());
  const auto plan = cr::engine::compile(loaded->records);
  if (!plan) return 0;
  FUZZ_REQUIRE(nlohmann::json::parse(cr::cli::plan_to_json(*plan)).is_object());
  FUZZ_REQUIRE(!cr::cli::plan_to_text(*plan).empty());
  return 0;
}
