#include "cr/engine/dump.h"

#include <unistd.h>

#include "cr/engine/agents.h"
#include "cr/engine/compile.h"
#include "cr/engine/origin.h"
#include "cr/kinds/shape.h"
#include "cr/proc/stat.h"

namespace cr::engine {
namespace {

constexpr std::chrono::seconds kFreezePatience{10};

struct Cut {
  kinds::TreeView tree;
  kinds::Collector collector;
  DumpReport report;
};

// A command that freezes its own ancestor stops itself before it can let anybody go.
Result<void> not_an_ancestor(pid_t root) {
  for (pid_t pid = ::getpid(); pid > 1;) {
    if (pid == root) return fail(ErrorKind::kUsage, "pid {} is this command or an ancestor of it", root);
    const std::string path = fmt::format("/proc/{}/stat", pid);
    pid = CR_TRY(proc::parse_stat(CR_TRY(sys::read_file(path))), "{}", path).ppid;
  }
  return {};
}

Result<void> in_time(const Operation& operation) {
  if (operation.late())
    return fail(ErrorKind::kDeadline, "the deadline has passed; the tasks go on as before");
  return {};
}

// Everything up to the first byte of an image: the tree stands still, all that it is has been looked at.
Result<void> cut(pid_t root, trace::Guardian& guardian, const Operation& operation, Cut& out) {
  CR_TRY(not_an_ancestor(root));
  operation.step("freezing");
  trace::FrozenTree frozen = CR_TRY(guardian.freeze(root, operation.patience(kFreezePatience)));
  if (!frozen.blockers.empty()) return Failure(Error::unsupported(std::move(frozen.blockers)));
  out.report.tasks = frozen.processes.size();
  for (const auto& process : frozen.processes) out.report.threads += process.threads.size();
  out.tree = CR_TRY(kinds::look_at(std::move(frozen.processes), root));
  operation.step("collecting");
  for (const auto& kind : kinds::all_kinds()) {
    CR_TRY(in_time(operation));
    CR_TRY(kind->collect(out.tree, out.collector), "{}", kind->name());
  }
  const auto asked = run_agents(out.tree, out.collector, guardian, operation);
  if (!asked && asked.error().kind() == ErrorKind::kUnsupported) {
    const auto& more = asked.error().blockers();
    out.collector.blockers.insert(out.collector.blockers.end(), more.begin(), more.end());
  } else if (!asked) {
    return asked;
  }
  if (!out.collector.blockers.empty()) return Failure(Error::unsupported(std::move(out.collector.blockers)));
  return {};
}

// What was collected must be restorable, as far as that can be told without restoring it.
Result<void> prove(Cut& taken) {
  CR_TRY(validate(taken.collector.records), "this engine would refuse its own image");
  const auto plan = compile(taken.collector.records);
  if (!plan && plan.error().kind() == ErrorKind::kUnsupported) {
    return Failure(Error::unsupported({{taken.tree.root, "tree-shape", "tree", plan.error().message()}}));
  }
  if (!plan) return Failure(Error(plan.error()));
  return {};
}

Result<uint64_t> write(Cut& taken, const DumpOptions& options) {
  using Executable = image::Writer::Executable;
  image::Writer writer =
      CR_TRY(image::Writer::create(options.path, options.executable ? Executable::kYes : Executable::kNo));
  const kinds::Origin origin = CR_TRY(origin_here(options.root));
  CR_TRY(writer.add_record(kinds::kOriginRecord, 0, origin.SerializeAsString()));
  options.operation.step("copying memory");
  for (const auto& kind : kinds::all_kinds()) {
    CR_TRY(in_time(options.operation));
    CR_TRY(kind->save_pages(taken.tree, taken.collector, writer), "{}", kind->name());
  }
  for (const auto& [key, message] : taken.collector.records.by_key())
    CR_TRY(writer.add_record(key.first, key.second, message->SerializeAsString()));
  CR_TRY(in_time(options.operation));
  options.operation.step("committing");
  return writer.commit();
}

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

Result<DumpReport> dump(const DumpOptions& options) {
  trace::Guardian guardian = CR_TRY(trace::Guardian::start());
  const auto start = Clock::now();
  Cut taken;
  CR_TRY(cut(options.root, guardian, options.operation, taken));
  CR_TRY(prove(taken));
  taken.report.image_bytes = CR_TRY(write(taken, options), "{}", options.path);
  if (options.leave_running)
    CR_TRY(guardian.thaw());
  else
    CR_TRY(guardian.kill());
  taken.report.frozen_ms = milliseconds_since(start);
  return taken.report;
}

Result<DumpReport> check(pid_t root, const Operation& operation) {
  trace::Guardian guardian = CR_TRY(trace::Guardian::start());
  const auto start = Clock::now();
  Cut taken;
  CR_TRY(cut(root, guardian, operation, taken));
  CR_TRY(prove(taken));
  CR_TRY(in_time(operation));
  CR_TRY(guardian.thaw());
  taken.report.frozen_ms = milliseconds_since(start);
  return taken.report;
}

}  // namespace cr::engine
