// What `cr core` writes of an image: every file is an ELF core whose headers, notes and segments fit into it,
// and a segment begins with what the memory view says is there.
#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "cr/base/numbers.h"
#include "cr/core/core_file.h"
#include "cr/engine/memory_view.h"
#include "cr/kinds/task.pb.h"
#include "fuzz/fuzz.h"
#include "fuzz/image_file.h"
#include "fuzz/moderate.h"
#include "fuzz/parent.h"

namespace {

using cr::core::CoreReport;

// Where the files go. One for each process, gone with it; who kills the process removes its TMPDIR, too
// (fuzz/run).
class Folder {
 public:
  Folder() { FUZZ_REQUIRE(::mkdtemp(path_.data()) != nullptr); }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = std::filesystem::temp_directory_path() / "fuzz_image_core.XXXXXX";
};

// One core file, read where it is asked for: it may be long, and hollow.
class File {
 public:
  explicit File(const CoreReport& report)
      : fd_(cr::sys::open(report.path, O_RDONLY).value()), size_(std::filesystem::file_size(report.path)) {}

  uint64_t size() const { return size_; }
  bool holds(uint64_t offset, uint64_t length) const { return offset <= size_ && length <= size_ - offset; }

  std::string bytes(uint64_t offset, uint64_t length) const {
    FUZZ_REQUIRE(holds(offset, length));
    std::string bytes(length, '?');
    FUZZ_REQUIRE(cr::sys::pread_fully(fd_.get(), std::as_writable_bytes(std::span(bytes)), offset));
    return bytes;
  }
  template <typename T>
  T at(uint64_t offset) const {
    T value;
    std::memcpy(&value, bytes(offset, sizeof(value)).data(), sizeof(value));
    return value;
  }

 private:
  cr::sys::UniqueFd fd_;
  uint64_t size_;
};

// Owner, type and content of each fill them, and nothing is left over.
void require_notes(const std::string& notes) {
  size_t at = 0, count = 0;
  for (; at < notes.size(); ++count) {
    Elf64_Nhdr head;  // the same for both word sizes
    FUZZ_REQUIRE(notes.size() - at >= sizeof(head));
    std::memcpy(&head, notes.data() + at, sizeof(head));
    const auto padded = [](uint64_t length) { return (length + 3) / 4 * 4; };
    const uint64_t length = sizeof(head) + padded(head.n_namesz) + padded(head.n_descsz);
    FUZZ_REQUIRE(length <= notes.size() - at);
    at += length;
  }
  FUZZ_REQUIRE(count >= 2);  // NT_PRSTATUS and NT_PRPSINFO
}

template <typename Ehdr, typename Phdr, typename Shdr>
void require_core(const File& file, const CoreReport& report, const cr::engine::MemoryView& memory) {
  const auto header = file.at<Ehdr>(0);
  FUZZ_REQUIRE(header.e_type == ET_CORE && header.e_phoff == sizeof(Ehdr));
  FUZZ_REQUIRE(header.e_phentsize == sizeof(Phdr));
  uint64_t count = header.e_phnum;
  if (count == PN_XNUM) count = file.at<Shdr>(header.e_shoff).sh_info;
  FUZZ_REQUIRE(count == report.segments + 1);

  const auto notes = file.at<Phdr>(header.e_phoff);
  FUZZ_REQUIRE(notes.p_type == PT_NOTE);
  require_notes(file.bytes(notes.p_offset, notes.p_filesz));
  uint64_t contents_end = cr::page_up(notes.p_offset + notes.p_filesz), memory_end = 0;
  for (uint64_t i = 1; i < count; ++i) {
    const auto segment = file.at<Phdr>(header.e_phoff + i * sizeof(Phdr));
    FUZZ_REQUIRE(segment.p_type == PT_LOAD && segment.p_filesz <= segment.p_memsz && segment.p_memsz > 0);
    FUZZ_REQUIRE(cr::page_aligned(segment.p_vaddr) && cr::page_aligned(segment.p_memsz));
    // One after the other, in memory and in the file.
    FUZZ_REQUIRE(segment.p_vaddr >= memory_end && segment.p_offset == contents_end);
    FUZZ_REQUIRE(file.holds(segment.p_offset, segment.p_filesz));
    memory_end = uint64_t{segment.p_vaddr} + segment.p_memsz;
    FUZZ_REQUIRE(memory_end > segment.p_vaddr);
    contents_end += segment.p_filesz;
    if (segment.p_filesz == 0) continue;
    std::string page(cr::kPageSize, '?');
    FUZZ_REQUIRE(memory.read(segment.p_vaddr, std::as_writable_bytes(std::span(page))));
    FUZZ_REQUIRE(page == file.bytes(segment.p_offset, page.size()));
  }
  FUZZ_REQUIRE(contents_end == file.size());
}

void require_sound(const CoreReport& report, const cr::engine::Loaded& image) {
  const File file(report);
  FUZZ_REQUIRE(file.size() == report.bytes);
  const std::string ident = file.bytes(0, EI_NIDENT);
  FUZZ_REQUIRE(ident.starts_with(ELFMAG));
  const auto memory = cr::engine::MemoryView::of(image, report.pid);
  FUZZ_REQUIRE(ident[EI_CLASS] == (report.word_size == 32 ? ELFCLASS32 : ELFCLASS64));
  if (report.word_size == 32)
    require_core<Elf32_Ehdr, Elf32_Phdr, Elf32_Shdr>(file, report, memory);
  else
    require_core<Elf64_Ehdr, Elf64_Phdr, Elf64_Shdr>(file, report, memory);
}

bool has_living(const cr::engine::Loaded& image) {
  const auto tasks = image.records.all<cr::kinds::Task>(cr::kinds::kTaskRecord);
  return std::ranges::any_of(tasks, [](const cr::kinds::Task* task) { return !task->zombie(); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxImage) return -1;
  const cr::sys::UniqueFd fd = fuzz::file_of(data, size);
  const auto image = cr::engine::load(fuzz::path_of(fd), {&fuzz::parent_path(), 1});
  if (!image || !fuzz::is_moderate(*image->reader)) return 0;
  static const Folder folder;
  const auto written = cr::core::write_cores(*image, folder.path(), {});
  if (written) {
    FUZZ_REQUIRE(!written->empty());
    for (const CoreReport& report : *written) require_sound(report, *image);
  } else {
    // It cannot be said in a core file, or a mapped file is another one by now.
    const cr::ErrorKind kind = written.error().kind();
    FUZZ_REQUIRE(kind == cr::ErrorKind::kUnsupported || kind == cr::ErrorKind::kConflict ||
                 !has_living(*image));
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    FUZZ_REQUIRE(entry.path().filename().string().starts_with("core."));
    std::filesystem::remove(entry.path());
  }
  return 0;
}
