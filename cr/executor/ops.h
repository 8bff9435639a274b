// The op list as it lies in memory: shared, byte for byte, by the engine that writes it and the blob that
// runs it.
//
// Plain fixed-width structs without pointers, because the writer and the runner live in different address
// spaces. This header is compiled into the freestanding blob, so it includes nothing but <stddef.h> and
// <stdint.h>.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace cr::exec {

// What an absent index looks like: no slot, no reason, no failure yet, nowhere to go on after one.
constexpr uint32_t kNone = 0xffffffff;

enum class OpKind : uint8_t {
  kSyscall = 1,     // nr(args...) in the op's ABI
  kLoad32 = 2,      // slot <- the 4 bytes at data offset args[0], zero-extended
  kLoad64 = 3,      // slot <- the 8 bytes at data offset args[0]
  kStore32 = 4,     // the 4 bytes at data offset args[0] <- args[1]
  kStore64 = 5,     // the 8 bytes at data offset args[0] <- args[1]
  kCopy = 6,        // memmove(args[0], args[1], args[2])
  kReadFully = 7,   // pread64(fd args[0], address args[1], length args[2], offset args[3]) until all is there
  kSpawn = 8,       // clone3(args[0], args[1]); the child goes on with list args[2] on that list's stack
  kTrap = 9,        // int3 with tag args[0]; goes on with the next op when the tracer continues the task
  kSigreturn = 10,  // rt_sigreturn with the stack pointer at args[0]; never comes back
  kJump = 11,       // go on with op args[0] of the same list
};

// Which door into the kernel a kSyscall takes. Both exist in both word sizes: the blob is 64-bit code
// everywhere.
enum class Abi : uint8_t {
  k64 = 0,  // `syscall`, numbers of asm/unistd_64.h
  k32 = 1,  // `int $0x80`, numbers and structs of i386, arguments cut to 32 bits
};

enum class Expect : uint8_t {
  kAny = 0,    // go on whatever came back
  kOk = 1,     // anything but -4095..-1
  kEqual = 2,  // exactly Op::expected
};

enum class ArgKind : uint8_t {
  kLiteral = 0,
  kSlot = 1,  // the value is the index of a slot
  kData = 2,  // the value is an offset into the data; the argument is the address there
};

constexpr int kMaxArgs = 6;

struct Op {
  OpKind kind;
  Abi abi;        // kSyscall only
  Expect expect;  // of the result; a load's is the value
  ArgKind arg_kinds[kMaxArgs];
  uint8_t padding[3];
  uint32_t nr;      // kSyscall only
  uint32_t slot;    // where the result goes, or kNone
  uint32_t reason;  // index into the reasons the engine keeps, or kNone
  int64_t expected;
  uint64_t args[kMaxArgs];
};

static_assert(sizeof(Op) == 80 && alignof(Op) == 8);
static_assert(offsetof(Op, arg_kinds) == 3 && offsetof(Op, nr) == 12 && offsetof(Op, slot) == 16);
static_assert(offsetof(Op, reason) == 20 && offsetof(Op, expected) == 24 && offsetof(Op, args) == 32);

enum class State : uint32_t {
  kIdle = 0,     // not started
  kRunning = 1,  // also while ops after a failure bring the task home: failed_op tells
  kTrapped = 2,  // at a kTrap; trap_tag says which
  kDone = 3,     // every op ran; the task sits at an int3
  kFailed = 4,   // an op failed, nothing more will run; the task sits at an int3
};

// One per list. All addresses are those of the task that runs the list.
struct Control {
  uint64_t ops;
  uint64_t slots;      // shared by all lists of a program
  uint64_t data;       // shared by all lists of a program
  uint64_t controls;   // the control of list 0; the others follow it
  uint64_t stack_top;  // 16-byte aligned
  uint32_t op_count;
  uint32_t next;  // the op that runs next
  State state;
  uint32_t failed_op;   // the first op that failed, or kNone
  int64_t result;       // what the failed op got
  uint32_t on_failure;  // the op to go on with after the first failure, or kNone to stop
  uint32_t trap_tag;
};

static_assert(sizeof(Control) == 72 && alignof(Control) == 8);
static_assert(offsetof(Control, stack_top) == 32 && offsetof(Control, op_count) == 40);
static_assert(offsetof(Control, state) == 48 && offsetof(Control, failed_op) == 52);
static_assert(offsetof(Control, result) == 56 && offsetof(Control, on_failure) == 64);

// The result of a kReadFully whose file ended too early (-ENODATA: pread64 itself never says so).
constexpr int64_t kFileEndedEarly = -61;

// A result in this range is an error number with its sign turned, in both ABIs.
constexpr bool is_error(int64_t result) { return result < 0 && result >= -4095; }

}  // namespace cr::exec
