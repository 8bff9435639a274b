#include "cr/kinds/refusals/questions.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <vector>

#include "cr/sys/cpu.h"

namespace cr::kinds {
namespace {

using exec::Abi;

// A call whose result is the answer.
struct Question {
  long number;
  std::vector<exec::Arg> args;
  int64_t ordinary;  // what a task answers that never touched this
  const char* kind;
  const char* reason;
};

// Numbers that older headers lack.
constexpr int kPrGetMdwe = 66, kPrGetMemoryMerge = 68, kPrGetIoFlusher = 58;
constexpr int64_t kDefaultTimerSlackNs = 50000;  // of init, handed on by every fork
constexpr int kArchGetCpuid = 0x1011, kArchGetXcompPerm = 0x1022, kArchGetUntagMask = 0x4001;
constexpr int kKeyctlGetKeyringId = 0, kThreadKeyring = -1, kProcessKeyring = -2, kSessionKeyring = -3;

const std::vector<Question>& process_questions() {
  static const std::vector<Question> questions = {
      {SYS_prctl,
       {PR_GET_THP_DISABLE, 0, 0, 0, 0},
       0,
       "thp-disable",
       "has transparent huge pages switched off"},
      {SYS_prctl,
       {kPrGetMdwe, 0, 0, 0, 0},
       0,
       "mdwe",
       "denies memory to be written and executed (PR_SET_MDWE)"},
      {SYS_prctl,
       {kPrGetMemoryMerge, 0, 0, 0, 0},
       0,
       "memory-merge",
       "has its memory merged (PR_SET_MEMORY_MERGE)"},
      {SYS_prctl, {PR_GET_DUMPABLE, 0, 0, 0, 0}, 1, "dumpable", "may not dump core (PR_SET_DUMPABLE)"},
      {SYS_keyctl, {kKeyctlGetKeyringId, kProcessKeyring, 0}, -ENOKEY, "keyring", "has a process keyring"},
  };
  return questions;
}

const std::vector<Question>& thread_questions() {
  static const std::vector<Question> questions = {
      {SYS_prctl,
       {PR_GET_KEEPCAPS, 0, 0, 0, 0},
       0,
       "credentials",
       "keeps its capabilities over setuid (PR_SET_KEEPCAPS)"},
      {SYS_prctl, {PR_GET_SECUREBITS, 0, 0, 0, 0}, 0, "credentials", "has securebits set"},
      {SYS_prctl,
       {PR_MCE_KILL_GET, 0, 0, 0, 0},
       PR_MCE_KILL_DEFAULT,
       "mce-kill",
       "has its own machine check policy"},
      // From outside it takes CAP_SYS_NICE (/proc/PID/timerslack_ns).
      {SYS_prctl,
       {PR_GET_TIMERSLACK, 0, 0, 0, 0},
       kDefaultTimerSlackNs,
       "timer-slack",
       "has a timer slack of its own"},
      {SYS_prctl, {kPrGetIoFlusher, 0, 0, 0, 0}, 0, "io-flusher", "is an I/O flusher"},
      {SYS_arch_prctl, {kArchGetCpuid, 0}, 1, "cpuid-faulting", "may not execute CPUID"},
      {SYS_keyctl, {kKeyctlGetKeyringId, kThreadKeyring, 0}, -ENOKEY, "keyring", "has a thread keyring"},
  };
  return questions;
}

// A kernel without the feature answers so.
bool absent(int64_t answer) {
  return answer == -EINVAL || answer == -ENOSYS || answer == -ENODEV || answer == -EPERM;
}

struct Asked {
  const Question* question;
  exec::Slot slot;
};

void ask_all(const std::vector<Question>& questions, pid_t pid, pid_t tid, Collector& collector) {
  exec::ListBuilder& agent = collector.agent(pid, tid);
  std::vector<Asked> asked;
  for (const Question& question : questions) {
    const exec::Slot slot = agent.fresh_slot();
    agent.syscall(Abi::k64, question.number, question.args).any().save(slot).because("{}", question.kind);
    asked.push_back({&question, slot});
  }
  collector.when_answered(pid, [=, &collector](const Answers& answers) -> Result<void> {
    for (const Asked& one : asked) {
      const int64_t answer = answers.value(one.slot);
      if (answer != one.question->ordinary && !absent(answer))
        collector.refuse(pid, one.question->kind, fmt::format("thread {}", tid), one.question->reason);
    }
    return {};
  });
}

void ask_timers(pid_t pid, Collector& collector) {
  exec::ListBuilder& agent = collector.agent(pid, pid);
  for (const int which : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) {
    const exec::Data data = agent.reserve(sizeof(itimerval));
    agent.syscall(Abi::k64, SYS_getitimer, {which, data}).because("getitimer {}", which);
    collector.when_answered(pid, [=, &collector](const Answers& answers) -> Result<void> {
      const auto timer = answers.data<itimerval>(data);
      if (timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0)
        collector.refuse(pid, "itimer", "task",
                         fmt::format("has an interval timer running (setitimer {})", which));
      return {};
    });
  }
}

void ask_ldt(pid_t pid, Collector& collector) {
  exec::ListBuilder& agent = collector.agent(pid, pid);
  const exec::Data entry = agent.reserve(8);
  const exec::Slot size = agent.fresh_slot();
  agent.syscall(Abi::k64, SYS_modify_ldt, {0, entry, 8}).any().save(size).because("modify_ldt");
  collector.when_answered(pid, [=, &collector](const Answers& answers) -> Result<void> {
    // The call returns an int: an error has no sign in the upper half.
    const auto answer = static_cast<int32_t>(answers.value(size));
    if (answer > 0)
      collector.refuse(pid, "ldt", "task", "has entries in its local descriptor table (modify_ldt)");
    return {};
  });
}

// Not only who holds data in tiles: a restored task that may not use them any more ends by its next
// instruction for one.
void ask_tiles(pid_t pid, Collector& collector) {
  exec::ListBuilder& agent = collector.agent(pid, pid);
  const exec::Data permitted = agent.stash(uint64_t{0});
  agent.syscall(Abi::k64, SYS_arch_prctl, {kArchGetXcompPerm, permitted})
      .any()
      .because("ARCH_GET_XCOMP_PERM");
  collector.when_answered(pid, [=, &collector](const Answers& answers) -> Result<void> {
    if ((answers.data<uint64_t>(permitted) & sys::kTileData) != 0)
      collector.refuse(pid, "amx", "task", "may use AMX tiles (ARCH_REQ_XCOMP_PERM)");
    return {};
  });
}

// No interface tells whether a task lives in a landlock domain; but whatever a domain is about, who lives in
// one may not trace who does not live there, too (landlock(7)), and this call asks for as much as reading.
void ask_landlock(pid_t pid, pid_t tid, Collector& collector) {
  exec::ListBuilder& agent = collector.agent(pid, tid);
  const exec::Data head = agent.reserve(sizeof(uint64_t)), size = agent.reserve(sizeof(uint64_t));
  const exec::Slot answer = agent.fresh_slot();
  agent.syscall(Abi::k64, SYS_get_robust_list, {::getpid(), head, size})
      .any()
      .save(answer)
      .because("robust list of the engine");
  collector.when_answered(pid, [=, &collector](const Answers& answers) -> Result<void> {
    if (answers.value(answer) == -EPERM)
      collector.refuse(pid, "landlock", fmt::format("thread {}", tid),
                       "may not look at this command (get_robust_list), as in a landlock domain");
    return {};
  });
}

void ask_address_tags(pid_t pid, Collector& collector) {
  constexpr uint64_t kAllBits = ~uint64_t{0};
  exec::ListBuilder& agent = collector.agent(pid, pid);
  const exec::Data mask = agent.stash(kAllBits);
  agent.syscall(Abi::k64, SYS_arch_prctl, {kArchGetUntagMask, mask}).any().because("mask of addresses");
  collector.when_answered(pid, [=, &collector](const Answers& answers) -> Result<void> {
    if (answers.data<uint64_t>(mask) != kAllBits)
      collector.refuse(pid, "tagged-address", "task", "has tags in its addresses (ARCH_ENABLE_TAGGED_ADDR)");
    return {};
  });
}

void ask_numa_policy(pid_t pid, pid_t tid, Collector& collector) {
  exec::ListBuilder& agent = collector.agent(pid, tid);
  const exec::Data mode = agent.stash(0);
  agent.syscall(Abi::k64, SYS_get_mempolicy, {mode, 0, 0, 0, 0}).any().because("get_mempolicy");
  collector.when_answered(pid, [=, &collector](const Answers& answers) -> Result<void> {
    constexpr int kDefault = 0;  // MPOL_DEFAULT
    if (answers.data<int>(mode) != kDefault)
      collector.refuse(pid, "numa-policy", fmt::format("thread {}", tid),
                       "has a memory policy (set_mempolicy)");
    return {};
  });
}

void ask_session_keyring(pid_t pid, pid_t tid, Collector& collector) {
  exec::ListBuilder& agent = collector.agent(pid, tid);
  const exec::Slot keyring = agent.fresh_slot();
  agent.syscall(Abi::k64, SYS_keyctl, {kKeyctlGetKeyringId, kSessionKeyring, 0})
      .any()
      .save(keyring)
      .because("session keyring");
  const long own = ::syscall(SYS_keyctl, kKeyctlGetKeyringId, kSessionKeyring, 0);
  const int64_t ordinary = own < 0 ? -errno : own;
  collector.when_answered(pid, [=, &collector](const Answers& answers) -> Result<void> {
    if (answers.value(keyring) != ordinary)
      collector.refuse(pid, "keyring", fmt::format("thread {}", tid),
                       "has another session keyring than this command");
    return {};
  });
}

void ask_by_pointer(int option, int ordinary, const char* kind, const char* reason, pid_t pid, pid_t tid,
                    Collector& collector) {
  exec::ListBuilder& agent = collector.agent(pid, tid);
  const exec::Data data = agent.stash(ordinary);
  agent.syscall(Abi::k64, SYS_prctl, {option, data, 0, 0, 0}).any().because("{}", kind);
  collector.when_answered(pid, [=, &collector](const Answers& answers) -> Result<void> {
    if (answers.data<int>(data) != ordinary)
      collector.refuse(pid, kind, fmt::format("thread {}", tid), reason);
    return {};
  });
}

}  // namespace

void ask_process(const ProcessView& process, Collector& collector) {
  ask_all(process_questions(), process.pid(), process.pid(), collector);
  ask_timers(process.pid(), collector);
  ask_ldt(process.pid(), collector);
  ask_address_tags(process.pid(), collector);
  ask_tiles(process.pid(), collector);
}

void ask_thread(const ProcessView& process, pid_t tid, Collector& collector) {
  const pid_t pid = process.pid();
  ask_all(thread_questions(), pid, tid, collector);
  ask_landlock(pid, tid, collector);
  ask_numa_policy(pid, tid, collector);
  ask_session_keyring(pid, tid, collector);
  ask_by_pointer(PR_GET_PDEATHSIG, 0, "pdeathsig", "wants a signal when its parent dies (PR_SET_PDEATHSIG)",
                 pid, tid, collector);
  ask_by_pointer(PR_GET_TSC, PR_TSC_ENABLE, "tsc", "may not read the time stamp counter", pid, tid,
                 collector);
}

}  // namespace cr::kinds
