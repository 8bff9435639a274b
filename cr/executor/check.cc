#include "cr/executor/check.h"

#include <cstring>

#include "cr/base/numbers.h"

namespace cr::exec {
namespace {

constexpr uint64_t kCloneArgsMin = 64;  // CLONE_ARGS_SIZE_VER0
constexpr int kStackField = 40;         // offsetof(clone_args, stack)

template <typename... Args>
Failure bad(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::kInternal, format, std::forward<Args>(args)...);
}

template <typename T>
T get(const Area& area, uint64_t offset) {
  T value;
  std::memcpy(&value, area.bytes.data() + offset, sizeof(T));
  return value;
}

// Is [offset, offset + count * size) at or before `end`?
bool fits(uint64_t offset, uint64_t count, uint64_t size, uint64_t end) {
  const auto length = checked_mul(count, size);
  const auto stop = length ? checked_add(offset, *length) : std::nullopt;
  return stop && *stop <= end;
}

Result<void> check_layout(const Area& area) {
  if (!page_aligned(area.base) || !page_aligned(area.code_size) || !page_aligned(area.size()))
    return bad("base {:x}, code {:x}, size {:x}: not whole pages", area.base, area.code_size, area.size());
  if (!checked_add(area.base, area.size())) return bad("base {:x} + {:x} wraps", area.base, area.size());
  if (area.code_size == 0) return bad("no code");
  const bool sections_in_order = fits(area.code_size, area.list_count, sizeof(Control), area.stacks) &&
                                 fits(area.stacks, area.list_count, kStackSize, area.ops) &&
                                 area.ops <= area.slots &&
                                 fits(area.slots, area.slot_count, sizeof(uint64_t), area.data) &&
                                 fits(area.data, area.data_size, 1, area.size());
  if (!sections_in_order) return bad("the sections overlap or reach out of the area");
  if (area.stacks % 16 != 0 || area.ops % 8 != 0 || area.slots % 8 != 0 || area.data % kMaxDataAlignment != 0)
    return bad("a section is not aligned");
  if (area.reason_counts.size() != area.list_count)
    return bad("reasons for {} lists, but there are {}", area.reason_counts.size(), area.list_count);
  return {};
}

Result<void> check_control(const Area& area, uint32_t list, const Control& control) {
  const uint64_t ops = control.ops - area.base;
  if (control.ops < area.base + area.ops || ops % alignof(Op) != 0 ||
      !fits(ops, control.op_count, sizeof(Op), area.slots))
    return bad("ops {:x} x {} are not in the op section", control.ops, control.op_count);
  if (control.slots != area.base + area.slots) return bad("slots at {:x}", control.slots);
  if (control.data != area.base + area.data) return bad("data at {:x}", control.data);
  if (control.controls != area.control(0)) return bad("controls at {:x}", control.controls);
  if (control.stack_top != area.stack_top(list)) return bad("stack top at {:x}", control.stack_top);
  if (control.next != 0 || control.state != State::kIdle || control.failed_op != kNone)
    return bad("it has already run");
  if (control.on_failure != kNone && control.on_failure > control.op_count)
    return bad("on failure: op {} of {}", control.on_failure, control.op_count);
  return {};
}

int argument_count(OpKind kind) {
  switch (kind) {
    case OpKind::kSyscall:
      return 6;
    case OpKind::kReadFully:
      return 4;
    case OpKind::kCopy:
    case OpKind::kSpawn:
      return 3;
    case OpKind::kStore32:
    case OpKind::kStore64:
      return 2;
    case OpKind::kLoad32:
    case OpKind::kLoad64:
    case OpKind::kTrap:
    case OpKind::kSigreturn:
    case OpKind::kJump:
      return 1;
  }
  return -1;
}

// Arguments whose value the interpreter takes as it stands.
bool must_be_literal(OpKind kind, int index) {
  switch (kind) {
    case OpKind::kSyscall:
    case OpKind::kCopy:
    case OpKind::kReadFully:
    case OpKind::kSigreturn:
      return false;
    case OpKind::kSpawn:
      return index >= 1;
    default:
      return index == 0;
  }
}

Result<void> check_arguments(const Area& area, const Op& op) {
  const int used = argument_count(op.kind);
  for (int i = 0; i < kMaxArgs; ++i) {
    const uint64_t value = op.args[i];
    const ArgKind kind = op.arg_kinds[i];
    if (kind > ArgKind::kData) return bad("argument {} is of kind {}", i, static_cast<int>(kind));
    if (i >= used && (kind != ArgKind::kLiteral || value != 0)) return bad("argument {} is one too many", i);
    if (kind != ArgKind::kLiteral && must_be_literal(op.kind, i))
      return bad("argument {} must be a literal", i);
    if (kind == ArgKind::kSlot && value >= area.slot_count)
      return bad("slot {} of {}", value, area.slot_count);
    if (kind == ArgKind::kData && value > area.data_size)
      return bad("data+{:x} of {:x}", value, area.data_size);
  }
  return {};
}

Result<void> check_data_access(const Area& area, const Op& op, uint64_t size) {
  if (op.args[0] % size != 0 || !fits(op.args[0], 1, size, area.data_size))
    return bad("{} bytes at data+{:x} of {:x}", size, op.args[0], area.data_size);
  return {};
}

Result<void> check_copy(const Area& area, const Op& op) {
  if (op.arg_kinds[2] == ArgKind::kData) return bad("a length cannot be an address");
  if (op.arg_kinds[2] != ArgKind::kLiteral) return {};
  for (int i = 0; i < 2; ++i)
    if (op.arg_kinds[i] == ArgKind::kData && !fits(op.args[i], op.args[2], 1, area.data_size))
      return bad("copies {:x} bytes at data+{:x} of {:x}", op.args[2], op.args[i], area.data_size);
  return {};
}

// A child on another list's stack would trample on it, so the stack is looked at too.
Result<void> check_spawn(const Area& area, const Op& op) {
  if (op.arg_kinds[0] != ArgKind::kData) return bad("clone_args must be data");
  if (op.args[1] < kCloneArgsMin || op.args[1] > kPageSize ||
      !fits(op.args[0], op.args[1], 1, area.data_size))
    return bad("clone_args at data+{:x}, {} bytes", op.args[0], op.args[1]);
  if (op.args[2] >= area.list_count) return bad("spawns list {} of {}", op.args[2], area.list_count);
  const uint64_t top = area.stack_top(static_cast<uint32_t>(op.args[2]));
  const uint64_t at = area.data + op.args[0] + kStackField;
  if (get<uint64_t>(area, at) != top - kStackSize || get<uint64_t>(area, at + 8) != kStackSize)
    return bad("the stack in clone_args is not that of list {}", op.args[2]);
  return {};
}

Result<void> check_kind(const Area& area, const Control& control, const Op& op) {
  switch (op.kind) {
    case OpKind::kLoad32:
    case OpKind::kStore32:
      return check_data_access(area, op, 4);
    case OpKind::kLoad64:
    case OpKind::kStore64:
      return check_data_access(area, op, 8);
    case OpKind::kCopy:
      return check_copy(area, op);
    case OpKind::kSpawn:
      return check_spawn(area, op);
    case OpKind::kTrap:
      if (op.args[0] > UINT32_MAX) return bad("tag {:x}", op.args[0]);
      return {};
    case OpKind::kJump:
      // One past the end is the end.
      if (op.args[0] > control.op_count) return bad("jumps to op {} of {}", op.args[0], control.op_count);
      return {};
    case OpKind::kSyscall:
    case OpKind::kReadFully:
    case OpKind::kSigreturn:
      return {};
  }
  return bad("unknown");
}

Result<void> check_op(const Area& area, uint32_t list, const Control& control, const Op& op) {
  if (argument_count(op.kind) < 0) return bad("kind {} is unknown", static_cast<int>(op.kind));
  if (op.abi > Abi::k32) return bad("ABI {} is unknown", static_cast<int>(op.abi));
  if (op.expect > Expect::kEqual) return bad("expectation {} is unknown", static_cast<int>(op.expect));
  if (op.slot != kNone && op.slot >= area.slot_count) return bad("slot {} of {}", op.slot, area.slot_count);
  if (op.reason != kNone && op.reason >= area.reason_counts[list])
    return bad("reason {} of {}", op.reason, area.reason_counts[list]);
  CR_TRY(check_arguments(area, op));
  return check_kind(area, control, op);
}

}  // namespace

Result<void> check(const Area& area) {
  CR_TRY(check_layout(area), "program area");
  for (uint32_t list = 0; list < area.list_count; ++list) {
    const auto control = get<Control>(area, area.control(list) - area.base);
    CR_TRY(check_control(area, list, control), "program area: list {}", list);
    for (uint32_t i = 0; i < control.op_count; ++i) {
      const Op op = get<Op>(area, control.ops - area.base + i * sizeof(Op));
      CR_TRY(check_op(area, list, control, op), "program area: list {} op {}", list, i);
    }
  }
  return {};
}

}  // namespace cr::exec
