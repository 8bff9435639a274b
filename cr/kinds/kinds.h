// One factory per kind. registry.cc lists them; nobody else needs to.
#pragma once

#include <memory>

#include "cr/kinds/shape.h"

namespace cr::kinds {

std::unique_ptr<Kind> task_kind();
std::unique_ptr<Kind> memory_kind();
std::unique_ptr<Kind> files_kind();
std::unique_ptr<Kind> attributes_kind();
std::unique_ptr<Kind> membarrier_kind();
std::unique_ptr<Kind> thread_kind();
std::unique_ptr<Kind> signals_kind();
std::unique_ptr<Kind> refusals_kind();

}  // namespace cr::kinds
