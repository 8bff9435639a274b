// The signal frame by which a task comes home from our code without anybody's help.
//
// The agent ends with rt_sigreturn(2) over this frame: the kernel puts back every register, the XSAVE state
// and the signal mask of the interrupted context. If the engine and its guardian are both killed while an
// agent runs, this is what happens next, and the task never knows. Layout:
// arch/x86/include/uapi/asm/{ucontext,sigcontext}.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "cr/trace/thread_state.h"

namespace cr::trace {

// Bytes that a frame for this thread takes, a multiple of 64.
uint64_t home_frame_size(const ThreadState& thread);

// The frame's bytes for `address` (64-byte aligned); the stack pointer for rt_sigreturn is `address` itself.
// An interrupted call is made again (see restarted()).
std::string home_frame(const ThreadState& thread, uint64_t address);

}  // namespace cr::trace
