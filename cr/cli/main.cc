// The command line: subcommands, options, exit codes.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>

#include "cr/cli/binfmt.h"
#include "cr/cli/diff.h"
#include "cr/cli/executed.h"
#include "cr/cli/output.h"
#include "cr/cli/pid_file.h"
#include "cr/cli/show.h"
#include "cr/core/core_file.h"
#include "cr/engine/compile.h"
#include "cr/engine/dump.h"
#include "cr/engine/load.h"
#include "cr/engine/restore.h"

namespace cr::cli {
namespace {

constexpr char kFooter[] =
    "Exit status:\n"
    "  0  done\n"
    "  1  failed: the system refused something\n"
    "  2  the command line is wrong\n"
    "  3  refused: the tree holds state that cannot be carried (all of it is listed)\n"
    "  4  the image is invalid\n"
    "  5  conflict at the restore: an id is taken, a file has changed\n"
    "  6  the deadline passed; everything is as before\n"
    "  7  `cr diff`: the images differ\n"
    "`cr restore` in the foreground ends with the status of the restored root task,\n"
    "or 128 plus the number of the signal that killed it.";

constexpr double kMaxDeadline = 365 * 24 * 3600;  // far from where a clock's count overflows

struct Arguments {
  pid_t pid = 0;
  std::string file;
  std::string other;  // of two images
  std::string pidfile;
  std::string directory;
  bool all = false;
  std::string name = kBinfmtName;
  bool leave_running = false;
  bool executable = false;
  bool detach = false;
  double deadline_s = 0;
};

engine::Operation operation_of(const Arguments& arguments, const Output& output) {
  engine::Operation operation;
  if (arguments.deadline_s > 0)
    operation.deadline =
        engine::Clock::now() + std::chrono::milliseconds(static_cast<int64_t>(arguments.deadline_s * 1000));
  operation.progress = [&output](const std::string& step) { output.progress(step); };
  return operation;
}

Result<int> dump(const Arguments& arguments, const Output& output) {
  const engine::DumpOptions options{arguments.pid, arguments.file, arguments.leave_running,
                                    arguments.executable, operation_of(arguments, output)};
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
  const engine::RestoreReport report = CR_TRY(
      engine::restore({arguments.file, operation_of(arguments, output)}), "restore {}", arguments.file);
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

Result<int> verify(const Arguments& arguments, const Output& output) {
  const engine::Loaded loaded = CR_TRY(engine::load(arguments.file), "verify");
  const kinds::Plan plan = CR_TRY(engine::compile(loaded.records), "verify {}", arguments.file);
  CR_TRY(output.result({{"image", arguments.file},
                        {"sections", loaded.verified.sections},
                        {"bytes", loaded.verified.bytes},
                        {"records", loaded.records.by_key().size()},
                        {"processes", plan.processes.size()}},
                       fmt::format("{}: sound: {} sections, {} bytes, {} records, a plan for {} processes",
                                   arguments.file, loaded.verified.sections, loaded.verified.bytes,
                                   loaded.records.by_key().size(), plan.processes.size())));
  return 0;
}

Result<int> show(const Arguments& arguments, const Output& output) {
  const engine::Loaded loaded = CR_TRY(engine::load(arguments.file), "show");
  CR_TRY(output.text(output.json() ? to_json(loaded) : to_text(loaded)));
  return 0;
}

Result<int> plan(const Arguments& arguments, const Output& output) {
  const engine::Loaded loaded = CR_TRY(engine::load(arguments.file), "plan");
  const kinds::Plan plan = CR_TRY(engine::compile(loaded.records), "plan {}", arguments.file);
  CR_TRY(output.text(output.json() ? plan_to_json(plan) : plan_to_text(plan)));
  return 0;
}

Result<int> core(const Arguments& arguments, const Output& output) {
  const engine::Loaded loaded = CR_TRY(engine::load(arguments.file), "core");
  const auto pid = arguments.pid == 0 ? std::nullopt : std::optional(arguments.pid);
  const auto reports = CR_TRY(core::write_cores(loaded, arguments.directory, pid), "core {}", arguments.file);
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

Result<int> diff(const Arguments& arguments, const Output& output) {
  return cli::diff(arguments.file, arguments.other, arguments.all, output);
}

Result<int> install(const Arguments& arguments, const Output& output) {
  return binfmt_install(arguments.name, output);
}
Result<int> remove(const Arguments& arguments, const Output& output) {
  return binfmt_remove(arguments.name, output);
}
Result<int> status(const Arguments&, const Output& output) { return binfmt_status(output); }

// CLI::Range lets "nan" through, and takes "010" for eight: a wrong process would be frozen.
const CLI::Validator kPid(
    [](const std::string& text) {
      constexpr int kMaxPid = 1 << 22;  // PID_MAX_LIMIT
      int pid = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
      const bool sound = error == std::errc() && end == text.data() + text.size() && text.front() != '0';
      return sound && pid > 1 && pid < kMaxPid ? std::string()
                                               : fmt::format("no process has the id {}", text);
    },
    "");
const CLI::Validator kSeconds(
    [](const std::string& text) {
      double seconds = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
      const bool sound = error == std::errc() && end == text.data() + text.size();
      return sound && seconds > 0 && seconds <= kMaxDeadline
                 ? std::string()
                 : fmt::format("{} is no number of seconds in (0, {}]", text, kMaxDeadline);
    },
    "");

// What the kernel takes for the name of a file in its folder, and what people can type.
const CLI::Validator kName(
    [](const std::string& text) {
      constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+.";
      const bool sound = !text.empty() && text.front() != '.' && text.size() <= 64 && text != "status" &&
                         text != "register" && text.find_first_not_of(kLetters) == std::string::npos;
      return sound ? std::string() : fmt::format("'{}' is no name for a registration", text);
    },
    "");

bool wants_json(int argc, char** argv) {
  return std::any_of(argv + 1, argv + argc, [](std::string_view word) { return word == "--json"; });
}

using Command = Result<int> (*)(const Arguments&, const Output&);

int run(int argc, char** argv) {
  CLI::App app{"Checkpoints trees of Linux processes into one file, and brings them back.", "cr"};
  app.footer(kFooter);
  app.require_subcommand(1);
  bool json = false, verbose = false;
  Arguments arguments;
  Command command = nullptr;
  const auto add_to = [&](CLI::App* parent, const char* name, const char* what, Command function) {
    CLI::App* sub = parent->add_subcommand(name, what);
    sub->add_flag("--json", json, "One JSON object on stdout, also for errors");
    sub->add_flag("-v,--verbose", verbose, "Say what is being done");
    sub->callback([&command, function] { command = function; });
    return sub;
  };
  const auto add = [&](const char* name, const char* what, Command function) {
    return add_to(&app, name, what, function);
  };
  const auto with_deadline = [&](CLI::App* sub) {
    sub->add_option("--deadline", arguments.deadline_s, "Give up after so many seconds, all as before")
        ->type_name("SECONDS")
        ->check(kSeconds);
  };
  const auto with_pid = [&](CLI::App* sub) {
    sub->add_option("PID", arguments.pid, "The root of the tree")->required()->type_name("")->check(kPid);
  };
  const auto with_file = [&](CLI::App* sub) {
    sub->add_option("FILE", arguments.file, "The image")->required()->type_name("");
  };

  CLI::App* dump_command = add("dump", "Checkpoint the tree below PID into FILE and end it", dump);
  with_pid(dump_command);
  dump_command->add_option("-o,--output", arguments.file, "The image")->required()->type_name("FILE");
  dump_command->add_flag("--leave-running", arguments.leave_running, "The tree goes on after its checkpoint");
  dump_command->add_flag("--executable", arguments.executable,
                         "FILE gets mode 0700, to be run (see cr binfmt)");
  with_deadline(dump_command);
  CLI::App* restore_command = add("restore", "Restore the tree of FILE and wait for its root", restore);
  with_file(restore_command);
  restore_command->add_flag("--detach", arguments.detach, "Do not wait for the root");
  restore_command->add_option("--pidfile", arguments.pidfile, "Write the root's pid there")
      ->type_name("FILE");
  with_deadline(restore_command);
  CLI::App* check_command = add("check", "Tell all that stands in the way of a checkpoint", check);
  with_pid(check_command);
  with_deadline(check_command);
  with_file(add("verify", "Check every byte and every record of FILE", verify));
  with_file(add("show", "Show what FILE holds", show));
  with_file(add("plan", "Show how a restore of FILE would go", plan));
  CLI::App* core_command = add("core", "Write the processes of FILE as ELF core files", core);
  with_file(core_command);
  core_command->add_option("-o,--output", arguments.directory, "The folder for core.PID, which must exist")
      ->required()
      ->type_name("DIR");
  core_command->add_option("--pid", arguments.pid, "Only this process")->type_name("PID")->check(kPid);
  CLI::App* diff_command = add("diff", "Show in what two images differ, records and memory", diff);
  diff_command->add_option("A", arguments.file, "An image")->required()->type_name("");
  diff_command->add_option("B", arguments.other, "Another one")->required()->type_name("");
  diff_command->add_flag("--all", arguments.all, "Also what differs in every dump: registers, times");
  CLI::App* binfmt = app.add_subcommand("binfmt", "Images as programs: ./FILE restores its tree");
  binfmt->require_subcommand(1);
  const auto with_name = [&](CLI::App* sub) {
    sub->add_option("--name", arguments.name, "Of the registration")
        ->type_name("NAME")
        ->capture_default_str()
        ->check(kName);
  };
  with_name(add_to(binfmt, "install", "Have the kernel run this program for images", install));
  with_name(add_to(binfmt, "remove", "Take the registration away", remove));
  add_to(binfmt, "status", "Tell who is run for images", status);

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    if (wants_json(argc, argv))
      Output(true, false).error(Error(ErrorKind::kUsage, error.what()));
    else
      (void)app.exit(error);
    return exit_code(ErrorKind::kUsage);
  }
  const Output output(json, verbose);
  const auto status = command(arguments, output);
  if (status) return *status;
  output.error(status.error());
  return exit_code(status.error().kind());
}

}  // namespace
}  // namespace cr::cli

int main(int argc, char** argv) {
  // A closed pipe and a file size limit are errors of the call, not the end of the engine.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // Stops of tasks are waited for with SIGCHLD blocked except while sleeping (trace/nursery.cc).
  std::signal(SIGCHLD, [](int) {});
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, nullptr);
  std::vector<char*> words = cr::cli::command_line(argc, argv);
  return cr::cli::run(static_cast<int>(words.size()) - 1, words.data());
}
