#include "cr/engine/plan_check.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <cstring>

#include "cr/base/numbers.h"
#include "cr/executor/check.h"

namespace cr::engine {
namespace {

using exec::ArgKind;
using exec::Op;
using exec::OpKind;

struct Range {
  uint64_t address = 0, length = 0;
};

// What is not literal is the program's own business: slots hold addresses of the program, to keep clear of
// it.
bool are_literal(const Op& op, int a, int b) {
  return op.arg_kinds[a] == ArgKind::kLiteral && op.arg_kinds[b] == ArgKind::kLiteral;
}

void add(const Op& op, int address, int length, std::vector<Range>& out) {
  if (are_literal(op, address, length)) out.push_back({op.args[address], op.args[length]});
}

// Memory of the task that the op changes.
std::vector<Range> touched_by(const Op& op) {
  std::vector<Range> ranges;
  if (op.kind == OpKind::kReadFully) add(op, 1, 2, ranges);
  if (op.kind == OpKind::kCopy) add(op, 0, 2, ranges);
  if (op.kind != OpKind::kSyscall || op.abi != exec::Abi::k64) return ranges;
  switch (op.nr) {
    case SYS_mmap:
      if ((op.args[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0) add(op, 0, 1, ranges);
      break;
    case SYS_munmap:
    case SYS_mprotect:
      add(op, 0, 1, ranges);
      break;
    case SYS_mremap:
      add(op, 0, 1, ranges);
      if ((op.args[3] & MREMAP_FIXED) != 0) add(op, 4, 2, ranges);
      break;
    default:
      break;
  }
  return ranges;
}

Result<void> check_apart(const exec::Area& area, const Range& range, std::string_view what) {
  if (!area.overlaps(range.address, range.length)) return {};
  return fail(ErrorKind::kInternal, "{} of {:#x} bytes at {:#x} would touch the program at {:#x}", what,
              range.length, range.address, area.base);
}

template <typename T>
T take(const exec::Area& area, uint64_t offset) {
  T value;
  std::memcpy(&value, area.bytes.data() + offset, sizeof(value));
  return value;
}

Result<void> check_program(const kinds::ProcessPlan& process) {
  const exec::Area area = CR_TRY(process.program.lay_out(process.area_base));
  CR_TRY(exec::check(area));
  for (uint32_t list = 0; list < area.list_count; ++list) {
    const auto control = take<exec::Control>(area, area.control(list) - area.base);
    for (uint32_t i = 0; i < control.op_count; ++i) {
      const Op op = take<Op>(area, control.ops - area.base + i * sizeof(Op));
      for (const Range& range : touched_by(op))
        CR_TRY(check_apart(area, range, "a call"), "list {} op {}", list, i);
    }
  }
  for (const kinds::PageFill& fill : process.fills)
    CR_TRY(check_apart(area, {fill.address, fill.pages * kPageSize}, "a fill"));
  for (const kinds::Clearing& clearing : process.clearings)
    CR_TRY(check_apart(area, {clearing.address, clearing.length}, "a clearing"));
  for (const kinds::LateCall& call : process.late)
    if (call.number == SYS_rseq)
      CR_TRY(check_apart(area, {call.args.at(0).value, call.args.at(1).value}, "an rseq area"));
  return {};
}

}  // namespace

Result<void> check_plan(const kinds::Plan& plan) {
  for (const auto& [pid, process] : plan.processes)
    if (process.role == kinds::ProcessPlan::Role::kTask) CR_TRY(check_program(process), "pid {}", pid);
  return {};
}

}  // namespace cr::engine
