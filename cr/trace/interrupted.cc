#include "cr/trace/interrupted.h"

#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "cr/sys/process.h"

namespace cr::trace {
namespace {

constexpr uint64_t kErestartnohand = 514;
constexpr uint64_t kUserCode32 = 0x23;
constexpr uint16_t kInt80 = 0x80cd;

// io_getevents and io_pgetevents restart by themselves since long; these never learned to.
constexpr uint64_t kGivesUp64[] = {SYS_rt_sigtimedwait, SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_pwait2,
                                   SYS_semop,           SYS_semtimedop, SYS_msgrcv,      SYS_msgsnd};
// i386: ipc (semop, msgsnd and their like), rt_sigtimedwait, epoll_wait, epoll_pwait, msgsnd, msgrcv,
// semtimedop_time64, rt_sigtimedwait_time64, epoll_pwait2.
constexpr uint64_t kGivesUp32[] = {117, 177, 256, 319, 400, 401, 420, 421, 441};

template <typename T>
bool contains(const T& numbers, uint64_t number) {
  return std::find(std::begin(numbers), std::end(numbers), number) != std::end(numbers);
}

// struct rseq_cs of linux/rseq.h.
struct CriticalSection {
  uint32_t version, flags;
  uint64_t start_ip, post_commit_offset, abort_ip;
};
constexpr uint64_t kRseqCsAt = 8;  // struct rseq: after the two cpu numbers

}  // namespace

void undo_giving_up(ThreadState& thread) {
  user_regs_struct& regs = thread.regs;
  if (static_cast<int64_t>(regs.orig_rax) < 0 || static_cast<int32_t>(regs.rax) != -EINTR) return;
  const auto door = sys::peek<uint16_t>(thread.tid, {regs.rip - 2});
  const bool compat = regs.cs == kUserCode32 || (door && *door == kInt80);
  thread.gave_up = compat ? contains(kGivesUp32, regs.orig_rax) : contains(kGivesUp64, regs.orig_rax);
  if (thread.gave_up) regs.rax = -kErestartnohand;
}

void abort_critical_section(ThreadState& thread) {
  if (!thread.rseq || thread.rseq->rseq_abi_pointer == 0) return;
  const auto pointer = sys::peek<uint64_t>(thread.tid, {thread.rseq->rseq_abi_pointer + kRseqCsAt});
  if (!pointer || *pointer == 0) return;
  const auto section = sys::peek<CriticalSection>(thread.tid, {*pointer});
  if (section && thread.regs.rip - section->start_ip < section->post_commit_offset)
    thread.regs.rip = section->abort_ip;
}

}  // namespace cr::trace
