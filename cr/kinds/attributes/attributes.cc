// Limits, directories, masks and the other small things a process carries.
#include <fcntl.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cr/kinds/attributes/attributes.pb.h"
#include "cr/kinds/kinds.h"
#include "cr/kinds/task.pb.h"
#include "cr/proc/personality.h"
#include "cr/proc/text.h"

namespace cr::kinds {
namespace {

using exec::Abi;

constexpr uint32_t kMaxCoredumpFilter = 0x1ff;  // MMF_DUMP_FILTER_BITS

class AttributesKind : public Kind {
 public:
  std::string_view name() const override { return "attributes"; }
  std::vector<Schema> schemas() const override {
    return {{kAttributesRecord, &Attributes::default_instance()}};
  }
  Result<void> collect(const TreeView& tree, Collector& collector) const override;
  Result<void> validate(const Records& records) const override;
  void plan(Phase phase, const Records& records, PlanBuilder& builder) const override;
};

// The link's text, if that path still leads to the directory it names.
Result<std::string> directory_of(const ProcessView& process, const char* name, Collector& collector) {
  const std::string link = process.path(name);
  std::string path = CR_TRY(sys::read_link(link));
  struct stat there, named;
  if (::stat(link.c_str(), &there) < 0) return fail_errno("stat {}", link);
  if (::stat(path.c_str(), &named) < 0 || there.st_dev != named.st_dev || there.st_ino != named.st_ino) {
    collector.refuse(
        process.pid(), "deleted-directory", name,
        fmt::format("{} leads to no directory of that name any more (deleted, or below another root)", path));
  }
  return path;
}

// Each thread has its own, though few programs let them differ: new threads get their maker's.
Result<uint32_t> personality_of(const ProcessView& process, Collector& collector) {
  const auto of = [&process](pid_t tid) -> Result<uint32_t> {
    return proc::parse_personality(
        CR_TRY(sys::read_file(process.path(fmt::format("task/{}/personality", tid)))));
  };
  const uint32_t common = CR_TRY(of(process.living_tid()));
  for (const trace::ThreadState& thread : process.state.threads)
    if (const uint32_t its = CR_TRY(of(thread.tid)); its != common)
      collector.refuse(process.pid(), "personality", fmt::format("thread {}", thread.tid),
                       fmt::format("has the personality {:#x}, the first thread {:#x}", its, common));
  return common;
}

Result<void> collect_one(const ProcessView& process, Collector& collector) {
  const pid_t pid = process.pid();
  Attributes& attributes = collector.records.add<Attributes>(kAttributesRecord, static_cast<uint64_t>(pid));
  attributes.set_pid(pid);
  attributes.set_cwd(CR_TRY(directory_of(process, "cwd", collector)));
  attributes.set_root(CR_TRY(directory_of(process, "root", collector)));
  attributes.set_umask(process.status.umask.value_or(022));
  attributes.set_personality(CR_TRY(personality_of(process, collector)));
  attributes.set_oom_score_adj(CR_TRY(
      proc::parse_number<int32_t>("oom_score_adj", CR_TRY(sys::read_file(process.path("oom_score_adj"))))));
  attributes.set_coredump_filter(CR_TRY(proc::parse_number<uint32_t>(
      "coredump_filter", CR_TRY(sys::read_file(process.path("coredump_filter"))), 16)));
  // Asked inside: of another user's task the limits can be read only with CAP_SYS_RESOURCE.
  exec::ListBuilder& agent = collector.agent(pid, pid);
  for (int resource = 0; resource < RLIM_NLIMITS; ++resource) {
    const exec::Data data = agent.reserve(sizeof(rlimit64));
    agent.syscall(Abi::k64, SYS_prlimit64, {0, resource, 0, data}).because("limit of resource {}", resource);
    collector.when_answered(pid, [&attributes, resource, data](const Answers& answers) -> Result<void> {
      const auto limit = answers.data<rlimit64>(data);
      Limit& record = *attributes.add_limits();
      record.set_resource(static_cast<uint32_t>(resource));
      record.set_soft(limit.rlim_cur);
      record.set_hard(limit.rlim_max);
      return {};
    });
  }
  return {};
}

Result<void> AttributesKind::collect(const TreeView& tree, Collector& collector) const {
  for (const ProcessView& process : tree.processes)
    if (!process.zombie()) CR_TRY(collect_one(process, collector), "pid {}", process.pid());
  return {};
}

// Nobody checks what personality(2) is given, but all ones ask for what there is and set nothing. Bits
// without a meaning may get one.
bool known_personality(uint32_t personality) {
  constexpr uint32_t kHighestType = PER_HPUX;
  constexpr uint32_t kFlags = UNAME26 | ADDR_NO_RANDOMIZE | FDPIC_FUNCPTRS | MMAP_PAGE_ZERO |
                              ADDR_COMPAT_LAYOUT | READ_IMPLIES_EXEC | ADDR_LIMIT_32BIT | SHORT_INODE |
                              WHOLE_SECONDS | STICKY_TIMEOUTS | ADDR_LIMIT_3GB;
  return (personality & PER_MASK) <= kHighestType && (personality & ~(PER_MASK | kFlags)) == 0;
}

// Each once: a task would have the engine's where its own is missing.
Result<void> validate_limits(const Attributes& attributes) {
  uint32_t seen = 0;
  for (const Limit& limit : attributes.limits()) {
    if (limit.resource() >= RLIM_NLIMITS || (seen >> limit.resource() & 1) != 0 ||
        limit.soft() > limit.hard())
      return invalid("limit of resource {}", limit.resource());
    seen |= 1u << limit.resource();
  }
  for (uint32_t resource = 0; resource < RLIM_NLIMITS; ++resource)
    if ((seen >> resource & 1) == 0) return invalid("no limit of resource {}", resource);
  return {};
}

Result<void> AttributesKind::validate(const Records& records) const {
  size_t living = 0;
  for (const Task* task : records.all<Task>(kTaskRecord)) {
    if (task->zombie()) continue;
    ++living;
    const auto* attributes = records.find<Attributes>(kAttributesRecord, static_cast<uint64_t>(task->pid()));
    if (attributes == nullptr || attributes->pid() != task->pid())
      return invalid("task {}: no attributes record", task->pid());
    if (!absolute_path(attributes->cwd()) || !absolute_path(attributes->root()))
      return invalid("task {}: cwd or root is no absolute path", task->pid());
    if (attributes->umask() > 0777) return invalid("task {}: umask {:o}", task->pid(), attributes->umask());
    if (attributes->oom_score_adj() < -1000 || attributes->oom_score_adj() > 1000)
      return invalid("task {}: oom_score_adj {}", task->pid(), attributes->oom_score_adj());
    if (!known_personality(attributes->personality()))
      return invalid("task {}: personality {:#x}", task->pid(), attributes->personality());
    if (attributes->coredump_filter() > kMaxCoredumpFilter)
      return invalid("task {}: coredump_filter {:#x}", task->pid(), attributes->coredump_filter());
    CR_TRY(validate_limits(*attributes), "task {}", task->pid());
  }
  if (records.all<Attributes>(kAttributesRecord).size() != living)
    return invalid("an attributes record without a task");
  return {};
}

std::string directory_name(const std::string& path) { return "directory " + path; }

void plan_directory(const std::string& path, PlanBuilder& builder) {
  if (builder.kept(directory_name(path))) return;
  builder.expect_file({.path = path, .mode = S_IFDIR});
  exec::ListBuilder& store = builder.store();
  const exec::Slot fd = store.fresh_slot();
  store.syscall(Abi::k64, SYS_openat, {AT_FDCWD, store.stash_text(path), O_PATH | O_DIRECTORY | O_CLOEXEC})
      .save(fd)
      .because("open the directory {}", path);
  builder.keep(fd, directory_name(path));
}

void enter(exec::ListBuilder& list, const std::string& path, PlanBuilder& builder) {
  const exec::Slot fd = builder.fetch(list, directory_name(path));
  list.syscall(Abi::k64, SYS_fchdir, {fd}).because("change directory to {}", path);
  list.syscall(Abi::k64, SYS_close, {fd});
}

void AttributesKind::plan(Phase phase, const Records& records, PlanBuilder& builder) const {
  for (const Attributes* attributes : records.all<Attributes>(kAttributesRecord)) {
    if (phase == Phase::kStore) {
      plan_directory(attributes->cwd(), builder);
      plan_directory(attributes->root(), builder);
    }
    if (phase == Phase::kLayout) {
      exec::ListBuilder& list = builder.process(attributes->pid());
      if (attributes->root() != "/") {
        enter(list, attributes->root(), builder);
        list.syscall(Abi::k64, SYS_chroot, {list.stash_text(".")})
            .because("chroot to {}", attributes->root());
      }
      enter(list, attributes->cwd(), builder);
      list.syscall(Abi::k64, SYS_umask, {attributes->umask()});
      list.syscall(Abi::k64, SYS_personality, {attributes->personality()}).because("personality");
      auto& writes = builder.details(attributes->pid()).writes;
      writes.push_back({"oom_score_adj", fmt::format("{}", attributes->oom_score_adj())});
      writes.push_back({"coredump_filter", fmt::format("{:#x}", attributes->coredump_filter())});
    }
    if (phase == Phase::kLast) {
      exec::ListBuilder& list = builder.process(attributes->pid());
      for (const Limit& limit : attributes->limits()) {
        const rlimit64 value{limit.soft(), limit.hard()};
        builder.expect_hard_limit(limit.resource(), limit.hard());
        list.syscall(Abi::k64, SYS_prlimit64, {0, limit.resource(), list.stash(value), 0})
            .because("limit of resource {} ({} of at most {})", limit.resource(), limit.soft(), limit.hard());
      }
    }
  }
}

}  // namespace

std::unique_ptr<Kind> attributes_kind() { return std::make_unique<AttributesKind>(); }

}  // namespace cr::kinds
