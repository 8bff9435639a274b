#include "cr/image/reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "cr/image/hash.h"
#include "cr/image/limits.h"

namespace cr::image {
namespace {

// Tells a short file that was an image from one that is something else.
bool begins_like_an_image(std::span<const std::byte> head) {
  const auto magic = std::as_bytes(std::span(kMagic)).first(std::min(head.size(), kMagic.size()));
  return !head.empty() && std::ranges::equal(head.first(magic.size()), magic);
}

Result<struct stat> look_at(int fd) {
  struct stat status;
  if (::fstat(fd, &status) != 0) return fail_errno("stat");
  if (!S_ISREG(status.st_mode))
    return fail(ErrorKind::kInvalidImage, "is not a regular file; give the file that cr dump wrote");
  return status;
}

}  // namespace

Result<Reader> Reader::open(const std::string& path) {
  // Who says what is opened may be an image itself, of its parent. To open a device can do something, or
  // wait; so first it is looked at only.
  const sys::UniqueFd file = CR_TRY(sys::open(path, O_PATH), "image {}", path);
  CR_TRY(look_at(file.get()), "image {}", path);
  return from_fd(CR_TRY(sys::open(fmt::format("/proc/self/fd/{}", file.get()), O_RDONLY), "image {}", path),
                 path);
}

Result<Reader> Reader::from_fd(sys::UniqueFd fd, std::string name) {
  Reader reader;
  reader.fd_ = std::move(fd);
  reader.name_ = std::move(name);
  CR_TRY(reader.load(), "image {}", reader.name_);
  return reader;
}

Result<void> Reader::load() {
  const struct stat status = CR_TRY(look_at(fd()));
  size_ = static_cast<uint64_t>(status.st_size);
  modified_ = status.st_mtim;
  if (size_ > kMaxFileBytes)
    return fail(ErrorKind::kInvalidImage, "has {} bytes, the limit is {}; this is no image of cr", size_,
                kMaxFileBytes);

  std::array<std::byte, sizeof(Header)> head{};
  const std::span<std::byte> head_there = std::span(head).first(std::min<uint64_t>(size_, sizeof(Header)));
  CR_TRY(read_at(fd(), head_there, 0), "header");
  if (size_ < kMinFileBytes && begins_like_an_image(head_there))
    return damaged("header at offset 0: the file has {} bytes, the shortest image has {}: it was cut short",
                   size_, kMinFileBytes);
  header_ = CR_TRY(decode_header(head));

  std::array<std::byte, sizeof(Footer)> tail{};
  CR_TRY(read_at(fd(), tail, size_ - sizeof(Footer)), "footer");
  footer_ = CR_TRY(decode_footer(tail, header_, size_));

  // The length is checked against the file's size and the limit of sections.
  std::vector<std::byte> index(footer_.index_length);
  CR_TRY(read_at(fd(), index, footer_.index_offset + sizeof(SectionHead)), "index");
  sections_ = CR_TRY(decode_index(index, footer_));
  CR_TRY(build_lookup());
  return load_tables();
}

Result<void> Reader::build_lookup() {
  for (uint32_t position = 0; position < sections_.size(); ++position)
    if (is_record(sections_[position].key.type)) by_key_.push_back(position);
  const auto key_at = [this](uint32_t position) { return sections_[position].key; };
  std::ranges::sort(by_key_, {}, key_at);
  const auto twin = std::ranges::adjacent_find(by_key_, {}, key_at);
  if (twin == by_key_.end()) return {};
  return damaged("index at offset {}: {} is there twice", footer_.index_offset, key_at(*twin).name());
}

Result<void> Reader::load_tables() {
  std::vector<std::byte> payload;
  for (const Section& section : sections_) {
    if (section.key.type != kPages) continue;
    payload.resize(section.length);
    CR_TRY(read_at(fd(), payload, payload_offset(section)), "{}", section.key.name());
    if (const uint64_t hash = hash_of(payload); hash != section.hash)
      return damaged("{} at offset {}: checksum is {:016x}, index says {:016x}", section.key.name(),
                     section.offset, hash, section.hash);
    CR_TRY(pages_.add(section, CR_TRY(decode_extents(section, payload)), header_));
  }
  return {};
}

const Section* Reader::find(SectionKey key) const {
  const auto key_at = [this](uint32_t position) { return sections_[position].key; };
  const auto place = std::ranges::lower_bound(by_key_, key, {}, key_at);
  if (place == by_key_.end() || key_at(*place) != key) return nullptr;
  return &sections_[*place];
}

std::vector<Section> Reader::records() const {
  std::vector<Section> found;
  std::ranges::copy_if(sections_, std::back_inserter(found),
                       [](const Section& section) { return is_record(section.key.type); });
  return found;
}

bool Reader::has_record(uint32_t type, uint64_t id) const { return find({type, id}) != nullptr; }

Result<std::string> Reader::record(uint32_t type, uint64_t id) const {
  const SectionKey key{type, id};
  const Section* section = find(key);
  if (section == nullptr)
    return fail(ErrorKind::kInvalidImage,
                "image {}: {} is missing; use the version of cr that wrote the image", name_, key.name());
  std::string payload(section->length, '\0');
  CR_TRY(read_at(fd(), std::as_writable_bytes(std::span(payload)), payload_offset(*section)), "image {}: {}",
         name_, key.name());
  if (const uint64_t hash = hash_of(std::as_bytes(std::span(payload))); hash != section->hash)
    return damaged("image {}: {} at offset {}: checksum is {:016x}, index says {:016x}", name_, key.name(),
                   section->offset, hash, section->hash);
  return payload;
}

std::optional<ImageId> Reader::parent_id() const {
  if ((header_.required_features & kFeatureParent) == 0) return std::nullopt;
  return header_.parent_id;
}

Result<void> Reader::attach_parent(std::shared_ptr<const Reader> parent) {
  if (parent_id() != parent->image_id())
    return fail(ErrorKind::kConflict, "image {}: {} is not the image that it inherits pages from", name_,
                parent->name());
  parent_ = std::move(parent);
  return check_inherited();
}

Result<void> Reader::check_inherited() const {
  for (const auto& [id, extents] : pages_.objects())
    for (const Extent& extent : extents)
      if (extent.kind == ExtentKind::kParent &&
          extent.source_page + extent.pages > parent_->pages().pages(extent.source_id))
        return damaged("image {}: pages {:#x} of object {} are inherited, but {} does not have them", name_,
                       extent.first, id, parent_->name());
  return {};
}

Result<void> Reader::check_unchanged() const {
  struct stat status;
  if (::fstat(fd(), &status) != 0) return fail_errno("image {}: stat", name_);
  // Not the time of the status change: that one moves when the file is renamed, linked or replaced, which is
  // harmless.
  const bool same = static_cast<uint64_t>(status.st_size) == size_ &&
                    status.st_mtim.tv_sec == modified_.tv_sec && status.st_mtim.tv_nsec == modified_.tv_nsec;
  if (same) return {};
  return fail(
      ErrorKind::kConflict,
      "image {}: the file was changed while it was read; restore again from a file that nobody writes to",
      name_);
}

}  // namespace cr::image
