#include "cr/image/tools/judge.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cr/image/reader.h"

namespace cr::image {
namespace {

constexpr int kImageFd = 3;  // what the program gets

std::chrono::microseconds spent(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

std::chrono::microseconds spent(const rusage& usage) { return spent(usage.ru_utime) + spent(usage.ru_stime); }

Result<std::chrono::microseconds> spent_here() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return fail_errno("getrusage");
  return spent(usage);
}

Result<void> read(int fd) {
  sys::UniqueFd twin(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!twin.valid()) return fail_errno("dup");
  const Reader reader = CR_TRY(Reader::from_fd(std::move(twin), "patient"));
  CR_TRY(reader.verify());
  return {};
}

Verdict verdict_on(const Result<void>& outcome) {
  if (outcome) return Verdict::kSound;
  if (outcome.error().kind() == ErrorKind::kInvalidImage) return Verdict::kInvalid;
  fmt::print(stderr, "refused as {}: {}\n", name_of(outcome.error().kind()), outcome.error().message());
  return Verdict::kOther;
}

Verdict verdict_on(int status, const std::string& program) {
  if (status == 0) return Verdict::kSound;
  if (WIFEXITED(status) && WEXITSTATUS(status) == exit_code(ErrorKind::kInvalidImage))
    return Verdict::kInvalid;
  fmt::print(stderr, "{} ended with wait status {:#x}\n", program, status);
  return Verdict::kOther;
}

Result<Judgement> run(std::vector<std::string>& argv, int fd) {
  std::vector<char*> words;
  for (std::string& word : argv) words.push_back(word.data());
  words.push_back(nullptr);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  for (const int number : {0, 1, 2})
    ::posix_spawn_file_actions_addopen(&files, number, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_adddup2(&files, fd, kImageFd);
  pid_t pid = 0;
  const int failed = ::posix_spawn(&pid, words[0], &files, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (failed != 0) return fail(ErrorKind::kSystem, "cannot run {}: {}", argv[0], std::strerror(failed));
  int status = 0;
  rusage usage{};
  if (::wait4(pid, &status, 0, &usage) != pid) return fail_errno("wait4");
  return Judgement{verdict_on(status, argv[0]), spent(usage)};
}

}  // namespace

Judge reader_here() {
  return [](int fd) -> Result<Judgement> {
    const auto before = CR_TRY(spent_here());
    const Verdict verdict = verdict_on(read(fd));
    return Judgement{verdict, CR_TRY(spent_here()) - before};
  };
}

Judge by_program(std::vector<std::string> command) {
  command.push_back(fmt::format("/dev/fd/{}", kImageFd));
  return [command = std::move(command)](int fd) mutable { return run(command, fd); };
}

}  // namespace cr::image
