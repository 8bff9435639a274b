#include "cr/kinds/siginfo.h"

#include <sys/syscall.h>

#include <bit>
#include <cstring>

namespace cr::kinds {
namespace {

siginfo_t decode(const std::string& bytes) {
  siginfo_t info{};
  std::memcpy(&info, bytes.data(), std::min(bytes.size(), sizeof(info)));
  return info;
}

}  // namespace

std::optional<std::string> cannot_queue(const siginfo_t& info) {
  if (info.si_signo == SIGSTOP || info.si_signo == SIGKILL)
    return "a stop or kill is on its way to it; try again";
  if (info.si_code == SI_TIMER) return "an expired POSIX timer's signal waits in its queue";
  return std::nullopt;
}

std::string without_siginfo(uint64_t signals) {
  return fmt::format("signal {} is pending without its siginfo, which RLIMIT_SIGPENDING left no room for",
                     std::countr_zero(signals) + 1);
}

Result<void> validate_siginfo(const std::string& bytes) {
  if (bytes.size() != sizeof(siginfo_t)) return invalid("queued signal of {} bytes", bytes.size());
  const siginfo_t info = decode(bytes);
  if (info.si_signo < 1 || info.si_signo > 64 || cannot_queue(info))
    return invalid("queued signal {} with code {}", info.si_signo, info.si_code);
  return {};
}

void plan_queue(const SiginfoList& queue, pid_t pid, pid_t tid, PlanBuilder& builder) {
  for (const std::string& bytes : queue) {
    const siginfo_t info = decode(bytes);
    exec::ListBuilder& list = builder.thread(pid, tid == 0 ? pid : tid);
    const exec::Data data = list.stash(info);
    const long number = tid == 0 ? SYS_rt_sigqueueinfo : SYS_rt_tgsigqueueinfo;
    std::vector<exec::Arg> args{pid};
    if (tid != 0) args.push_back(tid);
    args.insert(args.end(), {info.si_signo, data});
    const std::string reason = fmt::format("queue signal {}", info.si_signo);
    if (info.si_signo == SIGTRAP)
      builder.details(pid).late.push_back(
          {tid == 0 ? pid : tid, exec::Abi::k64, number, std::move(args), reason});
    else
      list.syscall(exec::Abi::k64, number, args).because_text(reason);
  }
}

}  // namespace cr::kinds
