#include "fuzz/parent.h"

#include <cstring>

#include "cr/image/format.h"
#include "fuzz/fuzz.h"
#include "fuzz/image_file.h"
#include "fuzz/mutation/repair.h"
#include "fuzz/small_tree.h"

namespace fuzz {
namespace {

// A writer's ids are random, so the one that everybody knows is put in afterwards.
cr::sys::UniqueFd make() {
  const cr::sys::UniqueFd written = file_of("", 0);
  auto writer = cr::image::Writer::to_stream(written.get(), "parent");
  FUZZ_REQUIRE(writer && write_tree(small_tree(), Inherits::kNothing, *writer) && writer->commit());
  std::string image = cr::sys::read_file(path_of(written)).value();
  std::memcpy(image.data() + offsetof(cr::image::Header, image_id), kParentId.data(), kParentId.size());
  image = repair(std::as_bytes(std::span(image)), kMaxImage);
  return file_of(image.data(), image.size());
}

}  // namespace

const std::string& parent_path() {
  static const cr::sys::UniqueFd file = make();
  static const std::string path = path_of(file);
  return path;
}

std::shared_ptr<const cr::image::Reader> parent_reader() {
  return std::make_shared<cr::image::Reader>(cr::image::Reader::open(parent_path()).value());
}

}  // namespace fuzz
