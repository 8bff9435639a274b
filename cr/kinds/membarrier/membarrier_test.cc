// Registrations that no address space can have are named, those that it can have are made one by one.
#include <sys/syscall.h>

#include "cr/kinds/kinds_testing.h"

namespace cr::kinds {
namespace {

Membarrier& registrations(Sample& sample) { return *sample.records.find<Membarrier>(kMembarrierRecord, 100); }

TEST(Membarrier, EachWrongFieldIsNamed) {
  expect_each_is_named(
      small_tree,
      {
          {"a membarrier record without a task", [](Sample& s) { s.add_membarrier(555, 16); }},
          {"a membarrier record without a task", [](Sample& s) { s.add_membarrier(102, 16); }},
          {"a membarrier record without a task", [](Sample& s) { registrations(s).set_pid(101); }},
          {"task 100: registered for membarrier commands 0x0",
           [](Sample& s) { registrations(s).set_registered(0); }},
          {"task 100: registered for membarrier commands 0x18",
           [](Sample& s) { registrations(s).set_registered(0x18); }},
          {"task 101: registered for membarrier commands 0x400",
           [](Sample& s) { s.add_membarrier(101, 0x400); }},
      });
}

TEST(Membarrier, EachRegistrationIsACall) {
  Sample sample = small_tree();
  registrations(sample).set_registered(4 | 16 | 64 | 256);
  ASSERT_TRUE(validate_all(sample.records));
  Plan plan;
  plan.processes[100].lists[100] = plan.processes[100].program.add_list("leader").index();
  PlanBuilder builder(plan);
  for (const Phase phase : kPhases)
    for (const auto& kind : all_kinds())
      if (kind->name() == "membarrier") kind->plan(phase, sample.records, builder);
  std::vector<uint64_t> commands;
  for (const exec::Op& op : builder.process(100).ops()) {
    EXPECT_EQ(op.nr, static_cast<uint32_t>(SYS_membarrier));
    commands.push_back(op.args[0]);
  }
  EXPECT_EQ(commands, (std::vector<uint64_t>{4, 16, 64, 256}));
  EXPECT_EQ(plan.membarrier, 4u | 16 | 64 | 256);
}

}  // namespace
}  // namespace cr::kinds
