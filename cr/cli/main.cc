// The program: signals as the engine needs them, then what the command line asks for.
#include <fcntl.h>
#include <google/protobuf/stubs/logging.h>

#include <csignal>
#include <cstdio>

#include "cr/cli/commands.h"
#include "cr/cli/executed.h"

namespace cr::cli {
namespace {

// What is opened must not become a standard descriptor, and a restored tree's. In place of a closed one
// stands something that can neither be read nor written.
void occupy_standard_descriptors() {
  for (const int fd : {0, 1, 2})
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", O_PATH | O_CLOEXEC);  // takes the lowest free number
}

int run(int argc, char** argv) {
  const auto asked = parse(argc, argv);
  if (const auto* reply = std::get_if<Reply>(&asked)) {
    std::fputs(reply->out.c_str(), stdout);
    std::fputs(reply->err.c_str(), stderr);
    return reply->status;
  }
  const auto& arguments = std::get<Arguments>(asked);
  const Output output(arguments.json, arguments.verbose);
  const auto status = carry_out(arguments, output);
  if (status) return *status;
  output.error(status.error());
  return exit_code(status.error().kind());
}

}  // namespace
}  // namespace cr::cli

int main(int argc, char** argv) {
  cr::cli::occupy_standard_descriptors();
  // A closed pipe and a file size limit are errors of the call, not the end of the engine.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // Stops of tasks are waited for with SIGCHLD blocked except while sleeping (trace/nursery.cc).
  std::signal(SIGCHLD, [](int) {});
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, nullptr);
  // What it would say of a record that is no message of its kind is in our errors.
  google::protobuf::SetLogHandler(nullptr);
  std::vector<char*> words = cr::cli::command_line(argc, argv);
  return cr::cli::run(static_cast<int>(words.size()) - 1, words.data());
}
