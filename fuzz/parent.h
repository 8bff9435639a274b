// The one image that inputs may inherit from. It is there for every target, under an id that mutators put in.
#pragma once

#include <memory>
#include <string>

#include "cr/image/reader.h"

namespace fuzz {

constexpr cr::image::ImageId kParentId = [] {
  cr::image::ImageId id{};
  id.fill(std::byte{0x50});
  return id;
}();

// Made when it is first asked for, and there from then on: the small tree with its pages (small_tree.h).
const std::string& parent_path();
std::shared_ptr<const cr::image::Reader> parent_reader();

}  // namespace fuzz
