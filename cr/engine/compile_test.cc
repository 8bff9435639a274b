// A plan is a pure function of the records, and every area it makes is safe to run where it lies.
#include "cr/engine/compile.h"

#include <sys/syscall.h>

#include "cr/base/numbers.h"
#include "cr/executor/check.h"
#include "cr/executor/text.h"
#include "cr/image/format.h"
#include "cr/kinds/kinds_testing.h"

namespace cr::engine {
namespace {

using kinds::Plan;
using kinds::ProcessPlan;
using kinds::Sample;

Plan must_compile(const Sample& sample) {
  const auto valid = validate(sample.records);
  EXPECT_TRUE(valid) << valid.error().message();
  auto plan = compile(sample.records);
  if (!plan) throw std::runtime_error(plan.error().message());
  return std::move(*plan);
}

// Everything that is in a plan's lists.
std::string text_of(const Plan& plan) {
  std::string text = exec::to_string(plan.store.list(0)) + plan.store.pool().data;
  for (const auto& [pid, process] : plan.processes) {
    text += fmt::format("pid {} at {:x} loader {:x}\n", pid, process.area_base, process.loader_address);
    for (uint32_t i = 0; i < process.program.list_count(); ++i)
      text += exec::to_string(process.program.list(i));
    text += process.program.pool().data;
  }
  return text;
}

TEST(Compile, TheSamePlanEveryTime) {
  const Sample sample = kinds::small_tree();
  const std::string once = text_of(must_compile(sample));
  EXPECT_GT(once.size(), 1000u);
  EXPECT_EQ(once, text_of(must_compile(sample)));
  EXPECT_EQ(once, text_of(must_compile(kinds::small_tree())));
}

TEST(Compile, EveryAreaIsSafeToRun) {
  const Plan plan = must_compile(kinds::small_tree());
  for (const auto& [pid, process] : plan.processes) {
    if (process.role != ProcessPlan::Role::kTask) continue;
    const auto area = process.program.lay_out(process.area_base);
    ASSERT_TRUE(area) << area.error().message();
    const auto verdict = exec::check(*area);
    EXPECT_TRUE(verdict) << "pid " << pid << ": " << verdict.error().message();
  }
  const auto store = plan.store.lay_out(0x10000000);
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_TRUE(exec::check(*store));
}

TEST(Compile, NothingIsMappedOverTheAreaItself) {
  const Sample sample = kinds::small_tree();
  const Plan plan = must_compile(sample);
  for (const auto& [pid, process] : plan.processes) {
    if (process.role != ProcessPlan::Role::kTask) continue;
    const uint64_t end = process.area_base + process.program.size();
    EXPECT_EQ(process.area_base, process.loader_address + 2 * kPageSize);
    for (uint32_t list = 0; list < process.program.list_count(); ++list) {
      for (const exec::Op& op : process.program.list(list).ops()) {
        if (op.kind != exec::OpKind::kSyscall || op.nr != SYS_mmap) continue;
        EXPECT_TRUE(op.args[0] >= end || op.args[0] + op.args[1] <= process.loader_address)
            << std::hex << op.args[0];
      }
    }
  }
}

TEST(Compile, RolesAndListsAreThoseOfTheRecords) {
  const Plan plan = must_compile(kinds::small_tree());
  EXPECT_EQ(plan.root, 100);
  ASSERT_EQ(plan.processes.size(), 3u);
  EXPECT_EQ(plan.processes.at(101).word_size, WordSize::k32);
  EXPECT_EQ(plan.processes.at(102).role, ProcessPlan::Role::kZombie);
  EXPECT_EQ(plan.processes.at(102).wait_status, 7u << 8);
  EXPECT_EQ(plan.processes.at(100).lists.size(), 2u);
  EXPECT_EQ(plan.processes.at(100).departures.size(), 2u);
}

TEST(Compile, OnlySoManyCanBeDead) {
  Sample sample = kinds::small_tree();
  for (pid_t pid = 1000; pid < 1000 + (1 << 14); ++pid) sample.add_zombie(pid, 100, 100, 100);
  const auto plan = compile(sample.records);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind(), ErrorKind::kUnsupported);
  EXPECT_THAT(plan.error().message(), ::testing::HasSubstr("16385 zombies and leaders that are gone"));
}

// The numbers used while building lie above every descriptor of every task, and differ from each other.
TEST(Compile, BuildingUsesNoDescriptorOfTheTree) {
  Sample sample = kinds::small_tree();
  sample.add_descriptor(101, 1000, 3);
  const Plan plan = must_compile(sample);
  const std::set<int> numbers{plan.engine_fd, plan.image_fd, plan.program_fd, plan.loader_fd};
  EXPECT_EQ(numbers.size(), 4u);
  EXPECT_GT(*numbers.begin(), 1000);
  std::set<int> stored;
  for (const auto& [name, number] : plan.store_numbers) EXPECT_TRUE(stored.insert(number).second) << name;
  for (const auto& [pid, process] : plan.processes) {
    if (process.role != ProcessPlan::Role::kTask) continue;
    EXPECT_TRUE(stored.insert(process.plan_fd).second);
    EXPECT_TRUE(stored.insert(process.loader_fd).second);
  }
}

// Pages that are stored and pages of zeros by turns: each stored one is a read of its own.
struct Chequered {
  static constexpr uint64_t kRun = 0x10000000, kPairs = 40000;
  Sample sample;
  image::PageTable table;

  Chequered() {
    sample.add_task(100, 0, 100, 100, 32);
    sample.add_vma(100, kRun, kRun + 2 * kPairs * kPageSize);
    sample.add_run(100, kRun, 2 * kPairs * kPageSize);
    const image::Header header = image::make_header({}, 0, {});
    std::vector<image::Extent> extents;
    for (uint64_t page = 0; page < 2 * kPairs; page += 2) {
      extents.push_back({.kind = image::ExtentKind::kRaw,
                         .pages = 1,
                         .first = page,
                         .offset = (page + 1) * kPageSize,
                         .stored = kPageSize});
      extents.push_back({.kind = image::ExtentKind::kZero, .pages = 1, .first = page + 1});
    }
    EXPECT_TRUE(table.add({{image::kPages, 100}, 0, 0, 0, 0}, extents, header));
    sample.records.pages = &table;
  }
  // Of what is left of the address space, `free` bytes stay free.
  void fill(uint64_t free) {
    const uint64_t end = kRun + 2 * kPairs * kPageSize;
    kinds::Vma& text = *sample.space(100).mutable_vmas(0);  // below the heap
    text.set_start(0x100000), text.set_end(0x700000);
    sample.add_vma(100, 0x800000 + kPageSize, kRun - kPageSize);
    sample.add_vma(100, end + free, kUserEnd32);
    std::ranges::sort(*sample.space(100).mutable_vmas(), {}, &kinds::Vma::start);
  }
};

// A dump is proved, and a stream restored, without knowing which pages are stored.
TEST(Compile, WhatHasNoRoomToReadItsPagesLeavesThemToTheEngine) {
  Chequered roomy;
  const Plan reads = must_compile(roomy.sample);
  EXPECT_TRUE(reads.processes.at(100).fills.empty());
  ASSERT_GT(reads.processes.at(100).program.size(), 2u << 20);

  Chequered full;
  full.fill(1 << 21);
  const Plan plan = must_compile(full.sample);
  const ProcessPlan& process = plan.processes.at(100);
  EXPECT_LT(process.program.size(), 1u << 20);
  ASSERT_EQ(process.fills.size(), 1u);
  EXPECT_EQ(process.fills[0].pages, 2 * Chequered::kPairs);
  full.sample.records.pages = nullptr;
  EXPECT_EQ(text_of(plan), text_of(must_compile(full.sample)));
}

TEST(Compile, WhatHasNoRoomAtAllIsRefused) {
  Chequered full;
  full.fill(kPageSize);
  const auto plan = compile(full.sample.records);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind(), ErrorKind::kUnsupported);
}

TEST(Compile, EveryOpOfATaskSaysWhatItIsFor) {
  const Plan plan = must_compile(kinds::small_tree());
  size_t ops = 0, silent = 0;
  for (const auto& [pid, process] : plan.processes) {
    for (uint32_t i = 0; i < process.program.list_count(); ++i) {
      const exec::ListBuilder& list = process.program.list(i);
      for (uint32_t op = 0; op < list.size(); ++op) {
        ++ops;
        silent += list.reason_of(op).empty();
      }
    }
  }
  EXPECT_LT(silent, ops / 5) << "of " << ops;
}

}  // namespace
}  // namespace cr::engine
