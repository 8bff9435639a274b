#include "cr/engine/agents.h"

#include <sys/syscall.h>

#include <csignal>

#include "cr/base/numbers.h"
#include "cr/executor/text.h"
#include "cr/sys/process.h"
#include "cr/trace/frame.h"

namespace cr::engine {
namespace {

using exec::Abi;
using kinds::ProcessView;

constexpr std::chrono::seconds kAgentPatience{10};

// One process whose threads will each run their list.
struct Visit {
  const ProcessView* process = nullptr;
  kinds::Collector::Agent* agent = nullptr;
  std::map<pid_t, exec::Slot> frame_slots;
  std::map<pid_t, uint32_t> through;  // how far each list's counter has come when it goes home
  uint64_t area_size = 0, frames_size = 0;
  exec::Area area;
  int notify_signal = 0;
};

// A signal that the kernel drops when nobody traces the task: ignored by default, not caught, not blocked,
// not pending.
int notify_signal_of(const ProcessView& process) {
  for (const int signal : {SIGURG, SIGWINCH, SIGCHLD}) {
    const trace::SignalSet bit = trace::signal_bit(signal);
    bool free = (process.status.sig_caught & bit) == 0 && (process.status.sig_pending_shared & bit) == 0;
    for (const trace::ThreadState& thread : process.state.threads) {
      free = free && (thread.signal_mask & bit) == 0;
      for (const siginfo_t& info : thread.pending) free = free && info.si_signo != signal;
    }
    if (free) return signal;
  }
  return 0;
}

// The way home: tell the tracer, then return over the frame. Also taken after a failure. How many ops there
// are before the return.
uint32_t add_way_home(exec::ListBuilder& list, int notify_signal, exec::Slot frame) {
  list.on_failure_here();
  if (notify_signal != 0) {
    const exec::Slot pid = list.fresh_slot(), tid = list.fresh_slot();
    list.syscall(Abi::k64, SYS_getpid, {}).save(pid);
    list.syscall(Abi::k64, SYS_gettid, {}).save(tid);
    list.syscall(Abi::k64, SYS_tgkill, {pid, tid, notify_signal}).because("tell that the agent is through");
  }
  const auto through = static_cast<uint32_t>(list.ops().size());
  list.sigreturn(frame);
  return through;
}

// The kernel tells nobody of MCL_FUTURE, but our own area would be locked by it.
Result<std::string> locked_memory(const ProcessView& process) {
  const std::string text = CR_TRY(sys::read_file(process.path("status")));
  const size_t line = text.find("VmLck:");
  return line == std::string::npos ? std::string() : text.substr(line, text.find('\n', line) - line);
}

Result<Visit> prepare(const ProcessView& process, kinds::Collector& collector) {
  Visit visit;
  visit.process = &process;
  visit.agent = &collector.agents()[process.pid()];
  visit.notify_signal = notify_signal_of(process);
  for (const trace::ThreadState& thread : process.state.threads) {
    exec::ListBuilder& list = collector.agent(process.pid(), thread.tid);
    visit.frame_slots[thread.tid] = list.fresh_slot();
    visit.through[thread.tid] = add_way_home(list, visit.notify_signal, visit.frame_slots[thread.tid]);
    visit.frames_size += trace::home_frame_size(thread);
  }
  visit.area_size = visit.agent->program.size();
  visit.frames_size = page_up(visit.frames_size);
  return visit;
}

Result<void> install(Visit& visit, uint64_t address) {
  visit.area = CR_TRY(visit.agent->program.lay_out(address));
  std::string bytes = visit.area.bytes;
  uint64_t frame_at = address + visit.area_size;
  for (const trace::ThreadState& thread : visit.process->state.threads) {
    const exec::Slot slot = visit.frame_slots.at(thread.tid);
    std::memcpy(bytes.data() + visit.area.slots + slot.index * sizeof(uint64_t), &frame_at, sizeof(frame_at));
    frame_at += trace::home_frame_size(thread);
  }
  CR_CHECK(bytes.size() == visit.area_size);
  frame_at = address + visit.area_size;
  for (const trace::ThreadState& thread : visit.process->state.threads) {
    bytes += trace::home_frame(thread, frame_at);
    frame_at += trace::home_frame_size(thread);
  }
  return sys::write_memory(visit.process->pid(), {address}, std::as_bytes(std::span(bytes)));
}

Result<void> collect_answers(Visit& visit, kinds::Collector& collector) {
  std::string after(visit.area.size(), '\0');
  CR_TRY(sys::read_memory(visit.process->pid(), {visit.area.base}, std::as_writable_bytes(std::span(after))));
  for (const auto& [tid, index] : visit.agent->lists) {
    exec::Control control;
    std::memcpy(&control, after.data() + (visit.area.control(index) - visit.area.base), sizeof(control));
    if (control.failed_op != exec::kNone)
      return fail(
          ErrorKind::kSystem, "agent in thread {}: {}", tid,
          exec::describe_failure(visit.agent->program.list(index), control.failed_op, control.result));
    if (control.next < visit.through.at(tid))
      return fail(ErrorKind::kInternal, "agent in thread {} came home at op {} of {}", tid, control.next,
                  visit.through.at(tid));
  }
  return collector.deliver(visit.process->pid(), kinds::Answers(visit.area, std::move(after)));
}

}  // namespace

Result<std::set<pid_t>> run_agents(const kinds::TreeView& tree, kinds::Collector& collector,
                                   trace::Guardian& guardian, const Operation& operation) {
  std::set<pid_t> not_asked;
  std::vector<Visit> visits;
  std::vector<trace::Guardian::AreaRequest> requests;
  for (const ProcessView& process : tree.processes) {
    if (process.zombie()) continue;
    if (process.state.hold != trace::Hold::kFirm || collector.is_kept_out(process.pid())) {
      not_asked.insert(process.pid());
      continue;
    }
    visits.push_back(CR_TRY(prepare(process, collector), "pid {}", process.pid()));
    requests.push_back(
        {process.pid(), process.word_size, visits.back().area_size + visits.back().frames_size});
  }
  std::vector<std::string> locked_before;
  for (const Visit& visit : visits) locked_before.push_back(CR_TRY(locked_memory(*visit.process)));
  const trace::Guardian::Areas areas = CR_TRY(guardian.map(requests));
  collector.blockers.insert(collector.blockers.end(), areas.blockers.begin(), areas.blockers.end());
  std::vector<trace::AgentRun> runs;
  std::vector<Visit*> inside;
  for (size_t i = 0; i < visits.size(); ++i) {
    Visit& visit = visits[i];
    const pid_t pid = visit.process->pid();
    if (areas.addresses[i] == 0) {
      not_asked.insert(pid);
      continue;
    }
    if (CR_TRY(locked_memory(*visit.process)) != locked_before[i])
      collector.refuse(pid, "mlock-future", "task", "locks whatever it will map (mlockall with MCL_FUTURE)");
    CR_TRY(install(visit, areas.addresses[i]), "pid {}", pid);
    inside.push_back(&visit);
    for (const auto& [tid, index] : visit.agent->lists)
      runs.push_back({.tid = tid,
                      .entry = visit.area.entry(),
                      .control = visit.area.control(index),
                      .stack_top = visit.area.stack_top(index),
                      .notify_signal = visit.notify_signal,
                      .counter = visit.area.control(index) + offsetof(exec::Control, next),
                      .through = visit.through.at(tid)});
  }
  CR_TRY(guardian.run(runs, operation.patience(kAgentPatience)));
  for (Visit* visit : inside) CR_TRY(collect_answers(*visit, collector), "pid {}", visit->process->pid());
  CR_TRY(guardian.unmap_all());
  return not_asked;
}

}  // namespace cr::engine
