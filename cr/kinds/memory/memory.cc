// Address spaces: mappings, pages, and the layout the kernel remembers.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "cr/base/numbers.h"
#include "cr/kinds/kinds.h"
#include "cr/kinds/memory/guards.h"
#include "cr/kinds/memory/mappers.h"
#include "cr/kinds/memory/mappings.h"
#include "cr/kinds/memory/pages.h"
#include "cr/kinds/memory/plan.h"
#include "cr/kinds/memory/validate.h"
#include "cr/kinds/memory/vdso.h"
#include "cr/kinds/outsiders.h"
#include "cr/kinds/task.pb.h"

namespace cr::kinds {
namespace {

std::string map_file(const SharedObjects::Object& object) {
  return fmt::format("/proc/{}/map_files/{:x}-{:x}", object.pid, object.where.start, object.where.end);
}

class MemoryKind : public Kind {
 public:
  std::string_view name() const override { return "memory"; }
  std::vector<Schema> schemas() const override {
    return {{kAddressSpaceRecord, &AddressSpace::default_instance()},
            {kSharedMemoryRecord, &SharedMemory::default_instance()},
            {kVdsoRecord, &Vdso::default_instance()}};
  }
  Result<void> collect(const TreeView& tree, Collector& collector) const override;
  Result<void> find_pages(const TreeView& tree, Records& records, const KeepGoing& keep_going) const override;
  Result<void> save_pages(const TreeView& tree, const Records& records, PageStore store) const override;
  Result<void> validate(const Records& records) const override { return validate_memory(records); }
  void plan(Phase phase, const Records& records, PlanBuilder& builder) const override {
    plan_memory(phase, records, builder);
  }
};

void describe_layout(const ProcessView& process, AddressSpace& space, Collector& collector) {
  const proc::Stat& stat = process.stat;
  Layout& layout = *space.mutable_layout();
  layout.set_start_code(stat.start_code);
  layout.set_end_code(stat.end_code);
  layout.set_start_data(stat.start_data);
  layout.set_end_data(stat.end_data);
  layout.set_start_brk(stat.start_brk);
  layout.set_start_stack(stat.start_stack);
  layout.set_arg_start(stat.arg_start);
  layout.set_arg_end(stat.arg_end);
  layout.set_env_start(stat.env_start);
  layout.set_env_end(stat.env_end);
  exec::ListBuilder& agent = collector.agent(process.pid(), process.pid());
  const exec::Slot brk = agent.fresh_slot();
  agent.syscall(exec::Abi::k64, SYS_brk, {0}).save(brk).because("brk");
  collector.when_answered(process.pid(), [&layout, brk](const Answers& answers) -> Result<void> {
    layout.set_brk(static_cast<uint64_t>(answers.value(brk)));
    return {};
  });
}

// A restored tree would have a copy of its own.
Result<void> refuse_shared_outside(const TreeView& tree, const SharedObjects& shared, Collector& collector) {
  std::set<SharedObjects::Key> objects;
  for (const auto& [key, object] : shared.all()) objects.insert(key);
  for (const auto& [key, outsider] : CR_TRY(other_mappers(objects, insiders(tree)))) {
    const SharedObjects::Object& object = shared.all().at(key);
    const auto mapper = std::ranges::find(tree.processes, object.pid, &ProcessView::living_tid);
    collector.refuse(
        mapper->pid(), "outside-memory", fmt::format("{:x}-{:x}", object.where.start, object.where.end),
        fmt::format("is shared memory that pid {} maps, too, which is outside the tree", outsider));
  }
  return {};
}

Result<void> MemoryKind::collect(const TreeView& tree, Collector& collector) const {
  SharedObjects shared;
  VdsoKeeper vdsos;
  GuardFinder guards;
  for (const ProcessView& process : tree.processes) {
    if (process.zombie()) continue;
    AddressSpace& space =
        collector.records.add<AddressSpace>(kAddressSpaceRecord, static_cast<uint64_t>(process.pid()));
    space.set_pid(process.pid());
    CR_TRY(describe_mappings(process, shared, space, collector), "pid {}", process.pid());
    CR_TRY(guards.look(process, collector), "pid {}: guard regions", process.pid());
    describe_layout(process, space, collector);
    space.set_auxv(CR_TRY(sys::read_file(process.path("auxv"))));
    CR_TRY(vdsos.keep(process, space, collector), "pid {}: vdso", process.pid());
  }
  for (const auto& [inode, object] : shared.all()) {
    SharedMemory& record = collector.records.add<SharedMemory>(kSharedMemoryRecord, object.id);
    record.set_id(object.id);
    struct stat status;
    if (::stat(map_file(object).c_str(), &status) < 0) return fail_errno("stat {}", map_file(object));
    record.set_size(static_cast<uint64_t>(status.st_size));
  }
  return refuse_shared_outside(tree, shared, collector);
}

bool has_private_pages(const Vma& vma) { return !vma.shared() && vma.backing() != Vma::VDSO; }

void add_run(google::protobuf::RepeatedPtrField<PageRun>& runs, PageRange range) {
  PageRun& run = *runs.Add();
  run.set_address(range.start);
  run.set_length(range.end - range.start);
}

Result<void> find_private_pages(pid_t pid, AddressSpace& space, const KeepGoing& keep_going) {
  PageFinder finder = CR_TRY(PageFinder::open(pid));
  for (const Vma& vma : space.vmas())
    if (has_private_pages(vma))
      for (const PageRange& range : CR_TRY(finder.private_pages({vma.start(), vma.end()}, keep_going)))
        add_run(*space.mutable_runs(), range);
  return {};
}

// The whole object, whoever maps how much of it: its pages need not be in anybody's page table.
Result<void> find_object_pages(const SharedObjects::Object& object, SharedMemory& record,
                               const KeepGoing& keep_going) {
  const sys::UniqueFd fd = CR_TRY(sys::open(map_file(object), O_RDONLY));
  const auto size = static_cast<off_t>(record.size());
  for (off_t at = 0; at < size;) {
    CR_TRY(keep_going());
    const off_t data = ::lseek(fd.get(), at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    if (data < 0) return fail_errno("SEEK_DATA of shared memory");
    const off_t hole = ::lseek(fd.get(), data, SEEK_HOLE);
    if (hole < 0) return fail_errno("SEEK_HOLE of shared memory");
    add_run(*record.mutable_runs(),
            {page_down(static_cast<uint64_t>(data)), page_up(static_cast<uint64_t>(hole))});
    at = hole;
  }
  return {};
}

// The same walk as in collect() gives the same ids.
SharedObjects shared_objects(const TreeView& tree) {
  SharedObjects shared;
  for (const ProcessView& process : tree.processes) {
    if (process.zombie()) continue;
    for (const proc::SmapsVma& smaps : process.vmas)
      if (smaps.vma.path == "/dev/zero" && smaps.vma.deleted && smaps.vma.shared && smaps.vma.inode != 0)
        shared.id_of(smaps.vma, process.pid());
  }
  return shared;
}

Result<void> MemoryKind::find_pages(const TreeView& tree, Records& records,
                                    const KeepGoing& keep_going) const {
  for (const ProcessView& process : tree.processes) {
    if (process.zombie()) continue;
    auto& space = *records.find<AddressSpace>(kAddressSpaceRecord, static_cast<uint64_t>(process.pid()));
    CR_TRY(find_private_pages(process.pid(), space, keep_going), "pid {}", process.pid());
  }
  const SharedObjects shared = shared_objects(tree);
  for (const auto& [inode, object] : shared.all())
    CR_TRY(find_object_pages(object, *records.find<SharedMemory>(kSharedMemoryRecord, object.id), keep_going),
           "shared memory {}", object.id);
  return {};
}

Result<void> save_private_pages(const AddressSpace& space, PageStore store) {
  PageCopier copier = CR_TRY(PageCopier::of_process(space.pid(), static_cast<uint64_t>(space.pid()), store));
  // Runs lie within mappings, and both ascend.
  int at = 0;
  for (const PageRun& run : space.runs()) {
    while (space.vmas(at).end() <= run.address()) ++at;
    const bool readable = (space.vmas(at).protection() & PROT_READ) != 0;
    CR_TRY(copier.copy({run.address(), run.address() + run.length()}, readable), "mapping {:x}",
           space.vmas(at).start());
  }
  return {};
}

Result<void> save_object(const SharedObjects::Object& object, const SharedMemory& record, PageStore store) {
  const sys::UniqueFd fd = CR_TRY(sys::open(map_file(object), O_RDONLY));
  PageCopier copier = PageCopier::of_file(fd.get(), kSharedPages | object.id, store);
  for (const PageRun& run : record.runs())
    CR_TRY(copier.copy({run.address(), run.address() + run.length()}, true));
  return {};
}

Result<void> MemoryKind::save_pages(const TreeView& tree, const Records& records, PageStore store) const {
  for (const AddressSpace* space : records.all<AddressSpace>(kAddressSpaceRecord))
    CR_TRY(save_private_pages(*space, store), "pid {}", space->pid());
  const SharedObjects shared = shared_objects(tree);
  for (const auto& [inode, object] : shared.all())
    CR_TRY(save_object(object, *records.find<SharedMemory>(kSharedMemoryRecord, object.id), store),
           "shared memory {}", object.id);
  return {};
}

}  // namespace

std::unique_ptr<Kind> memory_kind() { return std::make_unique<MemoryKind>(); }

}  // namespace cr::kinds
