// Descriptor tables: wrong records are named; the planned calls give exactly the recorded numbers and flags.
#include <sys/syscall.h>

#include <optional>
#include <random>

#include "cr/kinds/kinds_testing.h"

namespace cr::kinds {
namespace {

TEST(Files, EachWrongFieldIsNamed) {
  expect_each_is_named(
      small_tree,
      {
          {"task 101", [](Sample& s) { s.table(101).set_pid(100); }},
          {"a descriptor table without a task",
           [](Sample& s) { s.records.add<DescriptorTable>(kDescriptorTableRecord, 555); }},
          {"task 100: descriptor 5 out of order", [](Sample& s) { s.add_descriptor(100, 5, 1); }},
          {"task 100: descriptor 2 out of order", [](Sample& s) { s.add_descriptor(100, 2, 1); }},
          {"task 100: descriptor 1073741824 out of order",
           [](Sample& s) { s.add_descriptor(100, 1 << 30, 1); }},
          {"task 100: fd 6 leads to no description", [](Sample& s) { s.add_descriptor(100, 6, 999); }},
          {"open file 77: filed elsewhere", [](Sample& s) { s.description(3).set_id(77); }},
          {"open file 3: of no known kind", [](Sample& s) { s.description(3).clear_what(); }},
          {"open file 3: not an absolute path",
           [](Sample& s) { s.description(3).mutable_regular()->set_path("x"); }},
          {"open file 3: not an absolute path",
           [](Sample& s) { s.description(3).mutable_regular()->set_path(""); }},
          {"not an absolute path",
           [](Sample& s) { s.description(3).mutable_regular()->set_path(std::string("/\0", 2)); }},
          {"not an absolute path",
           [](Sample& s) { s.description(3).mutable_regular()->set_path("/" + std::string(4095, 'x')); }},
          {"is no regular file's",
           [](Sample& s) { s.description(3).mutable_regular()->set_mode(S_IFDIR | 0755); }},
          {"position 9223372036854775808",
           [](Sample& s) { s.description(3).set_position(uint64_t{1} << 63); }},
          {"position 9223372036854775808",
           [](Sample& s) {
             s.description(3).mutable_directory()->set_path("/"),
                 s.description(3).set_position(uint64_t{1} << 63);
           }},
          {"not an absolute path", [](Sample& s) { s.description(3).mutable_directory()->set_path("home"); }},
          {"device 0x502", [](Sample& s) { s.description(3).mutable_device()->set_device(0x502); }},
          {"stdio number 3", [](Sample& s) { s.description(3).mutable_stdio()->set_number(3); }},
          {"open file 1: pipe 8 has no record",
           [](Sample& s) { s.description(1).mutable_pipe_end()->set_pipe(8); }},
          {"pipe 9 of 0 bytes", [](Sample& s) { s.records.find<Pipe>(kPipeRecord, 9)->set_capacity(0); }},
          {"pipe 9 of 4 bytes holds 11",
           [](Sample& s) { s.records.find<Pipe>(kPipeRecord, 9)->set_capacity(4); }},
          {"pipe 9 of 2147483648 bytes",
           [](Sample& s) { s.records.find<Pipe>(kPipeRecord, 9)->set_capacity(1u << 31); }},
          {"open file 2: pipe 9 has another name elsewhere",
           [](Sample& s) {
             s.description(2).mutable_fifo()->set_pipe(9), s.description(2).mutable_fifo()->set_path("/fifo");
           }},
          {"flags 03",
           [](Sample& s) {
             s.description(1).mutable_fifo()->set_pipe(9), s.description(1).mutable_fifo()->set_path("/fifo");
             s.description(1).set_flags(3);
           }},
          {"flags 03", [](Sample& s) { s.description(1).set_flags(3); }},
          {"not an absolute path", [](Sample& s) { s.description(1).mutable_fifo()->set_pipe(9); }},
      });
}

// The kernel's table of one task while it runs the planned calls.
class Table {
 public:
  struct Entry {
    int store_number = 0;
    bool close_on_exec = true;
  };

  Table(const Plan& plan, std::initializer_list<int> building) : plan_(plan) {
    for (const int fd : building) entries_[fd] = {};
  }

  void run(const std::vector<exec::Op>& ops) {
    for (const exec::Op& op : ops) {
      ASSERT_EQ(op.kind, exec::OpKind::kSyscall);
      run_one(op);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
  const std::map<int, Entry>& entries() const { return entries_; }

 private:
  uint64_t value(const exec::Op& op, int i) const {
    return op.arg_kinds[i] == exec::ArgKind::kSlot ? slots_.at(op.args[i]) : op.args[i];
  }

  void run_one(const exec::Op& op) {
    const int fd = static_cast<int>(value(op, 0));
    switch (op.nr) {
      case SYS_pidfd_getfd: {
        ASSERT_EQ(fd, plan_.engine_fd);
        int lowest = 0;
        while (entries_.contains(lowest)) ++lowest;
        entries_[lowest] = {static_cast<int>(value(op, 1)), true};
        slots_[op.slot] = static_cast<uint64_t>(lowest);
        return;
      }
      case SYS_fcntl:
        ASSERT_EQ(value(op, 1), static_cast<uint64_t>(F_SETFD));
        entries_.at(fd).close_on_exec = (value(op, 2) & FD_CLOEXEC) != 0;
        return;
      case SYS_dup3: {
        const int to = static_cast<int>(value(op, 1));
        ASSERT_NE(fd, to) << "dup3 of a descriptor to itself is EINVAL";
        ASSERT_FALSE(entries_.contains(to)) << "descriptor " << to << " is in use";
        entries_[to] = {entries_.at(fd).store_number, (value(op, 2) & O_CLOEXEC) != 0};
        return;
      }
      case SYS_close:
        ASSERT_EQ(entries_.erase(fd), 1u) << "descriptor " << fd << " is not open";
        return;
      default:
        FAIL() << "an unexpected call " << op.nr;
    }
  }

  const Plan& plan_;
  std::map<int, Entry> entries_;
  std::map<uint64_t, uint64_t> slots_;
};

void comes_out_as_recorded(const Sample& sample, pid_t pid) {
  Plan plan;
  plan.store.add_list("store");
  plan.next_store_number = 5000;
  const DescriptorTable& table =
      *sample.records.find<DescriptorTable>(kDescriptorTableRecord, static_cast<uint64_t>(pid));
  const int highest =
      table.descriptors().empty() ? 2 : static_cast<int>(table.descriptors().rbegin()->number());
  plan.engine_fd = highest + 1, plan.image_fd = highest + 2;
  for (const Task* task : sample.records.all<Task>(kTaskRecord))
    if (!task->zombie())
      plan.processes[task->pid()].lists[task->pid()] =
          plan.processes[task->pid()].program.add_list("x").index();
  PlanBuilder builder(plan);
  for (const auto& kind : all_kinds()) {
    if (kind->name() != "files") continue;
    kind->plan(Phase::kStore, sample.records, builder);
    kind->plan(Phase::kFiles, sample.records, builder);
  }
  Table simulated(plan, {plan.engine_fd, plan.image_fd});
  simulated.run(builder.process(pid).ops());
  if (testing::Test::HasFatalFailure()) return;
  auto left = simulated.entries();
  EXPECT_EQ(left.erase(plan.engine_fd) + left.erase(plan.image_fd), 2u);
  EXPECT_EQ(left.size(), static_cast<size_t>(table.descriptors_size()));
  for (const Descriptor& descriptor : table.descriptors()) {
    const auto entry = left.find(static_cast<int>(descriptor.number()));
    ASSERT_NE(entry, left.end()) << "fd " << descriptor.number();
    EXPECT_EQ(entry->second.close_on_exec, descriptor.close_on_exec()) << "fd " << descriptor.number();
    EXPECT_EQ(entry->second.store_number,
              builder.store_number(fmt::format("open file {}", descriptor.description())));
  }
}

TEST(Files, ATableOfEveryShapeComesOutAsRecorded) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    Sample sample;
    sample.add_task(100, 0, 100, 100);
    const uint64_t files = 1 + random() % 5, density = 1 + random() % 4;
    for (uint64_t id = 1; id <= files; ++id) sample.add_regular(id, fmt::format("/file{}", id), random() % 3);
    for (uint32_t number = 0; number < 40; ++number)
      if (random() % density == 0)
        sample.add_descriptor(100, number, 1 + random() % files, random() % 2 == 0);
    ASSERT_TRUE(validate_all(sample.records));
    comes_out_as_recorded(sample, 100);
    ASSERT_FALSE(testing::Test::HasFailure()) << "round " << round;
  }
}

// One open file description stays one, however many descriptors and tasks share it.
TEST(Files, EachDescriptionIsMadeOnce) {
  Sample sample = small_tree();
  sample.add_descriptor(100, 6, 3);
  sample.add_descriptor(101, 2, 3);
  Plan plan;
  plan.store.add_list("store");
  PlanBuilder builder(plan);
  for (const auto& kind : all_kinds())
    if (kind->name() == "files") kind->plan(Phase::kStore, sample.records, builder);
  EXPECT_EQ(plan.files.size(), 1u);
  EXPECT_EQ(plan.files[0].path, "/etc/passwd");
  int opened = 0, pipes = 0;
  std::optional<exec::Op> seek;
  for (const exec::Op& op : builder.store().ops()) {
    opened += op.nr == SYS_openat;
    pipes += op.nr == SYS_pipe2;
    if (op.nr == SYS_lseek) seek = op;
  }
  EXPECT_EQ(opened, 3) << "the file, and each end of the pipe anew";
  EXPECT_EQ(pipes, 1);
  ASSERT_TRUE(seek);
  EXPECT_EQ(seek->args[1], 17u);
  EXPECT_EQ(seek->expect, exec::Expect::kEqual);
  EXPECT_EQ(seek->expected, 17);
}

// O_LARGEFILE is added by the 64-bit open whether asked for or not.
TEST(Files, ADescriptionWithoutLargefileIsOpenedByThe32BitCall) {
  for (const bool largefile : {false, true}) {
    Sample sample;
    sample.add_task(100, 0, 100, 100);
    sample.add_regular(1, "/x").set_flags(O_APPEND | O_WRONLY | O_CREAT | O_TRUNC |
                                          (largefile ? Sample::kLargefile : 0));
    Plan plan;
    plan.store.add_list("store");
    PlanBuilder builder(plan);
    for (const auto& kind : all_kinds())
      if (kind->name() == "files") kind->plan(Phase::kStore, sample.records, builder);
    const exec::Op& open = builder.store().ops().at(0);
    EXPECT_EQ(open.abi, largefile ? exec::Abi::k64 : exec::Abi::k32);
    EXPECT_EQ(open.nr, largefile ? static_cast<uint32_t>(SYS_openat) : 295u);
    EXPECT_EQ(open.args[2] & (O_CREAT | O_TRUNC), 0u) << "a restore neither creates nor empties";
    EXPECT_EQ(open.args[2] & (O_APPEND | O_WRONLY), static_cast<uint64_t>(O_APPEND | O_WRONLY));
  }
}

}  // namespace
}  // namespace cr::kinds
