#include "cr/cli/commands.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "cr/cli/binfmt.h"
#include "cr/cli/diff.h"
#include "cr/cli/pid_file.h"
#include "cr/cli/show.h"
#include "cr/cli/streams.h"
#include "cr/cli/summary.h"
#include "cr/cli/verify.h"
#include "cr/core/core_file.h"
#include "cr/engine/compile.h"
#include "cr/engine/dump.h"
#include "cr/engine/load.h"
#include "cr/engine/restore.h"

namespace cr::cli {
namespace {

engine::Operation operation_of(const Arguments& arguments, const Output& output) {
  engine::Operation operation;
  if (arguments.deadline_s > 0)
    operation.deadline =
        engine::Clock::now() + std::chrono::milliseconds(static_cast<int64_t>(arguments.deadline_s * 1000));
  operation.progress = [&output](const std::string& step) { output.progress(step); };
  return operation;
}

Result<int> dump(const Arguments& arguments, const Output& output) {
  engine::DumpOptions options{.root = arguments.pid,
                              .path = arguments.file,
                              .stream_fd = std::nullopt,
                              .compression = arguments.compression,
                              .parent = {},
                              .leave_running = arguments.leave_running,
                              .executable = arguments.executable,
                              .older = {},
                              .operation = operation_of(arguments, output)};
  if (!arguments.parents.empty()) {
    options.parent = arguments.parents.front();
    options.older.assign(arguments.parents.begin() + 1, arguments.parents.end());
  }
  sys::UniqueFd stream;
  if (arguments.file == kStandardStream) {
    stream = CR_TRY(take_stdout(), "dump");
    options.stream_fd = stream.get();
  }
  const engine::DumpReport report = CR_TRY(engine::dump(options), "dump");
  CR_TRY(output.result({{"image", arguments.file},
                        {"tasks", report.tasks},
                        {"threads", report.threads},
                        {"image_bytes", report.image_bytes},
                        {"frozen_ms", report.frozen_ms}},
                       fmt::format("{}: {} tasks, {} threads, {} bytes, frozen for {:.1f} ms", arguments.file,
                                   report.tasks, report.threads, report.image_bytes, report.frozen_ms)),
         "telling that the image is complete");
  return 0;
}

Result<int> check(const Arguments& arguments, const Output& output) {
  const engine::DumpReport report =
      CR_TRY(engine::check(arguments.pid, operation_of(arguments, output)), "check");
  CR_TRY(
      output.result({{"tasks", report.tasks}, {"threads", report.threads}, {"frozen_ms", report.frozen_ms}},
                    fmt::format("pid {}: {} tasks, {} threads, nothing in the way", arguments.pid,
                                report.tasks, report.threads)));
  return 0;
}

// Ends as the root task ends. Orphans of the tree that fall to us are none of our business.
int follow(pid_t root) {
  int status = 0;
  while (::waitpid(root, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<int> restore(const Arguments& arguments, const Output& output) {
  std::optional<PidFile> pid_file;
  if (!arguments.pidfile.empty())
    pid_file.emplace(CR_TRY(PidFile::open(arguments.pidfile), "restore {}", arguments.file));
  engine::RestoreOptions options{.path = arguments.file,
                                 .stream_fd = std::nullopt,
                                 .parents = arguments.parents,
                                 .operation = operation_of(arguments, output)};
  sys::UniqueFd stream;
  if (arguments.file == kStandardStream) {
    stream = CR_TRY(take_stdin(), "restore");
    options.stream_fd = stream.get();
  }
  const engine::RestoreReport report = CR_TRY(engine::restore(options), "restore {}", arguments.file);
  if (pid_file)
    CR_TRY(pid_file->write(report.root), "the tree runs as pid {}, but {} is not written", report.root,
           arguments.pidfile);
  Result<void> told;
  if (arguments.detach || output.json())
    told = output.result(
        {{"root", report.root}, {"tasks", report.tasks}, {"threads", report.threads}},
        fmt::format("pid {}: {} tasks, {} threads go on", report.root, report.tasks, report.threads));
  const int status = arguments.detach ? 0 : follow(report.root);
  CR_TRY(std::move(told), "telling that the tree was restored as pid {}", report.root);
  return status;
}

Result<int> show(const Arguments& arguments, const Output& output) {
  const engine::Loaded loaded =
      CR_TRY(engine::load(arguments.file, arguments.parents, operation_of(arguments, output)), "show");
  if (output.json())
    CR_TRY(output.text(to_json(loaded)));
  else
    CR_TRY(output.text(arguments.all ? summary_of(loaded) + "\n" + to_text(loaded) : summary_of(loaded)));
  return 0;
}

Result<int> plan(const Arguments& arguments, const Output& output) {
  const engine::Loaded loaded =
      CR_TRY(engine::load(arguments.file, arguments.parents, operation_of(arguments, output)), "plan");
  const kinds::Plan plan = CR_TRY(engine::compile(loaded.records), "plan {}", arguments.file);
  CR_TRY(output.text(output.json() ? plan_to_json(plan) : plan_to_text(plan)));
  return 0;
}

Result<int> core(const Arguments& arguments, const Output& output) {
  const engine::Operation operation = operation_of(arguments, output);
  const engine::Loaded loaded = CR_TRY(engine::load(arguments.file, arguments.parents, operation), "core");
  const auto pid = arguments.pid == 0 ? std::nullopt : std::optional(arguments.pid);
  const auto reports =
      CR_TRY(core::write_cores(loaded, arguments.directory, pid, operation), "core {}", arguments.file);
  nlohmann::json cores = nlohmann::json::array();
  std::string lines;
  for (const core::CoreReport& report : reports) {
    cores.push_back({{"pid", report.pid},
                     {"file", report.path},
                     {"word_size", report.word_size},
                     {"threads", report.threads},
                     {"segments", report.segments},
                     {"bytes", report.bytes},
                     {"vdso", report.vdso}});
    lines += fmt::format("{}{}: {}-bit, {} threads, {} segments, {} bytes{}", lines.empty() ? "" : "\n",
                         report.path, report.word_size, report.threads, report.segments, report.bytes,
                         report.vdso ? "" : ", without the vdso, which the image does not hold");
  }
  CR_TRY(output.result({{"image", arguments.file}, {"cores", cores}}, lines), "telling what was written");
  return 0;
}

}  // namespace

Result<int> carry_out(const Arguments& arguments, const Output& output) {
  switch (arguments.command) {
    case Command::kDump:
      return dump(arguments, output);
    case Command::kRestore:
      return restore(arguments, output);
    case Command::kCheck:
      return check(arguments, output);
    case Command::kVerify:
      return verify(arguments, operation_of(arguments, output), output);
    case Command::kShow:
      return show(arguments, output);
    case Command::kPlan:
      return plan(arguments, output);
    case Command::kCore:
      return core(arguments, output);
    case Command::kDiff:
      return diff(arguments, operation_of(arguments, output), output);
    case Command::kBinfmtInstall:
      return binfmt_install(arguments.name, output);
    case Command::kBinfmtRemove:
      return binfmt_remove(arguments.name, output);
    case Command::kBinfmtStatus:
      return binfmt_status(output);
  }
  return fail(ErrorKind::kInternal, "an unknown command");
}

}  // namespace cr::cli
