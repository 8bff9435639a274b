// For the tests of this folder: real children under our hand, and words for what /proc says of them.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cr/proc/children.h"
#include "cr/proc/stat.h"
#include "cr/sys/fd.h"

namespace cr::trace {

using namespace std::chrono_literals;

inline bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds patience = 10s) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

// A value that parent and children see alike.
template <typename T>
class SharedValue {
 public:
  SharedValue() {
    void* memory = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(memory, MAP_FAILED);
    value_ = new (memory) T{};
  }
  ~SharedValue() { ::munmap(value_, sizeof(T)); }
  SharedValue(const SharedValue&) = delete;
  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  T* value_;
};

// A fork that runs `life`; it and everything in its process group is killed at the end.
class Child {
 public:
  explicit Child(const std::function<void()>& life) {
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setpgid(0, 0);
      ::alarm(60);  // should the test itself be killed
      life();
      ::_exit(0);
    }
    ::setpgid(pid_, pid_);
  }
  ~Child() { end(); }
  Child(const Child&) = delete;

  pid_t pid() const { return pid_; }
  void end() {
    if (pid_ == 0) return;
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  // Its exit status, or -1 if it ends otherwise or not at all.
  int exit_status() {
    int status = 0;
    const bool ended = eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; });
    if (!ended) return -1;
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
};

// 0 if it is gone.
inline char state_of(pid_t tid) {
  const auto text = sys::read_file(fmt::format("/proc/{}/stat", tid));
  const auto stat = text ? proc::parse_stat(*text) : fail(ErrorKind::kSystem, "gone");
  return stat ? stat->state : '\0';
}

// The process and everything below it, as the kernel lists it now.
inline std::set<pid_t> tree_below(pid_t root) {
  std::set<pid_t> found;
  std::vector<pid_t> todo{root};
  while (!todo.empty()) {
    const pid_t pid = todo.back();
    todo.pop_back();
    const auto tids = sys::list_dir(fmt::format("/proc/{}/task", pid));
    if (!tids || !found.insert(pid).second) continue;
    for (const std::string& tid : *tids) {
      const auto text = sys::read_file(fmt::format("/proc/{}/task/{}/children", pid, tid));
      if (!text) continue;
      const auto children = proc::parse_children(*text);
      if (children) todo.insert(todo.end(), children->begin(), children->end());
    }
  }
  return found;
}

// Does the value change within a while?
template <typename T>
bool moves(const std::atomic<T>& value, std::chrono::milliseconds within) {
  const T before = value;
  return eventually([&] { return value != before; }, within);
}

}  // namespace cr::trace
