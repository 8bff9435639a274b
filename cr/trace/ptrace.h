// ptrace(2), one thin function per request. Every function names the thread in its error.
#pragma once

#include <linux/ptrace.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/user.h>

#include <asm/ldt.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cr/base/remote_addr.h"
#include "cr/base/result.h"

namespace cr::trace {

// Bit n-1 stands for signal n, as the kernel keeps it.
using SignalSet = uint64_t;
constexpr SignalSet signal_bit(int signal) { return SignalSet{1} << (signal - 1); }
constexpr SignalSet kAllSignals = ~SignalSet{0};

// The three TLS slots of the GDT (entries 12 to 14 on x86-64).
constexpr int kFirstTlsEntry = 12;
constexpr int kTlsEntries = 3;
using TlsSlots = std::array<user_desc, kTlsEntries>;

Result<void> seize(pid_t tid, unsigned long options);
Result<void> interrupt(pid_t tid);
// Requires for all below: the thread is in a ptrace-stop and ours.
Result<void> resume(pid_t tid, int signal = 0);                  // PTRACE_CONT
Result<void> single_step(pid_t tid);                             // PTRACE_SINGLESTEP, no signal
Result<void> resume_to_syscall_stop(pid_t tid, int signal = 0);  // PTRACE_SYSCALL
Result<void> detach(pid_t tid, int signal = 0);
Result<unsigned long> event_message(pid_t tid);

// True if the signal it is stopped at was not sent by anybody (si_code of sigaction(2)).
Result<bool> is_of_kernel(pid_t tid);

// Always the 64-bit register file, also for a thread in 32-bit code: a 64-bit tracer sees user_regs_struct
// (arch/x86/kernel/ptrace.c, PTRACE_GETREGS goes by the tracer's view).
Result<user_regs_struct> get_regs(pid_t tid);
Result<void> set_regs(pid_t tid, const user_regs_struct& regs);

// The XSAVE image in the standard (non-compacted) format, as long as the CPU's features need.
Result<std::vector<std::byte>> get_xstate(pid_t tid);
Result<void> set_xstate(pid_t tid, std::span<const std::byte> xstate);

Result<SignalSet> get_signal_mask(pid_t tid);
Result<void> set_signal_mask(pid_t tid, SignalSet mask);

enum class SignalQueue { kThread, kProcess };
// Copies of the queued signals, oldest first; the queue stays as it is.
Result<std::vector<siginfo_t>> peek_signals(pid_t tid, SignalQueue queue);

Result<TlsSlots> get_tls(pid_t tid);
Result<void> set_tls_slot(pid_t tid, const user_desc& slot);

// Nothing before Linux 90f093fa8ea4 ("rseq, ptrace: Add PTRACE_GET_RSEQ_CONFIGURATION request") (v5.13).
Result<std::optional<ptrace_rseq_configuration>> get_rseq(pid_t tid);

// True if the thread has an I/O permission bitmap (ioperm(2)).
Result<bool> has_io_ports(pid_t tid);

// True if syscall user dispatch is switched on; false where the kernel cannot tell (before v6.4).
Result<bool> has_syscall_user_dispatch(pid_t tid);

}  // namespace cr::trace
