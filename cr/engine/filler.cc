#include "cr/engine/filler.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "cr/base/numbers.h"
#include "cr/image/limits.h"

namespace cr::engine {
namespace {

Result<void> write_at(int fd, std::span<const std::byte> bytes, uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return fail_errno("{} bytes at {:#x}", bytes.size(), offset);
    bytes = bytes.subspan(static_cast<size_t>(put));
    offset += static_cast<uint64_t>(put);
  }
  return {};
}

}  // namespace

Filler::Filler(const kinds::Plan& plan, MemoryOf memory) : memory_(std::move(memory)) {
  for (const auto& [name, fills] : plan.store_fills)
    for (const kinds::PageFill& fill : fills)
      targets_[fill.object].push_back({fill, plan.store_numbers.at(name), 0});
  for (const auto& [pid, process] : plan.processes)
    for (const kinds::PageFill& fill : process.fills) targets_[fill.object].push_back({fill, 0, pid});
}

// Through /proc/PID/mem, which writes private memory also where its owner may not.
Result<int> Filler::memory_of(const Target& target) {
  if (memory_) return memory_(target.pid, target.store_number);
  if (target.store_number != 0) return target.store_number;
  if (open_pid_ != target.pid) open_ = CR_TRY(sys::open(fmt::format("/proc/{}/mem", target.pid), O_RDWR));
  open_pid_ = target.pid;
  return open_.get();
}

Result<void> Filler::put_one(const Target& target, uint64_t page, std::span<const std::byte> bytes) {
  const uint64_t address = target.fill.address + (page - target.fill.first) * kPageSize;
  CR_TRY(write_at(CR_TRY(memory_of(target)), bytes, address), "pid {}", target.pid);
  return {};
}

Result<const Filler::Target*> Filler::target_of(uint64_t object, uint64_t page) const {
  const auto found = targets_.find(object);
  if (found == targets_.end()) return kinds::invalid("pages of object {:#x}, which has no record", object);
  const auto after = std::ranges::upper_bound(found->second, page, {},
                                              [](const Target& target) { return target.fill.first; });
  if (after == found->second.begin() || page >= std::prev(after)->fill.first + std::prev(after)->fill.pages)
    return kinds::invalid("page {:#x} of object {:#x}, which no record tells of", page, object);
  return &*std::prev(after);
}

Result<void> Filler::put(uint64_t object, uint64_t page, std::span<const std::byte> bytes, bool zeros) {
  while (!bytes.empty()) {
    const Target& target = *CR_TRY(target_of(object, page));
    const uint64_t left = target.fill.first + target.fill.pages - page;
    const auto part = bytes.first(std::min<uint64_t>(bytes.size(), left * kPageSize));
    if (!zeros || !target.fill.fresh) CR_TRY(put_one(target, page, part));
    bytes = bytes.subspan(part.size());
    page += part.size() / kPageSize;
  }
  return {};
}

Result<void> Filler::get(uint64_t object, uint64_t page, std::span<std::byte> into) {
  while (!into.empty()) {
    const Target& target = *CR_TRY(target_of(object, page));
    const uint64_t left = target.fill.first + target.fill.pages - page;
    const auto part = into.first(std::min<uint64_t>(into.size(), left * kPageSize));
    const uint64_t address = target.fill.address + (page - target.fill.first) * kPageSize;
    CR_TRY(sys::pread_fully(CR_TRY(memory_of(target)), part, address), "pid {}", target.pid);
    into = into.subspan(part.size());
    page += part.size() / kPageSize;
  }
  return {};
}

Result<void> Filler::fill_from(const image::Reader& image, const KeepGoing& keep_going) {
  image::PageReader reader(image);
  std::vector<std::byte> buffer(image::kMaxExtentPages * kPageSize);
  for (const auto& [object, targets] : targets_)
    for (const Target& target : targets)
      for (uint64_t done = 0; done < target.fill.pages;) {
        CR_TRY(keep_going());
        const uint64_t count = std::min(target.fill.pages - done, image::kMaxExtentPages);
        const auto piece = std::span(buffer).first(count * kPageSize);
        CR_TRY(reader.read(object, target.fill.first + done, piece));
        CR_TRY(put_one(target, target.fill.first + done, piece));
        done += count;
      }
  return {};
}

Result<void> Filler::fill_from(image::Scanner& stream, const image::Reader* parent,
                               const KeepGoing& keep_going) {
  std::optional<image::PageReader> inherited;
  if (parent != nullptr) inherited.emplace(*parent);
  image::Decompressor decompressor;
  std::vector<std::byte> content(image::kMaxExtentPages * kPageSize);
  CR_TRY(stream.pages(
      [&](uint64_t object, const image::Extent& extent, std::span<const std::byte> stored) -> Result<void> {
        // The stream itself asks too seldom: many pages may come of few bytes of it.
        CR_TRY(keep_going());
        const auto made = std::span(content).first(extent.pages * kPageSize);
        switch (extent.kind) {
          case image::ExtentKind::kRaw:
            return put(object, extent.first, stored, false);
          case image::ExtentKind::kZero:
            std::ranges::fill(made, std::byte{0});
            return put(object, extent.first, made, true);
          case image::ExtentKind::kZstd:
            CR_TRY(decompressor.decompress(stored, made));
            break;
          case image::ExtentKind::kSame:
            CR_TRY(get(extent.source_id, extent.source_page, made));
            break;
          case image::ExtentKind::kParent:
            if (!inherited)
              return fail(ErrorKind::kConflict, "inherits pages from another image, which is not there");
            CR_TRY(inherited->read(extent.source_id, extent.source_page, made));
            break;
        }
        return put(object, extent.first, made, false);
      }));
  return check_complete(stream.table());
}

Result<void> Filler::check_complete(const image::PageTable& table) const {
  for (const auto& [object, targets] : targets_) {
    const uint64_t end = targets.back().fill.first + targets.back().fill.pages;
    if (table.pages(object) != end)
      return kinds::invalid("object {:#x} has {:#x} pages, its record tells of {:#x}", object,
                            table.pages(object), end);
  }
  return {};
}

}  // namespace cr::engine
