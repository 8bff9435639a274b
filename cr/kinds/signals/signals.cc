// Signal actions in the right ABI, and the queue of the process.
#include <sys/syscall.h>

#include <csignal>

#include "cr/kinds/kinds.h"
#include "cr/kinds/limits.h"
#include "cr/kinds/siginfo.h"
#include "cr/kinds/signals/signals.pb.h"
#include "cr/kinds/task.pb.h"

namespace cr::kinds {
namespace {

using exec::Abi;

constexpr long kRtSigactionOf32 = 174;

// struct sigaction as the kernel takes it.
struct Action64 {
  uint64_t handler, flags, restorer, mask;
};
struct Action32 {
  uint32_t handler, flags, restorer;
  uint32_t mask[2];
};
static_assert(sizeof(Action32) == 20);

class SignalsKind : public Kind {
 public:
  std::string_view name() const override { return "signals"; }
  std::vector<Schema> schemas() const override { return {{kSignalsRecord, &Signals::default_instance()}}; }
  Result<void> collect(const TreeView& tree, Collector& collector) const override;
  Result<void> validate(const Records& records) const override;
  void plan(Phase phase, const Records& records, PlanBuilder& builder) const override;
};

bool settable(int signal) { return signal != SIGKILL && signal != SIGSTOP; }

// The ABI by which a handler was set decides which frame it gets (SA_IA32_ABI), and a 32-bit task's handlers
// want 32-bit frames: so its actions are read and set through the 32-bit door.
void ask(const ProcessView& process, Collector& collector, Signals& signals) {
  exec::ListBuilder& agent = collector.agent(process.pid(), process.pid());
  const bool compat = process.word_size == WordSize::k32;
  const exec::Data answers_at = agent.reserve(kSignals * sizeof(Action64));
  const auto slot_of = [=](int signal) {
    return answers_at.from(static_cast<uint64_t>(signal - 1) * sizeof(Action64));
  };
  for (int signal = 1; signal <= kSignals; ++signal) {
    if (!settable(signal)) continue;
    agent
        .syscall(compat ? Abi::k32 : Abi::k64, compat ? kRtSigactionOf32 : SYS_rt_sigaction,
                 {signal, 0, slot_of(signal), 8})
        .because("sigaction {}", signal);
  }
  collector.when_answered(process.pid(), [=, &signals](const Answers& answers) -> Result<void> {
    for (int signal = 1; signal <= kSignals; ++signal) {
      if (!settable(signal)) continue;
      auto action = answers.data<Action64>(slot_of(signal));
      if (compat) {
        const auto narrow = answers.data<Action32>(slot_of(signal));
        action = {narrow.handler, narrow.flags, narrow.restorer,
                  narrow.mask[0] | uint64_t{narrow.mask[1]} << 32};
      }
      if (action.handler == 0 && action.flags == 0 && action.restorer == 0 && action.mask == 0) continue;
      SignalAction& record = *signals.add_actions();
      record.set_signal(static_cast<uint32_t>(signal));
      record.set_handler(action.handler);
      record.set_flags(action.flags);
      record.set_restorer(action.restorer);
      record.set_mask(action.mask);
    }
    return {};
  });
}

Result<void> SignalsKind::collect(const TreeView& tree, Collector& collector) const {
  for (const ProcessView& process : tree.processes) {
    if (process.zombie()) continue;
    Signals& signals = collector.records.add<Signals>(kSignalsRecord, static_cast<uint64_t>(process.pid()));
    signals.set_pid(process.pid());
    if (process.state.unlisted != 0)
      collector.refuse(process.pid(), "pending-signal", "process", without_siginfo(process.state.unlisted));
    for (const siginfo_t& info : process.state.pending) {
      const auto problem = cannot_queue(info);
      if (problem) collector.refuse(process.pid(), "pending-signal", "process", *problem);
      signals.add_pending(&info, sizeof(info));
    }
    ask(process, collector, signals);
  }
  return {};
}

// UAPI_SA_FLAGS (linux/signal_types.h, asm/signal.h), and SA_INTERRUPT, which is what there is without
// SA_RESTART. Kernels before a54f0dfda754 ("signal: clear non-uapi flag bits when passing/returning
// sa_flags") (v5.11) keep whatever they are given, in 64-bit tasks also the sign that libc extends
// SA_RESETHAND by.
bool known_flags(uint64_t flags, uint32_t word_size) {
  constexpr uint32_t kRestorer = 0x04000000, kExposeTagBits = 0x800, kInterrupt = 0x20000000;
  constexpr uint32_t kKnown = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART |
                              SA_NODEFER | static_cast<uint32_t>(SA_RESETHAND) | kRestorer | kExposeTagBits |
                              kInterrupt;
  const auto low = static_cast<uint32_t>(flags);
  const auto extended = static_cast<uint64_t>(int64_t{static_cast<int32_t>(low)});
  return (low & ~kKnown) == 0 && (flags == low || (word_size == 64 && flags == extended));
}

// Neither address is looked at when it is set: a wrong one ends the task that gets the signal.
Result<void> validate_action(const SignalAction& action, uint32_t word_size) {
  if (action.signal() < 1 || action.signal() > kSignals || !settable(static_cast<int>(action.signal())))
    return invalid("action of signal {}", action.signal());
  if (!fits_word(action.handler(), word_size) || !fits_word(action.restorer(), word_size))
    return invalid("signal {}: handler {:#x}, restorer {:#x}", action.signal(), action.handler(),
                   action.restorer());
  if (!known_flags(action.flags(), word_size))
    return invalid("signal {}: flags {:#x}", action.signal(), action.flags());
  return {};
}

Result<void> SignalsKind::validate(const Records& records) const {
  size_t living = 0;
  for (const Task* task : records.all<Task>(kTaskRecord)) {
    if (task->zombie()) continue;
    ++living;
    const Signals* signals = records.find<Signals>(kSignalsRecord, static_cast<uint64_t>(task->pid()));
    if (signals == nullptr || signals->pid() != task->pid())
      return invalid("task {}: no signals record", task->pid());
    uint64_t seen = 0;
    for (const SignalAction& action : signals->actions()) {
      CR_TRY(validate_action(action, task->word_size()), "task {}", task->pid());
      const uint64_t bit = uint64_t{1} << (action.signal() - 1);
      if ((seen & bit) != 0)
        return invalid("task {}: two actions of signal {}", task->pid(), action.signal());
      seen |= bit;
    }
    for (const std::string& info : signals->pending()) CR_TRY(validate_siginfo(info), "task {}", task->pid());
  }
  if (records.all<Signals>(kSignalsRecord).size() != living)
    return invalid("a signals record without a task");
  return {};
}

void plan_action(const SignalAction& action, pid_t pid, bool compat, PlanBuilder& builder) {
  exec::ListBuilder& list = builder.process(pid);
  exec::Data data;
  if (compat) {
    data = list.stash(
        Action32{static_cast<uint32_t>(action.handler()),
                 static_cast<uint32_t>(action.flags()),
                 static_cast<uint32_t>(action.restorer()),
                 {static_cast<uint32_t>(action.mask()), static_cast<uint32_t>(action.mask() >> 32)}});
  } else {
    data = list.stash(Action64{action.handler(), action.flags(), action.restorer(), action.mask()});
  }
  const Abi abi = compat ? Abi::k32 : Abi::k64;
  const long number = compat ? kRtSigactionOf32 : SYS_rt_sigaction;
  std::vector<exec::Arg> args{static_cast<int>(action.signal()), data, 0, 8};
  const std::string reason = fmt::format("sigaction {}", action.signal());
  // While SIGTRAP is our means to stop, ignoring it would make the kernel reset it (force_sig_info_to_task).
  if (action.signal() == SIGTRAP)
    builder.details(pid).late.push_back({pid, abi, number, std::move(args), reason});
  else
    list.syscall(abi, number, args).because_text(reason);
}

// Actions before any queue: to ignore a signal is to drop what is queued of it, in every thread
// (sigaction(2)).
void SignalsKind::plan(Phase phase, const Records& records, PlanBuilder& builder) const {
  if (phase != Phase::kThreads && phase != Phase::kSignals) return;
  for (const Signals* signals : records.all<Signals>(kSignalsRecord)) {
    const pid_t pid = signals->pid();
    if (phase == Phase::kSignals) {
      plan_queue(signals->pending(), pid, 0, builder);
      continue;
    }
    const Task* task = records.find<Task>(kTaskRecord, static_cast<uint64_t>(pid));
    for (const SignalAction& action : signals->actions())
      plan_action(action, pid, task->word_size() == 32, builder);
  }
}

}  // namespace

std::unique_ptr<Kind> signals_kind() { return std::make_unique<SignalsKind>(); }

}  // namespace cr::kinds
