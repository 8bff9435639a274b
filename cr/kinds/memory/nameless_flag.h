// Memory that is locked on fault, on kernels that have no name for it.
#pragma once

#include "cr/proc/smaps.h"

namespace cr::kinds {

// True if the mapping is locked on fault (mlock2(2)) and its kernel shows "??" for that, as it does for every
// flag without a name (show_smap_vma_flags() in fs/proc/task_mmu.c). Known by a page of our own, locked that
// way: what is locked and has as many nameless flags as that page has the same. False where nobody can tell.
bool is_nameless_lock_on_fault(const proc::SmapsVma& smaps);

}  // namespace cr::kinds
