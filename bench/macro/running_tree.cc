#include "bench/macro/running_tree.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::seconds(60);

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

void check(int error_number, const std::string& what) {
  if (error_number != 0) fail(what + ": " + std::strerror(error_number));
}

void wait_until(const std::string& what, const std::function<bool()>& done) {
  const auto deadline = Clock::now() + kPatience;
  while (!done()) {
    if (Clock::now() > deadline) fail("timed out waiting until " + what);
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

// stdin from /dev/null, the rest into a file: nothing that an engine would have to treat as special.
pid_t spawn(const Argv& argv, const std::filesystem::path& output, bool new_session) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  if (new_session) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);

  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t pid = 0;
  const int error_number = posix_spawnp(&pid, words[0], &files, &attributes, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  check(error_number, argv[0]);
  return pid;
}

std::string tail_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  const std::string all = text.str();
  return all.size() > 2000 ? all.substr(all.size() - 2000) : all;
}

struct tree* map_shared(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) check(errno, path);
  if (::ftruncate(fd, sizeof(struct tree)) != 0) check(errno, path);
  void* memory = ::mmap(nullptr, sizeof(struct tree), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (memory == MAP_FAILED) check(errno, "mmap " + path.string());
  return static_cast<struct tree*>(memory);
}

}  // namespace

RunningTree::RunningTree(const Shape& shape, const std::filesystem::path& program,
                         const std::filesystem::path& dir)
    : shape_(shape), shared_(map_shared(dir / "shared")) {
  root_ =
      spawn({program, std::to_string(shape.tasks), std::to_string(shape.mib_each), (dir / "shared").string()},
            dir / "out.txt", true);
  try {
    const auto all = static_cast<uint64_t>(shape.tasks);
    wait_until("the tree is ready", [&] { return shared_->ready == all && shared_->beats > 0; });
  } catch (...) {
    end_all();
    throw;
  }
}

RunningTree::~RunningTree() {
  end_all();
  ::munmap(shared_, sizeof(struct tree));
}

void RunningTree::require_beats_after(uint64_t seen) const {
  wait_until("the root looks at its clock", [&] { return beats() != seen; });
}

void RunningTree::require_intact() {
  shared_->intact = shared_->broken = 0;
  for (int i = 0; i < shape_.tasks; i++) {
    if (::kill(shared_->pid[i], SIGUSR1) != 0) check(errno, "task " + std::to_string(shared_->pid[i]));
  }
  wait_until("every task has looked at its memory",
             [&] { return shared_->intact + shared_->broken == static_cast<uint64_t>(shape_.tasks); });
  if (shared_->broken != 0) fail(std::to_string(shared_->broken) + " tasks found their memory changed");
}

void RunningTree::require_gone() {
  // As the namespace's init we inherit the orphans; the tree is over when nobody is left to wait for.
  wait_until("the dumped tree has ended", [] {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
    return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
  });
}

void RunningTree::end_all() {
  for (int i = 0; i < shape_.tasks; i++) {
    // 0 is a task that never got as far as telling its pid; it dies with the namespace.
    if (shared_->pid[i] > 1) ::kill(shared_->pid[i], SIGKILL);
  }
  if (root_ > 1) ::kill(root_, SIGKILL);
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) continue;
}

Milliseconds run_timed(const Argv& argv, const std::filesystem::path& dir) {
  const std::filesystem::path output = dir / "engine.txt";
  const auto start = Clock::now();
  const pid_t pid = spawn(argv, output, false);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) check(errno, "waitpid");
  }
  const auto end = Clock::now();
  if (status != 0) {
    std::string line;
    for (const std::string& word : argv) line += word + " ";
    fail(line + "ended with wait status " + std::to_string(status) + ": " + tail_of(output));
  }
  return end - start;
}

void warm_memory(uint64_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) check(errno, "mmap");
  ::munmap(memory, bytes);
}

}  // namespace bench
