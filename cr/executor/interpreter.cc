// The interpreter. One source, two builds: freestanding in the blob (CR_EXEC_BLOB), and hosted in the engine.
//
// It trusts its control: check() has looked at every index before. All its state is in the control and in
// slots, so that the tracer can read how far it got, and so that the code needs no data of its own.
#include "cr/executor/interpreter.h"

#include <asm/unistd_64.h>

#include "cr/executor/kernel_entry.h"

namespace cr::exec {
namespace {

constexpr int64_t kEintr = 4;
constexpr int64_t kEnosys = 38;

template <typename T>
T* pointer_to(uint64_t address) {
  return reinterpret_cast<T*>(address);
}

inline uint64_t argument(const Control& control, const Op& op, int index) {
  const uint64_t value = op.args[index];
  switch (op.arg_kinds[index]) {
    case ArgKind::kSlot:
      return pointer_to<uint64_t>(control.slots)[value];
    case ArgKind::kData:
      return control.data + value;
    case ArgKind::kLiteral:
      break;
  }
  return value;
}

// String instructions instead of a loop: compilers turn copying loops into calls of a memmove that is not
// here.
inline void move_bytes(uint64_t to, uint64_t from, uint64_t length) {
  if (to - from >= length) {  // also when `to` lies before `from`: the difference wraps
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
    return;
  }
  to += length - 1;
  from += length - 1;
  asm volatile("std\n\trep movsb\n\tcld" : "+D"(to), "+S"(from), "+c"(length) : : "memory", "cc");
}

// The kernel moves at most 2 GiB at once, and stops short at signals and at file system boundaries.
inline int64_t read_fully(uint64_t fd, uint64_t address, uint64_t length, uint64_t file_offset) {
  uint64_t done = 0;
  while (done < length) {
    const uint64_t args[kMaxArgs] = {fd, address + done, length - done, file_offset + done, 0, 0};
    const int64_t got = cr_exec_syscall64(__NR_pread64, args);
    if (got == -kEintr) continue;
    if (got < 0) return got;
    if (got == 0) return kFileEndedEarly;
    done += static_cast<uint64_t>(got);
  }
  return static_cast<int64_t>(done);
}

inline int64_t call_kernel(const Control& control, const Op& op) {
  uint64_t args[kMaxArgs];
  for (int i = 0; i < kMaxArgs; ++i) args[i] = argument(control, op, i);
  return op.abi == Abi::k32 ? cr_exec_syscall32(op.nr, args) : cr_exec_syscall64(op.nr, args);
}

inline int64_t spawn(const Control& control, const Op& op) {
#ifdef CR_EXEC_BLOB
  Control* const child = pointer_to<Control>(control.controls) + op.args[2];
  return cr_exec_spawn(argument(control, op, 0), argument(control, op, 1), child);
#else
  // A child of the engine that runs on a list's stack would share none of the engine's sense.
  (void)control, (void)op;
  return -kEnosys;
#endif
}

inline int64_t sigreturn(const Control& control, const Op& op) {
#ifdef CR_EXEC_BLOB
  cr_exec_sigreturn(argument(control, op, 0));
#else
  (void)control, (void)op;
  return -kEnosys;
#endif
}

inline bool as_expected(const Op& op, int64_t result) {
  if (op.expect == Expect::kOk) return !is_error(result);
  return op.expect == Expect::kAny || result == op.expected;
}

// Loads and stores go through volatile: another thread or the kernel may own the other side.
inline int64_t run_op(const Control& control, const Op& op) {
  const uint64_t data = control.data + op.args[0];
  switch (op.kind) {
    case OpKind::kSyscall:
      return call_kernel(control, op);
    case OpKind::kLoad32:
      return *pointer_to<volatile uint32_t>(data);
    case OpKind::kLoad64:
      return static_cast<int64_t>(*pointer_to<volatile uint64_t>(data));
    case OpKind::kStore32:
      *pointer_to<volatile uint32_t>(data) = static_cast<uint32_t>(argument(control, op, 1));
      return 0;
    case OpKind::kStore64:
      *pointer_to<volatile uint64_t>(data) = argument(control, op, 1);
      return 0;
    case OpKind::kCopy:
      move_bytes(argument(control, op, 0), argument(control, op, 1), argument(control, op, 2));
      return 0;
    case OpKind::kReadFully:
      return read_fully(argument(control, op, 0), argument(control, op, 1), argument(control, op, 2),
                        argument(control, op, 3));
    case OpKind::kSpawn:
      return spawn(control, op);
    case OpKind::kSigreturn:
      return sigreturn(control, op);
    case OpKind::kTrap:
    case OpKind::kJump:
      break;  // handled where the flow is
  }
  return -kEnosys;
}

// True: go on, at the ops that follow a failure.
inline bool note_failure(Control& control, uint32_t index, int64_t result) {
  if (control.failed_op == kNone) {
    control.failed_op = index;
    control.result = result;
    if (control.on_failure != kNone) {
      control.next = control.on_failure;
      return true;
    }
  }
  control.state = State::kFailed;
  return false;
}

}  // namespace

extern "C" void cr_exec_interpret(Control* control) {
  control->state = State::kRunning;
  while (control->next < control->op_count) {
    const uint32_t index = control->next;
    const Op& op = pointer_to<const Op>(control->ops)[index];
    control->next = index + 1;

    if (op.kind == OpKind::kJump) {
      control->next = static_cast<uint32_t>(op.args[0]);
      continue;
    }
    if (op.kind == OpKind::kTrap) {
      control->trap_tag = static_cast<uint32_t>(op.args[0]);
      control->state = State::kTrapped;
#ifdef CR_EXEC_BLOB
      asm volatile("int3" : : : "memory");
      control->state = State::kRunning;
      continue;
#else
      return;
#endif
    }

    const int64_t result = run_op(*control, op);
    if (op.slot != kNone) pointer_to<uint64_t>(control->slots)[op.slot] = static_cast<uint64_t>(result);
    if (!as_expected(op, result) && !note_failure(*control, index, result)) return;
  }
  control->state = State::kDone;
}

}  // namespace cr::exec
