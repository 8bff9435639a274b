// What being stopped did to a thread, undone in its registers before anybody looks at them.
#pragma once

#include "cr/trace/thread_state.h"

namespace cr::trace {

// Some calls give up with EINTR when a tracer stops their thread, though no signal came (signal(7) lists
// them). Their registers are put as the kernel itself would have put them for a call that restarts unless a
// handler runs.
void undo_giving_up(ThreadState& thread);

// A thread inside a restartable sequence goes to its abort handler, as after any preemption: our own code
// runs outside of the sequence, and the kernel forgets the sequence then without aborting it.
void abort_critical_section(ThreadState& thread);

}  // namespace cr::trace
