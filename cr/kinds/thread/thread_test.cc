// Thread records: wrong fields are named, registers and departures come out as they went in.
#include <sys/syscall.h>

#include <cstring>
#include <random>

#include "cr/kinds/kinds_testing.h"
#include "cr/kinds/thread/registers.h"
#include "cr/kinds/thread/xstate.h"

namespace cr::kinds {
namespace {

Registers& registers(Sample& sample) { return *sample.thread(100).mutable_registers(); }

void add_tls(Sample& sample, uint32_t entry) {
  user_desc slot{};
  slot.entry_number = entry, slot.seg_32bit = 1;
  sample.thread(100).add_tls_slots(&slot, sizeof(slot));
}

void set_altstack(Thread& thread, uint64_t address, uint64_t size) {
  thread.set_altstack_flags(0), thread.set_altstack_address(address), thread.set_altstack_size(size);
}

void set_components(Sample& sample, uint64_t components, size_t size) {
  std::string& xstate = *sample.thread(100).mutable_xstate();
  xstate.resize(size);
  std::memcpy(xstate.data() + 512, &components, sizeof(components));
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
          {"thread 100: an altstack that is switched off at 0x1000",
           [](Sample& s) { s.thread(100).set_altstack_address(0x1000); }},
          {"thread 100: an altstack of 8192 bytes at 0xfffffffffffff000 is not in user space",
           [](Sample& s) { set_altstack(s.thread(100), 0xfffffffffffff000, 8192); }},
          {"an altstack of 4096 bytes at 0x7fffffffe001",
           [](Sample& s) { set_altstack(s.thread(100), 0x7fffffffe001, 4096); }},
          {"an altstack of 18446744073709551615 bytes",
           [](Sample& s) { set_altstack(s.thread(100), 0x1000, ~uint64_t{0}); }},
          {"thread 101: an altstack of 8192 bytes at 0xffffd000",
           [](Sample& s) { set_altstack(s.thread(101), 0xffffd000, 8192); }},
          {"thread 100: clear_child_tid 0x7ffffffff000",
           [](Sample& s) { s.thread(100).set_clear_child_tid(0x7ffffffff000); }},
          {"thread 101: clear_child_tid 0xffffe000",
           [](Sample& s) { s.thread(101).set_clear_child_tid(0xffffe000); }},
          {"thread 100: robust_list 0x8000000000000000",
           [](Sample& s) { s.thread(100).set_robust_list(uint64_t{1} << 63); }},
          {"thread 101: robust_list 0x100000000",
           [](Sample& s) { s.thread(101).set_robust_list(uint64_t{1} << 32); }},
          {"thread 100: 32-bit robust_list 0x100000000",
           [](Sample& s) { s.thread(100).set_robust_list_32(uint64_t{1} << 32); }},
          {"thread 101: 32-bit robust_list 0xfffff000",
           [](Sample& s) { s.thread(101).set_robust_list_32(0xfffff000); }},
          {"XSAVE image of 576 bytes, too few for its components 0x7",
           [](Sample& s) { set_components(s, 7, 576); }},
          {"XSAVE image of 831 bytes", [](Sample& s) { set_components(s, 7, 831); }},
          {"XSAVE image of 2439 bytes, too few for its components 0x2e7",
           [](Sample& s) { set_components(s, 0x2e7, 2439); }},
          {"XSAVE image of 2696 bytes, too few for its components 0x602e7",
           [](Sample& s) { set_components(s, 0x602e7, 2696); }},
          {"MXCSR 0x10000", [](Sample& s) { s.thread(100).mutable_xstate()->at(26) = 1; }},
          {"compacted", [](Sample& s) { s.thread(100).mutable_xstate()->at(527) = '\x80'; }},
          {"compacted", [](Sample& s) { s.thread(100).mutable_xstate()->at(575) = 1; }},
          {"rseq area of 32 bytes at 0x710010",
           [](Sample& s) { s.thread(100).set_rseq_address(0x710010), s.thread(100).set_rseq_size(32); }},
          {"rseq area of 31 bytes",
           [](Sample& s) { s.thread(100).set_rseq_address(64), s.thread(100).set_rseq_size(31); }},
          {"rseq area of 8192 bytes",
           [](Sample& s) { s.thread(100).set_rseq_address(64), s.thread(100).set_rseq_size(8192); }},
          {"rseq area of 64 bytes at 0x7fffffffefe0",
           [](Sample& s) {
             s.thread(100).set_rseq_address(0x7fffffffefe0), s.thread(100).set_rseq_size(64);
           }},
          {"thread 101: rip 0x100000000 in 32-bit code",
           [](Sample& s) { s.thread(101).mutable_registers()->set_rip(uint64_t{1} << 32); }},
          {"thread 100: rip 0x7ffff7000000 in 32-bit code",
           [](Sample& s) { registers(s).set_cs(0x23), registers(s).set_rip(0x7ffff7000000); }},
          {"rip 0xffffffffff600400 in 32-bit code",
           [](Sample& s) { registers(s).set_cs(0x23), registers(s).set_rip(0xffffffffff600400); }},
          {"thread 101: rsp 0x100000000 in 32-bit code of a 32-bit task",
           [](Sample& s) { s.thread(101).mutable_registers()->set_rsp(uint64_t{1} << 32); }},
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
      [](Sample& s) { set_components(s, 7, 832); },
      [](Sample& s) { set_components(s, 0x2e7, 2440); },  // as close together as one maker puts them
      [](Sample& s) { set_components(s, 0x602e7, 11008); },
      [](Sample& s) { set_altstack(s.thread(100), 0x7fffffffd000, 0x2000); },
      [](Sample& s) { s.thread(100).set_robust_list(0x7fffffffe000); },
      [](Sample& s) { s.thread(100).set_robust_list_32(0xfffffff0); },
      // What 64-bit code leaves behind in the registers that 32-bit code does not see.
      [](Sample& s) { registers(s).set_cs(0x23), registers(s).set_rsp(0x7fffffffe000); },
      [](Sample& s) { s.thread(101).mutable_registers()->set_r8(~uint64_t{0}); },
      [](Sample& s) {
        s.thread(101).mutable_registers()->set_cs(0x33), s.thread(101).mutable_registers()->set_rsp(~0ull);
      },
  };
  for (size_t i = 0; i < sound.size(); ++i) {
    Sample sample = small_tree();
    sound[i](sample);
    const auto verdict = validate_all(sample.records);
    EXPECT_TRUE(verdict) << i << ": " << verdict.error().message();
  }
}

TEST(Thread, TilesAreSeenInItsXsaveImage) {
  std::vector<std::byte> xstate(11008);
  EXPECT_FALSE(holds_tiles(xstate));
  xstate[512] = std::byte{7}, xstate[514] = std::byte{0x02};  // XTILECFG alone
  EXPECT_FALSE(holds_tiles(xstate));
  xstate[514] = std::byte{0x06};
  EXPECT_TRUE(holds_tiles(xstate));
  EXPECT_FALSE(holds_tiles({}));
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
  // No section may be armed while code of ours runs: rseq comes when all is filled, and its pointer is
  // cleared.
  EXPECT_FALSE(calls.contains({exec::Abi::k64, SYS_rseq}));
  ASSERT_EQ(plan.processes.at(100).late.size(), 1u);
  const LateCall& rseq = plan.processes.at(100).late[0];
  EXPECT_EQ(rseq.tid, 100);
  EXPECT_EQ(rseq.number, SYS_rseq);
  EXPECT_EQ(rseq.args[0].value, 0x3000u);
  EXPECT_EQ(rseq.args[3].value, 0x53053053u);
  ASSERT_EQ(plan.processes.at(100).clearings.size(), 1u);
  EXPECT_EQ(plan.processes.at(100).clearings[0].address, 0x3008u);
  EXPECT_EQ(plan.processes.at(100).clearings[0].length, 8u);
  const auto& clear_tid = calls.at({exec::Abi::k64, SYS_set_tid_address});
  EXPECT_EQ(clear_tid.args[0], 0x4000u);
  EXPECT_EQ(clear_tid.expect, exec::Expect::kOk);
  // Its sibling set none of these.
  for (const exec::Op& op : builder.thread(100, 103).ops())
    EXPECT_TRUE(op.nr != SYS_set_robust_list && op.nr != SYS_rseq && op.abi == exec::Abi::k64);
}

}  // namespace
}  // namespace cr::kinds
