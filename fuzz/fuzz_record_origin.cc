// Any bytes as the origin of a sound tree's image, which may inherit from another: the same verdict for a
// file and a stream; what is accepted is what was written, can be printed, and this machine has an answer to
// it.
#include <nlohmann/json.hpp>

#include "cr/cli/show.h"
#include "cr/cli/summary.h"
#include "cr/engine/origin.h"
#include "fuzz/fuzz.h"
#include "fuzz/image_file.h"
#include "fuzz/parent.h"
#include "fuzz/pipe.h"
#include "fuzz/small_tree.h"

namespace {

using cr::engine::Loaded;
using cr::image::Writer;

cr::Result<void> write_image(fuzz::Inherits inherits, std::string_view origin, int fd) {
  static const fuzz::SmallTree tree = fuzz::small_tree();
  cr::image::WriterOptions options;
  if (inherits == fuzz::Inherits::kEverything) options.parent = fuzz::kParentId;
  Writer writer = CR_TRY(Writer::to_stream(fd, "input", options));
  CR_TRY(fuzz::write_tree(tree, origin, inherits, writer));
  CR_TRY(writer.commit());
  return {};
}

cr::Result<Loaded> load_stream(const std::string& image, const std::string& name,
                               std::span<const std::string> parents) {
  const fuzz::Pipe pipe(reinterpret_cast<const uint8_t*>(image.data()), image.size());
  cr::image::Stream stream = cr::image::Stream::of_pipe(pipe.fd());
  auto scanner = CR_TRY(cr::image::Scanner::begin(stream));
  return cr::engine::load_records(scanner, name, parents);
}

void require_same_verdict(const cr::Result<Loaded>& file, const cr::Result<Loaded>& stream) {
  FUZZ_REQUIRE(file.has_value() == stream.has_value());
  if (!file) FUZZ_REQUIRE(file.error().kind() == stream.error().kind());
}

void require_printable(const Loaded& image) {
  FUZZ_REQUIRE(nlohmann::json::parse(cr::cli::to_json(image))["origin"].is_object());
  FUZZ_REQUIRE(!cr::cli::to_text(image).empty() && !cr::cli::summary_of(image).empty());
}

// Whether the one image that can be inherited from is another than the origin means.
bool means_another_parent(fuzz::Inherits inherits, const cr::kinds::Origin& origin) {
  return inherits == fuzz::Inherits::kEverything && origin.parent_checksum() != 0 &&
         origin.parent_checksum() != fuzz::parent_reader()->checksum();
}

void judge(fuzz::Inherits inherits, std::string_view bytes, const cr::kinds::Origin& origin) {
  const cr::sys::UniqueFd fd = fuzz::file_of("", 0);
  FUZZ_REQUIRE(write_image(inherits, bytes, fd.get()));
  const std::string path = fuzz::path_of(fd), image = cr::sys::read_file(path).value();
  const auto named = cr::engine::load(path, {&fuzz::parent_path(), 1});
  require_same_verdict(named, load_stream(image, path, {&fuzz::parent_path(), 1}));
  if (!named) {
    FUZZ_REQUIRE(
        named.error().kind() == cr::ErrorKind::kInvalidImage ||
        (named.error().kind() == cr::ErrorKind::kConflict && means_another_parent(inherits, origin)));
    return;
  }
  FUZZ_REQUIRE(!means_another_parent(inherits, origin));
  FUZZ_REQUIRE(named->origin.SerializeAsString() == origin.SerializeAsString());
  require_printable(*named);
  cr::kinds::Origin asked = named->origin;
  asked.clear_word_sizes();  // whether 32-bit programs run is found out by running one
  const auto here = cr::engine::check_origin(asked);
  FUZZ_REQUIRE(here || here.error().kind() == cr::ErrorKind::kConflict);
  if (inherits == fuzz::Inherits::kNothing) return;
  // Nobody names the parent but the origin, which leads to another image, to none, or to nothing.
  const auto alone = cr::engine::load(path);
  require_same_verdict(alone, load_stream(image, path, {}));
  FUZZ_REQUIRE(alone || alone.error().kind() == cr::ErrorKind::kConflict);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  cr::kinds::Origin origin, again;
  if (!origin.ParseFromArray(data, static_cast<int>(size))) return -1;
  const std::string once = origin.SerializeAsString();
  FUZZ_REQUIRE(again.ParseFromString(once) && again.SerializeAsString() == once);
  for (const auto inherits : {fuzz::Inherits::kNothing, fuzz::Inherits::kEverything})
    judge(inherits, fuzz::as_text(data, size), origin);
  return 0;
}
