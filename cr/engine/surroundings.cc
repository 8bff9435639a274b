#include "cr/engine/surroundings.h"

#include <fmt/ranges.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "cr/proc/status.h"
#include "cr/proc/text.h"
#include "cr/sys/affinity.h"
#include "cr/sys/fd.h"

namespace cr::engine {
namespace {

using kinds::Origin;
using kinds::Surroundings;

// Numbers that older headers lack.
constexpr int kPrGetMdwe = 66, kPrSetMemoryMerge = 67, kPrGetMemoryMerge = 68;
constexpr int kPrSetIoFlusher = 57, kPrGetIoFlusher = 58;

constexpr uint64_t bit(unsigned capability) { return uint64_t{1} << capability; }

Result<proc::Status> own_status() {
  return CR_TRY(proc::parse_status(CR_TRY(sys::read_file("/proc/self/status"))), "/proc/self/status");
}

uint32_t last_capability() {
  uint32_t last = 0;
  while (last < 63 && ::prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0) ++last;
  return last;
}

std::string own_label() {
  // Without a security module that labels tasks the file is not there, or says EINVAL.
  std::string label = sys::read_file("/proc/self/attr/current").value_or("");
  while (!label.empty() && (label.back() == '\n' || label.back() == '\0')) label.pop_back();
  return label;
}

// In a landlock domain that is about files it is denied before it is found to be no mount at all. Of one that
// is about the network or signals alone nothing tells whoever lives in it.
bool may_mount() { return ::mount("", "/", nullptr, MS_BIND, nullptr) < 0 && errno == EINVAL; }

uint32_t speculation(unsigned long which) {
  return static_cast<uint32_t>(std::max(0, ::prctl(PR_GET_SPECULATION_CTRL, which, 0, 0, 0)));
}

// Of the sets that a process cannot add to.
Result<void> check_missing(const char* set, uint64_t was, uint64_t is) {
  if ((was & ~is) == 0) return {};
  return fail(
      ErrorKind::kConflict,
      "the tree had capabilities {:#x} in its {} set, this command lacks {:#x} of them; restore with all of "
      "them (see capsh --decode)",
      was, set, was & ~is);
}

// Those that the tree could have had, and that its tasks would get here.
uint64_t surplus(const Surroundings& was, uint64_t bounding) {
  const uint64_t known = was.last_capability() >= 63 ? ~uint64_t{0} : bit(was.last_capability() + 1) - 1;
  return bounding & known & ~was.bounding();
}

Result<void> check_capabilities(const Surroundings& was, const Origin& here) {
  const Surroundings& is = here.surroundings();
  CR_TRY(check_missing("permitted", was.permitted(), is.permitted()));
  CR_TRY(check_missing("bounding", was.bounding(), is.bounding()));
  CR_TRY(check_missing("inheritable", was.inheritable(), is.inheritable() | is.permitted()));
  const uint64_t more = surplus(was, is.bounding());
  if (more != 0 && (here.capabilities() & bit(CAP_SETPCAP)) == 0)
    return fail(
        ErrorKind::kConflict,
        "this command has capabilities {:#x} that the tree had not, and without CAP_SETPCAP they cannot be "
        "kept from it; restore without them",
        more);
  return {};
}

// What the task or an ancestor asked for, if the kernel lets them ask; else it is the machine's.
void check_speculation(const char* what, uint32_t was, uint32_t is, std::string& conflict) {
  const auto off = [](uint32_t state) {
    return (state & (PR_SPEC_DISABLE | PR_SPEC_FORCE_DISABLE | PR_SPEC_DISABLE_NOEXEC)) != 0;
  };
  const auto own_choice = [&](uint32_t state) { return (state & PR_SPEC_PRCTL) != 0 && off(state); };
  if (own_choice(is) && !off(was))
    conflict = fmt::format("this command runs without {} (PR_SET_SPECULATION_CTRL), the tree did not", what);
  if (own_choice(was) && is != 0 && !off(is))
    conflict = fmt::format("the tree ran without {} (PR_SET_SPECULATION_CTRL), this command does not", what);
}

Result<void> check_confinement(const Origin& origin, const Surroundings& was, const Surroundings& is) {
  // A label means something only to the module that gave it.
  if (!was.label().empty() && !is.label().empty() && was.label() != is.label())
    return fail(
        ErrorKind::kConflict,
        "the tree had the security label {}, this command has {}; restore with the tree's (aa-exec, runcon)",
        proc::quoted(was.label()), proc::quoted(is.label()));
  if ((origin.capabilities() & bit(CAP_SYS_ADMIN)) != 0 && was.may_mount() != is.may_mount())
    return fail(ErrorKind::kConflict,
                "the tree {}, this command {}, as {} a landlock domain; restore as it was",
                was.may_mount() ? "was allowed to mount file systems" : "was denied to mount file systems",
                is.may_mount() ? "is allowed to" : "is denied to", is.may_mount() ? "outside" : "in");
  std::string conflict;
  check_speculation("speculative store bypass", was.store_bypass(), is.store_bypass(), conflict);
  check_speculation("indirect branch speculation", was.indirect_branch(), is.indirect_branch(), conflict);
  if (!conflict.empty()) return fail(ErrorKind::kConflict, "{}; restore as it was", conflict);
  return {};
}

// What it takes to undo it is a permission that this command may lack.
Result<void> undone(bool done, const char* what) {
  if (done) return {};
  return fail(ErrorKind::kConflict,
              "this command {}, which the tree must not inherit, and it cannot be undone: {}; "
              "restore without it",
              what, std::strerror(errno));
}

Result<void> schedule_ordinarily() {
  const sched_param ordinary{};
  CR_TRY(undone(::sched_setscheduler(0, SCHED_OTHER, &ordinary) == 0, "has a scheduling policy of its own"));
  CR_TRY(undone(::setpriority(PRIO_PROCESS, 0, 0) == 0, "has a nice value of its own"));
  constexpr int kIoprioWhoProcess = 1;
  ::syscall(SYS_ioprio_set, kIoprioWhoProcess, 0, 0);
  constexpr unsigned long kDefaultTimerSlack = 50000;
  ::prctl(PR_SET_TIMERSLACK, kDefaultTimerSlack, 0, 0, 0);
  constexpr int kDefaultPolicy = 0;  // MPOL_DEFAULT; a kernel without NUMA has no other
  ::syscall(SYS_set_mempolicy, kDefaultPolicy, nullptr, 0);
  return {};
}

// What prctl(2) sets, an execve keeps, and no checkpointed task has.
Result<void> switch_back() {
  ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
  ::prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0);
  ::prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0);
  struct Switch {
    int get, set;
    const char* what;
  };
  constexpr Switch kSwitches[] = {
      {PR_GET_THP_DISABLE, PR_SET_THP_DISABLE, "has transparent huge pages switched off"},
      {kPrGetMemoryMerge, kPrSetMemoryMerge, "has its memory merged (PR_SET_MEMORY_MERGE)"},
      {kPrGetIoFlusher, kPrSetIoFlusher, "is an I/O flusher"},
  };
  for (const Switch& one : kSwitches)
    if (::prctl(one.get, 0, 0, 0, 0) > 0) CR_TRY(undone(::prctl(one.set, 0, 0, 0, 0) == 0, one.what));
  return {};
}

Result<void> join_groups(const Surroundings& was) {
  const std::vector<gid_t> groups(was.groups().begin(), was.groups().end());
  if (std::ranges::equal(CR_TRY(own_status()).groups, groups)) return {};
  return undone(::syscall(SYS_setgroups, groups.size(), groups.data()) == 0,
                "has other supplementary groups than the tree had");
}

Result<void> move_to_cpus(const Surroundings& was) {
  const sys::Cpus wanted(was.cpus().begin(), was.cpus().end());
  if (CR_TRY(sys::restricting_cpus()) == wanted) return {};
  return sys::allow_cpus(wanted.empty() ? sys::every_cpu() : wanted);
}

// The permitted and effective sets follow from these with the execve.
Result<void> limit_capabilities(const Surroundings& was) {
  const proc::Status is = CR_TRY(own_status());
  const uint64_t more = surplus(was, is.cap_bounding);
  for (unsigned number = 0; number < 64; ++number)
    if ((more & bit(number)) != 0)
      CR_TRY(
          undone(::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0, "has more capabilities than the tree had"));
  if (is.cap_inheritable != was.inheritable()) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const auto half = [&](unsigned shift) -> __user_cap_data_struct {
      return {static_cast<uint32_t>(is.cap_effective >> shift),
              static_cast<uint32_t>(is.cap_permitted >> shift),
              static_cast<uint32_t>(was.inheritable() >> shift)};
    };
    const __user_cap_data_struct data[] = {half(0), half(32)};
    CR_TRY(undone(::syscall(SYS_capset, &header, data) == 0,
                  "has other inheritable capabilities than the tree had"));
  }
  if (is.cap_ambient == was.ambient()) return {};
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (unsigned number = 0; number < 64; ++number)
    if ((was.ambient() & bit(number)) != 0)
      CR_TRY(undone(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) == 0,
                    "has other ambient capabilities than the tree had"));
  return {};
}

}  // namespace

Result<Surroundings> surroundings_here() {
  const proc::Status status = CR_TRY(own_status());
  Surroundings here;
  here.set_real_uid(status.uid.real);
  here.set_real_gid(status.gid.real);
  here.mutable_groups()->Add(status.groups.begin(), status.groups.end());
  here.set_permitted(status.cap_permitted);
  here.set_inheritable(status.cap_inheritable);
  here.set_bounding(status.cap_bounding);
  here.set_ambient(status.cap_ambient);
  here.set_last_capability(last_capability());
  const sys::Cpus cpus = CR_TRY(sys::restricting_cpus());
  here.mutable_cpus()->Add(cpus.begin(), cpus.end());
  here.set_label(own_label());
  here.set_may_mount(may_mount());
  here.set_store_bypass(speculation(PR_SPEC_STORE_BYPASS));
  here.set_indirect_branch(speculation(PR_SPEC_INDIRECT_BRANCH));
  return here;
}

Result<void> check_unconfined() {
  const proc::Status status = CR_TRY(own_status());
  const auto conflict = [](const char* what) {
    return fail(ErrorKind::kConflict,
                "this command {}, which no checkpointed task has and all would get; restore without "
                "it",
                what);
  };
  if (status.no_new_privs) return conflict("has no_new_privs set (setpriv --no-new-privs)");
  if (status.seccomp.value_or(0) != 0) return conflict("has seccomp filters");
  if (::prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) > 0) return conflict("has securebits set");
  if (::prctl(kPrGetMdwe, 0, 0, 0, 0) > 0)
    return conflict("has memory denied to be written and executed (PR_SET_MDWE)");
  return {};
}

Result<void> check_surroundings(const Origin& origin, const Origin& here) {
  if (!origin.has_surroundings()) return {};
  const Surroundings &was = origin.surroundings(), &is = here.surroundings();
  if (was.real_uid() != is.real_uid() || was.real_gid() != is.real_gid())
    return fail(
        ErrorKind::kConflict,
        "the tree's real user was {} and its real group {}, this command's are {} and {}; restore as these",
        was.real_uid(), was.real_gid(), is.real_uid(), is.real_gid());
  CR_TRY(check_capabilities(was, here));
  return check_confinement(origin, was, is);
}

Result<void> check_cpus(const Origin& origin) {
  const auto& cpus = origin.surroundings().cpus();
  if (cpus.empty()) return {};
  const sys::Cpus wanted(cpus.begin(), cpus.end());
  const sys::Cpus offered = CR_TRY(sys::obtainable_cpus(wanted));
  if (offered == wanted) return {};
  return fail(
      ErrorKind::kConflict,
      "the tree was restricted to the CPUs {}, of which only {} can be had here; restore where they are",
      fmt::join(wanted, " "), offered.empty() ? "none" : fmt::format("{}", fmt::join(offered, " ")));
}

Result<void> forget_inheritance(const Origin& origin) {
  for (int signal = 1; signal <= 64; ++signal) ::signal(signal, SIG_DFL);
  // Everything but SIGTRAP waits: by it, tasks tell how far they are.
  const uint64_t mask = ~bit(SIGTRAP - 1);
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, 8);
  CR_TRY(schedule_ordinarily());
  CR_TRY(switch_back());
  if (!origin.has_surroundings()) return {};
  CR_TRY(join_groups(origin.surroundings()));
  CR_TRY(move_to_cpus(origin.surroundings()));
  return limit_capabilities(origin.surroundings());
}

}  // namespace cr::engine
