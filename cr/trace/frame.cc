#include "cr/trace/frame.h"

#include <cpuid.h>

#include <algorithm>
#include <cstring>

#include "cr/base/numbers.h"
#include "cr/sys/cpu.h"

namespace cr::trace {
namespace {

// struct ucontext of the kernel for 64-bit frames; glibc's ucontext_t has another signal set.
struct KernelUcontext {
  uint64_t flags;
  uint64_t link;
  struct {
    uint64_t sp;
    int32_t flags;
    int32_t pad;
    uint64_t size;
  } stack;
  struct {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15, di, si, bp, bx, dx, ax, cx, sp, ip, eflags;
    uint16_t cs, gs, fs, ss;
    uint64_t err, trapno, oldmask, cr2, fpstate, reserved[8];
  } mcontext;
  uint64_t sigmask;
};
static_assert(sizeof(KernelUcontext) == 304);

constexpr uint64_t kUcFpXstate = 1;
constexpr uint64_t kUcSigcontextSs = 2;
constexpr uint64_t kUcStrictRestoreSs = 4;
constexpr int32_t kNoSuchAltstackFlag = 0x7fff;  // rt_sigreturn drops the error and leaves the stack alone

// The words in the legacy area that tell an extended frame from a plain FXSAVE one (struct _fpx_sw_bytes).
struct FpxSwBytes {
  uint32_t magic1;
  uint32_t extended_size;
  uint64_t xfeatures;
  uint32_t xstate_size;
  uint32_t padding[7];
};
static_assert(sizeof(FpxSwBytes) == 48);
constexpr uint64_t kSwBytesAt = 464;
constexpr uint64_t kXstateBvAt = 512;
constexpr uint32_t kMagic1 = 0x46505853;
constexpr uint32_t kMagic2 = 0x46505845;
constexpr uint64_t kLegacyAndHeader = 576;
constexpr uint64_t kAmx = (1ull << 17) | (1ull << 18);

uint64_t xstate_bv(const ThreadState& thread) {
  uint64_t bits = 0;
  if (thread.xstate.size() >= kLegacyAndHeader) std::memcpy(&bits, thread.xstate.data() + kXstateBvAt, 8);
  return bits;
}

// AMX is left out unless in use: a task that never asked for it has a smaller buffer in the kernel, and a
// frame that is larger than that buffer is taken for a plain FXSAVE one (check_xstate_in_sigframe).
uint64_t frame_features(const ThreadState& thread) {
  const uint64_t all = sys::xsave_components();
  return (xstate_bv(thread) & kAmx) != 0 ? all : all & ~kAmx;
}

uint64_t xsave_size(uint64_t features) {
  uint64_t size = kLegacyAndHeader;
  for (unsigned bit = 2; bit < 63; ++bit) {
    if ((features >> bit & 1) == 0) continue;
    uint32_t length, offset, ecx, edx;
    if (__get_cpuid_count(0xd, bit, &length, &offset, &ecx, &edx) == 0) break;
    size = std::max<uint64_t>(size, uint64_t{offset} + length);
  }
  return size;
}

constexpr uint64_t kFpstateAt = 320;  // after the ucontext, 64-byte aligned

uint64_t fp_size(const ThreadState& thread) {
  return std::min<uint64_t>(xsave_size(frame_features(thread)), thread.xstate.size());
}

}  // namespace

uint64_t home_frame_size(const ThreadState& thread) {
  return (kFpstateAt + fp_size(thread) + sizeof(kMagic2) + 63) / 64 * 64;
}

std::string home_frame(const ThreadState& thread, uint64_t address) {
  CR_CHECK(address % 64 == 0);
  const user_regs_struct regs = restarted(thread.regs);
  KernelUcontext context{};
  context.flags = kUcFpXstate | kUcSigcontextSs | kUcStrictRestoreSs;
  context.stack.flags = kNoSuchAltstackFlag;
  auto& m = context.mcontext;
  m.r8 = regs.r8, m.r9 = regs.r9, m.r10 = regs.r10, m.r11 = regs.r11;
  m.r12 = regs.r12, m.r13 = regs.r13, m.r14 = regs.r14, m.r15 = regs.r15;
  m.di = regs.rdi, m.si = regs.rsi, m.bp = regs.rbp, m.bx = regs.rbx;
  m.dx = regs.rdx, m.ax = regs.rax, m.cx = regs.rcx, m.sp = regs.rsp;
  m.ip = regs.rip, m.eflags = regs.eflags;
  m.cs = static_cast<uint16_t>(regs.cs), m.ss = static_cast<uint16_t>(regs.ss);
  m.gs = static_cast<uint16_t>(regs.gs), m.fs = static_cast<uint16_t>(regs.fs);
  m.fpstate = address + kFpstateAt;
  context.sigmask = thread.signal_mask;

  std::string bytes(home_frame_size(thread), '\0');
  std::memcpy(bytes.data(), &context, sizeof(context));
  const uint64_t size = fp_size(thread);
  char* fp = bytes.data() + kFpstateAt;
  std::memcpy(fp, thread.xstate.data(), size);
  FpxSwBytes words{};
  words.magic1 = kMagic1;
  words.extended_size = static_cast<uint32_t>(size + sizeof(kMagic2));
  words.xfeatures = frame_features(thread);
  words.xstate_size = static_cast<uint32_t>(size);
  std::memcpy(fp + kSwBytesAt, &words, sizeof(words));
  std::memcpy(fp + size, &kMagic2, sizeof(kMagic2));
  return bytes;
}

}  // namespace cr::trace
