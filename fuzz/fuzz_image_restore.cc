// The same image restored from a file and from a stream, up to the point where tasks would be let go: both
// are refused or both are not, with the same plan, and the same bytes come to lie in the same places.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <vector>

#include "cr/base/numbers.h"
#include "cr/cli/show.h"
#include "cr/engine/compile.h"
#include "cr/engine/filler.h"
#include "cr/engine/load.h"
#include "fuzz/fuzz.h"
#include "fuzz/image_file.h"
#include "fuzz/moderate.h"
#include "fuzz/parent.h"
#include "fuzz/pipe.h"

namespace {

using cr::Result;
using cr::image::Reader;
using cr::kinds::PageFill;
using cr::kinds::Plan;

// What stands in for tasks and shared objects: zeros at every address, until something is written.
class Memory {
 public:
  Result<int> of(pid_t pid, int store_number) {
    cr::sys::UniqueFd& fd = spaces_[{pid, store_number}];
    if (!fd.valid()) {
      fd = cr::sys::UniqueFd(::memfd_create("memory", MFD_CLOEXEC));
      if (!fd.valid() || ::ftruncate(fd.get(), off_t{1} << 47) != 0) std::abort();
    }
    return fd.get();
  }

  std::string at(pid_t pid, int store_number, const PageFill& fill) {
    std::string bytes(fill.pages * cr::kPageSize, '?');
    const int fd = of(pid, store_number).value();
    FUZZ_REQUIRE(cr::sys::pread_fully(fd, std::as_writable_bytes(std::span(bytes)), fill.address));
    return bytes;
  }

 private:
  std::map<std::pair<pid_t, int>, cr::sys::UniqueFd> spaces_;
};

cr::engine::Filler filler(const Plan& plan, Memory& memory) {
  return cr::engine::Filler(plan,
                            [&memory](pid_t pid, int store_number) { return memory.of(pid, store_number); });
}

struct Restored {
  Plan plan;
  Memory memory;
};

Result<void> always() { return {}; }

Result<Restored> from_stream(cr::image::Stream& stream) {
  auto scanner = CR_TRY(cr::image::Scanner::begin(stream));
  const auto loaded = CR_TRY(cr::engine::load_records(scanner, "input", {&fuzz::parent_path(), 1}));
  Restored restored{CR_TRY(cr::engine::compile(loaded.records)), {}};
  CR_TRY(filler(restored.plan, restored.memory).fill_from(scanner, loaded.parent_of_stream.get(), always));
  return restored;
}

// `with_table`: as a restore does it, where tasks read for themselves what they can.
Result<Restored> from_file(cr::engine::Loaded& loaded, bool with_table) {
  loaded.records.pages = with_table ? &loaded.reader->pages() : nullptr;
  Restored restored{CR_TRY(cr::engine::compile(loaded.records)), {}};
  CR_TRY(filler(restored.plan, restored.memory).fill_from(*loaded.reader, always));
  return restored;
}

// Where the one put pages, the other has the same.
void compare(Restored& one, Restored& other) {
  for (const auto& [name, fills] : one.plan.store_fills)
    for (const PageFill& fill : fills)
      FUZZ_REQUIRE(one.memory.at(0, one.plan.store_numbers.at(name), fill) ==
                   other.memory.at(0, other.plan.store_numbers.at(name), fill));
  for (const auto& [pid, process] : one.plan.processes)
    for (const PageFill& fill : process.fills)
      FUZZ_REQUIRE(one.memory.at(pid, 0, fill) == other.memory.at(pid, 0, fill));
}

void require_refusal(const cr::Error& error) {
  FUZZ_REQUIRE(error.kind() == cr::ErrorKind::kInvalidImage || error.kind() == cr::ErrorKind::kConflict ||
               error.kind() == cr::ErrorKind::kUnsupported);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxImage) return -1;
  const cr::sys::UniqueFd fd = fuzz::file_of(data, size);
  // What is no image at all is image_stream's business.
  const auto reader = Reader::open(fuzz::path_of(fd));
  if (!reader || !fuzz::is_moderate(*reader)) return -1;

  const fuzz::Pipe pipe(data, size);
  cr::image::Stream stream = cr::image::Stream::of_pipe(pipe.fd());
  auto streamed = from_stream(stream);
  if (!streamed) require_refusal(streamed.error());
  auto loaded = cr::engine::load(fuzz::path_of(fd), {&fuzz::parent_path(), 1});
  if (!loaded) {
    require_refusal(loaded.error());
    FUZZ_REQUIRE(!streamed);
    return 0;
  }
  auto restored = from_file(*loaded, false);
  FUZZ_REQUIRE(restored.has_value() == streamed.has_value());
  if (!restored) return 0;
  FUZZ_REQUIRE(cr::cli::plan_to_text(restored->plan) == cr::cli::plan_to_text(streamed->plan));
  compare(*streamed, *restored);
  // Programs with reads in them are longer; where they find no place, they do without.
  auto with_reads = from_file(*loaded, true);
  FUZZ_REQUIRE(with_reads);
  compare(*with_reads, *restored);
  return 0;
}
