#include "cr/engine/parents.h"

#include <filesystem>
#include <set>
#include <vector>

#include "cr/engine/validate_origin.h"
#include "cr/kinds/record_types.h"
#include "cr/kinds/records.h"

namespace cr::engine {
namespace {

namespace fs = std::filesystem;

// Walks from child to parent; each image is met once, or they go round in a circle.
class Ancestry {
 public:
  Ancestry(std::span<const std::string> given, const Operation& operation)
      : given_(given), operation_(operation) {}

  Result<std::shared_ptr<const image::Reader>> parent_of(const image::ImageId& id, const std::string& child,
                                                         const kinds::Origin& origin) {
    if (!seen_.insert(id).second)
      return kinds::invalid("{}: image {} is among its own ancestors", child, image::to_text(id));
    auto parent = std::make_shared<image::Reader>(CR_TRY(find(id, child, origin)));
    CR_TRY(verify(*parent, operation_));
    const kinds::Origin its_origin =
        CR_TRY(decode_origin(CR_TRY(parent->record(kinds::kOriginRecord, 0))), "{}", parent->name());
    CR_TRY(attach(*parent, its_origin));
    return parent;
  }

  Result<void> attach(image::Reader& image, const kinds::Origin& origin) {
    const auto id = image.parent_id();
    if (!id) return {};
    return image.attach_parent(CR_TRY(parent_of(*id, image.name(), origin)));
  }

 private:
  // Where an image may be.
  struct Place {
    std::string path;
    Result<image::Reader> reader;
  };

  Result<image::Reader> find(const image::ImageId& id, const std::string& child,
                             const kinds::Origin& origin) {
    if (places_.empty())
      for (const std::string& path : given_) places_.push_back({path, image::Reader::open(path)});
    std::string tried;
    for (Place& place : places_)
      if (is_it(place, id, origin.parent_checksum(), tried)) return std::move(place.reader);
    if (!origin.parent_path().empty()) {
      const std::string path = fs::path(child).parent_path() / origin.parent_path();
      Place named{path, image::Reader::open(path)};
      if (is_it(named, id, origin.parent_checksum(), tried)) return std::move(named.reader);
    }
    return fail(ErrorKind::kConflict,
                "{} inherits pages from image {}, which is not there: name it with --parent{}", child,
                image::to_text(id), tried);
  }

  // `checksum` 0: any. An id is no secret, so an image with other content can be given it.
  static bool is_it(const Place& place, const image::ImageId& id, uint64_t checksum, std::string& tried) {
    const bool has_id = place.reader && place.reader->image_id() == id;
    if (has_id && (checksum == 0 || place.reader->checksum() == checksum)) return true;
    tried += "; ";
    if (has_id)
      tried += fmt::format("{} has its id, but was changed since", place.path);
    else
      tried += place.reader ? fmt::format("{} is another image", place.path) : place.reader.error().message();
    return false;
  }

  std::span<const std::string> given_;
  const Operation& operation_;
  std::vector<Place> places_;  // the given ones, looked at once however many generations ask
  std::set<image::ImageId> seen_;
};

}  // namespace

Result<image::VerifyReport> verify(const image::Reader& image, const Operation& operation) {
  uint64_t tenths = 0;
  operation.step(fmt::format("verifying {}", image.name()));
  return image.verify([&](uint64_t done_bytes, uint64_t total_bytes) {
    const uint64_t now = done_bytes / (total_bytes / 10 + 1);
    if (now > tenths && done_bytes < total_bytes)
      operation.step(fmt::format("verifying {}: {}0%", image.name(), tenths = now));
    return operation.check_time();
  });
}

Result<void> attach_parents(image::Reader& image, const kinds::Origin& origin,
                            std::span<const std::string> given, const Operation& operation) {
  return Ancestry(given, operation).attach(image, origin);
}

Result<std::shared_ptr<const image::Reader>> find_parent(const image::ImageId& id, const std::string& name,
                                                         const kinds::Origin& origin,
                                                         std::span<const std::string> given,
                                                         const Operation& operation) {
  return Ancestry(given, operation).parent_of(id, name, origin);
}

Result<std::string> path_for_child(const std::string& parent, const std::string& image) {
  std::error_code error;
  const fs::path there = fs::canonical(parent, error);
  if (error) return fail(ErrorKind::kSystem, "{}: {}", parent, error.message());
  if (image.empty()) return there.string();
  const fs::path folder = fs::canonical(fs::absolute(image).parent_path(), error);
  if (error) return fail(ErrorKind::kSystem, "the folder of {}: {}", image, error.message());
  const fs::path relative = there.lexically_relative(folder);
  return relative.empty() || relative.begin()->string() == ".." ? there.string() : relative.string();
}

}  // namespace cr::engine
