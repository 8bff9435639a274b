// A whole image through everything that a restore does before there is a task. What is accepted can be shown,
// printed and planned; nothing is refused as our own mistake, and a plan never touches what carries it out
// (compile() checks that).
#include "cr/engine/compile.h"
#include "cr/engine/load.h"
#include "cr/kinds/memory/exchange_vdso.h"
#include "fuzz/fuzz.h"
#include "fuzz/image_file.h"
#include "fuzz/parent.h"

namespace {

// Looked at once: for the 32-bit one that takes a process.
const cr::kinds::OwnVdsos& own_vdsos() {
  static const cr::kinds::OwnVdsos own = [] {
    cr::kinds::OwnVdsos found;
    for (const cr::WordSize size : {cr::WordSize::k64, cr::WordSize::k32})
      found[size] = cr::kinds::own_vdso(size).value_or(std::nullopt);
    return found;
  }();
  return own;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxImage) return -1;
  const cr::sys::UniqueFd fd = fuzz::file_of(data, size);
  const auto loaded = cr::engine::load(fuzz::path_of(fd), {&fuzz::parent_path(), 1});
  if (!loaded) {
    const cr::ErrorKind kind = loaded.error().kind();
    // Any other parent than ours cannot be there.
    FUZZ_REQUIRE(kind == cr::ErrorKind::kInvalidImage || kind == cr::ErrorKind::kConflict);
    return 0;
  }
  for (const auto& [key, message] : loaded->records.by_key()) {
    const std::string bytes = message->SerializeAsString();
    const std::unique_ptr<google::protobuf::Message> again(message->New());
    FUZZ_REQUIRE(again->ParseFromString(bytes) && again->SerializeAsString() == bytes);
  }
  const auto plan = cr::engine::compile(loaded->records);
  FUZZ_REQUIRE(plan || plan.error().kind() == cr::ErrorKind::kUnsupported);
  // Its vdso is not that of the kernel here, so each task with one gets both; or the image is refused.
  const auto exchanges = cr::kinds::exchange_vdsos(loaded->records, own_vdsos());
  if (!exchanges) {
    const cr::ErrorKind kind = exchanges.error().kind();
    FUZZ_REQUIRE(kind == cr::ErrorKind::kInvalidImage || kind == cr::ErrorKind::kConflict);
    return 0;
  }
  const auto here = cr::engine::compile(loaded->records, *exchanges);
  FUZZ_REQUIRE(here || here.error().kind() == cr::ErrorKind::kUnsupported);
  return 0;
}
