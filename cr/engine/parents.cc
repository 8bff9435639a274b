#include "cr/engine/parents.h"

#include <filesystem>
#include <set>
#include <vector>

#include "cr/kinds/record_types.h"
#include "cr/kinds/records.h"

namespace cr::engine {
namespace {

namespace fs = std::filesystem;

// Walks from child to parent; each image is met once, or they go round in a circle.
class Ancestry {
 public:
  explicit Ancestry(std::span<const std::string> given) : given_(given) {}

  Result<std::shared_ptr<const image::Reader>> parent_of(const image::ImageId& id, const std::string& child,
                                                         const kinds::Origin& origin) {
    if (!seen_.insert(id).second)
      return kinds::invalid("{}: image {} is among its own ancestors", child, image::to_text(id));
    auto parent = std::make_shared<image::Reader>(CR_TRY(find(id, child, origin)));
    CR_TRY(parent->verify());
    kinds::Origin its_origin;
    if (!its_origin.ParseFromString(CR_TRY(parent->record(kinds::kOriginRecord, 0))))
      return kinds::invalid("{}: the origin record is no message of its kind", parent->name());
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
      if (is_it(place, id, tried)) return std::move(place.reader);
    if (!origin.parent_path().empty()) {
      const std::string path = fs::path(child).parent_path() / origin.parent_path();
      Place named{path, image::Reader::open(path)};
      if (is_it(named, id, tried)) return std::move(named.reader);
    }
    return fail(ErrorKind::kConflict,
                "{} inherits pages from image {}, which is not there: name it with --parent{}", child,
                image::to_text(id), tried);
  }

  static bool is_it(const Place& place, const image::ImageId& id, std::string& tried) {
    if (place.reader && place.reader->image_id() == id) return true;
    tried += fmt::format("; {}", place.reader ? fmt::format("{} is another image", place.path)
                                              : place.reader.error().message());
    return false;
  }

  std::span<const std::string> given_;
  std::vector<Place> places_;  // the given ones, looked at once however many generations ask
  std::set<image::ImageId> seen_;
};

}  // namespace

Result<void> attach_parents(image::Reader& image, const kinds::Origin& origin,
                            std::span<const std::string> given) {
  return Ancestry(given).attach(image, origin);
}

Result<std::shared_ptr<const image::Reader>> find_parent(const image::ImageId& id, const std::string& name,
                                                         const kinds::Origin& origin,
                                                         std::span<const std::string> given) {
  return Ancestry(given).parent_of(id, name, origin);
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
