// The two doors into the kernel, and the ways into and out of a list, in assembly (kernel_entry.S,
// blob_start.S).
#pragma once

#include <stdint.h>

#include "cr/executor/ops.h"

namespace cr::exec {

extern "C" {
// args points to six values. Both return what the kernel left in rax.
int64_t cr_exec_syscall64(uint64_t number, const uint64_t* args);
int64_t cr_exec_syscall32(uint64_t number, const uint64_t* args);

// Only in the blob.
int64_t cr_exec_spawn(uint64_t clone_args, uint64_t size, Control* child);
[[noreturn]] void cr_exec_sigreturn(uint64_t frame);
}

}  // namespace cr::exec
