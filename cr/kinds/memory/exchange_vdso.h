// A tree from another kernel: each task gets this kernel's vdso beside the old one, whose functions lead to
// it.
//
// Programs keep addresses into their vdso - glibc its functions, 32-bit programs their way into the kernel,
// whoever reads symbols its ELF header - so the old code stays where it was, as memory of the task's own. But
// its data pages [vvar] were the old kernel's, and code and data only fit each other. So at the start of each
// function stands a jump to this kernel's one, or the plain system call where it has none. What nobody can
// redirect is a thread in the middle of a function, or a signal handler that interrupted one there: neither
// may be in the tree (trace/walk_out.cc leads threads out, engine/strays.h looks).
//
// The entries of 32-bit programs into the kernel, __kernel_*, need no data. Threads that wait in there go on
// in the old code, or come back from later calls to this kernel's, which must take from the stack what the
// old one put there.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cr/base/remote_addr.h"
#include "cr/base/result.h"
#include "cr/kinds/memory/own_vdso.h"
#include "cr/kinds/records.h"
#include "cr/kinds/vdso_exchange.h"

namespace cr::kinds {

// What the kernel of a restore gives, by word size: as own_vdso() tells.
using OwnVdsos = std::map<WordSize, std::optional<OwnVdso>>;
// Of those word sizes that tasks of the tree with a vdso have.
Result<OwnVdsos> own_vdsos(const Records& records);

// Requires: validate() succeeded. Conflict, with the task: the old one cannot be given up.
Result<VdsoExchanges> exchange_vdsos(const Records& records, const OwnVdsos& own);

// `code`, an old vdso that lies at `at`, with its functions leading to those of `own`, whose code lies at
// `own_at`. Conflict: one of them leads nowhere.
Result<std::string> redirected_vdso(std::string_view code, uint64_t at, std::string_view own, uint64_t own_at,
                                    WordSize word_size);

}  // namespace cr::kinds
