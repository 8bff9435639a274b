#include "cr/executor/text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include <fmt/format.h>

namespace cr::exec {
namespace {

struct SyscallName {
  uint32_t number;
  std::string_view name;
};

constexpr SyscallName kNames64[] = {
#include "syscall_names_64.inc"
};
constexpr SyscallName kNames32[] = {
#include "syscall_names_32.inc"
};

// Small numbers read best as they are, fd -100 too; addresses and flags in hex.
std::string number_text(uint64_t value) {
  const auto as_signed = static_cast<int64_t>(value);
  if (as_signed >= -4096 && as_signed < 4096) return fmt::to_string(as_signed);
  return fmt::format("{:#x}", value);
}

std::string argument_text(const Op& op, int index) {
  const uint64_t value = op.args[index];
  switch (op.arg_kinds[index]) {
    case ArgKind::kSlot:
      return fmt::format("s{}", value);
    case ArgKind::kData:
      return fmt::format("data+{:#x}", value);
    case ArgKind::kLiteral:
      break;
  }
  return number_text(value);
}

std::string arguments_text(const Op& op, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += (i == 0 ? "" : ", ") + argument_text(op, i);
  return out;
}

// How many arguments a call takes is the kernel's business; trailing zeroes say nothing.
int arguments_worth_showing(const Op& op) {
  int count = kMaxArgs;
  while (count > 0 && op.arg_kinds[count - 1] == ArgKind::kLiteral && op.args[count - 1] == 0) --count;
  return count;
}

std::string call_text(const Op& op) {
  const uint64_t first = op.args[0];
  switch (op.kind) {
    case OpKind::kSyscall:
      return fmt::format("{}{}({})", op.abi == Abi::k32 ? "int80 " : "", syscall_name(op.abi, op.nr),
                         arguments_text(op, arguments_worth_showing(op)));
    case OpKind::kLoad32:
      return fmt::format("load32 data+{:#x}", first);
    case OpKind::kLoad64:
      return fmt::format("load64 data+{:#x}", first);
    case OpKind::kStore32:
      return fmt::format("store32 data+{:#x} <- {}", first, argument_text(op, 1));
    case OpKind::kStore64:
      return fmt::format("store64 data+{:#x} <- {}", first, argument_text(op, 1));
    case OpKind::kCopy:
      return fmt::format("copy({})", arguments_text(op, 3));
    case OpKind::kReadFully:
      return fmt::format("read_fully({})", arguments_text(op, 4));
    case OpKind::kSpawn:
      return fmt::format("spawn list {} with {}", op.args[2], argument_text(op, 0));
    case OpKind::kTrap:
      return fmt::format("trap {}", first);
    case OpKind::kSigreturn:
      return fmt::format("sigreturn {}", argument_text(op, 0));
    case OpKind::kJump:
      return fmt::format("jump {}", first);
  }
  return fmt::format("unknown op kind {}", static_cast<int>(op.kind));
}

bool can_fail(const Op& op) {
  return op.kind == OpKind::kSyscall || op.kind == OpKind::kSpawn || op.kind == OpKind::kReadFully ||
         op.expect == Expect::kEqual;
}

// What failed, in one or two words.
std::string subject_of(const Op& op) {
  switch (op.kind) {
    case OpKind::kSyscall:
      return syscall_name(op.abi, op.nr);
    case OpKind::kReadFully:
      return "read";
    case OpKind::kSpawn:
      return "clone3";
    default:
      return call_text(op);
  }
}

std::string result_text(const Op& op, int64_t result) {
  if (op.kind == OpKind::kReadFully && result == kFileEndedEarly) return "the file ended too early";
  if (is_error(result)) {
    const int number = static_cast<int>(-result);
    const char* const name = strerrorname_np(number);
    const char* const words = strerrordesc_np(number);
    if (name != nullptr && words != nullptr) return fmt::format("{} ({})", words, name);
    return fmt::format("error {}", number);
  }
  if (op.expect == Expect::kEqual)
    return fmt::format("returned {} instead of {}", number_text(static_cast<uint64_t>(result)),
                       number_text(static_cast<uint64_t>(op.expected)));
  return fmt::format("returned {}", number_text(static_cast<uint64_t>(result)));
}

}  // namespace

std::string syscall_name(Abi abi, uint32_t number) {
  const std::span<const SyscallName> names =
      abi == Abi::k32 ? std::span<const SyscallName>(kNames32) : std::span<const SyscallName>(kNames64);
  for (const SyscallName& entry : names)
    if (entry.number == number) return std::string(entry.name);
  return fmt::format("syscall {}", number);
}

std::string to_string(const Op& op) {
  std::string out;
  if (op.slot != kNone) out = fmt::format("s{} = ", op.slot);
  out += call_text(op);
  if (!can_fail(op)) return out;
  if (op.expect == Expect::kOk) out += " >= 0";
  if (op.expect == Expect::kEqual) out += " == " + number_text(static_cast<uint64_t>(op.expected));
  return out;
}

std::string to_string(const ListBuilder& list) {
  std::string out = fmt::format("list {}: {}, {} ops\n", list.index(), list.name(), list.size());
  for (uint32_t i = 0; i < list.size(); ++i) {
    if (i == list.on_failure()) out += "  on failure:\n";
    const std::string_view reason = list.reason_of(i);
    out +=
        fmt::format("  {:5}  {}{}{}\n", i, to_string(list.ops()[i]), reason.empty() ? "" : "   # ", reason);
  }
  return out;
}

std::string describe_failure(const ListBuilder& list, uint32_t op_index, int64_t result) {
  if (op_index >= list.size())
    return fmt::format("{}: op {} failed, but the list has only {}", list.name(), op_index, list.size());
  const Op& op = list.ops()[op_index];
  const std::string_view reason = list.reason_of(op_index);
  const std::string why = reason.empty() ? std::string() : fmt::format(" ({})", reason);
  return fmt::format("{}: op {}, {}{}: {}", list.name(), op_index, subject_of(op), why,
                     result_text(op, result));
}

}  // namespace cr::exec
