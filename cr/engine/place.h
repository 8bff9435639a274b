// Where in a task's address space our own memory can stand while the task is built: nowhere that anything of
// its own will be.
#pragma once

#include "cr/kinds/records.h"
#include "cr/kinds/task.pb.h"

namespace cr::engine {

// The end of what user space may map (TASK_SIZE).
uint64_t user_end(const kinds::Task& task);

// Page aligned, `size` bytes free of mappings of the task. Low, because the first program of a task has its
// stack and its vdso high.
Result<uint64_t> find_place(const kinds::Records& records, const kinds::Task& task, uint64_t size);

}  // namespace cr::engine
