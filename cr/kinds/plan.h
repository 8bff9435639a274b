// What a restore will do, computed before anything is done: op lists for the engine's own process (the store,
// where shared objects are made once), op lists for each task, and how each thread is sent off. Plain data,
// printable.
#pragma once

#include <sys/user.h>

#include <asm/ldt.h>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cr/base/remote_addr.h"
#include "cr/executor/program.h"

namespace cr::kinds {

// Points at which every task waits until all have come so far (tags of exec::trap).
enum Barrier : uint32_t {
  kBorn = 1,    // all tasks exist, sessions are made
  kJoined = 2,  // all are in their process groups; stand-ins for dead leaders may go
  kReady = 3,   // built; what is left is done from outside
};
// In the store's list alone: so much is done that a deadline can be looked at.
constexpr uint32_t kPieceDone = 4;

// A call made for a thread by its tracer, after all lists are through.
struct LateCall {
  pid_t tid = 0;
  exec::Abi abi = exec::Abi::k64;
  long number = 0;
  std::vector<exec::Arg> args;
  std::string reason;
};

// Where a thread goes on when it is let go.
struct Departure {
  user_regs_struct registers{};
  std::string xstate;
  uint64_t signal_mask = 0;
  std::vector<user_desc> tls;
  // A call with a time-out that it goes on with: begun from outside and interrupted at once, so that the
  // kernel itself holds what is left of it (struct restart_block), and restart_syscall(2) takes it up.
  std::optional<LateCall> rearm;
};

// A file that must still be what it was, or the restore is a conflict.
struct FileCheck {
  std::string path;
  uint32_t mode = 0;  // its type; permissions may have changed
  uint64_t size = 0;  // of a regular file, and the next one too
  int64_t mtime_ns = 0;
  uint64_t rdev = 0;  // of a character device
};

// A standard descriptor of the restoring command that stands in for one that led out of the tree: fit for
// what the tree does with it, or the restore is a conflict.
struct StdioCheck {
  int number = 0;
  uint32_t flags = 0;  // of what the tree had, as F_GETFL tells them
  bool reads = false, writes = false;
};

struct FileWrite {
  std::string path;  // below /proc/PID
  std::string content;
};

// Pages that the engine puts into their place, when all tasks stand ready.
struct PageFill {
  uint64_t object = 0;  // of the image
  uint64_t first = 0;   // its page
  uint64_t pages = 0;
  uint64_t address = 0;  // in the task; or the offset within a shared memory object
  bool fresh = false;    // there are zeros already
};

struct AddressRange {
  uint64_t start = 0, end = 0;

  bool has(uint64_t address) const { return start <= address && address < end; }
};

struct SearchedPages {
  AddressRange pages;
  AddressRange mapping;  // that they are of
};

// Zeroed by the engine when all pages are in their place, before the first late call.
struct Clearing {
  uint64_t address = 0, length = 0;
};

struct ProcessPlan {
  enum class Role {
    kTask,
    kZombie,   // exists to have ended
    kStandIn,  // a dead leader's place, until its members have joined
  };
  pid_t pid = 0;
  Role role = Role::kTask;
  WordSize word_size = WordSize::k64;
  uint32_t wait_status = 0;  // of a zombie

  exec::Program program;            // list 0: the leader
  std::map<pid_t, uint32_t> lists;  // tid -> list; the leader among them
  uint64_t loader_address = 0;      // of the first program this task executes
  uint64_t area_base = 0;           // where the program lies in the task
  // Filled in when the area is laid out: its base, its end, and what is above it up to the end of user space.
  exec::Slot area_low, area_end, rest;
  int plan_fd = 0, loader_fd = 0;         // store numbers
  std::map<pid_t, Departure> departures;  // by tid
  std::vector<LateCall> late;             // in this order
  std::vector<FileWrite> writes;
  std::vector<PageFill> fills;
  std::vector<Clearing> clearings;
  uint64_t vdso_end = 0, vdso_hash = 0;  // [vdso] ends here and hashes to this; 0: there is none
  // Code of an old vdso that nothing may come back to: no thread, and no frame among the pages.
  std::vector<AddressRange> no_addresses;
  std::vector<SearchedPages> searched;  // for such
  // Zombies and stand-ins run a list of the program of the process that bears them.
  pid_t runs_in = 0;
  uint32_t runs_list = 0;
};

struct Plan {
  std::vector<FileCheck> files;
  std::vector<StdioCheck> stdio;
  std::map<uint32_t, uint64_t> hard_limits;  // by resource (RLIMIT_*), the highest of all tasks
  uint64_t pipe_capacity = 0;                // the largest of all pipes, in bytes
  uint32_t membarrier = 0;                   // all MEMBARRIER_CMD_REGISTER_* that tasks make
  uint64_t lowest_layout = ~uint64_t{0};     // the lowest address that PR_SET_MM_MAP is given
  exec::Program store;                       // list 0, run in the engine's process
  std::map<std::string, std::vector<PageFill>> store_fills;  // by the name of a kept object
  std::map<pid_t, ProcessPlan> processes;
  pid_t root = 0;

  // Numbers of descriptors in the engine's process ("store numbers") that tasks fetch objects from.
  int engine_store_fd = 0;  // a pidfd of the engine itself
  int image_store_fd = 0;
  std::map<std::string, int> store_numbers;
  int next_store_number = 0;
  // Numbers in the tasks, above any of their own, in use while they are being built.
  int engine_fd = 0, image_fd = 0, program_fd = 0, loader_fd = 0;
};

}  // namespace cr::kinds
