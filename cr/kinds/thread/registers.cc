#include "cr/kinds/thread/registers.h"

#include "cr/kinds/limits.h"
#include "cr/kinds/records.h"

namespace cr::kinds {

void store_registers(const user_regs_struct& regs, Registers& out) {
  out.set_r15(regs.r15);
  out.set_r14(regs.r14);
  out.set_r13(regs.r13);
  out.set_r12(regs.r12);
  out.set_rbp(regs.rbp);
  out.set_rbx(regs.rbx);
  out.set_r11(regs.r11);
  out.set_r10(regs.r10);
  out.set_r9(regs.r9);
  out.set_r8(regs.r8);
  out.set_rax(regs.rax);
  out.set_rcx(regs.rcx);
  out.set_rdx(regs.rdx);
  out.set_rsi(regs.rsi);
  out.set_rdi(regs.rdi);
  out.set_orig_rax(regs.orig_rax);
  out.set_rip(regs.rip);
  out.set_cs(regs.cs);
  out.set_eflags(regs.eflags);
  out.set_rsp(regs.rsp);
  out.set_ss(regs.ss);
  out.set_fs_base(regs.fs_base);
  out.set_gs_base(regs.gs_base);
  out.set_ds(regs.ds);
  out.set_es(regs.es);
  out.set_fs(regs.fs);
  out.set_gs(regs.gs);
}

user_regs_struct load_registers(const Registers& registers) {
  user_regs_struct regs{};
  regs.r15 = registers.r15();
  regs.r14 = registers.r14();
  regs.r13 = registers.r13();
  regs.r12 = registers.r12();
  regs.rbp = registers.rbp();
  regs.rbx = registers.rbx();
  regs.r11 = registers.r11();
  regs.r10 = registers.r10();
  regs.r9 = registers.r9();
  regs.r8 = registers.r8();
  regs.rax = registers.rax();
  regs.rcx = registers.rcx();
  regs.rdx = registers.rdx();
  regs.rsi = registers.rsi();
  regs.rdi = registers.rdi();
  regs.orig_rax = registers.orig_rax();
  regs.rip = registers.rip();
  regs.cs = registers.cs();
  regs.eflags = registers.eflags();
  regs.rsp = registers.rsp();
  regs.ss = registers.ss();
  regs.fs_base = registers.fs_base();
  regs.gs_base = registers.gs_base();
  regs.ds = registers.ds();
  regs.es = registers.es();
  regs.fs = registers.fs();
  regs.gs = registers.gs();
  return regs;
}

Result<void> validate_registers(const Registers& registers, uint32_t word_size) {
  constexpr uint64_t kCode64 = 0x33, kCode32 = 0x23;
  constexpr uint64_t kVsyscall = 0xffffffffff600000;  // user code may stand in here too
  constexpr uint64_t kUserFlags =
      0x254dd5 | 0x2 | 0x200;  // FLAG_MASK of arch/x86/kernel/ptrace.c, bit 1 and IF
  const bool in_vsyscall = registers.rip() >= kVsyscall && registers.rip() < kVsyscall + 4096;
  if (!user_address(registers.rip(), 64) && !in_vsyscall)
    return invalid("rip {:#x} is not in user space", registers.rip());
  if (registers.cs() != kCode64 && registers.cs() != kCode32)
    return invalid("cs {:#x} is no user code segment", registers.cs());
  // In 32-bit code the CPU keeps no more of rip. The other registers keep what 64-bit code has left in them,
  // but a 32-bit task's signal frames begin where the lower half of rsp points.
  if (registers.cs() == kCode32 && !fits_word(registers.rip(), 32))
    return invalid("rip {:#x} in 32-bit code", registers.rip());
  if (registers.cs() == kCode32 && !fits_word(registers.rsp(), word_size))
    return invalid("rsp {:#x} in 32-bit code of a 32-bit task", registers.rsp());
  if (registers.ss() != 0x2b) return invalid("ss {:#x} is no user data segment", registers.ss());
  for (const uint64_t selector : {registers.ds(), registers.es(), registers.fs(), registers.gs()}) {
    if (selector != 0 && (selector > 0xffff || (selector & 3) != 3))
      return invalid("segment selector {:#x}", selector);
  }
  if (!user_address(registers.fs_base(), 64) || !user_address(registers.gs_base(), 64))
    return invalid("fs or gs base {:#x}, {:#x} is not in user space", registers.fs_base(),
                   registers.gs_base());
  if ((registers.eflags() & ~kUserFlags) != 0) return invalid("eflags {:#x}", registers.eflags());
  return {};
}

}  // namespace cr::kinds
