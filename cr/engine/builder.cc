#include "cr/engine/builder.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "cr/base/numbers.h"
#include "cr/engine/preconditions.h"
#include "cr/engine/strays.h"
#include "cr/engine/surroundings.h"
#include "cr/executor/loader.h"
#include "cr/executor/text.h"
#include "cr/image/hash.h"
#include "cr/proc/maps.h"
#include "cr/sys/process.h"

namespace cr::engine {

using kinds::Barrier;
using kinds::ProcessPlan;

namespace {

// Where nobody gave a deadline: so long for the next task to be ready, and then for a sign of life again and
// again. To read a large image takes what it takes.
constexpr std::chrono::seconds kBuildPatience{600};
constexpr std::chrono::seconds kStillPatience{30};

// Both are whole instructions of the blob's own interpreter (cr/executor/blob): found in its code.
uint64_t find_instruction(const exec::Area& area, std::string_view code, std::string_view instruction) {
  const size_t at = code.find(instruction);
  CR_CHECK(at != std::string_view::npos);
  return area.base + at;
}

Result<sys::UniqueFd> memory_file(const char* name, const std::string& bytes) {
  sys::UniqueFd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd.valid()) return fail_errno("memfd_create");
  CR_TRY(sys::write_fully(fd.get(), std::as_bytes(std::span(bytes))));
  return fd;
}

Result<void> put_at(const sys::UniqueFd& fd, int number, std::vector<int>& numbers) {
  if (::dup3(fd.get(), number, O_CLOEXEC) < 0) return fail_errno("descriptor {} (see ulimit -n)", number);
  numbers.push_back(number);
  return {};
}

// The mothers of orphans have ids that the kernel chooses: not those of tasks that are still to be born. Who
// may not tell it that is told of a conflict, should there be one.
void let_kernel_choose_beyond(const kinds::Plan& plan) {
  pid_t highest = 0;
  for (const auto& [pid, process] : plan.processes) {
    highest = std::max(highest, pid);
    if (!process.lists.empty()) highest = std::max(highest, process.lists.rbegin()->first);
  }
  const char* path = "/proc/sys/kernel/ns_last_pid";
  const auto last = sys::read_file(path);
  const auto fd = sys::open(path, O_WRONLY);
  if (!last || !fd || std::atoi(last->c_str()) >= highest) return;
  const std::string text = fmt::format("{}", highest);
  (void)sys::write_fully(fd->get(), std::as_bytes(std::span(text)));
}

// The root's first steps: still our code, our memory; it ends in execveat or with status 112.
[[noreturn]] void become_root(const kinds::Plan& plan, const kinds::Origin& origin, int gate, int words) {
  char go = 0;
  if (::read(gate, &go, 1) != 1) ::_exit(112);
  if (const auto forgotten = forget_inheritance(origin); !forgotten) {
    const std::string why = forgotten.error().message();
    (void)sys::write_fully(words, std::as_bytes(std::span(why)));
    ::_exit(112);
  }
  const ProcessPlan& root = plan.processes.at(plan.root);
  const int moves[][2] = {{plan.engine_store_fd, plan.engine_fd},
                          {plan.image_store_fd, plan.image_fd},
                          {root.plan_fd, plan.program_fd},
                          {root.loader_fd, plan.loader_fd}};
  // The wanted numbers may be store numbers themselves: first out of the way of both.
  int high[4];
  for (int i = 0; i < 4; ++i) high[i] = ::fcntl(moves[i][0], F_DUPFD_CLOEXEC, highest_number(plan) - 3);
  for (int i = 0; i < 4; ++i)
    if (high[i] < 0 || ::dup3(high[i], moves[i][1], i == 3 ? O_CLOEXEC : 0) < 0) ::_exit(112);
  if (plan.engine_fd > 0) ::close_range(0, static_cast<unsigned>(plan.engine_fd - 1), 0);
  ::close_range(static_cast<unsigned>(plan.loader_fd + 1), ~0u, 0);
  char name[] = "cr-restore";
  char* argv[] = {name, nullptr};
  char* envp[] = {nullptr};
  ::syscall(SYS_execveat, plan.loader_fd, "", argv, envp, AT_EMPTY_PATH);
  ::_exit(112);
}

}  // namespace

Result<void> Builder::build(int image, const std::function<Result<void>()>& fill) {
  // Task descriptors may need higher numbers than the soft limit allows; tasks get their own limits at the
  // end.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  operation_.step("opening files");
  CR_TRY(make_store(image));
  CR_TRY(load_programs());
  operation_.step("building tasks");
  auto built = start_root();
  if (built) built = build_tasks(fill);
  if (!built) nursery_.kill_all();
  return built;
}

Result<void> Builder::in_time() const {
  if (operation_.late()) return fail(ErrorKind::kDeadline, "the tasks were not built in time");
  return {};
}

Result<void> Builder::make_store(int image) {
  const sys::UniqueFd self = CR_TRY(sys::pidfd_open(::getpid()));
  CR_TRY(put_at(self, plan_.engine_store_fd, store_fds_));
  if (::dup3(image, plan_.image_store_fd, O_CLOEXEC) < 0)
    return fail_errno("descriptor {}", plan_.image_store_fd);
  store_fds_.push_back(plan_.image_store_fd);
  exec::HostedProgram store = CR_TRY(exec::HostedProgram::load(plan_.store));
  while (CR_TRY(store.run(plan_.store.list(0))) == exec::State::kTrapped) CR_TRY(in_time());
  for (const auto& [name, number] : plan_.store_numbers) store_fds_.push_back(number);
  return {};
}

Result<void> Builder::load_programs() {
  for (const auto& [pid, process] : plan_.processes) {
    if (process.role != ProcessPlan::Role::kTask) continue;
    exec::Area area = CR_TRY(process.program.lay_out(process.area_base), "pid {}", pid);
    const uint64_t end = process.word_size == WordSize::k32 ? kUserEnd32 : kUserEnd64;
    const auto set = [&area](exec::Slot slot, uint64_t value) {
      std::memcpy(area.bytes.data() + area.slots + slot.index * sizeof(value), &value, sizeof(value));
    };
    set(process.area_low, area.base);
    set(process.area_end, area.base + area.size());
    set(process.rest, end - area.base - area.size());
    CR_TRY(put_at(CR_TRY(memory_file("cr-program", area.bytes)), process.plan_fd, store_fds_));
    const auto parameters =
        exec::LoaderParams::for_list(area, process.lists.at(pid), process.loader_address, plan_.program_fd);
    const std::string loader = CR_TRY(exec::make_loader(process.word_size, parameters), "pid {}", pid);
    CR_TRY(put_at(CR_TRY(memory_file("cr-loader", loader)), process.loader_fd, store_fds_));
    areas_[pid] = std::move(area);
  }
  return {};
}

Result<void> Builder::start_root() {
  int gate[2];
  if (::pipe2(gate, O_CLOEXEC) < 0) return fail_errno("pipe2");
  const sys::UniqueFd read_end(gate[0]);
  sys::UniqueFd write_end(gate[1]);
  int words[2];
  if (::pipe2(words, O_CLOEXEC) < 0) return fail_errno("pipe2");
  roots_words_.reset(words[0]);
  const sys::UniqueFd roots_end(words[1]);
  let_kernel_choose_beyond(plan_);
  pid_t wanted = plan_.root;
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.set_tid = reinterpret_cast<uint64_t>(&wanted);
  arguments.set_tid_size = 1;
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
  if (pid < 0 && errno == EEXIST) return fail(ErrorKind::kConflict, "the id {} is taken", wanted);
  if (pid < 0) return fail_errno("clone3 with pid {}", wanted);
  if (pid == 0) become_root(plan_, origin_, read_end.get(), roots_end.get());
  CR_TRY(nursery_.adopt(wanted));
  return sys::write_fully(write_end.get(), std::as_bytes(std::span("g", 1)));
}

// Requires: it has ended.
Result<void> Builder::last_words_of_root() const {
  const std::string words = CR_TRY(sys::read_all(roots_words_.get()));
  if (words.empty()) return {};
  return fail(ErrorKind::kConflict, "{}", words);
}

std::set<pid_t> Builder::expected_at(Barrier barrier) const {
  std::set<pid_t> expected;
  for (const auto& [pid, process] : plan_.processes) {
    if (barrier != kinds::kReady)
      expected.insert(pid);
    else
      for (const auto& [tid, list] : process.lists) expected.insert(tid);
  }
  return expected;
}

Result<trace::Nursery::Event> Builder::next_event() {
  const auto late = [](const Result<trace::Nursery::Event>& event) {
    return !event && event.error().kind() == ErrorKind::kDeadline;
  };
  auto event = nursery_.next(operation_.deadline.value_or(Clock::now() + kBuildPatience));
  while (late(event) && !operation_.deadline) {
    const std::string before = look_of_tasks();
    event = nursery_.next(Clock::now() + kStillPatience);
    if (late(event) && look_of_tasks() == before) break;
  }
  return event;
}

// Of one that works, CPU time or memory grows.
std::string Builder::look_of_tasks() const {
  std::string look;
  for (const auto& [tid, ward] : nursery_.wards())
    look += sys::read_file(fmt::format("/proc/{}/stat", tid)).value_or("");
  return look;
}

Result<void> Builder::wait_for_all(Barrier barrier) {
  std::set<pid_t> missing = expected_at(barrier);
  while (!missing.empty()) {
    const trace::Nursery::Event event = CR_TRY(next_event());
    if (event.ended) {
      if (!missing.contains(event.tid)) continue;  // the mother of an orphan
      if (event.tid == plan_.root) CR_TRY(last_words_of_root());
      return fail(ErrorKind::kSystem, "task {} ended while it was built (status {:#x}{})", event.tid,
                  event.status,
                  WIFEXITED(event.status) && WEXITSTATUS(event.status) == exec::kLoaderCannotMap
                      ? ", its loader could not map the program"
                      : "");
    }
    CR_TRY(look_at_trap(event.tid, barrier));
    missing.erase(event.tid);
  }
  return {};
}

// The control block of the list that a stopped thread runs tells whether it stopped at a barrier or failed.
Result<void> Builder::look_at_trap(pid_t tid, Barrier expected) {
  const pid_t owner = nursery_.ward(tid).program_of;
  const auto area = areas_.find(owner);
  if (area == areas_.end()) return fail(ErrorKind::kInternal, "task {} stopped in nobody's program", tid);
  const user_regs_struct regs = CR_TRY(trace::get_regs(tid));
  const uint64_t stacks = area->second.base + area->second.stacks;
  if (regs.rsp <= stacks || regs.rsp > stacks + area->second.list_count * exec::kStackSize)
    return fail(ErrorKind::kInternal, "task {} stopped at {:#x}, outside its program", tid, regs.rip);
  const auto list = static_cast<uint32_t>((regs.rsp - 1 - stacks) / exec::kStackSize);
  const auto control = CR_TRY(sys::peek<exec::Control>(tid, {area->second.control(list)}));
  const exec::ListBuilder& builder = plan_.processes.at(owner).program.list(list);
  if (control.failed_op != exec::kNone) {
    const ErrorKind kind = control.result == -EEXIST ? ErrorKind::kConflict : ErrorKind::kSystem;
    return fail(kind, "{}: {}", builder.name(),
                exec::describe_failure(builder, control.failed_op, control.result));
  }
  if (control.state != exec::State::kTrapped || control.trap_tag != expected)
    return fail(ErrorKind::kInternal, "{}: stopped at {} instead of {}", builder.name(), control.trap_tag,
                static_cast<uint32_t>(expected));
  return {};
}

Result<void> Builder::build_tasks(const std::function<Result<void>()>& fill) {
  CR_TRY(wait_for_all(kinds::kBorn));
  for (const pid_t pid : expected_at(kinds::kBorn)) CR_TRY(nursery_.go_on(pid));
  CR_TRY(wait_for_all(kinds::kJoined));
  CR_TRY(bury_the_dead());
  operation_.step("restoring memory and files");
  for (const auto& [pid, process] : plan_.processes)
    if (process.role == ProcessPlan::Role::kTask) CR_TRY(nursery_.go_on(pid));
  CR_TRY(wait_for_all(kinds::kReady));
  CR_TRY(fill());
  return finish();
}

// Zombies and stand-ins end before anybody else goes on, so that their parents' SIGCHLD is there to be
// dropped.
Result<void> Builder::bury_the_dead() {
  std::set<pid_t> dying;
  for (const auto& [pid, process] : plan_.processes) {
    if (process.role == ProcessPlan::Role::kTask) continue;
    nursery_.let_die(pid);
    dying.insert(pid);
    CR_TRY(nursery_.go_on(pid));
  }
  while (!dying.empty()) {
    const trace::Nursery::Event event = CR_TRY(next_event());
    if (!event.ended) CR_TRY(look_at_trap(event.tid, kinds::kJoined));
    dying.erase(event.tid);
    const auto process = plan_.processes.find(event.tid);
    if (process != plan_.processes.end() && process->second.role == ProcessPlan::Role::kZombie &&
        static_cast<uint32_t>(event.status) != process->second.wait_status)
      return fail(ErrorKind::kInternal, "zombie {} ended with status {:#x}, not {:#x}", event.tid,
                  event.status, process->second.wait_status);
  }
  return {};
}

Result<void> Builder::check_vdso(const ProcessPlan& process) const {
  if (process.vdso_hash == 0) return {};
  const std::string text = CR_TRY(sys::read_file(fmt::format("/proc/{}/maps", process.pid)));
  const auto vmas = CR_TRY(proc::parse_maps(text), "/proc/{}/maps", process.pid);
  for (const proc::Vma& vma : vmas) {
    if (vma.path != "[vdso]") continue;
    std::vector<std::byte> bytes(vma.size());
    CR_TRY(sys::read_memory(process.pid, {vma.start}, bytes));
    if (vma.end == process.vdso_end && image::hash_of(bytes) == process.vdso_hash) return {};
  }
  return fail(ErrorKind::kConflict, "pid {}: the kernel gave it another vdso than it gives this command",
              process.pid);
}

Result<void> Builder::finish() {
  for (const auto& [pid, process] : plan_.processes) {
    if (process.role != ProcessPlan::Role::kTask) continue;
    CR_TRY(check_vdso(process));
    CR_TRY(check_stray_frames(process), "pid {}", pid);
    for (const kinds::FileWrite& write : process.writes) {
      const std::string path = fmt::format("/proc/{}/{}", pid, write.path);
      const sys::UniqueFd fd = CR_TRY(sys::open(path, O_WRONLY));
      CR_TRY(sys::write_fully(fd.get(), std::as_bytes(std::span(write.content))), "{}", path);
    }
  }
  // Whoever still holds an end of a pipe decides whether its other end sees its end of file.
  for (const int fd : store_fds_) ::close(fd);
  for (const auto& [pid, process] : plan_.processes)
    if (process.role == ProcessPlan::Role::kTask) CR_TRY(send_off(process), "pid {}", pid);
  CR_TRY(in_time());
  nursery_.let_all_go();  // all stand ready; from here on nothing can fail half-way
  return {};
}

std::vector<uint64_t> Builder::arguments(const kinds::LateCall& call, const exec::Area& area) const {
  std::vector<uint64_t> values;
  for (const exec::Arg& arg : call.args)
    values.push_back(arg.kind == exec::ArgKind::kData ? area.address_of(exec::Data{arg.value, 0})
                                                      : arg.value);
  return values;
}

Result<void> Builder::clear(const ProcessPlan& process) {
  for (const kinds::Clearing& clearing : process.clearings) {
    const std::vector<std::byte> zeros(clearing.length);
    CR_TRY(sys::write_memory(process.pid, {clearing.address}, zeros));
  }
  return {};
}

Result<void> Builder::late_calls(const ProcessPlan& process) {
  const exec::Area& area = areas_.at(process.pid);
  for (const kinds::LateCall& call : process.late) {
    CR_TRY(trace::set_signal_mask(call.tid, trace::kAllSignals));
    const bool compat = call.abi == exec::Abi::k32;
    const uint64_t instruction = find_instruction(area, area.bytes, compat ? "\xcd\x80" : "\x0f\x05");
    const int64_t result = CR_TRY(
        nursery_.call(call.tid, instruction, compat, call.number, arguments(call, area)), "{}", call.reason);
    if (exec::is_error(result)) return Failure(Error::system(static_cast<int>(-result), call.reason));
  }
  return {};
}

Result<void> Builder::send_off(const ProcessPlan& process) {
  const exec::Area& area = areas_.at(process.pid);
  CR_TRY(clear(process));
  CR_TRY(late_calls(process));
  std::map<pid_t, user_regs_struct> registers;
  for (const auto& [tid, departure] : process.departures)
    registers[tid] =
        departure.rearm ? CR_TRY(take_up_wait(process, tid), "thread {}", tid) : departure.registers;
  const int64_t unmapped = CR_TRY(nursery_.call(process.pid, find_instruction(area, area.bytes, "\x0f\x05"),
                                                false, SYS_munmap, {area.base, area.size()}));
  if (unmapped != 0)
    return Failure(Error::system(static_cast<int>(-unmapped), "unmap what it was built from"));
  for (const auto& [tid, departure] : process.departures)
    CR_TRY(depart(tid, departure, registers.at(tid)), "thread {}", tid);
  return {};
}

// The registers with which the thread goes on waiting; or with the call's result, if there is nothing left to
// wait for.
Result<user_regs_struct> Builder::take_up_wait(const ProcessPlan& process, pid_t tid) {
  const exec::Area& area = areas_.at(process.pid);
  const kinds::Departure& departure = process.departures.at(tid);
  const kinds::LateCall& call = *departure.rearm;
  const bool compat = call.abi == exec::Abi::k32;
  const uint64_t instruction = find_instruction(area, area.bytes, compat ? "\xcd\x80" : "\x0f\x05");
  CR_TRY(trace::set_signal_mask(tid, trace::kAllSignals));
  const uint64_t result = CR_TRY(
      nursery_.begin_call(tid, instruction, compat, call.number, arguments(call, area)), "{}", call.reason);
  user_regs_struct registers = departure.registers;
  registers.rax = result;
  if (trace::restart_of(registers) == trace::Restart::kNone) registers.orig_rax = ~0ull;
  return registers;
}

Result<void> Builder::depart(pid_t tid, const kinds::Departure& departure, user_regs_struct registers) {
  for (const user_desc& slot : departure.tls) CR_TRY(trace::set_tls_slot(tid, slot));
  // The kernel takes an XSAVE area of its own size only. What a larger one has more is not in use, says the
  // area's header.
  std::vector<std::byte> xstate = CR_TRY(trace::get_xstate(tid));
  if (departure.xstate.size() > xstate.size())
    return fail(ErrorKind::kConflict, "an XSAVE area of {} bytes, this CPU's has {}", departure.xstate.size(),
                xstate.size());
  std::ranges::fill(xstate, std::byte{0});
  std::memcpy(xstate.data(), departure.xstate.data(), departure.xstate.size());
  CR_TRY(trace::set_xstate(tid, xstate));
  // Into a stop inside signal delivery: from there an interrupted call is restarted by the kernel itself.
  CR_TRY(trace::set_signal_mask(tid, trace::kAllSignals));
  CR_TRY(nursery_.park(tid));
  CR_TRY(trace::set_regs(tid, registers));
  return trace::set_signal_mask(tid, departure.signal_mask);
}

}  // namespace cr::engine
