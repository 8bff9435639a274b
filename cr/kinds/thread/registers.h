// Registers between ptrace's struct and the image's message, and which of them an image may hold at all.
#pragma once

#include <sys/user.h>

#include "cr/base/result.h"
#include "cr/kinds/thread/thread.pb.h"

namespace cr::kinds {

void store_registers(const user_regs_struct& regs, Registers& out);
user_regs_struct load_registers(const Registers& registers);

// User segments, canonical addresses, no privileged flags: what the kernel would refuse or, worse, repair.
Result<void> validate_registers(const Registers& registers, uint32_t word_size);

}  // namespace cr::kinds
