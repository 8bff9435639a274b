#include "cr/kinds/memory/plan.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "cr/base/numbers.h"
#include "cr/kinds/memory/memory.pb.h"
#include "cr/kinds/memory/placement.h"
#include "cr/kinds/task.pb.h"

namespace cr::kinds {
namespace {

using exec::Abi;

constexpr long kArchMapVdso32 = 0x2002, kArchMapVdso64 = 0x2003;  // asm/prctl.h

// Where shared objects are mapped in the engine while they are filled: far from anything that the kernel
// would choose.
constexpr uint64_t kFillAddress = 0x100000000000;

std::string file_name(const FileIdentity& file, bool writable) {
  return fmt::format("{} file {}", writable ? "writable" : "mapped", file.path());
}
std::string object_name(uint64_t id) { return fmt::format("shared memory {}", id); }

void plan_file(const FileIdentity& file, bool writable, PlanBuilder& builder) {
  const std::string name = file_name(file, writable);
  if (builder.kept(name)) return;
  builder.expect_file({file.path(), file.mode(), file.size(), file.mtime_ns(), makedev(1, 5)});
  exec::ListBuilder& store = builder.store();
  const exec::Slot fd = store.fresh_slot();
  store
      .syscall(Abi::k64, SYS_openat,
               {AT_FDCWD, store.stash_text(file.path()), (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC})
      .save(fd)
      .because("open {}", file.path());
  builder.keep(fd, name);
}

// Made as a shared mapping of the engine, which alone gives the right kind of object; taken as a file from
// map_files.
void plan_object(const SharedMemory& object, const Records& records, PlanBuilder& builder) {
  exec::ListBuilder& store = builder.store();
  const uint64_t size = page_up(object.size());
  store
      .syscall(Abi::k64, SYS_mmap,
               {kFillAddress, size, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0})
      .because("shared memory {} of {} bytes", object.id(), object.size());
  const std::string link = fmt::format("/proc/self/map_files/{:x}-{:x}", kFillAddress, kFillAddress + size);
  const exec::Slot fd = store.fresh_slot();
  store.syscall(Abi::k64, SYS_openat, {AT_FDCWD, store.stash_text(link), O_RDWR | O_CLOEXEC})
      .save(fd)
      .because("open {}", link);
  constexpr uint64_t kAtOnce = uint64_t{64} << 20;  // some tens of milliseconds, from memory
  uint64_t since_trap = 0;
  Placement placement(
      builder.pages(records), kSharedPages | object.id(),
      [&](uint64_t address, uint64_t length, uint64_t offset) {
        store.read_fully(builder.image_store_fd(), kFillAddress + address, length, offset)
            .because("fill shared memory {}", object.id());
        since_trap += length;
        if (since_trap < kAtOnce) return;
        since_trap = 0;
        store.trap(kPieceDone).because("a piece of shared memory is filled");
      },
      builder.store_fills(object_name(object.id())));
  for (const PageRun& run : object.runs()) placement.place(run, true);
  store.syscall(Abi::k64, SYS_munmap, {kFillAddress, size});
  builder.keep(fd, object_name(object.id()));
}

bool has_runs(const AddressSpace& space, const Vma& vma) {
  const auto run = std::lower_bound(space.runs().begin(), space.runs().end(), vma.start(),
                                    [](const PageRun& run, uint64_t start) { return run.address() < start; });
  return run != space.runs().end() && run->address() < vma.end();
}

// Memory to be filled is writable until it is.
uint32_t building_protection(const AddressSpace& space, const Vma& vma) {
  return vma.protection() | (has_runs(space, vma) ? PROT_READ | PROT_WRITE : 0u);
}

class SpacePlanner {
 public:
  SpacePlanner(const AddressSpace& space, const Task& task, const Records& records, PlanBuilder& builder)
      : space_(space),
        task_(task),
        records_(records),
        builder_(builder),
        list_(builder.process(space.pid())) {}

  void map() {
    std::map<std::string, exec::Slot> files;
    for (const Vma& vma : space_.vmas())
      if (vma.backing() != Vma::VDSO) map_one(vma, files);
    for (const auto& [name, fd] : files) list_.syscall(Abi::k64, SYS_close, {fd});
    place_pages();
  }

  void finish() {
    for (const Vma& vma : space_.vmas()) {
      const uint64_t size = vma.end() - vma.start();
      if (vma.backing() == Vma::VDSO) {
        map_vdso(vma);
        continue;
      }
      if (building_protection(space_, vma) != vma.protection())
        list_.syscall(Abi::k64, SYS_mprotect, {vma.start(), size, vma.protection()})
            .because("protect {:x}", vma.start());
      for (const uint32_t advice : vma.advice())
        list_.syscall(Abi::k64, SYS_madvise, {vma.start(), size, advice})
            .because("advice {} for {:x}", advice, vma.start());
      if (vma.locked() || vma.lock_on_fault())
        list_.syscall(Abi::k64, SYS_mlock2, {vma.start(), size, vma.lock_on_fault() ? MLOCK_ONFAULT : 0u})
            .because("lock {:x}", vma.start());
    }
    set_layout();
  }

 private:
  void place_pages() {
    Placement placement(
        builder_.pages(records_), static_cast<uint64_t>(space_.pid()),
        [this](uint64_t address, uint64_t length, uint64_t offset) {
          list_.read_fully(builder_.image_fd(), address, length, offset).because("pages at {:x}", address);
        },
        builder_.details(space_.pid()).fills);
    // Runs lie within mappings, and both ascend.
    int at = 0;
    for (const PageRun& run : space_.runs()) {
      while (space_.vmas(at).end() <= run.address()) ++at;
      placement.place(run, space_.vmas(at).backing() == Vma::ANONYMOUS);
    }
  }

  void map_one(const Vma& vma, std::map<std::string, exec::Slot>& files) {
    int flags = MAP_FIXED_NOREPLACE | (vma.shared() ? MAP_SHARED : MAP_PRIVATE);
    if (vma.no_reserve()) flags |= MAP_NORESERVE;
    if (vma.grows_down()) flags |= MAP_GROWSDOWN;
    exec::Arg fd = -1;
    if (vma.backing() == Vma::ANONYMOUS) {
      flags |= MAP_ANONYMOUS;
    } else {
      const std::string name =
          vma.backing() == Vma::FILE
              ? file_name(space_.files(static_cast<int>(vma.file())), vma.file_writable())
              : object_name(vma.object());
      if (!files.contains(name)) files[name] = builder_.fetch(list_, name);
      fd = files[name];
    }
    list_
        .syscall(
            Abi::k64, SYS_mmap,
            {vma.start(), vma.end() - vma.start(), building_protection(space_, vma), flags, fd, vma.offset()})
        .expect(static_cast<int64_t>(vma.start()))
        .because("map {:x}-{:x}", vma.start(), vma.end());
  }

  void map_vdso(const Vma& vma) {
    if (const VdsoExchange* exchange = builder_.exchange_of(space_.pid())) {
      keep_old_vdso(vma, *exchange);
      map_own_vdso(exchange->start, exchange->end, exchange->hash);
    } else {
      map_own_vdso(vma.start(), vma.end(), space_.vdso_hash());
    }
  }

  void map_own_vdso(uint64_t start, uint64_t end, uint64_t hash) {
    list_
        .syscall(Abi::k64, SYS_arch_prctl, {task_.word_size() == 32 ? kArchMapVdso32 : kArchMapVdso64, start})
        .because("map the vdso at {:x}", start);
    ProcessPlan& details = builder_.details(space_.pid());
    details.vdso_end = end;
    details.vdso_hash = hash;
  }

  // Its data pages hold zeros: to the old code that is a clock that only the kernel can read.
  void keep_old_vdso(const Vma& vma, const VdsoExchange& exchange) {
    const uint64_t size = vma.end() - vma.start(), code = vma.end() - exchange.code.size();
    list_
        .syscall(Abi::k64, SYS_mmap,
                 {vma.start(), size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0})
        .expect(static_cast<int64_t>(vma.start()))
        .because("map {:x}-{:x} for the old vdso", vma.start(), vma.end());
    list_.copy(code, list_.stash(std::as_bytes(std::span(exchange.code))), exchange.code.size())
        .because("the old vdso's code, leading to the new one's");
    list_.syscall(Abi::k64, SYS_mprotect, {vma.start(), size, PROT_READ})
        .because("protect {:x}", vma.start());
    list_.syscall(Abi::k64, SYS_mprotect, {code, vma.end() - code, PROT_READ | PROT_EXEC})
        .because("protect {:x}", code);
    ProcessPlan& details = builder_.details(space_.pid());
    details.no_addresses = exchange.inside;
    details.searched = searched();
  }

  // What may hold the frame of a signal handler: all that can be written.
  std::vector<SearchedPages> searched() const {
    std::vector<SearchedPages> pages;
    auto run = space_.runs().begin();
    for (const Vma& vma : space_.vmas()) {
      const bool writable = (vma.protection() & PROT_WRITE) != 0;
      const auto add = [&](uint64_t start, uint64_t end) {
        if (!writable) return;
        const AddressRange mapping{vma.start(), vma.end()};
        if (!pages.empty() && pages.back().mapping.start == mapping.start && pages.back().pages.end == start)
          pages.back().pages.end = std::min(end, mapping.end);
        else
          pages.push_back({{start, std::min(end, mapping.end)}, mapping});
      };
      // Runs lie within mappings, and both ascend.
      for (; run != space_.runs().end() && run->address() < vma.end(); ++run)
        add(run->address(), run->address() + run->length());
      if (vma.backing() != Vma::SHARED_ANONYMOUS) continue;
      const auto& shared = records_.find<SharedMemory>(kSharedMemoryRecord, vma.object())->runs();
      auto part = std::ranges::partition_point(
          shared, [&](const PageRun& one) { return one.address() + one.length() <= vma.offset(); });
      for (; part != shared.end() && part->address() < vma.offset() + (vma.end() - vma.start()); ++part) {
        const uint64_t first = std::max(part->address(), vma.offset());
        add(vma.start() + (first - vma.offset()),
            vma.start() + (part->address() + part->length() - vma.offset()));
      }
    }
    return pages;
  }

  void set_layout() {
    const Layout& layout = space_.layout();
    builder_.expect_layout({layout.start_code(), layout.start_data(), layout.start_brk(),
                            layout.start_stack(), layout.arg_start(), layout.env_start()});
    const exec::Data auxv = list_.stash(std::as_bytes(std::span(space_.auxv())));
    prctl_mm_map map{};
    map.start_code = layout.start_code();
    map.end_code = layout.end_code();
    map.start_data = layout.start_data();
    map.end_data = layout.end_data();
    map.start_brk = layout.start_brk();
    map.brk = layout.brk();
    map.start_stack = layout.start_stack();
    map.arg_start = layout.arg_start();
    map.arg_end = layout.arg_end();
    map.env_start = layout.env_start();
    map.env_end = layout.env_end();
    map.auxv_size = static_cast<uint32_t>(space_.auxv().size());
    const exec::Data data = list_.stash(std::as_bytes(std::span(&map, 1)));
    list_.point(data.from(offsetof(prctl_mm_map, auxv)), auxv);
    const FileIdentity& exe = space_.files(static_cast<int>(space_.exe()));
    const exec::Slot fd = builder_.fetch(list_, file_name(exe, false));
    list_.store32(data.from(offsetof(prctl_mm_map, exe_fd)), fd);
    list_.syscall(Abi::k64, SYS_prctl, {PR_SET_MM, PR_SET_MM_MAP, data, sizeof(map), 0})
        .because("PR_SET_MM_MAP with {} as the executable", exe.path());
    list_.syscall(Abi::k64, SYS_close, {fd});
  }

  const AddressSpace& space_;
  const Task& task_;
  const Records& records_;
  PlanBuilder& builder_;
  exec::ListBuilder& list_;
};

void plan_store(const Records& records, PlanBuilder& builder) {
  for (const AddressSpace* space : records.all<AddressSpace>(kAddressSpaceRecord)) {
    for (const Vma& vma : space->vmas())
      if (vma.backing() == Vma::FILE)
        plan_file(space->files(static_cast<int>(vma.file())), vma.file_writable(), builder);
    plan_file(space->files(static_cast<int>(space->exe())), false, builder);
  }
  for (const SharedMemory* object : records.all<SharedMemory>(kSharedMemoryRecord))
    plan_object(*object, records, builder);
}

}  // namespace

void plan_memory(Phase phase, const Records& records, PlanBuilder& builder) {
  if (phase == Phase::kStore) plan_store(records, builder);
  if (phase != Phase::kMemory && phase != Phase::kLayout) return;
  for (const AddressSpace* space : records.all<AddressSpace>(kAddressSpaceRecord)) {
    const Task& task = *records.find<Task>(kTaskRecord, static_cast<uint64_t>(space->pid()));
    SpacePlanner planner(*space, task, records, builder);
    if (phase == Phase::kMemory)
      planner.map();
    else
      planner.finish();
  }
}

}  // namespace cr::kinds
