// Ops in words: for `cr plan`, and for the message when one fails.
#pragma once

#include <string>

#include "cr/executor/list_builder.h"

namespace cr::exec {

// "mmap", "set_robust_list"; "syscall 999" for a number the build's kernel headers do not know.
std::string syscall_name(Abi abi, uint32_t number);

// "s3 = openat(-100, data+0x40, 0x80000) >= 0", "int80 rt_sigaction(11, data+0x10, 0, 8) == 0".
std::string to_string(const Op& op);

// One op per line with its reason; the whole list.
std::string to_string(const ListBuilder& list);

// "pid 812: op 17, mmap (map /usr/bin/x at 55d0c0000000): Cannot allocate memory (ENOMEM)".
std::string describe_failure(const ListBuilder& list, uint32_t op_index, int64_t result);

}  // namespace cr::exec
