// Registers of a thread in the layouts that core files have them in.
#pragma once

#include <string>

#include "cr/base/remote_addr.h"
#include "cr/kinds/thread/thread.pb.h"

namespace cr::core {

// elf_gregset_t: 27 longs of a 64-bit program, 17 of a 32-bit one, which are the lower halves.
std::string general_registers(const kinds::Registers& registers, WordSize word_size);

// The 512 bytes of FXSAVE. Components that the XSAVE image does not hold are in their initial state.
// Requires: an image of at least 576 bytes.
std::string fxsave_area(const std::string& xstate);

// The 108 bytes of FSAVE in 32-bit protected mode, made from those of FXSAVE; the last operation's selectors
// are not kept by 64-bit kernels, so cs and ds stand there.
std::string fsave_area(const std::string& fxsave, const kinds::Registers& registers);

// The three TLS entries, those not in use empty, as PTRACE_GETREGSET tells them.
std::string tls_entries(const google::protobuf::RepeatedPtrField<std::string>& slots);

}  // namespace cr::core
