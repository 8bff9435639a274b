#include "cr/engine/dump.h"

#include <unistd.h>

#include <filesystem>
#include <set>

#include "cr/engine/agents.h"
#include "cr/engine/births.h"
#include "cr/engine/compile.h"
#include "cr/engine/load.h"
#include "cr/engine/origin.h"
#include "cr/engine/parents.h"
#include "cr/engine/record_sizes.h"
#include "cr/engine/validate_origin.h"
#include "cr/kinds/memory/inheritance.h"
#include "cr/kinds/memory/relatives.h"
#include "cr/kinds/shape.h"
#include "cr/kinds/task.pb.h"
#include "cr/proc/stat.h"
#include "cr/sys/cpu.h"

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

// Everything that keeps the tree from being carried, as far as it can be known: whoever cannot be stopped or
// asked is a blocker, and does not hide what else there is.
Result<void> collect(trace::Guardian& guardian, const Operation& operation, Cut& out) {
  operation.step("collecting");
  for (const auto& kind : kinds::all_kinds()) {
    CR_TRY(in_time(operation));
    auto collected = kind->collect(out.tree, out.collector);
    // What somebody else lets run may be gone before it is looked at. Its blocker is known; but nobody knows
    // now into whom nothing of ours may go.
    if (!collected && out.tree.loose()) {
      for (const auto& process : out.tree.processes) out.collector.keep_out(process.pid());
      continue;
    }
    CR_TRY(std::move(collected), "{}", kind->name());
  }
  const std::set<pid_t> not_asked = CR_TRY(run_agents(out.tree, out.collector, guardian, operation));
  std::vector<Blocker>& blockers = out.collector.blockers;
  CR_CHECK(not_asked.empty() || !blockers.empty());
  for (Blocker& more : shape_blockers(out.collector.records, not_asked)) blockers.push_back(std::move(more));
  return {};
}

// Everything up to the first byte of an image: the tree stands still, all that it is has been looked at.
Result<void> cut(pid_t root, trace::Guardian& guardian, const Operation& operation, Cut& out) {
  CR_TRY(not_an_ancestor(root));
  (void)CR_TRY(sys::takes_32bit_calls());  // tried before anybody has to wait for the answer
  operation.step("freezing");
  if (operation.deadline) CR_TRY(guardian.limit(operation.patience(std::chrono::milliseconds::max())));
  trace::FrozenTree frozen = CR_TRY(guardian.freeze(root, operation.patience(kFreezePatience),
                                                    operation.patience(trace::Guardian::kTimeToLook)));
  out.report.tasks = frozen.processes.size();
  for (const auto& process : frozen.processes) out.report.threads += process.threads.size();
  out.collector.blockers = std::move(frozen.blockers);
  out.tree = CR_TRY(kinds::look_at(std::move(frozen.processes), root));
  CR_TRY(collect(guardian, operation, out));
  if (!out.collector.blockers.empty()) return Failure(Error::unsupported(std::move(out.collector.blockers)));
  for (const auto& kind : kinds::all_kinds())
    CR_TRY(kind->find_pages(out.tree, out.collector.records, [&operation] { return in_time(operation); }),
           "{}", kind->name());
  return {};
}

// What was collected must be restorable, as far as that can be told without restoring it.
Result<void> prove(Cut& taken) {
  // What the kernel takes without looking at it may be beyond what a restore takes from an image.
  const auto sound = validate(taken.collector.records);
  if (!sound)
    return Failure(
        Error::unsupported({{taken.tree.root, "invalid-state", "tree",
                             fmt::format("its image would be invalid: {}", sound.error().message())}}));
  if (auto blockers = size_blockers(taken.collector.records, taken.tree.root); !blockers.empty())
    return Failure(Error::unsupported(std::move(blockers)));
  const auto plan = compile(taken.collector.records);
  if (plan) return {};
  if (plan.error().kind() == ErrorKind::kUnsupported && plan.error().blockers().empty())
    return Failure(Error::unsupported({{taken.tree.root, "tree-shape", "tree", plan.error().message()}}));
  return Failure(Error(plan.error()));
}

Result<image::Writer> open_writer(const DumpOptions& options, const Loaded* parent) {
  image::WriterOptions wanted{.compression = options.compression,
                              .executable = options.executable,
                              .parent = std::nullopt,
                              .keep_going = [&options] { return in_time(options.operation); }};
  if (parent != nullptr) wanted.parent = parent->reader->image_id();
  if (!options.stream_fd) return image::Writer::create(options.path, wanted);
  return image::Writer::to_stream(*options.stream_fd, options.path, wanted);
}

Result<kinds::Origin> origin_of(const Cut& taken, const DumpOptions& options, const Loaded* parent) {
  kinds::Origin origin = CR_TRY(origin_here(options.root));
  std::set<uint32_t> word_sizes;
  for (const auto* task : taken.collector.records.all<kinds::Task>(kinds::kTaskRecord))
    if (!task->zombie()) word_sizes.insert(task->word_size());
  for (const uint32_t size : word_sizes) origin.add_word_sizes(size);
  origin.set_left_running(options.leave_running);
  if (parent != nullptr) {
    origin.set_parent_path(CR_TRY(path_for_child(options.parent, options.stream_fd ? "" : options.path)));
    origin.set_parent_checksum(parent->reader->checksum());
  }
  CR_TRY(validate_origin(origin, taken.collector.records), "this engine would refuse its own image");
  return origin;
}

// The parent is read whole and checked before the tree is stopped; who writes over it would destroy both.
Result<std::optional<Loaded>> load_parent(const DumpOptions& options) {
  if (options.parent.empty()) return std::nullopt;
  std::error_code ignored;
  if (!options.stream_fd && std::filesystem::equivalent(options.parent, options.path, ignored))
    return fail(ErrorKind::kUsage, "{} is the parent: the image needs another name", options.path);
  return CR_TRY(load(options.parent, options.older, options.operation), "parent");
}

// Records first: who reads the image front to back can build the tasks before their pages come.
Result<uint64_t> write(const Cut& taken, const DumpOptions& options, const Loaded* parent,
                       trace::Guardian& guardian) {
  image::Writer writer = CR_TRY(open_writer(options, parent));
  const kinds::Origin origin = CR_TRY(origin_of(taken, options, parent));
  CR_TRY(writer.add_record(kinds::kOriginRecord, 0, origin.SerializeAsString()));
  for (const auto& [key, message] : taken.collector.records.by_key())
    CR_TRY(writer.add_record(key.first, key.second, message->SerializeAsString()));
  std::optional<kinds::Inheritance> inheritance;
  if (parent != nullptr) inheritance.emplace(parent->records, *parent->reader);
  std::optional<kinds::Relatives> relatives;
  if (taken.tree.processes.size() > 1) relatives.emplace();
  const kinds::PageStore store{writer, inheritance ? &*inheritance : nullptr,
                               relatives ? &*relatives : nullptr};
  options.operation.step("copying memory");
  for (const auto& kind : kinds::all_kinds()) {
    CR_TRY(in_time(options.operation));
    CR_TRY(kind->save_pages(taken.tree, taken.collector.records, store), "{}", kind->name());
  }
  CR_TRY(in_time(options.operation));
  CR_TRY(guardian.limit({}));  // the tasks stood still up to here
  options.operation.step("committing");
  return writer.commit();
}

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

Result<DumpReport> dump(const DumpOptions& options) {
  const auto parent = CR_TRY(load_parent(options));
  trace::Guardian guardian = CR_TRY(trace::Guardian::start());
  const auto start = Clock::now();
  Cut taken;
  CR_TRY(cut(options.root, guardian, options.operation, taken));
  CR_TRY(prove(taken));
  taken.report.image_bytes =
      CR_TRY(write(taken, options, parent ? &*parent : nullptr, guardian), "{}", options.path);
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
