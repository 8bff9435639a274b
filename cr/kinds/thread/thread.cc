// Threads: registers and TLS, XSAVE state, signal mask and queue, and what the kernel keeps per thread.
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>

#include "cr/kinds/kinds.h"
#include "cr/kinds/limits.h"
#include "cr/kinds/siginfo.h"
#include "cr/kinds/task.pb.h"
#include "cr/kinds/thread/registers.h"
#include "cr/kinds/thread/thread.pb.h"
#include "cr/kinds/thread/waits.h"
#include "cr/kinds/thread/xstate.h"
#include "cr/sys/process.h"

namespace cr::kinds {
namespace {

using exec::Abi;

constexpr long kSetRobustListOf32 = 311;

class ThreadKind : public Kind {
 public:
  std::string_view name() const override { return "thread"; }
  std::vector<Schema> schemas() const override { return {{kThreadRecord, &Thread::default_instance()}}; }
  Result<void> collect(const TreeView& tree, Collector& collector) const override;
  Result<void> validate(const Records& records) const override;
  std::vector<KernelWrite> kernel_writes(const Records& records) const override;
  void plan(Phase phase, const Records& records, PlanBuilder& builder) const override;
};

Result<void> collect_thread(const ProcessView& process, const trace::ThreadState& state,
                            Collector& collector) {
  const pid_t pid = process.pid(), tid = state.tid;
  Thread& thread = collector.records.add<Thread>(kThreadRecord, static_cast<uint64_t>(tid));
  thread.set_tid(tid);
  thread.set_pid(pid);
  std::string name = CR_TRY(sys::read_file(process.path(fmt::format("task/{}/comm", tid))));
  if (!name.empty() && name.back() == '\n') name.pop_back();
  thread.set_name(name);
  store_registers(state.regs, *thread.mutable_registers());
  thread.set_xstate(state.xstate.data(), state.xstate.size());
  thread.set_signal_mask(state.signal_mask);
  for (const user_desc& slot : state.tls) {
    const bool in_use = slot.base_addr != 0 || slot.limit != 0 || slot.seg_32bit != 0;
    if (in_use) thread.add_tls_slots(&slot, sizeof(slot));
  }
  if (state.rseq && state.rseq->rseq_abi_pointer != 0) {
    thread.set_rseq_address(state.rseq->rseq_abi_pointer);
    thread.set_rseq_size(state.rseq->rseq_abi_size);
    thread.set_rseq_signature(state.rseq->signature);
  }
  if (state.unlisted != 0)
    collector.refuse(pid, "pending-signal", fmt::format("thread {}", tid), without_siginfo(state.unlisted));
  for (const siginfo_t& info : state.pending) {
    const auto problem = cannot_queue(info);
    if (problem) collector.refuse(pid, "pending-signal", fmt::format("thread {}", tid), *problem);
    thread.add_pending(&info, sizeof(info));
  }
  const sys::RobustLists robust = CR_TRY(sys::get_robust_lists(tid));
  thread.set_robust_list(robust.head);
  thread.set_robust_list_32(robust.compat_head);
  if (state.syscall_user_dispatch) {
    collector.refuse(pid, "syscall-user-dispatch", fmt::format("thread {}", tid),
                     "has syscall user dispatch switched on");
    collector.keep_out(pid);  // a call of ours would become its SIGSYS
  }
  if (holds_tiles(state.xstate))
    collector.refuse(pid, "amx", fmt::format("thread {}", tid), "holds data in AMX tiles");
  if (waits_for_sysv_ipc(state))
    collector.refuse(pid, "blocked-call", fmt::format("thread {}", tid),
                     "waits for a System V message queue or semaphore");
  else if (state.gave_up && !waits_for_ever(state))
    collector.refuse(
        pid, "blocked-call", fmt::format("thread {}", tid),
        fmt::format(
            "waits in system call {}, which cannot be taken up again with what is left of its time-out",
            state.regs.orig_rax));
  // What is left of the wait of one that may not move was not looked at.
  if (process.state.hold == trace::Hold::kFirm && trace::restart_of(state.regs) == trace::Restart::kBlock) {
    const auto wait = CR_TRY(describe_wait(pid, state));
    if (wait)
      *thread.mutable_wait() = *wait;
    else
      collector.refuse(pid, "blocked-call", fmt::format("thread {}", tid),
                       fmt::format("waits with a time-out in system call {}, which cannot be taken up again",
                                   state.regs.orig_rax));
  }

  exec::ListBuilder& agent = collector.agent(pid, tid);
  const exec::Data altstack = agent.reserve(sizeof(stack_t));
  const exec::Data clear_tid = agent.reserve(8);
  agent.syscall(Abi::k64, SYS_sigaltstack, {0, altstack}).because("sigaltstack");
  agent.syscall(Abi::k64, SYS_prctl, {PR_GET_TID_ADDRESS, clear_tid, 0, 0, 0}).because("PR_GET_TID_ADDRESS");
  collector.when_answered(pid, [&thread, altstack, clear_tid](const Answers& answers) -> Result<void> {
    const auto stack = answers.data<stack_t>(altstack);
    thread.set_altstack_address(reinterpret_cast<uint64_t>(stack.ss_sp));
    // SS_ONSTACK is computed from the stack pointer, which was the agent's; it cannot be set anyway.
    thread.set_altstack_flags(static_cast<uint32_t>(stack.ss_flags) & ~static_cast<uint32_t>(SS_ONSTACK));
    thread.set_altstack_size(stack.ss_size);
    thread.set_clear_child_tid(answers.data<uint64_t>(clear_tid));
    return {};
  });
  return {};
}

Result<void> ThreadKind::collect(const TreeView& tree, Collector& collector) const {
  for (const ProcessView& process : tree.processes) {
    for (const trace::ThreadState& state : process.state.threads)
      CR_TRY(collect_thread(process, state, collector), "thread {}", state.tid);
  }
  return {};
}

// How many bytes behind the XSAVE header the components of XSTATE_BV need at least. Their places are the
// CPU's choice, their sizes are not (Intel SDM volume 1, 13.5; asm/fpu/types.h of the kernel).
size_t room_for(uint64_t components) {
  struct Component {
    unsigned bit;
    size_t size;
  };
  constexpr Component kComponents[] = {
      {2, 256},   // AVX
      {3, 64},    // BNDREGS
      {4, 64},    // BNDCSR
      {5, 64},    // opmasks
      {6, 512},   // upper halves of ZMM
      {7, 1024},  // ZMM 16 to 31
      {9, 8},     // PKRU
      {17, 64},   // TILECFG
      {18, 8192}  // TILEDATA
  };
  size_t room = 0;
  for (const Component& component : kComponents)
    if ((components >> component.bit & 1) != 0) room += component.size;
  return room;
}

// What the kernel takes for an XSAVE area: validate_user_xstate_header() of arch/x86/kernel/fpu/xstate.c.
// Which components there may be, and where, is this CPU's business.
Result<void> validate_xstate(const std::string& xstate) {
  constexpr size_t kMxcsr = 24, kXstateBv = 512, kXcompBv = 520;
  constexpr uint32_t kMxcsrBits = 0xffff;
  if (xstate.size() < kLegacyXstate || xstate.size() > kMaxXstate)
    return invalid("XSAVE image of {} bytes", xstate.size());
  uint32_t mxcsr = 0;
  std::memcpy(&mxcsr, xstate.data() + kMxcsr, sizeof(mxcsr));
  if ((mxcsr & ~kMxcsrBits) != 0) return invalid("MXCSR {:#x}", mxcsr);
  if (xstate.find_first_not_of('\0', kXcompBv) < kLegacyXstate)
    return invalid("XSAVE image that is compacted, or not of a known form");
  uint64_t components = 0;
  std::memcpy(&components, xstate.data() + kXstateBv, sizeof(components));
  if (xstate.size() - kLegacyXstate < room_for(components))
    return invalid("XSAVE image of {} bytes, too few for its components {:#x}", xstate.size(), components);
  return {};
}

// What the kernel takes for a TLS slot: tls_desc_okay() of arch/x86/kernel/tls.c, less empty ones, which are
// none in use.
Result<void> validate_tls(const Thread& thread) {
  uint32_t seen = 0;
  for (const std::string& slot : thread.tls_slots()) {
    user_desc description;
    if (slot.size() != sizeof(description)) return invalid("TLS slot of {} bytes", slot.size());
    std::memcpy(&description, slot.data(), sizeof(description));
    const uint32_t entry = description.entry_number - trace::kFirstTlsEntry;
    if (entry >= trace::kTlsEntries || (seen >> entry & 1) != 0)
      return invalid("TLS slot {}", description.entry_number);
    seen |= 1u << entry;
    if (description.seg_32bit == 0 || description.contents > 1 || description.seg_not_present != 0)
      return invalid("TLS slot {} is no data segment", description.entry_number);
  }
  return {};
}

// sigaltstack(2). A stack that is switched off has neither place nor size.
Result<void> validate_altstack(const Thread& thread, uint32_t word_size) {
  constexpr uint32_t kAutodisarm = 1u << 31;  // SS_AUTODISARM
  constexpr uint64_t kSmallest = 2048;        // MINSIGSTKSZ of the kernel
  const uint32_t mode = thread.altstack_flags() & ~kAutodisarm;
  if (mode != 0 && mode != SS_DISABLE) return invalid("altstack flags {:#x}", thread.altstack_flags());
  if (mode == 0 && thread.altstack_size() < kSmallest)
    return invalid("an altstack of {} bytes", thread.altstack_size());
  if (mode != 0 && (thread.altstack_address() != 0 || thread.altstack_size() != 0))
    return invalid("an altstack that is switched off at {:#x}", thread.altstack_address());
  if (!user_range(thread.altstack_address(), thread.altstack_size(), word_size))
    return invalid("an altstack of {} bytes at {:#x} is not in user space", thread.altstack_size(),
                   thread.altstack_address());
  return {};
}

// The kernel writes there when the thread ends. It takes any address, and ends without it where there is no
// memory; but the 32-bit list's is cut to its width when it is set.
Result<void> validate_pointers(const Thread& thread, uint32_t word_size) {
  if (!user_address(thread.clear_child_tid(), word_size))
    return invalid("clear_child_tid {:#x} is not in user space", thread.clear_child_tid());
  if (!user_address(thread.robust_list(), word_size))
    return invalid("robust_list {:#x} is not in user space", thread.robust_list());
  if (!user_address(thread.robust_list_32(), word_size) || !fits_word(thread.robust_list_32(), 32))
    return invalid("32-bit robust_list {:#x} is not in user space", thread.robust_list_32());
  return {};
}

// rseq(2).
Result<void> validate_rseq(const Thread& thread, uint32_t word_size) {
  const uint64_t address = thread.rseq_address();
  if (address == 0) return {};
  if (thread.rseq_size() < 32 || thread.rseq_size() > 4096 || address % 32 != 0 ||
      !user_range(address, thread.rseq_size(), word_size))
    return invalid("rseq area of {} bytes at {:#x}", thread.rseq_size(), address);
  return {};
}

// A wait is taken up by beginning the call again and going on with this thread's registers: they have to be
// those of a call so interrupted, and without a record the kernel would have nothing to go on with.
Result<void> validate_interruption(const Thread& thread) {
  const user_regs_struct registers = load_registers(thread.registers());
  const bool interrupted = trace::restart_of(registers) == trace::Restart::kBlock;
  if (!thread.has_wait()) {
    if (interrupted) return invalid("registers of an interrupted wait, and no record of it");
    return {};
  }
  CR_TRY(validate_wait(thread.wait()));
  constexpr uint64_t kCode32 = 0x23, kInstruction = 2;  // `syscall`, `int $0x80`, `sysenter`: two bytes
  const bool from_user = user_address(registers.rip, 64) && registers.rip >= kInstruction;
  if (!interrupted || !from_user || (registers.cs == kCode32 && !thread.wait().compat()))
    return invalid("a wait, and registers (rax {:#x}, rip {:#x}, cs {:#x}) that are in none", registers.rax,
                   registers.rip, registers.cs);
  return {};
}

Result<void> validate_state(const Thread& thread, uint32_t word_size) {
  if (!is_task_name(thread.name())) return invalid("name of {} bytes", thread.name().size());
  CR_TRY(validate_registers(thread.registers(), word_size));
  CR_TRY(validate_xstate(thread.xstate()));
  CR_TRY(validate_tls(thread));
  CR_TRY(validate_altstack(thread, word_size));
  CR_TRY(validate_pointers(thread, word_size));
  CR_TRY(validate_rseq(thread, word_size));
  CR_TRY(validate_interruption(thread));
  for (const std::string& info : thread.pending()) CR_TRY(validate_siginfo(info));
  return {};
}

Result<void> ThreadKind::validate(const Records& records) const {
  size_t claimed = 0;
  for (const Task* task : records.all<Task>(kTaskRecord)) {
    for (const pid_t tid : task->tids()) {
      const Thread* thread = records.find<Thread>(kThreadRecord, static_cast<uint64_t>(tid));
      if (thread == nullptr) return invalid("task {}: thread {} has no record", task->pid(), tid);
      if (thread->tid() != tid || thread->pid() != task->pid())
        return invalid("thread {}: filed elsewhere", tid);
      CR_TRY(validate_state(*thread, task->word_size()), "thread {}", tid);
      ++claimed;
    }
  }
  const size_t present = records.all<Thread>(kThreadRecord).size();
  if (present != claimed) return invalid("{} thread records for {} threads", present, claimed);
  return {};
}

std::vector<KernelWrite> ThreadKind::kernel_writes(const Records& records) const {
  std::vector<KernelWrite> writes;
  for (const Thread* thread : records.all<Thread>(kThreadRecord)) {
    if (thread->rseq_address() != 0)
      writes.push_back({thread->pid(), thread->rseq_address(), thread->rseq_size(), "an rseq area", true});
    if (thread->has_wait())
      writes.push_back({thread->pid(), thread->wait().address(), written_by(thread->wait()),
                        "an interrupted call's result"});
  }
  return writes;
}

// Registered when all memory is there, and no section is armed: whenever the kernel comes back to a thread it
// looks at that pointer, and would send our own code to where the section aborts. Nothing is lost: a thread
// that stood in its section has been moved out of it (trace/interrupted.h), from elsewhere the kernel clears
// the pointer itself.
void plan_rseq(const Thread& thread, ProcessPlan& process) {
  constexpr uint64_t kSectionAt = 8;  // rseq_cs of struct rseq
  process.clearings.push_back({thread.rseq_address() + kSectionAt, sizeof(uint64_t)});
  process.late.push_back({thread.tid(),
                          Abi::k64,
                          SYS_rseq,
                          {thread.rseq_address(), thread.rseq_size(), 0, thread.rseq_signature()},
                          "rseq"});
}

void plan_thread(const Thread& thread, PlanBuilder& builder) {
  exec::ListBuilder& list = builder.thread(thread.pid(), thread.tid());
  list.syscall(Abi::k64, SYS_prctl, {PR_SET_NAME, list.stash_text(thread.name()), 0, 0, 0})
      .because("PR_SET_NAME");
  stack_t stack{};
  stack.ss_sp = reinterpret_cast<void*>(thread.altstack_address());
  stack.ss_flags = static_cast<int>(thread.altstack_flags());
  stack.ss_size = thread.altstack_size();
  list.syscall(Abi::k64, SYS_sigaltstack, {list.stash(std::as_bytes(std::span(&stack, 1))), 0})
      .because("sigaltstack");
  list.syscall(Abi::k64, SYS_set_tid_address, {thread.clear_child_tid()}).because("set_tid_address");
  if (thread.robust_list() != 0)
    list.syscall(Abi::k64, SYS_set_robust_list, {thread.robust_list(), 24}).because("set_robust_list");
  if (thread.robust_list_32() != 0)
    list.syscall(Abi::k32, kSetRobustListOf32, {thread.robust_list_32(), 12})
        .because("32-bit set_robust_list");
  if (thread.rseq_address() != 0) plan_rseq(thread, builder.details(thread.pid()));

  Departure departure;
  departure.registers = load_registers(thread.registers());
  departure.xstate = thread.xstate();
  departure.signal_mask = thread.signal_mask();
  for (const std::string& slot : thread.tls_slots()) {
    user_desc description;
    std::memcpy(&description, slot.data(), sizeof(description));
    departure.tls.push_back(description);
  }
  if (thread.has_wait()) departure.rearm = rearm_call(thread.wait(), thread.tid(), list);
  builder.details(thread.pid()).departures[thread.tid()] = std::move(departure);
}

void ThreadKind::plan(Phase phase, const Records& records, PlanBuilder& builder) const {
  if (phase == Phase::kThread) {
    for (const Thread* thread : records.all<Thread>(kThreadRecord)) plan_thread(*thread, builder);
  }
  if (phase == Phase::kSignals) {
    for (const Thread* thread : records.all<Thread>(kThreadRecord))
      plan_queue(thread->pending(), thread->pid(), thread->tid(), builder);
  }
}

}  // namespace

std::unique_ptr<Kind> thread_kind() { return std::make_unique<ThreadKind>(); }

}  // namespace cr::kinds
