// Descriptor tables: wrong records are named; the planned calls give exactly the recorded numbers and flags.
#include <sys/syscall.h>

#include <functional>
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
          {"pipe 9 of 4096 bytes holds 4097",
           [](Sample& s) {
             s.records.find<Pipe>(kPipeRecord, 9)->set_capacity(4096);
             s.records.find<Pipe>(kPipeRecord, 9)->set_data(std::string(4097, 'x'));
           }},
          {"pipe 9 of 2048 bytes",
           [](Sample& s) { s.records.find<Pipe>(kPipeRecord, 9)->set_capacity(2048); }},
          {"pipe 9 of 12288 bytes",
           [](Sample& s) { s.records.find<Pipe>(kPipeRecord, 9)->set_capacity(12288); }},
          {"5 pipes of 5368709120 bytes together",
           [](Sample& s) {
             s.records.find<Pipe>(kPipeRecord, 9)->set_capacity(1 << 30);
             for (const uint64_t id : {10, 11, 12, 13})
               s.add_pipe(id, 10 * id, 10 * id + 1).set_capacity(1 << 30);
           }},
          {"open file 2: /fifo is pipe 9 elsewhere, not 10",
           [](Sample& s) {
             s.records.add<Pipe>(kPipeRecord, 10).set_id(10);
             s.records.find<Pipe>(kPipeRecord, 10)->set_capacity(4096);
             s.description(1).mutable_fifo()->set_pipe(9), s.description(1).mutable_fifo()->set_path("/fifo");
             s.description(2).mutable_fifo()->set_pipe(10),
                 s.description(2).mutable_fifo()->set_path("/fifo");
           }},
          {"open file 4: /etc/passwd is another file elsewhere: of 100 bytes",
           [](Sample& s) { s.add_regular(4, "/etc/passwd").mutable_regular()->set_size(101); }},
          {"open file 4: /etc/passwd is another file elsewhere",
           [](Sample& s) { s.add_regular(4, "/etc/passwd").mutable_regular()->set_mtime_ns(1); }},
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
          {"open file 1: position 1 in a pipe", [](Sample& s) { s.description(1).set_position(1); }},
          {"open file 1: flags 0500000",
           [](Sample& s) { s.description(1).set_flags(O_NOFOLLOW | Sample::kLargefile); }},
          {"not an absolute path", [](Sample& s) { s.description(1).mutable_fifo()->set_pipe(9); }},
      });
}

struct WrongFlags {
  const char* kind;
  uint32_t flags;
  std::function<void(FileDescription&)> make;
};

// Each could make a restore do something else than open what was open.
TEST(Files, FlagsThatNoOpenFileOfItsKindHasAreNamed) {
  const auto regular = [](FileDescription&) {};
  const auto directory = [](FileDescription& file) { file.mutable_directory()->set_path("/"); };
  const auto null = [](FileDescription& file) {
    file.mutable_device()->set_path("/dev/null"), file.mutable_device()->set_device(0x103);
  };
  const auto pipe = [](FileDescription& file) { file.mutable_pipe_end()->set_pipe(9), file.set_position(0); };
  const std::vector<WrongFlags> wrong = {
      {"a file is made", O_TMPFILE | O_RDWR, directory},
      {"a file is made", O_TMPFILE | O_WRONLY, regular},
      {"a file is made", O_CREAT | O_WRONLY, regular},
      {"a file is emptied", O_TRUNC | O_WRONLY, regular},
      {"a directory is written to", O_DIRECTORY | O_WRONLY, directory},
      {"a directory is written to", O_DIRECTORY | O_RDWR, directory},
      {"a directory for a file", O_DIRECTORY, regular},
      {"a mere name", O_PATH, regular},
      {"a mere name", O_PATH, pipe},
      {"somebody is told by signals", O_ASYNC, regular},
      {"a terminal", O_NOCTTY, null},
      {"pages of a device", O_DIRECT, null},
      {"packets", O_DIRECT | O_WRONLY, pipe},
      {"what open(2) does not know", 040, regular},
      {"what open(2) does not know", 1u << 31, null},
      {"a table's flag", O_CLOEXEC, regular},
  };
  for (const WrongFlags& one : wrong) {
    Sample sample = small_tree();
    FileDescription& file = sample.description(3);
    one.make(file);
    ASSERT_TRUE(validate_all(sample.records)) << one.kind;
    file.set_flags(one.flags | Sample::kLargefile);
    const auto verdict = validate_all(sample.records);
    EXPECT_FALSE(verdict) << one.kind;
    if (!verdict) {
      EXPECT_THAT(verdict.error().message(),
                  ::testing::HasSubstr(fmt::format("open file 3: flags {:#o}", file.flags())));
    }
  }
}

TEST(Files, FlagsThatOpenFilesHavePass) {
  Sample sample = small_tree();
  constexpr uint32_t kAny = O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | O_NOATIME;
  sample.description(3).set_flags(kAny | O_RDWR | O_DIRECT | O_NOFOLLOW);
  // Neither to be read nor to be written, for ioctl(2) alone (open(2), "Linux reserves").
  sample.add_regular(4, "/x").set_flags(3 | Sample::kLargefile);
  sample.add_description(5, kAny | O_DIRECTORY | O_NOFOLLOW).mutable_directory()->set_path("/");
  sample.description(1).set_flags(kAny | O_RDWR);
  sample.add_pipe(10, 6, 7).set_capacity(1 << 30);
  sample.add_description(8, O_RDWR | O_ASYNC | O_DIRECT).mutable_stdio()->set_number(2);
  const auto verdict = validate_all(sample.records);
  EXPECT_TRUE(verdict) << verdict.error().message();
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

void plan_files(const Records& records, PlanBuilder& builder) {
  for (const auto& kind : all_kinds()) {
    if (kind->name() != "files") continue;
    kind->plan(Phase::kStore, records, builder);
    kind->plan(Phase::kFiles, records, builder);
  }
}

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
  plan_files(sample.records, builder);
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

Plan files_plan(const Sample& sample) {
  EXPECT_TRUE(validate_all(sample.records));
  Plan plan;
  plan.store.add_list("store");
  for (const Task* task : sample.records.all<Task>(kTaskRecord))
    plan.processes[task->pid()].lists[task->pid()] =
        plan.processes[task->pid()].program.add_list("x").index();
  PlanBuilder builder(plan);
  plan_files(sample.records, builder);
  return plan;
}

// By descriptor: the store number that it is fetched from.
std::vector<int> fetched_by(const Plan& plan, pid_t pid) {
  std::vector<int> numbers;
  const ProcessPlan& process = plan.processes.at(pid);
  for (const exec::Op& op : process.program.list(process.lists.at(pid)).ops())
    if (op.nr == SYS_pidfd_getfd) numbers.push_back(static_cast<int>(op.args[1]));
  return numbers;
}

// What a FIFO holds is only the tree's if nobody reads it, and nothing is in it.
TEST(Files, AFifoIsFilledOnlyIfItIsTheTreesAlone) {
  for (const std::string data : {"", "data"}) {
    Sample sample;
    sample.add_task(100, 0, 100, 100);
    FileDescription& description = sample.add_description(1, O_RDWR);
    description.mutable_fifo()->set_path("/fifo"), description.mutable_fifo()->set_pipe(9);
    Pipe& pipe = sample.records.add<Pipe>(kPipeRecord, 9);
    pipe.set_id(9), pipe.set_capacity(4096), pipe.set_data(data);
    const Plan plan = files_plan(sample);
    const exec::ListBuilder& store = plan.store.list(0);
    const exec::Op& look = store.ops().at(0);
    EXPECT_EQ(look.nr, static_cast<uint32_t>(SYS_openat));
    EXPECT_EQ(look.args[2], static_cast<uint64_t>(O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    EXPECT_EQ(look.expect, exec::Expect::kEqual);
    EXPECT_EQ(look.expected, -ENXIO);
    EXPECT_THAT(store.conflict_of(0), ::testing::HasSubstr("/fifo"));
    std::vector<int64_t> counts;
    for (uint32_t i = 0; i < store.size(); ++i) {
      if (store.ops()[i].nr == SYS_write) counts.push_back(-1);
      if (store.ops()[i].kind != exec::OpKind::kLoad32) continue;
      EXPECT_EQ(store.ops()[i].expect, exec::Expect::kEqual);
      EXPECT_THAT(store.conflict_of(i), ::testing::HasSubstr("/fifo"));
      counts.push_back(store.ops()[i].expected);
    }
    EXPECT_EQ(counts, data.empty() ? std::vector<int64_t>{0} : (std::vector<int64_t>{0, -1, 4}));
  }
}

// The root's 0, 1 and 2 are one terminal, and 5 is, too; the child has opened it anew.
TEST(Files, InheritedDescriptorsAreReplacedByThoseOfTheSameNumber) {
  Sample sample;
  sample.add_task(100, 0, 100, 100), sample.add_task(101, 100, 100, 100);
  sample.add_description(1, O_RDWR).mutable_stdio()->set_number(0);
  sample.add_description(2, O_WRONLY | O_NONBLOCK).mutable_stdio()->set_number(0);
  for (const uint32_t number : {0, 1, 2, 5}) sample.add_descriptor(100, number, 1);
  sample.add_descriptor(101, 1, 1), sample.add_descriptor(101, 2, 2);
  const Plan plan = files_plan(sample);

  const auto kept = [&](int number) {
    return plan.store_numbers.at(fmt::format("descriptor {} of this command", number));
  };
  EXPECT_THAT(fetched_by(plan, 100), ::testing::ElementsAre(kept(0), kept(1), kept(2), kept(0)));
  EXPECT_THAT(fetched_by(plan, 101), ::testing::ElementsAre(kept(1), kept(0)));

  std::vector<std::string> checks;
  for (const StdioCheck& check : plan.stdio)
    checks.push_back(fmt::format("{}: {}{}{}", check.number, check.reads ? "r" : "", check.writes ? "w" : "",
                                 (check.flags & O_NONBLOCK) != 0 ? " nonblocking" : ""));
  EXPECT_THAT(checks, ::testing::ElementsAre("0: rw", "0: w nonblocking", "1: w", "2: w"));
}

TEST(Files, StdinIsReadAndTheOthersAreWritten) {
  Sample sample;
  sample.add_task(100, 0, 100, 100);
  sample.add_description(1, O_RDWR).mutable_stdio()->set_number(0);
  for (const uint32_t number : {0, 1, 2}) sample.add_descriptor(100, number, 1);
  for (const StdioCheck& check : files_plan(sample).stdio) {
    EXPECT_EQ(check.reads, check.number == 0);
    EXPECT_EQ(check.writes, check.number != 0);
  }
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
