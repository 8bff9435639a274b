// Thread records: wrong fields are named, registers and departures come out as they went in.
#include <sys/syscall.h>

#include <cstring>
#include <random>

#include "cr/kinds/kinds_testing.h"
#include "cr/kinds/thread/registers.h"

namespace cr::kinds {
namespace {

Registers& registers(Sample& sample) { return *sample.thread(100).mutable_registers(); }

void add_tls(Sample& sample, uint32_t entry) {
  user_desc slot{};
  slot.entry_number = entry, slot.seg_32bit = 1;
  sample.thread(100).add_tls_slots(&slot, sizeof(slot));
}

TEST(Thread, EachWrongFieldIsNamed) {
  expect_each_is_named(
      small_tree,
      {
          {"task 100: thread 104 has no record", [](Sample& s) { s.task(100).add_tids(104); }},
          {"thread 103: filed elsewhere", [](Sample& s) { s.thread(103).set_pid(101); }},
          {"4 thread records for 3 threads", [](Sample& s) { s.records.add<Thread>(kThreadRecord, 555); }},
          {"name of 16 bytes", [](Sample& s) { s.thread(100).set_name("sixteen bytes it"); }},
          {"name of 3 bytes", [](Sample& s) { s.thread(100).set_name(std::string("a\0b", 3)); }},
          {"XSAVE image of 575 bytes", [](Sample& s) { s.thread(100).set_xstate(std::string(575, '\0')); }},
          {"XSAVE image of 20000 bytes",
           [](Sample& s) { s.thread(100).set_xstate(std::string(20000, '\0')); }},
          {"TLS slot of 4 bytes", [](Sample& s) { s.thread(100).add_tls_slots("1234"); }},
          {"TLS slot 11", [](Sample& s) { add_tls(s, 11); }},
          {"TLS slot 15", [](Sample& s) { add_tls(s, 15); }},
          {"TLS slot 12", [](Sample& s) { add_tls(s, 12), add_tls(s, 12); }},
          {"TLS slot 12 is no data segment",
           [](Sample& s) {
             user_desc code{};
             code.entry_number = 12, code.seg_32bit = 1, code.contents = 2;
             s.thread(100).add_tls_slots(&code, sizeof(code));
           }},
          {"altstack flags 0x1", [](Sample& s) { s.thread(100).set_altstack_flags(SS_ONSTACK); }},
          {"an altstack of 2047 bytes",
           [](Sample& s) { s.thread(100).set_altstack_flags(0), s.thread(100).set_altstack_size(2047); }},
          {"MXCSR 0x10000", [](Sample& s) { s.thread(100).mutable_xstate()->at(26) = 1; }},
          {"compacted", [](Sample& s) { s.thread(100).mutable_xstate()->at(527) = '\x80'; }},
          {"compacted", [](Sample& s) { s.thread(100).mutable_xstate()->at(575) = 1; }},
          {"rseq area of 32 bytes at 0x710010",
           [](Sample& s) { s.thread(100).set_rseq_address(0x710010), s.thread(100).set_rseq_size(32); }},
          {"rseq area of 31 bytes",
           [](Sample& s) { s.thread(100).set_rseq_address(64), s.thread(100).set_rseq_size(31); }},
          {"rseq area of 8192 bytes",
           [](Sample& s) { s.thread(100).set_rseq_address(64), s.thread(100).set_rseq_size(8192); }},
          {"rip 0x7ffffffff000 is not in user space",
           [](Sample& s) { registers(s).set_rip(0x7ffffffff000); }},
          {"rip 0xffffffff81000000 is not in user space",
           [](Sample& s) { registers(s).set_rip(0xffffffff81000000); }},
          {"rip 0xffffffffff601000 is not in user space",
           [](Sample& s) { registers(s).set_rip(0xffffffffff601000); }},
          {"cs 0x10 is no user code segment", [](Sample& s) { registers(s).set_cs(0x10); }},
          {"cs 0x0 is no user code segment", [](Sample& s) { registers(s).set_cs(0); }},
          {"ss 0x18 is no user data segment", [](Sample& s) { registers(s).set_ss(0x18); }},
          {"segment selector 0x8", [](Sample& s) { registers(s).set_ds(8); }},
          {"segment selector 0x10003", [](Sample& s) { registers(s).set_gs(0x10003); }},
          {"fs or gs base", [](Sample& s) { registers(s).set_fs_base(0x7ffffffff000); }},
          {"fs or gs base", [](Sample& s) { registers(s).set_gs_base(uint64_t{1} << 63); }},
          {"eflags 0x3246", [](Sample& s) { registers(s).set_eflags(0x3246); }},    // IOPL 3
          {"eflags 0x20246", [](Sample& s) { registers(s).set_eflags(0x20246); }},  // virtual 8086 mode
          {"eflags 0x100000246", [](Sample& s) { registers(s).set_eflags(0x100000246); }},
      });
}

TEST(Thread, WhatUserCodeCanHavePasses) {
  const std::vector<std::function<void(Sample&)>> sound = {
      [](Sample& s) { registers(s).set_rip(0xffffffffff600400); },  // in the vsyscall page
      [](Sample& s) { registers(s).set_rip(0x7fffffffefff); },
      [](Sample& s) { registers(s).set_cs(0x23); },
      [](Sample& s) { registers(s).set_gs(0x63), registers(s).set_ds(0x2b); },
      [](Sample& s) { registers(s).set_eflags(0x254dd5 | 0x202); },
      [](Sample& s) { s.thread(100).set_name(""); },
      [](Sample& s) { s.thread(100).set_name("fifteen bytes \xff"); },
      [](Sample& s) {
        for (uint32_t entry : {12, 13, 14}) add_tls(s, entry);
      },
      [](Sample& s) { s.thread(100).set_xstate(std::string(11008, '\0')); },
  };
  for (size_t i = 0; i < sound.size(); ++i) {
    Sample sample = small_tree();
    sound[i](sample);
    const auto verdict = validate_all(sample.records);
    EXPECT_TRUE(verdict) << i << ": " << verdict.error().message();
  }
}

// Every register has its own field: random bytes through both directions.
TEST(Registers, RoundTripByteForByte) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100; ++i) {
    user_regs_struct before;
    auto* words = reinterpret_cast<unsigned long long*>(&before);
    for (size_t word = 0; word < sizeof(before) / sizeof(*words); ++word) words[word] = random();
    Registers stored, parsed;
    store_registers(before, stored);
    ASSERT_TRUE(parsed.ParseFromString(stored.SerializeAsString()));
    const user_regs_struct after = load_registers(parsed);
    EXPECT_EQ(std::memcmp(&before, &after, sizeof(before)), 0);
  }
}

TEST(Thread, DepartsAsItWas) {
  Sample sample = small_tree();
  Thread& thread = sample.thread(100);
  registers(sample).set_rax(42);
  thread.set_signal_mask(0x123456789abcdef0), thread.set_xstate(std::string(700, 'x'));
  thread.set_robust_list(0x1000), thread.set_robust_list_32(0x2000);
  thread.set_rseq_address(0x3000), thread.set_rseq_size(32), thread.set_rseq_signature(0x53053053);
  thread.set_clear_child_tid(0x4000), thread.set_name("named");
  add_tls(sample, 13);
  Plan plan;
  plan.store.add_list("store");
  for (const Task* task : sample.records.all<Task>(kTaskRecord))
    for (const pid_t tid : task->tids())
      plan.processes[task->pid()].lists[tid] = plan.processes[task->pid()].program.add_list("list").index();
  PlanBuilder builder(plan);
  for (const auto& kind : all_kinds())
    if (kind->name() == "thread") kind->plan(Phase::kThread, sample.records, builder);

  const Departure& departure = plan.processes.at(100).departures.at(100);
  EXPECT_EQ(departure.registers.rax, 42u);
  EXPECT_EQ(departure.signal_mask, 0x123456789abcdef0u);
  EXPECT_EQ(departure.xstate, std::string(700, 'x'));
  ASSERT_EQ(departure.tls.size(), 1u);
  EXPECT_EQ(departure.tls[0].entry_number, 13u);
  EXPECT_FALSE(departure.rearm);

  std::map<std::pair<exec::Abi, uint32_t>, exec::Op> calls;
  for (const exec::Op& op : builder.process(100).ops())
    EXPECT_TRUE(calls.emplace(std::pair(op.abi, op.nr), op).second);
  const auto& robust = calls.at({exec::Abi::k64, SYS_set_robust_list});
  EXPECT_EQ(robust.args[0], 0x1000u);
  EXPECT_EQ(robust.args[1], 24u);
  const auto& robust_32 = calls.at({exec::Abi::k32, 311});
  EXPECT_EQ(robust_32.args[0], 0x2000u);
  EXPECT_EQ(robust_32.args[1], 12u);
  const auto& rseq = calls.at({exec::Abi::k64, SYS_rseq});
  EXPECT_EQ(rseq.args[0], 0x3000u);
  EXPECT_EQ(rseq.args[3], 0x53053053u);
  const auto& clear_tid = calls.at({exec::Abi::k64, SYS_set_tid_address});
  EXPECT_EQ(clear_tid.args[0], 0x4000u);
  EXPECT_EQ(clear_tid.expect, exec::Expect::kOk);
  // Its sibling set none of these.
  for (const exec::Op& op : builder.thread(100, 103).ops())
    EXPECT_TRUE(op.nr != SYS_set_robust_list && op.nr != SYS_rseq && op.abi == exec::Abi::k64);
}

}  // namespace
}  // namespace cr::kinds
