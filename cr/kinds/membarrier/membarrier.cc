// Registrations for membarrier(2): a runtime registers once, and its barriers fail (EPERM) in an address
// space that was made anew.
#include <linux/membarrier.h>
#include <sys/syscall.h>

#include "cr/kinds/kinds.h"
#include "cr/kinds/membarrier/membarrier.pb.h"
#include "cr/kinds/task.pb.h"

namespace cr::kinds {
namespace {

using exec::Abi;

constexpr int kGetRegistrations = 1 << 9;  // newer than the headers of Linux 6.1

// A barrier that only who registered may have.
struct Private {
  int use, registration;
};
constexpr Private kPrivate[] = {
    {MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED},
    {MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE},
    {MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ},
};
constexpr uint32_t kPrivateRegistrations = MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
                                           MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE |
                                           MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
constexpr uint32_t kKnown = kPrivateRegistrations | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;

class MembarrierKind : public Kind {
 public:
  std::string_view name() const override { return "membarrier"; }
  std::vector<Schema> schemas() const override {
    return {{kMembarrierRecord, &Membarrier::default_instance()}};
  }
  Result<void> collect(const TreeView& tree, Collector& collector) const override;
  Result<void> validate(const Records& records) const override;
  void plan(Phase phase, const Records& records, PlanBuilder& builder) const override;
};

exec::Slot call(exec::ListBuilder& agent, int command) {
  const exec::Slot answer = agent.fresh_slot();
  agent.syscall(Abi::k64, SYS_membarrier, {command, 0, 0})
      .any()
      .save(answer)
      .because("membarrier command {:#x}", command);
  return answer;
}

// A kernel without the command or the call answers so, and then there is nothing to register for.
bool absent(int64_t answer) { return answer == -EINVAL || answer == -ENOSYS; }

// The private ones by a try, on every kernel: who registers for one of the last two shows as registered for
// the first as well, which it may not use (membarrier_get_registrations() in kernel/sched/membarrier.c).
void ask(pid_t pid, Collector& collector) {
  exec::ListBuilder& agent = collector.agent(pid, pid);
  std::vector<exec::Slot> tries;
  for (const Private& one : kPrivate) tries.push_back(call(agent, one.use));
  // Before Linux 6.3 nothing tells who gets barriers of others (MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED).
  const exec::Slot told = call(agent, kGetRegistrations);
  collector.when_answered(pid, [=, &collector](const Answers& answers) -> Result<void> {
    uint32_t registered = 0;
    for (size_t i = 0; i < std::size(kPrivate); ++i) {
      const int64_t answer = answers.value(tries[i]);
      if (answer == 0)
        registered |= static_cast<uint32_t>(kPrivate[i].registration);
      else if (answer != -EPERM && !absent(answer))
        return fail(ErrorKind::kSystem, "membarrier command {:#x}: error {}", kPrivate[i].use, -answer);
    }
    if (const int64_t all = answers.value(told); all >= 0) {
      registered |= static_cast<uint32_t>(all) & ~kPrivateRegistrations;
    } else if (!absent(all)) {
      return fail(ErrorKind::kSystem, "membarrier command {:#x}: error {}", kGetRegistrations, -all);
    }
    if ((registered & ~kKnown) != 0)
      collector.refuse(
          pid, "membarrier", "task",
          fmt::format("is registered for membarrier commands ({:#x}) unknown to this engine", registered));
    if (registered == 0) return {};
    Membarrier& record = collector.records.add<Membarrier>(kMembarrierRecord, static_cast<uint64_t>(pid));
    record.set_pid(pid);
    record.set_registered(registered);
    return {};
  });
}

Result<void> MembarrierKind::collect(const TreeView& tree, Collector& collector) const {
  for (const ProcessView& process : tree.processes)
    if (!process.zombie()) ask(process.pid(), collector);
  return {};
}

Result<void> MembarrierKind::validate(const Records& records) const {
  for (const Membarrier* record : records.all<Membarrier>(kMembarrierRecord)) {
    const pid_t pid = record->pid();
    const auto id = static_cast<uint64_t>(pid);
    const Task* task = records.find<Task>(kTaskRecord, id);
    if (records.find<Membarrier>(kMembarrierRecord, id) != record || task == nullptr || task->zombie())
      return invalid("a membarrier record without a task");
    if (record->registered() == 0 || (record->registered() & ~kKnown) != 0)
      return invalid("task {}: registered for membarrier commands {:#x}", pid, record->registered());
  }
  return {};
}

// Before there are other threads: then nobody has to be waited for.
void MembarrierKind::plan(Phase phase, const Records& records, PlanBuilder& builder) const {
  if (phase != Phase::kLayout) return;
  for (const Membarrier* record : records.all<Membarrier>(kMembarrierRecord)) {
    builder.expect_membarrier(record->registered());
    exec::ListBuilder& list = builder.process(record->pid());
    for (uint32_t left = record->registered(); left != 0; left &= left - 1) {
      const uint32_t command = left & ~(left - 1);
      list.syscall(Abi::k64, SYS_membarrier, {command, 0, 0}).because("membarrier command {:#x}", command);
    }
  }
}

}  // namespace

std::unique_ptr<Kind> membarrier_kind() { return std::make_unique<MembarrierKind>(); }

}  // namespace cr::kinds
