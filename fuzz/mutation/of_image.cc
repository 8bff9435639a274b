// Images that stay images: any bytes in between, one message, or the order of the parts are changed; lengths,
// places and checksums are made right again, but for now and then.
#include "fuzz/mutation/mutator.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "cr/image/format.h"
#include "cr/kinds/shape.h"
#include "fuzz/fuzz.h"
#include "fuzz/mutation/message.h"
#include "fuzz/mutation/repair.h"
#include "fuzz/parent.h"

namespace fuzz {
namespace {

using namespace cr::image;

// A section of a repaired image, head and all; what is attached begins at a page boundary of the file.
struct Part {
  SectionHead head;
  std::string payload, attached;
};

std::vector<Part> parts_of(const std::string& image) {
  std::vector<Part> parts;
  for (uint64_t at = sizeof(Header); at + sizeof(SectionHead) <= image.size();) {
    Part part;
    std::memcpy(&part.head, image.data() + at, sizeof(part.head));
    if (part.head.type == kIndex) break;
    const Section place{{part.head.type, part.head.id}, at, part.head.length, part.head.attached, 0};
    part.payload = image.substr(payload_offset(place), place.length);
    part.attached = image.substr(attached_offset(place), place.attached);
    at = align_up(section_end(place), kSectionAlignment);
    parts.push_back(std::move(part));
  }
  return parts;
}

std::string joined(const std::string& header, const std::vector<Part>& parts) {
  std::string image = header;
  for (const Part& part : parts) {
    image.resize(align_up(image.size(), kSectionAlignment), '\0');
    image.append(reinterpret_cast<const char*>(&part.head), sizeof(part.head));
    image += part.payload;
    if (part.attached.empty()) continue;
    image.resize(align_up(image.size(), cr::kPageSize), '\0');
    image += part.attached;
  }
  return image;
}

void change_record(Part& part, std::mt19937_64& random) {
  const google::protobuf::Message* prototype = cr::kinds::prototype_of(part.head.type);
  if (prototype == nullptr) return;
  const std::unique_ptr<google::protobuf::Message> message(prototype->New());
  if (!message->ParsePartialFromString(part.payload)) return;
  do mutate(*message, random);
  while (random() % 3 == 0);
  part.payload = message->SerializePartialAsString();
  part.head.length = part.payload.size();
}

void change_order(std::vector<Part>& parts, std::mt19937_64& random) {
  const size_t a = random() % parts.size(), b = random() % parts.size();
  switch (random() % 4) {
    case 0:
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(a));
      break;
    case 1:
      std::swap(parts[a], parts[b]);
      break;
    case 2:
      parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(b), Part(parts[a]));
      break;
    default:
      parts[a].head.id = parts[b].head.id + random() % 2;
      break;
  }
}

std::string change_parts(const std::string& image, std::mt19937_64& random) {
  std::vector<Part> parts = parts_of(image);
  if (parts.empty()) return image;
  if (random() % 4 == 0)
    change_order(parts, random);
  else
    change_record(parts[random() % parts.size()], random);
  return joined(image.substr(0, sizeof(Header)), parts);
}

// Whoever inherits does so from the parent that is there, or nothing is looked at behind it; now and then an
// image begins to inherit, or no longer does.
void adopt(std::string& image, std::mt19937_64& random) {
  if (image.size() < sizeof(Header)) return;
  Header header;
  std::memcpy(&header, image.data(), sizeof(header));
  if (random() % 32 == 0) header.required_features ^= kFeatureParent;
  const bool inherits = (header.required_features & kFeatureParent) != 0;
  if (random() % 32 != 0) header.parent_id = inherits ? kParentId : ImageId{};
  std::memcpy(image.data(), &header, sizeof(header));
}

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

}  // namespace

std::string mutate_input(std::span<const std::byte> image, size_t most, std::mt19937_64& random,
                         const ChangeBytes& change_bytes) {
  most = std::min(most, kMaxImage);
  std::string changed;
  if (random() % 2 == 0) {
    changed = change_parts(repair(image, most), random);
  } else {
    changed.assign(reinterpret_cast<const char*>(image.data()), image.size());
    changed.resize(most);
    changed.resize(change_bytes(reinterpret_cast<uint8_t*>(changed.data()), image.size(), most));
  }
  adopt(changed, random);
  return random() % 16 == 0 && changed.size() <= most ? changed : repair(bytes(changed), most);
}

}  // namespace fuzz
