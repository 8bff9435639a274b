#include "cr/engine/restore.h"

#include <fcntl.h>

#include "cr/engine/builder.h"
#include "cr/engine/compile.h"
#include "cr/engine/filler.h"
#include "cr/engine/load.h"
#include "cr/engine/origin.h"
#include "cr/engine/preconditions.h"
#include "cr/engine/strays.h"
#include "cr/kinds/memory/exchange_vdso.h"

namespace cr::engine {

namespace {

Result<void> in_time(const Operation& operation) {
  if (!operation.late()) return {};
  return fail(ErrorKind::kDeadline, "the deadline has passed; no task of the image is left");
}

struct Prepared {
  kinds::Plan plan;
  RestoreReport report;
};

// All that can be known before there is a task.
Result<Prepared> prepare(const Loaded& loaded, const Operation& operation) {
  CR_TRY(check_origin(loaded.origin));
  const auto exchanges =
      CR_TRY(kinds::exchange_vdsos(loaded.records, CR_TRY(kinds::own_vdsos(loaded.records))));
  Prepared prepared{CR_TRY(compile(loaded.records, exchanges)), {}};
  CR_TRY(check_stray_threads(prepared.plan));
  CR_TRY(check_calls(prepared.plan));
  CR_TRY(check_ids(prepared.plan, loaded.origin.left_running(), operation));
  CR_TRY(check_files(prepared.plan));
  CR_TRY(check_stdio(prepared.plan));
  CR_TRY(check_cpu_state(prepared.plan));
  CR_TRY(check_limits(prepared.plan));
  CR_TRY(check_membarrier(prepared.plan));
  prepared.report.root = prepared.plan.root;
  for (const auto& [pid, process] : prepared.plan.processes) {
    if (process.role == kinds::ProcessPlan::Role::kStandIn) continue;
    ++prepared.report.tasks;
    prepared.report.threads += process.lists.size();
  }
  return prepared;
}

Result<RestoreReport> restore_file(const RestoreOptions& options) {
  const Loaded loaded = CR_TRY(load(options.path, options.parents, options.operation));
  const Prepared prepared = CR_TRY(prepare(loaded, options.operation));
  const image::Reader& image = *loaded.reader;
  CR_TRY(Builder(prepared.plan, loaded.origin, options.operation).build(image.fd(), [&]() -> Result<void> {
    CR_TRY(Filler(prepared.plan).fill_from(image, [&options] { return in_time(options.operation); }));
    for (const image::Reader* one = &image; one != nullptr; one = one->parent())
      CR_TRY(one->check_unchanged());
    return check_files(prepared.plan);  // they have been opened by their names
  }));
  return prepared.report;
}

// The tasks are built from the records, and wait while their pages come; none runs before the stream's last
// byte.
Result<RestoreReport> restore_stream(const RestoreOptions& options) {
  options.operation.step("receiving records");
  image::Stream stream =
      image::Stream::of_pipe(*options.stream_fd, [&options] { return in_time(options.operation); });
  image::Scanner scanner = CR_TRY(image::Scanner::begin(stream), "{}", options.path);
  const Loaded loaded = CR_TRY(load_records(scanner, options.path, options.parents, options.operation));
  const Prepared prepared = CR_TRY(prepare(loaded, options.operation));
  const sys::UniqueFd nothing = CR_TRY(sys::open("/dev/null", O_RDONLY));
  CR_TRY(Builder(prepared.plan, loaded.origin, options.operation).build(nothing.get(), [&]() -> Result<void> {
    options.operation.step("receiving memory");
    const image::Reader* const parent = loaded.parent_of_stream.get();
    CR_TRY(
        Filler(prepared.plan).fill_from(scanner, parent, [&options] { return in_time(options.operation); }),
        "{}", options.path);
    for (const image::Reader* one = parent; one != nullptr; one = one->parent())
      CR_TRY(one->check_unchanged());
    return check_files(prepared.plan);
  }));
  return prepared.report;
}

}  // namespace

Result<RestoreReport> restore(const RestoreOptions& options) {
  return options.stream_fd ? restore_stream(options) : restore_file(options);
}

}  // namespace cr::engine
