// For tests: a real child under ptrace with an area in its address space, and words to say what happens to
// it.
#pragma once

#include <sys/user.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "cr/executor/program.h"

namespace cr::exec::test {

enum class Where { kAnywhere, kBelow4GiB };

// Memory of this process at which a program is laid out; children get it by fork. Code r-x, the rest rw-.
class PlacedProgram {
 public:
  explicit PlacedProgram(const Program& program, Where where = Where::kAnywhere);
  ~PlacedProgram();
  PlacedProgram(const PlacedProgram&) = delete;
  PlacedProgram& operator=(const PlacedProgram&) = delete;
  const Area& area() const { return area_; }

 private:
  Area area_;
};

// What waitpid saw. signal is that of the stop or of the death; event is a PTRACE_EVENT_* or 0.
struct Seen {
  bool stopped = false;
  int signal = 0;
  int event = 0;
  int exit_status = -1;
};
Seen wait_for(pid_t pid);

// A child that is traced, stopped, and killed at the end of the test.
class TestTask {
 public:
  explicit TestTask(pid_t traced_and_stopped);
  ~TestTask();
  TestTask(const TestTask&) = delete;
  TestTask& operator=(const TestTask&) = delete;

  // A fork of this process, stopped before it does anything of its own.
  static pid_t fork_stopped();

  pid_t pid() const { return pid_; }
  user_regs_struct registers() const;
  void set_registers(const user_regs_struct& registers);
  // Put at the entry of the blob, to run `list`; the old registers are given back.
  user_regs_struct enter(const Area& area, const ListBuilder& list);
  Seen resume(int signal = 0);  // until it stops or ends again
  Seen run(const Area& area, const ListBuilder& list);
  // As a tracer would: one system call at `instruction` (the address of a `syscall` instruction in the task).
  int64_t inject(uint64_t instruction, long number, uint64_t first, uint64_t second);

  Control control(const Area& area, const ListBuilder& list) const;
  uint64_t value(const Area& area, Slot slot) const;
  std::string read(uint64_t address, uint64_t length) const;
  void write(uint64_t address, const std::string& bytes);
  std::string maps() const;  // the text of its /proc maps

 private:
  pid_t pid_;
};

// A file that has no name, with this content.
int memory_file(const std::string& content, unsigned flags);

}  // namespace cr::exec::test
