#include "cr/core/core_file.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "cr/base/numbers.h"
#include "cr/base/zeros.h"
#include "cr/core/elf_headers.h"
#include "cr/core/notes.h"
#include "cr/core/segments.h"
#include "cr/engine/memory_view.h"
#include "cr/image/pending_file.h"

namespace cr::core {
namespace {

using engine::MemoryView;
using engine::Stretch;
using kinds::Task;

constexpr size_t kPieceBytes = 1 << 20;
constexpr uint64_t kMostArguments = 79;  // of pr_psargs

std::string arguments_of(const MemoryView& memory, const std::string& name) {
  const kinds::Layout& layout = memory.space().layout();
  if (layout.arg_end() <= layout.arg_start()) return name;
  std::string text(std::min(kMostArguments, layout.arg_end() - layout.arg_start()), '\0');
  // Where a program says that its arguments are there need not be memory.
  return memory.read(layout.arg_start(), std::as_writable_bytes(std::span(text))) ? text : name;
}

Result<bool> shows_elf_header(const MemoryView& memory, const kinds::Vma& vma,
                              std::span<const Stretch> stretches) {
  if (!may_show_elf_header(vma, stretches)) return false;
  std::string magic(SELFMAG, '\0');
  CR_TRY(memory.read(stretches.front(), vma.start(), std::as_writable_bytes(std::span(magic))));
  return magic == ELFMAG;
}

Result<std::vector<Segment>> segments_of_process(const MemoryView& memory) {
  std::vector<Segment> all;
  for (const kinds::Vma& vma : memory.space().vmas()) {
    const std::vector<Stretch> stretches = memory.stretches(vma.start(), vma.end());
    const bool elf_header = CR_TRY(shows_elf_header(memory, vma, stretches));
    const std::vector<Segment> segments = segments_of(vma, stretches, elf_header);
    all.insert(all.end(), segments.begin(), segments.end());
  }
  return all;
}

class Writer {
 public:
  Writer(const MemoryView& memory, int fd) : memory_(memory), fd_(fd), buffer_(kPieceBytes) {}

  Result<void> write(const Layout& layout, std::span<const Segment> segments) {
    // Whatever is not written is a hole: zero.
    if (::ftruncate(fd_, static_cast<off_t>(layout.size)) < 0) return fail_errno("ftruncate");
    CR_TRY(put(std::as_bytes(std::span(layout.front)), 0));
    for (size_t i = 0; i < segments.size(); ++i) {
      const uint64_t start = segments[i].start, end = start + segments[i].contents;
      for (const Stretch& stretch : memory_.stretches(start, end))
        CR_TRY(copy(stretch, layout.offsets[i] + (stretch.start - start)), "memory at {:#x}", stretch.start);
    }
    return {};
  }

 private:
  Result<void> copy(const Stretch& stretch, uint64_t offset) {
    if (stretch.source == Stretch::Source::kZero) return {};
    for (uint64_t at = stretch.start; at < stretch.end; at += kPieceBytes) {
      const auto piece = std::span(buffer_).first(std::min<uint64_t>(kPieceBytes, stretch.end - at));
      CR_TRY(memory_.read(stretch, at, piece));
      CR_TRY(put_without_zeros(piece, offset + (at - stretch.start)));
    }
    return {};
  }

  // Pages that hold nothing become holes; what lies between them goes out in one call.
  Result<void> put_without_zeros(std::span<const std::byte> piece, uint64_t offset) {
    size_t begin = 0;
    for (size_t page = 0; page < piece.size(); page += kPageSize) {
      if (!is_zero(piece.subspan(page, kPageSize))) continue;
      CR_TRY(put(piece.subspan(begin, page - begin), offset + begin));
      begin = page + kPageSize;
    }
    return put(piece.subspan(begin), offset + begin);
  }

  Result<void> put(std::span<const std::byte> from, uint64_t offset) {
    while (!from.empty()) {
      const ssize_t done = ::pwrite(fd_, from.data(), from.size(), static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return fail_errno("write {} bytes at {}", from.size(), offset);
      from = from.subspan(static_cast<size_t>(done));
      offset += static_cast<uint64_t>(done);
    }
    return {};
  }

  const MemoryView& memory_;
  int fd_;
  std::vector<std::byte> buffer_;
};

bool has_vdso(const MemoryView& memory) {
  for (const kinds::Vma& vma : memory.space().vmas()) {
    if (vma.backing() != kinds::Vma::VDSO) continue;
    const auto stretches = memory.stretches(vma.start(), vma.end());
    return std::any_of(stretches.begin(), stretches.end(),
                       [](const Stretch& stretch) { return stretch.known(); });
  }
  return true;
}

Result<CoreReport> write_core(const engine::Loaded& image, const Task& task, const std::string& path) {
  const MemoryView memory = MemoryView::of(image, task.pid());
  Subject subject{image.origin, task, memory.space(), {}, {}};
  for (const pid_t tid : task.tids())
    subject.threads.push_back(
        image.records.find<kinds::Thread>(kinds::kThreadRecord, static_cast<uint64_t>(tid)));
  subject.arguments = arguments_of(memory, subject.threads.front()->name());

  const std::vector<Segment> segments = CR_TRY(segments_of_process(memory));
  const Layout layout = CR_TRY(lay_out(subject.word_size(), CR_TRY(notes_of(subject)), segments, task.pid()));
  image::PendingFile file =
      CR_TRY(image::PendingFile::create(path, image::PendingFile::Kind::kAnonymous, "core file"));
  CR_TRY(Writer(memory, file.fd()).write(layout, segments), "{}", path);
  CR_TRY(image.reader->check_unchanged());
  CR_TRY(file.publish());
  return CoreReport{task.pid(),
                    path,
                    static_cast<int>(task.word_size()),
                    subject.threads.size(),
                    segments.size(),
                    layout.size,
                    has_vdso(memory)};
}

}  // namespace

Result<std::vector<CoreReport>> write_cores(const engine::Loaded& image, const std::string& directory,
                                            std::optional<pid_t> pid, const engine::Operation& operation) {
  const sys::UniqueFd there =
      CR_TRY(sys::open(directory, O_RDONLY | O_DIRECTORY), "the folder for the cores");
  std::vector<const Task*> chosen;
  for (const Task* task : image.records.all<Task>(kinds::kTaskRecord)) {
    if (pid && task->pid() != *pid) continue;
    if (!task->zombie())
      chosen.push_back(task);
    else if (pid)
      return fail(ErrorKind::kSystem, "pid {} was a zombie: it had neither memory nor registers", *pid);
  }
  if (chosen.empty() && pid) return fail(ErrorKind::kSystem, "the image has no process {}", *pid);
  if (chosen.empty()) return fail(ErrorKind::kSystem, "the image holds zombies only");
  std::vector<CoreReport> reports;
  for (const Task* task : chosen) {
    const std::string path = fmt::format("{}/core.{}", directory, task->pid());
    operation.step(fmt::format("writing {}", path));
    reports.push_back(CR_TRY(write_core(image, *task, path), "pid {}", task->pid()));
  }
  return reports;
}

}  // namespace cr::core
