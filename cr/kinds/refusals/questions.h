// What only a task itself can be asked, and what must come back for it to be carried.
#pragma once

#include "cr/kinds/collector.h"
#include "cr/kinds/tree_view.h"

namespace cr::kinds {

void ask_process(const ProcessView& process, Collector& collector);
void ask_thread(const ProcessView& process, pid_t tid, Collector& collector);

}  // namespace cr::kinds
