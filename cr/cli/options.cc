#include "cr/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>

#include "cr/cli/output.h"
#include "cr/image/compression.h"

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

// In full: cr/cli/README.md.
constexpr char kShownAsJson[] =
    "--json prints all that FILE holds but the bytes of its pages:\n"
    "  header   versions, bits of features, image_id, parent_id (or null)\n"
    "  origin   who took it where\n"
    "  records  each with type, id, and the record, a message of that type\n"
    "  pages    each object with id, pages, stored (bytes), and extents:\n"
    "           first, pages, kind, stored, source ({id, first}, or null)\n\n";

constexpr double kMaxDeadline = 365 * 24 * 3600;  // far from where a clock's count overflows

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

// These look at an image in any order.
const CLI::Validator kNoStream(
    [](const std::string& text) {
      return text == kStandardStream
                 ? std::string(
                       "- is a pipe, for dump, restore and verify alone; store the image in a file first "
                       "(a file of that name is ./-)")
                 : std::string();
    },
    "");

bool wants_json(int argc, char** argv) {
  return std::any_of(argv + 1, argv + argc, [](std::string_view word) { return word == "--json"; });
}

}  // namespace

std::variant<Arguments, Reply> parse(int argc, char** argv) {
  CLI::App app{"Checkpoints trees of Linux processes into one file, and brings them back.", "cr"};
  app.footer(kFooter);
  app.require_subcommand(1);
  Arguments arguments;
  const auto add_to = [&](CLI::App* parent, const char* name, const char* what, Command command) {
    CLI::App* sub = parent->add_subcommand(name, what);
    sub->add_flag("--json", arguments.json, "One JSON object on stdout, also for errors");
    sub->add_flag("-v,--verbose", arguments.verbose, "Say what is being done");
    sub->callback([&arguments, command] { arguments.command = command; });
    return sub;
  };
  const auto add = [&](const char* name, const char* what, Command command) {
    return add_to(&app, name, what, command);
  };
  const auto with_deadline = [&](CLI::App* sub) {
    sub->add_option("--deadline", arguments.deadline_s, "Give up after so many seconds, all as before")
        ->type_name("SECONDS")
        ->check(kSeconds);
  };
  const auto with_pid = [&](CLI::App* sub) {
    sub->add_option("PID", arguments.pid, "The root of the tree")->required()->type_name("")->check(kPid);
  };
  const auto with_parents = [&](CLI::App* sub, const char* what) {
    sub->add_option("--parent", arguments.parents, what)
        ->type_name("FILE")
        ->allow_extra_args(false)
        ->check(kNoStream);
  };
  constexpr char kParents[] = "What FILE inherits from, if it is not where it was";
  const auto with_file = [&](CLI::App* sub) {
    sub->add_option("FILE", arguments.file, "The image")->required()->type_name("")->check(kNoStream);
    with_parents(sub, kParents);
  };
  const auto with_file_or_stream = [&](CLI::App* sub) {
    sub->add_option("FILE", arguments.file, "The image; - is standard input")->required()->type_name("");
    with_parents(sub, kParents);
  };

  CLI::App* dump_command = add("dump", "Checkpoint the tree below PID into FILE and end it", Command::kDump);
  with_pid(dump_command);
  dump_command->add_option("-o,--output", arguments.file, "The image; - is standard output")
      ->required()
      ->type_name("FILE");
  dump_command->add_option("--compress", arguments.compression, "Store memory with zstd at this level")
      ->type_name("LEVEL")
      ->check(CLI::Range(1, image::max_compression()));
  with_parents(dump_command, "Store only memory that differs from this image's");
  dump_command->add_flag("--leave-running", arguments.leave_running, "The tree goes on after its checkpoint");
  dump_command->add_flag("--executable", arguments.executable,
                         "FILE gets mode 0700, to be run (see cr binfmt)");
  with_deadline(dump_command);
  CLI::App* restore_command =
      add("restore", "Restore the tree of FILE, wait for its root", Command::kRestore);
  with_file_or_stream(restore_command);
  restore_command->add_flag("--detach", arguments.detach, "Do not wait for the root");
  restore_command->add_option("--pidfile", arguments.pidfile, "Write the root's pid there")
      ->type_name("FILE");
  with_deadline(restore_command);
  CLI::App* check_command = add("check", "Tell all that stands in the way of a checkpoint", Command::kCheck);
  with_pid(check_command);
  with_deadline(check_command);
  with_file_or_stream(add("verify", "Check every byte and every record of FILE", Command::kVerify));
  CLI::App* show_command = add("show", "Show what FILE holds", Command::kShow);
  show_command->footer(std::string(kShownAsJson) + kFooter);
  with_file(show_command);
  show_command->add_flag("--all", arguments.all, "Every record too, not the summary alone");
  with_file(add("plan", "Show how a restore of FILE would go", Command::kPlan));
  CLI::App* core_command = add("core", "Write the processes of FILE as ELF core files", Command::kCore);
  with_file(core_command);
  core_command->add_option("-o,--output", arguments.directory, "The folder for core.PID, which must exist")
      ->required()
      ->type_name("DIR");
  core_command->add_option("--pid", arguments.pid, "Only this process")->type_name("PID")->check(kPid);
  CLI::App* diff_command = add("diff", "Show in what two images differ, records and memory", Command::kDiff);
  diff_command->add_option("A", arguments.file, "An image")->required()->type_name("")->check(kNoStream);
  diff_command->add_option("B", arguments.other, "Another one")->required()->type_name("")->check(kNoStream);
  with_parents(diff_command, "What they inherit from, if it is not where it was");
  diff_command->add_flag("--all", arguments.all, "Also what differs in every dump: registers, times");
  CLI::App* binfmt = app.add_subcommand("binfmt", "Images as programs: ./FILE restores its tree");
  binfmt->require_subcommand(1);
  const auto with_name = [&](CLI::App* sub) {
    sub->add_option("--name", arguments.name, "Of the registration")
        ->type_name("NAME")
        ->capture_default_str()
        ->check(kName);
  };
  with_name(
      add_to(binfmt, "install", "Have the kernel run this program for images", Command::kBinfmtInstall));
  with_name(add_to(binfmt, "remove", "Take the registration away", Command::kBinfmtRemove));
  add_to(binfmt, "status", "Tell who is run for images", Command::kBinfmtStatus);

  std::ostringstream out, err;
  try {
    app.parse(argc, argv);
    return arguments;
  } catch (const CLI::CallForHelp& help) {
    const int status = app.exit(help, out, err);
    return Reply{status, out.str(), err.str()};
  } catch (const CLI::ParseError& error) {
    if (wants_json(argc, argv))
      return Reply{exit_code(ErrorKind::kUsage), error_line(Error(ErrorKind::kUsage, error.what())), ""};
    (void)app.exit(error, out, err);
    return Reply{exit_code(ErrorKind::kUsage), out.str(), err.str()};
  }
}

}  // namespace cr::cli
