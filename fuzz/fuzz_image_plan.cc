// A whole image through everything that a restore does before there is a task. What is accepted can be shown,
// printed and planned; nothing is refused as our own mistake, and a plan never touches what carries it out
// (compile() checks that).
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "cr/engine/compile.h"
#include "cr/engine/load.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxImage) return -1;
  const cr::sys::UniqueFd fd(::memfd_create("image", MFD_CLOEXEC));
  if (!fd.valid() || ::pwrite(fd.get(), data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  const auto loaded = cr::engine::load(fmt::format("/proc/self/fd/{}", fd.get()));
  if (!loaded) {
    const cr::ErrorKind kind = loaded.error().kind();
    // A parent cannot be there.
    FUZZ_REQUIRE(kind == cr::ErrorKind::kInvalidImage || kind == cr::ErrorKind::kConflict);
    return 0;
  }
  for (const auto& [key, message] : loaded->records.by_key()) {
    const std::string bytes = message->SerializeAsString();
    const std::unique_ptr<google::protobuf::Message> again(message->New());
    FUZZ_REQUIRE(again->ParseFromString(bytes) && again->SerializeAsString() == bytes);
  }
  const auto plan = cr::engine::compile(loaded->records);
  FUZZ_REQUIRE(plan || plan.error().kind() == cr::ErrorKind::kUnsupported ||
               plan.error().kind() == cr::ErrorKind::kInvalidImage);
  return 0;
}
