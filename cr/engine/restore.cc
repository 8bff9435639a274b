#include "cr/engine/restore.h"

#include "cr/engine/builder.h"
#include "cr/engine/compile.h"
#include "cr/engine/load.h"
#include "cr/engine/origin.h"
#include "cr/engine/preconditions.h"

namespace cr::engine {

Result<RestoreReport> restore(const RestoreOptions& options) {
  options.operation.step("verifying");
  const Loaded loaded = CR_TRY(load(options.path));
  CR_TRY(check_origin(loaded.origin));
  const kinds::Plan plan = CR_TRY(compile(loaded.records));
  CR_TRY(check_ids(plan));
  CR_TRY(check_files(plan));
  CR_TRY(Builder(plan, options.operation).build(loaded.reader));
  RestoreReport report;
  report.root = plan.root;
  for (const auto& [pid, process] : plan.processes) {
    if (process.role == kinds::ProcessPlan::Role::kStandIn) continue;
    ++report.tasks;
    report.threads += process.lists.size();
  }
  return report;
}

}  // namespace cr::engine
