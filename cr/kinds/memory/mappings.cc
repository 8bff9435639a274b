#include "cr/kinds/memory/mappings.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cr/kinds/memory/nameless_flag.h"
#include "cr/kinds/memory/own_vdso.h"

namespace cr::kinds {
namespace {

using proc::SmapsVma;
using proc::VmFlag;

struct FlagRefusal {
  VmFlag flag;
  const char* kind;
  const char* reason;
};

constexpr FlagRefusal kRefusedFlags[] = {
    {VmFlag::kHt, "hugetlb", "is a hugetlb mapping"},
    {VmFlag::kUm, "userfaultfd", "is watched by a userfaultfd"},
    {VmFlag::kUw, "userfaultfd", "is write-protected by a userfaultfd"},
    {VmFlag::kUi, "userfaultfd", "is watched by a userfaultfd"},
    {VmFlag::kSs, "shadow-stack", "is a shadow stack"},
    {VmFlag::kSl, "mseal", "is sealed (mseal)"},
    {VmFlag::kGu, "guard-region", "holds guard pages (MADV_GUARD_INSTALL)"},
    {VmFlag::kPf, "device-mapping", "maps memory of a device"},
    {VmFlag::kIo, "device-mapping", "maps memory of a device"},
    {VmFlag::kSf, "device-mapping", "maps persistent memory synchronously"},
    {VmFlag::kDp, "droppable-memory", "may be dropped by the kernel (MAP_DROPPABLE)"},
};

struct AdviceFlag {
  VmFlag flag;
  int advice;
};

constexpr AdviceFlag kAdvice[] = {
    {VmFlag::kSr, MADV_SEQUENTIAL}, {VmFlag::kRr, MADV_RANDOM},     {VmFlag::kDc, MADV_DONTFORK},
    {VmFlag::kDd, MADV_DONTDUMP},   {VmFlag::kHg, MADV_HUGEPAGE},   {VmFlag::kNh, MADV_NOHUGEPAGE},
    {VmFlag::kMg, MADV_MERGEABLE},  {VmFlag::kWf, MADV_WIPEONFORK},
};

// Names of files that are no files on disk (mm/, ipc/, fs/): what stands behind the mapping.
struct NameRefusal {
  const char* prefix;
  const char* kind;
  const char* reason;
};

constexpr NameRefusal kRefusedNames[] = {
    {"/SYSV", "sysv-shm", "is a System V shared memory segment"},
    {"/memfd:", "memfd", "maps a memory file (memfd_create)"},
    {"/secretmem", "memfd-secret", "maps secret memory (memfd_secret)"},
    {"/[aio]", "aio", "is the ring of an AIO context (io_setup)"},
    {"anon_inode:[io_uring]", "io_uring", "is a ring of an io_uring"},
    {"anon_inode:[perf_event]", "perf-event", "is the buffer of a perf event"},
    {"anon_inode:", "anon-inode", "maps an object without a file"},
    {"socket:", "socket", "is the ring of a packet socket"},
};

std::string where_of(const proc::Vma& vma) {
  return fmt::format("{:x}-{:x}{}{}", vma.start, vma.end, vma.path.empty() ? "" : " ", vma.raw_name());
}

class Describer {
 public:
  Describer(const ProcessView& process, SharedObjects& shared, AddressSpace& out, Collector& collector)
      : process_(process), shared_(shared), out_(out), collector_(collector) {}

  Result<void> describe(const SmapsVma& smaps) {
    const proc::Vma& vma = smaps.vma;
    if (vma.path == "[vsyscall]") return {};  // the same in every 64-bit address space
    if (is_vdso(vma)) return add_vdso(vma);
    refuse_flags(smaps);
    Vma& record = add(vma);
    for (const AdviceFlag& known : kAdvice)
      if (smaps.flags.has(known.flag)) record.add_advice(static_cast<uint32_t>(known.advice));
    record.set_grows_down(smaps.flags.has(VmFlag::kGd));
    record.set_no_reserve(smaps.flags.has(VmFlag::kNr));
    record.set_locked(smaps.flags.has(VmFlag::kLo));
    record.set_lock_on_fault(smaps.flags.has(VmFlag::kLf) || is_nameless_lock_on_fault(smaps));
    // A System V segment's inode is its id, which may be 0.
    const bool a_file = vma.inode != 0 || (!vma.special() && !vma.path.empty());
    if (!a_file) return describe_anonymous(vma);
    record.set_offset(vma.offset);
    if (vma.path == "/dev/zero" && vma.deleted && vma.shared) {
      record.set_backing(Vma::SHARED_ANONYMOUS);
      record.set_object(shared_.id_of(vma, process_.living_tid()));
      return {};
    }
    for (const NameRefusal& known : kRefusedNames)
      if (vma.path.starts_with(known.prefix) && (vma.deleted || vma.special()))
        return refuse(known.kind, vma, known.reason);
    return describe_file(smaps, record);
  }

 private:
  Vma& add(const proc::Vma& vma) {
    Vma& record = *out_.add_vmas();
    record.set_start(vma.start);
    record.set_end(vma.end);
    record.set_protection((vma.read ? PROT_READ : 0u) | (vma.write ? PROT_WRITE : 0u) |
                          (vma.exec ? PROT_EXEC : 0u));
    record.set_shared(vma.shared);
    return record;
  }

  // The kernel maps all of it in one piece (ARCH_MAP_VDSO_64), so it is one record.
  Result<void> add_vdso(const proc::Vma& vma) {
    Vma* last = out_.vmas_size() == 0 ? nullptr : out_.mutable_vmas(out_.vmas_size() - 1);
    if (last != nullptr && last->backing() == Vma::VDSO && last->end() == vma.start) {
      last->set_end(vma.end);
      return {};
    }
    add(vma).set_backing(Vma::VDSO);
    return {};
  }

  Result<void> describe_anonymous(const proc::Vma& vma) {
    if (!vma.anon_name().empty()) return refuse("vma-name", vma, "has a name given by prctl(PR_SET_VMA)");
    const bool ordinary = vma.path.empty() || vma.path == "[heap]" || vma.path.starts_with("[stack");
    if (!ordinary || vma.shared) return refuse("unknown-mapping", vma, "is of a kind unknown to this engine");
    return {};
  }

  Result<void> describe_file(const SmapsVma& smaps, Vma& record) {
    const proc::Vma& vma = smaps.vma;
    struct stat mapped, named;
    const std::string link = process_.path(fmt::format("map_files/{:x}-{:x}", vma.start, vma.end));
    if (::stat(link.c_str(), &mapped) < 0) return fail_errno("stat {}", link);
    const bool zero = S_ISCHR(mapped.st_mode) && mapped.st_rdev == makedev(1, 5) && !vma.shared;
    if (!S_ISREG(mapped.st_mode) && !zero) return refuse("device-mapping", vma, "maps a device");
    std::string path = vma.path;
    if (vma.deleted && ::stat(vma.raw_name().c_str(), &named) == 0 && named.st_ino == mapped.st_ino)
      path = vma.raw_name();
    if (::stat(path.c_str(), &named) < 0 || named.st_dev != mapped.st_dev || named.st_ino != mapped.st_ino)
      return refuse("deleted-file", vma,
                    "maps a file that has no name any more, or whose name leads to another file");
    record.set_backing(Vma::FILE);
    record.set_file_writable(vma.shared && smaps.flags.has(VmFlag::kMw));
    record.set_file(file_index(path, mapped));
    return {};
  }

 public:
  uint32_t file_index(const std::string& path, const struct stat& status) {
    for (int i = 0; i < out_.files_size(); ++i)
      if (out_.files(i).path() == path) return static_cast<uint32_t>(i);
    FileIdentity& file = *out_.add_files();
    file.set_path(path);
    file.set_size(static_cast<uint64_t>(status.st_size));
    file.set_mtime_ns(status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec);
    file.set_mode(status.st_mode);
    file.set_device(status.st_dev);
    file.set_inode(status.st_ino);
    return static_cast<uint32_t>(out_.files_size() - 1);
  }

 private:
  void refuse_flags(const SmapsVma& smaps) {
    for (const FlagRefusal& known : kRefusedFlags) {
      if (!smaps.flags.has(known.flag)) continue;
      (void)refuse(known.kind, smaps.vma, known.reason);
      return;
    }
    if (!smaps.unknown_flags.empty() && !is_nameless_lock_on_fault(smaps))
      (void)refuse("vma-flag", smaps.vma,
                   fmt::format("has the flag \"{}\", unknown to this engine", smaps.unknown_flags.front()));
    if (smaps.protection_key.value_or(0) != 0)
      (void)refuse("protection-key", smaps.vma, "has a memory protection key");
  }

  Result<void> refuse(const char* kind, const proc::Vma& vma, std::string reason) {
    collector_.refuse(process_.pid(), kind, where_of(vma), std::move(reason));
    return {};
  }

  const ProcessView& process_;
  SharedObjects& shared_;
  AddressSpace& out_;
  Collector& collector_;
};

}  // namespace

uint64_t SharedObjects::id_of(const proc::Vma& vma, pid_t pid) {
  Object& object = objects_[key_of(vma)];
  if (object.id == 0) object = {objects_.size(), pid, {vma.start, vma.end}};
  return object.id;
}

Result<void> describe_mappings(const ProcessView& process, SharedObjects& shared, AddressSpace& out,
                               Collector& collector) {
  Describer describer(process, shared, out, collector);
  for (const SmapsVma& smaps : process.vmas)
    CR_TRY(describer.describe(smaps), "{:x}-{:x}", smaps.vma.start, smaps.vma.end);

  struct stat running, named;
  const std::string link = process.path("exe");
  const std::string path = CR_TRY(sys::read_link(link));
  if (::stat(link.c_str(), &running) < 0) return fail_errno("stat {}", link);
  if (::stat(path.c_str(), &named) < 0 || named.st_dev != running.st_dev || named.st_ino != running.st_ino)
    collector.refuse(process.pid(), "deleted-file", "exe",
                     fmt::format("executes {}, which has no name any more", path));
  out.set_exe(describer.file_index(path, running));
  return {};
}

}  // namespace cr::kinds
