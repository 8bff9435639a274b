#include "cr/executor/test_task.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <cstring>

#include "cr/executor/check.h"
#include "cr/sys/fd.h"

namespace cr::exec::test {
namespace {

void* remote(uint64_t address) { return reinterpret_cast<void*>(address); }

}  // namespace

PlacedProgram::PlacedProgram(const Program& program, Where where) {
  const int low = where == Where::kBelow4GiB ? MAP_32BIT : 0;
  const uint64_t size = program.size();
  void* const place = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | low, -1, 0);
  CR_CHECK(place != MAP_FAILED);
  auto area = program.lay_out(reinterpret_cast<uint64_t>(place));
  if (!area) ADD_FAILURE() << area.error().message();
  area_ = std::move(area).value();
  const auto safe = check(area_);
  if (!safe) ADD_FAILURE() << safe.error().message();
  std::memcpy(place, area_.bytes.data(), size);
  CR_CHECK(::mprotect(place, area_.code_size, PROT_READ | PROT_EXEC) == 0);
}

PlacedProgram::~PlacedProgram() { ::munmap(remote(area_.base), area_.size()); }

Seen wait_for(pid_t pid) {
  int status = 0;
  CR_CHECK(::waitpid(pid, &status, __WALL) == pid);
  Seen seen;
  if (WIFSTOPPED(status)) {
    seen.stopped = true;
    seen.signal = WSTOPSIG(status);
    seen.event = status >> 16;
  } else if (WIFSIGNALED(status)) {
    seen.signal = WTERMSIG(status);
  } else {
    seen.exit_status = WEXITSTATUS(status);
  }
  return seen;
}

TestTask::TestTask(pid_t pid) : pid_(pid) {}

TestTask::~TestTask() {
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, __WALL) == pid_ && WIFSTOPPED(status)) {
  }
}

pid_t TestTask::fork_stopped() {
  const pid_t pid = ::fork();
  CR_CHECK(pid >= 0);
  if (pid == 0) {
    ::ptrace(PTRACE_TRACEME, 0, 0, 0);
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  CR_CHECK(wait_for(pid).stopped);
  CR_CHECK(::ptrace(PTRACE_SETOPTIONS, pid, 0,
                    PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC) == 0);
  return pid;
}

user_regs_struct TestTask::registers() const {
  user_regs_struct out{};
  CR_CHECK(::ptrace(PTRACE_GETREGS, pid_, 0, &out) == 0);
  return out;
}

void TestTask::set_registers(const user_regs_struct& registers) {
  CR_CHECK(::ptrace(PTRACE_SETREGS, pid_, 0, &registers) == 0);
}

user_regs_struct TestTask::enter(const Area& area, const ListBuilder& list) {
  const user_regs_struct before = registers();
  user_regs_struct to = before;
  to.cs = 0x33;
  to.rip = area.entry();
  to.rdi = area.control(list.index());
  to.rsp = area.stack_top(list.index());
  to.orig_rax = ~0ull;  // no system call to restart
  set_registers(to);
  return before;
}

Seen TestTask::resume(int signal) {
  CR_CHECK(::ptrace(PTRACE_CONT, pid_, 0, signal) == 0);
  return wait_for(pid_);
}

Seen TestTask::run(const Area& area, const ListBuilder& list) {
  enter(area, list);
  return resume();
}

int64_t TestTask::inject(uint64_t instruction, long number, uint64_t first, uint64_t second) {
  user_regs_struct regs = registers();
  regs.rip = instruction;
  regs.rax = static_cast<uint64_t>(number);
  regs.orig_rax = ~0ull;
  regs.rdi = first;
  regs.rsi = second;
  set_registers(regs);
  CR_CHECK(::ptrace(PTRACE_SINGLESTEP, pid_, 0, 0) == 0);
  CR_CHECK(wait_for(pid_).signal == SIGTRAP);
  return static_cast<int64_t>(registers().rax);
}

Control TestTask::control(const Area& area, const ListBuilder& list) const {
  Control out{};
  const std::string bytes = read(area.control(list.index()), sizeof(out));
  std::memcpy(&out, bytes.data(), sizeof(out));
  return out;
}

uint64_t TestTask::value(const Area& area, Slot slot) const {
  uint64_t out = 0;
  std::memcpy(&out, read(area.address_of(slot), sizeof(out)).data(), sizeof(out));
  return out;
}

std::string TestTask::read(uint64_t address, uint64_t length) const {
  std::string out(length, '\0');
  const iovec here{out.data(), length}, there{remote(address), length};
  CR_CHECK(::process_vm_readv(pid_, &here, 1, &there, 1, 0) == static_cast<ssize_t>(length));
  return out;
}

void TestTask::write(uint64_t address, const std::string& bytes) {
  const iovec here{const_cast<char*>(bytes.data()), bytes.size()}, there{remote(address), bytes.size()};
  CR_CHECK(::process_vm_writev(pid_, &here, 1, &there, 1, 0) == static_cast<ssize_t>(bytes.size()));
}

std::string TestTask::maps() const {
  return sys::read_file(fmt::format("/proc/{}/maps", pid_)).value_or(std::string());
}

int memory_file(const std::string& content, unsigned flags) {
  const int fd = ::memfd_create("cr-test", flags);
  CR_CHECK(fd >= 0 &&
           ::pwrite(fd, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()));
  return fd;
}

}  // namespace cr::exec::test
