// What is printed of an image: any that loads is shown as JSON that parses, and as text; so is its plan.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cr/cli/show.h"
#include "cr/cli/summary.h"
#include "cr/engine/compile.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxImage) return -1;
  const cr::sys::UniqueFd fd(::memfd_create("image", MFD_CLOEXEC));
  if (!fd.valid() || ::pwrite(fd.get(), data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  const auto loaded = cr::engine::load(fmt::format("/proc/self/fd/{}", fd.get()));
  if (!loaded) return 0;
  const auto shown = nlohmann::json::parse(cr::cli::to_json(*loaded));
  FUZZ_REQUIRE(shown["records"].size() == loaded->records.by_key().size());
  FUZZ_REQUIRE(!cr::cli::to_text(*loaded).empty() && !cr::cli::summary_of(*loaded).empty());
  const auto plan = cr::engine::compile(loaded->records);
  if (!plan) return 0;
  FUZZ_REQUIRE(nlohmann::json::parse(cr::cli::plan_to_json(*plan)).is_object());
  FUZZ_REQUIRE(!cr::cli::plan_to_text(*plan).empty());
  return 0;
}
