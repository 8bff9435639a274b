#include "cr/engine/memory_view.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "cr/base/numbers.h"
#include "cr/engine/page_data.h"

namespace cr::engine {
namespace {

using kinds::FileIdentity;
using kinds::PageRun;
using kinds::Vma;
using Source = Stretch::Source;
using Runs = google::protobuf::RepeatedPtrField<PageRun>;
using Rest = std::function<void(uint64_t start, uint64_t end, std::vector<Stretch>& out)>;

void add(std::vector<Stretch>& out, Stretch stretch) {
  if (stretch.start < stretch.end) out.push_back(stretch);
}

// Between two addresses: the runs of `object`, and the rest wherever there is none. Runs are positions;
// the one of `start` is given, since the address of position 0 may lie below zero.
void overlay(const Runs& runs, std::span<const uint64_t> offsets, uint64_t object, uint64_t position,
             uint64_t start, uint64_t end, const Rest& rest, std::vector<Stretch>& out) {
  const uint64_t last = position + (end - start);
  const auto address = [&](uint64_t at) { return start + (at - position); };
  auto run = std::upper_bound(runs.begin(), runs.end(), position, [](uint64_t wanted, const PageRun& other) {
    return wanted < other.address() + other.length();
  });
  uint64_t at = position;
  for (; run != runs.end() && run->address() < last; ++run) {
    const uint64_t from = std::max(at, run->address());
    const uint64_t to = std::min(last, run->address() + run->length());
    if (at < from) rest(address(at), address(from), out);
    const uint64_t offset = offsets[static_cast<size_t>(run - runs.begin())] + (from - run->address());
    add(out, {address(from), address(to), Source::kPages, object, offset});
    at = to;
  }
  if (at < last) rest(address(at), end, out);
}

bool same(const struct stat& now, const FileIdentity& file) {
  return S_ISREG(now.st_mode) && S_ISREG(file.mode()) && static_cast<uint64_t>(now.st_size) == file.size() &&
         now.st_mtim.tv_sec * 1000000000 + now.st_mtim.tv_nsec == file.mtime_ns();
}

}  // namespace

MemoryView::MemoryView(const Loaded& image, const kinds::AddressSpace& space)
    : image_(image),
      space_(space),
      offsets_(offsets_of(space.runs())),
      pages_(std::make_unique<PageData>(*image.reader)) {
  for (const auto* object : image.records.all<kinds::SharedMemory>(kinds::kSharedMemoryRecord))
    object_offsets_[object->id()] = offsets_of(object->runs());
}

MemoryView MemoryView::of(const Loaded& image, pid_t pid) {
  const auto* space =
      image.records.find<kinds::AddressSpace>(kinds::kAddressSpaceRecord, static_cast<uint64_t>(pid));
  CR_CHECK(space != nullptr);
  MemoryView view(image, *space);
  for (const FileIdentity& file : space->files()) {
    struct stat now;
    const bool there = ::stat(file.path().c_str(), &now) == 0;
    // The only device that may be mapped is /dev/zero (kinds/memory/mappings.cc).
    const FileState state = S_ISCHR(file.mode())       ? FileState::kZeros
                            : there && same(now, file) ? FileState::kSame
                                                       : FileState::kChanged;
    view.files_.push_back(state);
  }
  return view;
}

std::vector<Stretch> MemoryView::stretches(uint64_t start, uint64_t end) const {
  std::vector<Stretch> out;
  auto vma = std::upper_bound(space_.vmas().begin(), space_.vmas().end(), start,
                              [](uint64_t address, const Vma& other) { return address < other.end(); });
  for (; vma != space_.vmas().end() && vma->start() < end; ++vma)
    describe(*vma, std::max(start, vma->start()), std::min(end, vma->end()), out);
  return out;
}

void MemoryView::describe(const Vma& vma, uint64_t start, uint64_t end, std::vector<Stretch>& out) const {
  switch (vma.backing()) {
    case Vma::FILE:
      return describe_file(vma, start, end, out);
    case Vma::SHARED_ANONYMOUS:
      return describe_object(vma, start, end, out);
    case Vma::VDSO:
      return describe_vdso(vma, start, end, out);
    default:
      overlay(
          space_.runs(), offsets_, static_cast<uint64_t>(space_.pid()), start, start, end,
          [](uint64_t from, uint64_t to, std::vector<Stretch>& into) {
            add(into, {from, to, Source::kZero});
          },
          out);
  }
}

void MemoryView::describe_file(const Vma& vma, uint64_t start, uint64_t end,
                               std::vector<Stretch>& out) const {
  const FileState state = files_[vma.file()];
  const uint64_t file_size = space_.files(static_cast<int>(vma.file())).size();
  const Rest clean = [&](uint64_t from, uint64_t to, std::vector<Stretch>& into) {
    if (state == FileState::kZeros) return add(into, {from, to, Source::kZero});
    const uint64_t offset = vma.offset() + (from - vma.start());
    // Beyond the page that holds the file's last byte there is only SIGBUS.
    const uint64_t left = file_size > offset ? file_size - offset : 0;
    const uint64_t inside = left >= to - from ? to : from + page_up(left);
    const Source source = state == FileState::kSame ? Source::kFile : Source::kUnknown;
    add(into, {from, inside, source, vma.file(), offset});
    add(into, {inside, to, Source::kUnknown});
  };
  if (vma.shared()) return clean(start, end, out);
  overlay(space_.runs(), offsets_, static_cast<uint64_t>(space_.pid()), start, start, end, clean, out);
}

void MemoryView::describe_object(const Vma& vma, uint64_t start, uint64_t end,
                                 std::vector<Stretch>& out) const {
  const auto& object = *image_.records.find<kinds::SharedMemory>(kinds::kSharedMemoryRecord, vma.object());
  const auto position = [&](uint64_t address) { return vma.offset() + (address - vma.start()); };
  const uint64_t object_size = page_up(object.size());
  const Rest zero = [&](uint64_t from, uint64_t to, std::vector<Stretch>& into) {
    const uint64_t left = object_size > position(from) ? object_size - position(from) : 0;
    const uint64_t inside = from + std::min(left, to - from);
    add(into, {from, inside, Source::kZero});
    add(into, {inside, to, Source::kUnknown});
  };
  overlay(object.runs(), object_offsets_.at(object.id()), kinds::kSharedPages | object.id(), position(start),
          start, end, zero, out);
}

void MemoryView::describe_vdso(const Vma& vma, uint64_t start, uint64_t end,
                               std::vector<Stretch>& out) const {
  const auto* vdso = image_.records.find<kinds::Vdso>(kinds::kVdsoRecord, space_.vdso_hash());
  const uint64_t size = vdso == nullptr ? 0 : vdso->code().size();
  // The kernel's data come first, its code last.
  const uint64_t code = size > vma.end() - vma.start() ? vma.end() : vma.end() - size;
  add(out, {start, std::min(end, code), Source::kUnknown});
  const uint64_t from = std::max(start, code);
  add(out, {from, end, Source::kVdso, space_.vdso_hash(), from - code});
}

Result<void> MemoryView::read(const Stretch& stretch, uint64_t address, std::span<std::byte> into) const {
  CR_CHECK(address >= stretch.start && address <= stretch.end && into.size() <= stretch.end - address);
  const uint64_t offset = stretch.offset + (address - stretch.start);
  switch (stretch.source) {
    case Source::kPages:
      return pages_->read(stretch.where, offset, into);
    case Source::kZero:
      std::fill(into.begin(), into.end(), std::byte{0});
      return {};
    case Source::kFile:
      return read_file(space_.files(static_cast<int>(stretch.where)), offset, into);
    case Source::kVdso: {
      const auto& vdso = *image_.records.find<kinds::Vdso>(kinds::kVdsoRecord, stretch.where);
      std::memcpy(into.data(), vdso.code().data() + offset, into.size());
      return {};
    }
    default:
      return fail(ErrorKind::kSystem, "the image has no bytes of {:#x}-{:#x}", stretch.start, stretch.end);
  }
}

Result<void> MemoryView::read(uint64_t address, std::span<std::byte> into) const {
  const auto end = checked_add<uint64_t>(address, into.size());
  if (!end || *end > UINT64_MAX - kPageSize)
    return fail(ErrorKind::kSystem, "{} bytes at {:#x} are not in user space", into.size(), address);
  for (const Stretch& stretch : stretches(page_down(address), page_up(*end))) {
    if (stretch.start > address || into.empty()) break;
    const std::span<std::byte> piece = into.first(std::min<uint64_t>(into.size(), stretch.end - address));
    CR_TRY(read(stretch, address, piece));
    address += piece.size();
    into = into.subspan(piece.size());
  }
  if (!into.empty()) return fail(ErrorKind::kSystem, "nothing is mapped at {:#x}", address);
  return {};
}

// Bytes beyond the end of the file but in its last page are zero in memory.
Result<void> MemoryView::read_file(const FileIdentity& file, uint64_t offset,
                                   std::span<std::byte> into) const {
  // It was a regular file a moment ago; should it be a FIFO now, nobody waits for its other end.
  const sys::UniqueFd fd = CR_TRY(sys::open(file.path(), O_RDONLY | O_NONBLOCK | O_NOCTTY));
  struct stat now;
  if (::fstat(fd.get(), &now) < 0) return fail_errno("stat {}", file.path());
  if (!same(now, file)) return fail(ErrorKind::kConflict, "{} has just been changed", file.path());
  const uint64_t left = file.size() > offset ? file.size() - offset : 0;
  const std::span<std::byte> inside = into.first(std::min<uint64_t>(into.size(), left));
  CR_TRY(sys::pread_fully(fd.get(), inside, offset), "{}", file.path());
  std::fill(into.begin() + static_cast<std::ptrdiff_t>(inside.size()), into.end(), std::byte{0});
  return {};
}

}  // namespace cr::engine
