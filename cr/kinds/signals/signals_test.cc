// Signal actions and queues: what is refused, and the order and the door by which they are set again.
#include <sys/syscall.h>

#include <csignal>

#include "cr/kinds/kinds_testing.h"
#include "cr/kinds/siginfo.h"

namespace cr::kinds {
namespace {

std::string siginfo(int signal, int code = SI_QUEUE) {
  siginfo_t info{};
  info.si_signo = signal, info.si_code = code;
  return {reinterpret_cast<const char*>(&info), sizeof(info)};
}

SignalAction& add_action(Sample& sample, pid_t pid, uint32_t signal) {
  SignalAction& action = *sample.signals(pid).add_actions();
  action.set_signal(signal), action.set_handler(0x401000), action.set_mask(0x8000000000000001);
  return action;
}

TEST(Signals, EachWrongFieldIsNamed) {
  expect_each_is_named(
      small_tree,
      {
          {"task 100: no signals record", [](Sample& s) { s.signals(100).set_pid(7); }},
          {"signals record without a task", [](Sample& s) { s.records.add<Signals>(kSignalsRecord, 555); }},
          {"action of signal 0", [](Sample& s) { add_action(s, 100, 0); }},
          {"action of signal 65", [](Sample& s) { add_action(s, 100, 65); }},
          {"action of signal 9", [](Sample& s) { add_action(s, 100, SIGKILL); }},
          {"action of signal 19", [](Sample& s) { add_action(s, 100, SIGSTOP); }},
          {"action of signal 4294967295", [](Sample& s) { add_action(s, 100, ~0u); }},
          {"task 101: signal 10: handler 0x100000000",
           [](Sample& s) { add_action(s, 101, 10).set_handler(uint64_t{1} << 32); }},
          {"task 101: signal 10: handler 0x401000, restorer 0x100000000",
           [](Sample& s) { add_action(s, 101, 10).set_restorer(uint64_t{1} << 32); }},
          {"signal 10: flags 0x400", [](Sample& s) { add_action(s, 100, 10).set_flags(0x400); }},
          {"signal 10: flags 0x2000000", [](Sample& s) { add_action(s, 100, 10).set_flags(0x2000000); }},
          {"signal 10: flags 0x100000000",
           [](Sample& s) { add_action(s, 100, 10).set_flags(uint64_t{1} << 32); }},
          {"signal 10: flags 0xffffffff80000000",
           [](Sample& s) { add_action(s, 101, 10).set_flags(0xffffffff80000000); }},
          {"signal 10: flags 0xffffffff00000000",
           [](Sample& s) { add_action(s, 100, 10).set_flags(0xffffffff00000000); }},
          {"two actions of signal 10", [](Sample& s) { add_action(s, 100, 10), add_action(s, 100, 10); }},
          {"task 100: queued signal of 3 bytes", [](Sample& s) { s.signals(100).add_pending("abc"); }},
          {"queued signal 0", [](Sample& s) { s.signals(100).add_pending(siginfo(0)); }},
          {"queued signal 65", [](Sample& s) { s.signals(100).add_pending(siginfo(65)); }},
          {"queued signal 9", [](Sample& s) { s.signals(100).add_pending(siginfo(SIGKILL)); }},
          {"thread 103: queued signal 19", [](Sample& s) { s.thread(103).add_pending(siginfo(SIGSTOP)); }},
          {"queued signal 14 with code -2",
           [](Sample& s) { s.signals(100).add_pending(siginfo(14, SI_TIMER)); }},
      });
}

TEST(Signals, WhatTheKernelTakesPasses) {
  const std::vector<std::function<void(Sample&)>> sound = {
      [](Sample& s) { add_action(s, 100, 10).set_handler(~uint64_t{0}); },
      [](Sample& s) { add_action(s, 101, 10).set_handler(0xffffffff); },
      [](Sample& s) { add_action(s, 101, 10).set_flags(0xfc000807); },
      [](Sample& s) { add_action(s, 100, 10).set_flags(0xfffffffffc000007); },     // before Linux 5.11
      [](Sample& s) { add_action(s, 100, 10).set_restorer(0xdeadbeefdeadbeef); },  // without SA_RESTORER
  };
  for (size_t i = 0; i < sound.size(); ++i) {
    Sample sample = small_tree();
    sound[i](sample);
    const auto verdict = validate_all(sample.records);
    EXPECT_TRUE(verdict) << i << ": " << verdict.error().message();
  }
}

TEST(Siginfo, OnlyWhatTheKernelWouldRefuseOrLoseCannotBeQueued) {
  const auto cannot = [](int signal, int code) {
    siginfo_t info{};
    info.si_signo = signal, info.si_code = code;
    return cannot_queue(info).has_value();
  };
  EXPECT_TRUE(cannot(SIGSTOP, SI_USER));
  EXPECT_TRUE(cannot(SIGKILL, SI_USER));
  EXPECT_TRUE(cannot(SIGALRM, SI_TIMER));
  for (const int code : {SI_USER, SI_QUEUE, SI_TKILL, SI_KERNEL, SI_MESGQ, SI_ASYNCIO}) {
    for (int signal = 1; signal <= 64; ++signal) {
      if (signal == SIGSTOP || signal == SIGKILL) continue;
      EXPECT_FALSE(cannot(signal, code)) << signal << " " << code;
    }
  }
}

// A plan of two processes whose lists are where a compiler would put them.
struct Planned {
  Plan plan;
  PlanBuilder builder{plan};
  explicit Planned(const Sample& sample) {
    plan.store.add_list("store");
    for (const Task* task : sample.records.all<Task>(kTaskRecord)) {
      if (task->zombie()) continue;
      ProcessPlan& process = plan.processes[task->pid()];
      process.pid = task->pid();
      for (const pid_t tid : task->tids()) process.lists[tid] = process.program.add_list("list").index();
    }
    for (const Phase phase : {Phase::kThreads, Phase::kSignals})
      for (const auto& kind : all_kinds())
        if (kind->name() == "signals" || kind->name() == "thread") kind->plan(phase, sample.records, builder);
  }
};

TEST(Signals, ActionsGoThroughTheDoorOfTheTask) {
  Sample sample = small_tree();
  add_action(sample, 100, SIGUSR1);
  add_action(sample, 101, SIGUSR1);
  Planned planned(sample);
  const exec::Op& wide = planned.builder.process(100).ops().at(0);
  EXPECT_EQ(wide.abi, exec::Abi::k64);
  EXPECT_EQ(wide.nr, static_cast<uint32_t>(SYS_rt_sigaction));
  const exec::Op& narrow = planned.builder.process(101).ops().at(0);
  EXPECT_EQ(narrow.abi, exec::Abi::k32);
  EXPECT_EQ(narrow.nr, 174u);
  for (const exec::Op* op : {&wide, &narrow}) {
    EXPECT_EQ(op->args[0], static_cast<uint64_t>(SIGUSR1));
    EXPECT_EQ(op->args[3], 8u) << "sigsetsize";
  }
  // i386: handler, flags, restorer, and the mask in two words.
  uint32_t words[5];
  std::memcpy(words, planned.plan.processes.at(101).program.pool().data.data() + narrow.args[1],
              sizeof(words));
  EXPECT_EQ(words[0], 0x401000u);
  EXPECT_EQ(words[3], 1u);
  EXPECT_EQ(words[4], 0x80000000u);
}

TEST(Signals, QueuesKeepTheirOrder) {
  Sample sample = small_tree();
  for (const int signal : {SIGRTMIN, SIGUSR1, SIGRTMIN}) sample.signals(100).add_pending(siginfo(signal));
  for (const int signal : {SIGUSR2, SIGRTMAX}) sample.thread(103).add_pending(siginfo(signal));
  Planned planned(sample);
  std::vector<uint64_t> process, thread;
  for (const exec::Op& op : planned.builder.process(100).ops())
    if (op.nr == SYS_rt_sigqueueinfo) process.push_back(op.args[1]);
  for (const exec::Op& op : planned.builder.thread(100, 103).ops()) {
    ASSERT_EQ(op.nr, static_cast<uint32_t>(SYS_rt_tgsigqueueinfo));
    EXPECT_EQ(op.args[0], 100u);
    EXPECT_EQ(op.args[1], 103u);
    thread.push_back(op.args[2]);
  }
  const auto expected = [](std::initializer_list<int> list) {
    return std::vector<uint64_t>(list.begin(), list.end());
  };
  EXPECT_EQ(process, expected({SIGRTMIN, SIGUSR1, SIGRTMIN}));
  EXPECT_EQ(thread, expected({SIGUSR2, SIGRTMAX}));
}

// Who begins to ignore a signal loses what is queued of it.
TEST(Signals, ActionsComeBeforeQueues) {
  Sample sample = small_tree();
  for (const int signal : {SIGPIPE, SIGTRAP}) {
    add_action(sample, 100, static_cast<uint32_t>(signal)).set_handler(1);  // SIG_IGN
    sample.thread(100).add_pending(siginfo(signal));
    sample.signals(100).add_pending(siginfo(signal));
  }
  const Planned planned(sample);
  const ProcessPlan& process = planned.plan.processes.at(100);
  std::vector<long> calls, late;
  for (const exec::Op& op : process.program.list(process.lists.at(100)).ops()) calls.push_back(op.nr);
  for (const LateCall& call : process.late) late.push_back(call.number);
  const std::vector<long> expected{SYS_rt_sigaction, SYS_rt_tgsigqueueinfo, SYS_rt_sigqueueinfo};
  EXPECT_EQ(calls, expected);
  EXPECT_EQ(late, expected);
}

// By SIGTRAP a task tells its builder how far it is: what the tree does with that signal comes after all of
// it.
TEST(Signals, SigtrapComesLate) {
  Sample sample = small_tree();
  add_action(sample, 100, SIGTRAP);
  sample.thread(103).add_pending(siginfo(SIGTRAP));
  Planned planned(sample);
  EXPECT_EQ(planned.builder.process(100).size(), 0u);
  EXPECT_EQ(planned.builder.thread(100, 103).size(), 0u);
  const auto& late = planned.plan.processes.at(100).late;
  ASSERT_EQ(late.size(), 2u);
  for (const LateCall& call : late) {
    const bool action = call.number == SYS_rt_sigaction;
    EXPECT_EQ(call.tid, action ? 100 : 103);
    EXPECT_EQ(call.number, action ? SYS_rt_sigaction : SYS_rt_tgsigqueueinfo);
  }
}

}  // namespace
}  // namespace cr::kinds
