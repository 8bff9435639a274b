#include "cr/core/registers.h"

#include <asm/ldt.h>

#include <cstring>

#include "cr/core/byte_string.h"
#include "cr/trace/thread_state.h"

namespace cr::core {
namespace {

// Offsets in FXSAVE and XSAVE images (Intel SDM, volume 1, 10.5 and 13.4).
constexpr size_t kStatusWord = 2, kTags = 4, kOpcode = 6, kInstruction = 8, kOperand = 16, kMxcsr = 24;
constexpr size_t kStack = 32, kSlotBytes = 16, kRegisterBytes = 10, kXmm = 160, kReserved = 416;
constexpr size_t kFxsaveBytes = 512;
constexpr uint64_t kX87 = 1, kSse = 2, kAvx = 4;
constexpr uint16_t kInitialControl = 0x37f;
constexpr uint32_t kInitialMxcsr = 0x1f80;

template <typename T>
T load(const std::string& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

template <typename T>
void store(std::string& bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

// What FSAVE says of a register that is in use: 0 a number, 1 zero, 2 anything else.
uint32_t class_of(const std::string& fxsave, size_t at) {
  const auto significand = load<uint64_t>(fxsave, at);
  const uint16_t exponent = load<uint16_t>(fxsave, at + 8) & 0x7fff;
  if (exponent == 0) return significand == 0 ? 1 : 2;
  const bool normal = exponent != 0x7fff && (significand >> 63) == 1;
  return normal ? 0 : 2;
}

// FXSAVE has one bit per register, FSAVE two; both count physical registers, while the data are in the order
// of the stack.
uint32_t full_tags(const std::string& fxsave) {
  constexpr uint32_t kEmpty = 3;
  const uint32_t in_use = static_cast<uint8_t>(fxsave[kTags]);
  const uint32_t top = (load<uint16_t>(fxsave, kStatusWord) >> 11) & 7;
  uint32_t tags = 0;
  for (uint32_t physical = 0; physical < 8; ++physical) {
    const size_t data = kStack + kSlotBytes * ((physical - top) & 7);
    tags |= ((in_use >> physical & 1) != 0 ? class_of(fxsave, data) : kEmpty) << 2 * physical;
  }
  return tags;
}

}  // namespace

std::string general_registers(const kinds::Registers& r, WordSize word_size) {
  ByteString out(word_size);
  if (word_size == WordSize::k64)
    out.words({r.r15(),     r.r14(),      r.r13(), r.r12(), r.rbp(),    r.rbx(), r.r11(),
               r.r10(),     r.r9(),       r.r8(),  r.rax(), r.rcx(),    r.rdx(), r.rsi(),
               r.rdi(),     r.orig_rax(), r.rip(), r.cs(),  r.eflags(), r.rsp(), r.ss(),
               r.fs_base(), r.gs_base(),  r.ds(),  r.es(),  r.fs(),     r.gs()});
  else
    out.words({r.rbx(), r.rcx(), r.rdx(), r.rsi(), r.rdi(), r.rbp(), r.rax(), r.ds(), r.es(), r.fs(), r.gs(),
               r.orig_rax(), r.rip(), r.cs(), r.eflags(), r.rsp(), r.ss()});
  return out.str();
}

std::string fxsave_area(const std::string& xstate) {
  std::string area = xstate.substr(0, kFxsaveBytes);
  const auto present = load<uint64_t>(xstate, kFxsaveBytes);
  if ((present & kX87) == 0) {
    std::memset(area.data(), 0, kMxcsr);
    std::memset(area.data() + kStack, 0, kXmm - kStack);
    store(area, 0, kInitialControl);
  }
  if ((present & kSse) == 0) std::memset(area.data() + kXmm, 0, kReserved - kXmm);
  // MXCSR goes with either.
  if ((present & (kSse | kAvx)) == 0) store(area, kMxcsr, kInitialMxcsr);
  return area;
}

std::string fsave_area(const std::string& fxsave, const kinds::Registers& registers) {
  constexpr uint32_t kReservedOnes = 0xffff0000;
  ByteString out(WordSize::k32);
  out.u32(load<uint16_t>(fxsave, 0) | kReservedOnes);
  out.u32(load<uint16_t>(fxsave, kStatusWord) | kReservedOnes);
  out.u32(full_tags(fxsave) | kReservedOnes);
  out.u32(load<uint32_t>(fxsave, kInstruction));
  out.u32(registers.cs() | uint64_t{load<uint16_t>(fxsave, kOpcode)} << 16);
  out.u32(load<uint32_t>(fxsave, kOperand));
  out.u32(registers.ds() | kReservedOnes);
  for (size_t i = 0; i < 8; ++i) out.bytes({fxsave.data() + kStack + kSlotBytes * i, kRegisterBytes});
  return out.str();
}

std::string tls_entries(const google::protobuf::RepeatedPtrField<std::string>& slots) {
  user_desc entries[trace::kTlsEntries] = {};
  for (unsigned i = 0; i < trace::kTlsEntries; ++i) {
    entries[i].entry_number = trace::kFirstTlsEntry + i;
    entries[i].read_exec_only = 1;
    entries[i].seg_not_present = 1;
  }
  for (const std::string& slot : slots) {
    user_desc description{};
    std::memcpy(&description, slot.data(), std::min(slot.size(), sizeof(description)));
    const unsigned index = description.entry_number - trace::kFirstTlsEntry;
    if (index < trace::kTlsEntries) entries[index] = description;
  }
  return {reinterpret_cast<const char*>(entries), sizeof(entries)};
}

}  // namespace cr::core
