#include "cr/kinds/memory/validate.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "cr/image/hash.h"
#include "cr/kinds/limits.h"
#include "cr/kinds/memory/memory.pb.h"
#include "cr/kinds/one_path.h"
#include "cr/kinds/task.pb.h"

namespace cr::kinds {
namespace {

// Returns how many pages the runs have.
Result<uint64_t> validate_runs(const google::protobuf::RepeatedPtrField<PageRun>& runs) {
  uint64_t last_end = 0, pages = 0;
  for (const PageRun& run : runs) {
    const auto end = checked_add(run.address(), run.length());
    if (run.length() == 0 || !page_aligned(run.address()) || !page_aligned(run.length()) || !end ||
        run.address() < last_end)
      return invalid("page run {:#x}+{:#x}", run.address(), run.length());
    last_end = *end;
    pages += run.length() / kPageSize;  // runs ascend: no sum exceeds the address space
  }
  return pages;
}

// Where the image's pages are known, they are those that the runs tell of.
Result<void> validate_pages(const Records& records, uint64_t object, uint64_t told) {
  if (records.pages == nullptr || records.pages->pages(object) == told) return {};
  return invalid("has {:#x} pages, its runs tell of {:#x}", records.pages->pages(object), told);
}

bool known_advice(uint32_t advice) {
  static constexpr uint32_t kKnown[] = {MADV_SEQUENTIAL, MADV_RANDOM,     MADV_DONTFORK,  MADV_DONTDUMP,
                                        MADV_HUGEPAGE,   MADV_NOHUGEPAGE, MADV_MERGEABLE, MADV_WIPEONFORK};
  return std::find(std::begin(kKnown), std::end(kKnown), advice) != std::end(kKnown);
}

Result<void> validate_advice(const Vma& vma) {
  std::set<uint32_t> seen;
  for (const uint32_t advice : vma.advice()) {
    if (!known_advice(advice) || !seen.insert(advice).second) return invalid("advice {}", advice);
    if (advice == MADV_WIPEONFORK && vma.backing() != Vma::ANONYMOUS)
      return invalid("only private anonymous memory is wiped at a fork");
  }
  return {};
}

// Regular files, and /dev/zero privately: memory without a file that is mapped like one.
Result<void> validate_file_mapping(const Vma& vma, const FileIdentity& file) {
  if (!S_ISREG(file.mode()) && !(S_ISCHR(file.mode()) && !vma.shared()))
    return invalid("maps {}, whose mode {:#o} is no regular file's", file.path(), file.mode());
  if (vma.shared() && (vma.protection() & PROT_WRITE) != 0 && !vma.file_writable())
    return invalid("shared and writable, but its file was not open for writing");
  return {};
}

Result<void> validate_vma(const Vma& vma, const AddressSpace& space, uint64_t user_end,
                          const Records& records) {
  if (!page_aligned(vma.start()) || !page_aligned(vma.end()) || vma.start() >= vma.end() ||
      vma.start() < kLowestAddress || vma.end() > user_end)
    return invalid("outside user space or not page aligned");
  if (!Vma::Backing_IsValid(vma.backing())) return invalid("backing {}", static_cast<int>(vma.backing()));
  if ((vma.protection() & ~7u) != 0) return invalid("protection {:#x}", vma.protection());
  if (!page_aligned(vma.offset()) || vma.offset() > INT64_MAX - (vma.end() - vma.start()))
    return invalid("offset {:#x}", vma.offset());
  if (vma.backing() == Vma::FILE && vma.file() >= static_cast<uint32_t>(space.files_size()))
    return invalid("file {}", vma.file());
  if (vma.backing() == Vma::ANONYMOUS && vma.shared()) return invalid("private and shared at once");
  if (vma.backing() == Vma::SHARED_ANONYMOUS) {
    if (!vma.shared()) return invalid("private and shared at once");
    const auto* object = records.find<SharedMemory>(kSharedMemoryRecord, vma.object());
    if (object == nullptr) return invalid("shared memory object {} has no record", vma.object());
  }
  if (vma.grows_down() && vma.backing() != Vma::ANONYMOUS) return invalid("only anonymous memory grows down");
  CR_TRY(validate_advice(vma));
  if (vma.backing() == Vma::FILE)
    CR_TRY(validate_file_mapping(vma, space.files(static_cast<int>(vma.file()))));
  return {};
}

// What prctl(PR_SET_MM_MAP) takes: validate_prctl_map_addr() of kernel/sys.c.
Result<void> validate_layout(const Layout& layout, uint64_t user_end) {
  for (const uint64_t address : {layout.start_code(), layout.end_code(), layout.start_data(),
                                 layout.end_data(), layout.start_brk(), layout.brk(), layout.start_stack(),
                                 layout.arg_start(), layout.arg_end(), layout.env_start(), layout.env_end()})
    if (address < kLowestAddress || address >= user_end)
      return invalid("layout: {:#x} is not in user space", address);
  if (layout.start_code() >= layout.end_code() || layout.start_data() > layout.end_data() ||
      layout.start_brk() > layout.brk() || layout.arg_start() > layout.arg_end() ||
      layout.env_start() > layout.env_end())
    return invalid("layout: a part that ends before it begins");
  return {};
}

// As /proc/PID/auxv gives it, of 32-bit tasks too: pairs of long words up to one that begins with AT_NULL.
// What is longer than the kernel's copy is refused by PR_SET_MM_MAP, and none would leave the loader's.
Result<void> validate_auxv(const std::string& auxv) {
  constexpr size_t kPair = 2 * sizeof(uint64_t);
  if (auxv.empty() || auxv.size() > kMaxAuxv || auxv.size() % kPair != 0)
    return invalid("auxv of {} bytes", auxv.size());
  uint64_t last = 0;
  std::memcpy(&last, auxv.data() + auxv.size() - kPair, sizeof(last));
  if (last != 0) return invalid("auxv of {} bytes that ends in {:#x}, not in AT_NULL", auxv.size(), last);
  return {};
}

// Who cuts a file short takes private copies of its pages away, too (unmap_mapping_range() in mm/memory.c).
Result<void> validate_run_of_file(const PageRun& run, const Vma& vma, const AddressSpace& space) {
  if (vma.backing() != Vma::FILE) return {};
  const FileIdentity& file = space.files(static_cast<int>(vma.file()));
  const uint64_t end = vma.offset() + (run.address() + run.length() - vma.start());
  if (!S_ISREG(file.mode()) || (file.size() <= INT64_MAX && end <= page_up(file.size()))) return {};
  return invalid("page run {:#x}+{:#x} is beyond the end of {}, which has {} bytes", run.address(),
                 run.length(), file.path(), file.size());
}

Result<void> validate_space(const AddressSpace& space, const Task& task, const Records& records) {
  const uint64_t end = user_end(task.word_size());
  uint64_t last_end = 0;
  const Vma* vdso = nullptr;
  for (const Vma& vma : space.vmas()) {
    CR_TRY(validate_vma(vma, space, end, records), "mapping {:#x}-{:#x}", vma.start(), vma.end());
    if (vma.start() < last_end)
      return invalid("mapping {:#x}-{:#x} overlaps the one before it", vma.start(), vma.end());
    last_end = vma.end();
    if (vma.backing() != Vma::VDSO) continue;
    if (vdso != nullptr) return invalid("two vdsos");
    vdso = &vma;
  }
  const auto* code = records.find<Vdso>(kVdsoRecord, space.vdso_hash());
  if ((vdso == nullptr) != (space.vdso_hash() == 0) || (vdso != nullptr && code == nullptr))
    return invalid("a vdso whose content is not known, or the content of none");
  if (vdso != nullptr && code->code().size() > vdso->end() - vdso->start())
    return invalid("a vdso of {} bytes in a mapping of {}", code->code().size(), vdso->end() - vdso->start());
  const uint64_t pages = CR_TRY(validate_runs(space.runs()));
  CR_TRY(validate_pages(records, static_cast<uint64_t>(space.pid()), pages));
  // Runs and mappings are both ascending: one walk finds a run outside private memory.
  int at = 0;
  for (const PageRun& run : space.runs()) {
    while (at < space.vmas_size() && space.vmas(at).end() <= run.address()) ++at;
    const bool inside = at < space.vmas_size() && space.vmas(at).start() <= run.address() &&
                        run.address() + run.length() <= space.vmas(at).end() && !space.vmas(at).shared() &&
                        space.vmas(at).backing() != Vma::VDSO;
    if (!inside) return invalid("page run {:#x}+{:#x} is in no private mapping", run.address(), run.length());
    CR_TRY(validate_run_of_file(run, space.vmas(at), space));
  }
  for (const FileIdentity& file : space.files())
    if (!absolute_path(file.path())) return invalid("a mapped file without an absolute path");
  if (space.exe() >= static_cast<uint32_t>(space.files_size())) return invalid("exe is file {}", space.exe());
  const FileIdentity& exe = space.files(static_cast<int>(space.exe()));
  if (!S_ISREG(exe.mode())) return invalid("exe {} is no regular file", exe.path());
  CR_TRY(validate_layout(space.layout(), end));
  return validate_auxv(space.auxv());
}

Result<void> validate_vdsos(const Records& records) {
  for (const auto& [key, message] : records.by_key()) {
    if (key.first != kVdsoRecord) continue;
    const std::string& code = static_cast<const Vdso&>(*message).code();
    if (code.empty() || !page_aligned(code.size()) || code.size() > kMaxVdso)
      return invalid("vdso {:#x}: {} bytes", key.second, code.size());
    if (image::hash_of(std::as_bytes(std::span(code))) != key.second)
      return invalid("vdso {:#x}: filed elsewhere", key.second);
  }
  return {};
}

// Pages of nobody would be an image's dead weight, or a sign that something is missing.
Result<void> validate_owners(const Records& records) {
  if (records.pages == nullptr) return {};
  for (const auto& [id, extents] : records.pages->objects()) {
    const bool shared = (id & kSharedPages) != 0;
    const bool owned = shared ? records.find<SharedMemory>(kSharedMemoryRecord, id & ~kSharedPages) != nullptr
                              : records.find<AddressSpace>(kAddressSpaceRecord, id) != nullptr;
    if (!owned) return invalid("pages of object {:#x}, which has no record", id);
  }
  return {};
}

}  // namespace

Result<void> validate_memory(const Records& records) {
  size_t living = 0;
  OnePath files;
  for (const Task* task : records.all<Task>(kTaskRecord)) {
    if (task->zombie()) continue;
    ++living;
    const auto* space = records.find<AddressSpace>(kAddressSpaceRecord, static_cast<uint64_t>(task->pid()));
    if (space == nullptr || space->pid() != task->pid())
      return invalid("task {}: no address space record", task->pid());
    CR_TRY(validate_space(*space, *task, records), "task {}", task->pid());
    for (const FileIdentity& file : space->files())
      CR_TRY(files.add(file.path(), {file.mode(), file.size(), file.mtime_ns()}), "task {}", task->pid());
  }
  if (records.all<AddressSpace>(kAddressSpaceRecord).size() != living)
    return invalid("an address space without a task");
  CR_TRY(validate_vdsos(records));
  for (const SharedMemory* object : records.all<SharedMemory>(kSharedMemoryRecord)) {
    if (object->id() >= kSharedPages ||
        records.find<SharedMemory>(kSharedMemoryRecord, object->id()) != object)
      return invalid("shared memory {}: filed elsewhere", object->id());
    if (object->size() == 0 || object->size() > kMaxSharedObject)
      return invalid("shared memory {}: {} bytes", object->id(), object->size());
    const uint64_t pages = CR_TRY(validate_runs(object->runs()), "shared memory {}", object->id());
    CR_TRY(validate_pages(records, kSharedPages | object->id(), pages), "shared memory {}", object->id());
    for (const PageRun& run : object->runs())
      if (run.address() + run.length() > page_up(object->size()))
        return invalid("shared memory {}: a run beyond its end", object->id());
  }
  return validate_owners(records);
}

}  // namespace cr::kinds
