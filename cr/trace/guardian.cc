#include "cr/trace/guardian.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "cr/trace/wire.h"

namespace cr::trace {
namespace {

enum Request : uint32_t { kFreeze = 1, kMap, kRun, kUnmapAll, kThaw, kKill, kLimit };

struct Header {
  uint32_t what;  // a Request; in an answer 1 for success, 0 for an error
  uint64_t length;
};

Result<void> send(int socket, uint32_t what, const std::vector<std::byte>& payload) {
  const Header header{what, payload.size()};
  CR_TRY(sys::write_fully(socket, std::as_bytes(std::span(&header, 1))));
  return sys::write_fully(socket, payload);
}

Result<std::pair<uint32_t, std::vector<std::byte>>> receive(int socket) {
  Header header{};
  CR_TRY(sys::read_fully(socket, std::as_writable_bytes(std::span(&header, 1))));
  std::vector<std::byte> payload(header.length);
  CR_TRY(sys::read_fully(socket, payload));
  return std::pair{header.what, std::move(payload)};
}

void put_blockers(WireWriter& out, const std::vector<Blocker>& blockers) {
  out.put(blockers.size());
  for (const Blocker& blocker : blockers) {
    out.put(blocker.pid);
    out.put_text(blocker.kind);
    out.put_text(blocker.where);
    out.put_text(blocker.reason);
  }
}

std::vector<Blocker> get_blockers(WireReader& in) {
  std::vector<Blocker> blockers(in.get<size_t>());
  for (Blocker& blocker : blockers) {
    blocker.pid = in.get<int>();
    blocker.kind = in.get_text();
    blocker.where = in.get_text();
    blocker.reason = in.get_text();
  }
  return blockers;
}

void put_thread(WireWriter& out, const ThreadState& thread) {
  out.put(thread.tid);
  out.put(thread.regs);
  out.put_all(thread.xstate);
  out.put(thread.signal_mask);
  out.put(thread.tls);
  out.put(thread.rseq.has_value());
  out.put(thread.rseq.value_or(ptrace_rseq_configuration{}));
  out.put(thread.syscall_user_dispatch);
  out.put(thread.gave_up);
  out.put(thread.has_io_ports);
  out.put(thread.wait.has_value());
  out.put(thread.wait.value_or(ObservedWait{}));
  out.put_all(thread.pending);
  out.put(thread.unlisted);
}

ThreadState get_thread(WireReader& in) {
  ThreadState thread;
  thread.tid = in.get<pid_t>();
  thread.regs = in.get<user_regs_struct>();
  thread.xstate = in.get_all<std::byte>();
  thread.signal_mask = in.get<SignalSet>();
  thread.tls = in.get<TlsSlots>();
  const bool has_rseq = in.get<bool>();
  const auto rseq = in.get<ptrace_rseq_configuration>();
  if (has_rseq) thread.rseq = rseq;
  thread.syscall_user_dispatch = in.get<bool>();
  thread.gave_up = in.get<bool>();
  thread.has_io_ports = in.get<bool>();
  const bool has_wait = in.get<bool>();
  const auto wait = in.get<ObservedWait>();
  if (has_wait) thread.wait = wait;
  thread.pending = in.get_all<siginfo_t>();
  thread.unlisted = in.get<SignalSet>();
  return thread;
}

// The guardian's side of the socket.
class Server {
 public:
  explicit Server(int socket)
      : socket_(socket), freezer_([this] { return engine_is_gone(); }), remote_(freezer_) {}

  // Serves until the engine says what becomes of the tasks, or is gone.
  void serve() {
    while (!finished_ && is_asked_in_time()) {
      auto request = receive(socket_);
      if (!request) break;
      WireReader in(std::move(request->second));
      WireWriter out;
      const auto done = handle(request->first, in, out);
      if (!(done ? send(socket_, 1, out.bytes()) : send_error(done.error()))) break;
    }
    if (!finished_) let_go();
  }

 private:
  // The engine may be stuck where nothing ends it, at a process outside the tree for example.
  bool is_asked_in_time() const {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(let_go_at_ - Clock::now()).count();
      pollfd watched{socket_, POLLIN, 0};
      const int ready = ::poll(&watched, 1, static_cast<int>(std::clamp<int64_t>(left, 0, kLongPoll_ms)));
      if (ready != 0 && !(ready < 0 && errno == EINTR)) return true;
      if (Clock::now() >= let_go_at_) return false;
    }
  }

  Result<void> handle(uint32_t what, WireReader& in, WireWriter& out) {
    switch (what) {
      case kLimit: {
        const auto limit = in.get<std::optional<std::chrono::milliseconds>>();
        let_go_at_ = limit ? Clock::now() + *limit : Clock::time_point::max();
        return {};
      }
      case kFreeze:
        return freeze(in, out);
      case kMap:
        return map(in.get_all<Guardian::AreaRequest>(), out);
      case kRun: {
        const auto patience = in.get<std::chrono::milliseconds>();
        return remote_.run(in.get_all<AgentRun>(), Clock::now() + patience);
      }
      case kUnmapAll:
        return remote_.unmap_all();
      case kThaw:
        let_go();
        return {};
      case kKill:
        freezer_.kill_all();
        finished_ = true;
        return {};
      default:
        return fail(ErrorKind::kInternal, "the guardian knows no request {}", what);
    }
  }

  Result<void> freeze(WireReader& in, WireWriter& out) {
    const auto root = in.get<pid_t>();
    const auto to_stop = in.get<std::chrono::milliseconds>();
    const auto in_all = in.get<std::chrono::milliseconds>();
    const auto begun = Clock::now();
    CR_TRY(freezer_.freeze(root, begun + to_stop));
    CR_TRY(remote_.observe_waits(begun + in_all));
    const std::vector<ProcessState> processes = CR_TRY(freezer_.describe());
    out.put(processes.size());
    for (const ProcessState& process : processes) {
      out.put(process.pid);
      out.put(process.parent);
      out.put(process.zombie);
      out.put(process.hold);
      out.put(process.threads.size());
      for (const ThreadState& thread : process.threads) put_thread(out, thread);
      out.put_all(process.pending);
      out.put(process.unlisted);
    }
    put_blockers(out, freezer_.blockers());
    return {};
  }

  Result<void> map(const std::vector<Guardian::AreaRequest>& requests, WireWriter& out) {
    std::vector<uint64_t> addresses;
    std::vector<Blocker> blockers;
    for (const auto& request : requests) {
      const auto address = remote_.map(request.pid, request.word_size, request.size);
      if (!address && address.error().kind() != ErrorKind::kUnsupported)
        return Failure(Error(address.error()));
      addresses.push_back(address ? *address : 0);
      if (address) continue;
      const auto& why = address.error().blockers();
      blockers.insert(blockers.end(), why.begin(), why.end());
    }
    out.put_all(addresses);
    put_blockers(out, blockers);
    return {};
  }

  void let_go() {
    remote_.bring_home();
    (void)remote_.unmap_all();
    freezer_.thaw();
    finished_ = true;
  }

  Result<void> send_error(const Error& error) {
    WireWriter out;
    out.put(error.kind());
    out.put(error.error_number());
    out.put_text(error.message());
    put_blockers(out, error.blockers());
    return send(socket_, 0, out.bytes());
  }

  bool engine_is_gone() const {
    pollfd watched{socket_, POLLIN | POLLRDHUP, 0};
    return ::poll(&watched, 1, 0) > 0 && (watched.revents & (POLLHUP | POLLRDHUP)) != 0;
  }

  int socket_;
  bool finished_ = false;
  static constexpr int64_t kLongPoll_ms = 60'000;
  Clock::time_point let_go_at_ = Clock::time_point::max();
  Freezer freezer_;
  Remote remote_;
};

// While tasks are in its hands, the kernel must find somebody else to kill. Needs CAP_SYS_RESOURCE; without,
// so be it.
void never_for_lack_of_memory() {
  const auto fd = sys::open("/proc/self/oom_score_adj", O_WRONLY);
  if (fd) (void)sys::write_fully(fd->get(), std::as_bytes(std::span("-1000", 5)));
}

[[noreturn]] void be_guardian(int socket) {
  // Not in the engine's session: what the terminal or a job control kill does to the engine must not reach
  // us.
  ::setsid();
  ::prctl(PR_SET_NAME, "cr-guardian");
  never_for_lack_of_memory();
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGCHLD, [](int) {});  // only there to end a wait
  // What ends the engine must not end us: its end is what we go by. A supervisor signals all of a control
  // group.
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  // Nothing of the engine's is held open: its pipes and its image must be able to close.
  ::dup2(socket, 3);
  for (int fd = 0; fd < 3; ++fd) ::close(fd);
  ::close_range(4, ~0u, 0);
  Server(3).serve();
  ::_exit(0);
}

}  // namespace

Result<Guardian> Guardian::start() {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) return fail_errno("socketpair");
  sys::UniqueFd mine(sockets[0]);
  sys::UniqueFd its(sockets[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("fork of the guardian");
  if (pid == 0) be_guardian(its.get());
  return Guardian(std::move(mine), pid);
}

Guardian::~Guardian() {
  if (pid_ == 0) return;
  socket_.reset();  // end of file: it brings everything home
  ::waitpid(pid_, nullptr, 0);
}

Result<std::vector<std::byte>> Guardian::ask(uint32_t what, const std::vector<std::byte>& payload) {
  const auto sent = send(socket_.get(), what, payload);
  auto received = sent ? receive(socket_.get()) : Failure(Error(sent.error()));
  if (!received && Clock::now() >= let_go_at_)
    return fail(ErrorKind::kDeadline, "the deadline has passed; the tasks go on as before");
  auto [ok, answer] = CR_TRY(std::move(received), "the guardian is gone");
  if (ok == 1) return std::move(answer);
  WireReader in(std::move(answer));
  const auto kind = in.get<ErrorKind>();
  (void)in.get<int>();
  const std::string message = in.get_text();
  std::vector<Blocker> blockers = get_blockers(in);
  if (!blockers.empty()) return Failure(Error::unsupported(std::move(blockers)));
  return Failure(Error(kind, message));
}

Result<FrozenTree> Guardian::freeze(pid_t root, std::chrono::milliseconds to_stop,
                                    std::chrono::milliseconds in_all) {
  WireWriter out;
  out.put(root);
  out.put(to_stop);
  out.put(in_all);
  WireReader in(CR_TRY(ask(kFreeze, out.bytes()), "freeze pid {}", root));
  FrozenTree tree;
  tree.processes.resize(in.get<size_t>());
  for (ProcessState& process : tree.processes) {
    process.pid = in.get<pid_t>();
    process.parent = in.get<pid_t>();
    process.zombie = in.get<bool>();
    process.hold = in.get<Hold>();
    const auto threads = in.get<size_t>();
    for (size_t i = 0; i < threads; ++i) process.threads.push_back(get_thread(in));
    process.pending = in.get_all<siginfo_t>();
    process.unlisted = in.get<SignalSet>();
  }
  tree.blockers = get_blockers(in);
  return tree;
}

Result<void> Guardian::limit(std::optional<std::chrono::milliseconds> time) {
  WireWriter out;
  out.put(time);
  const auto at = time ? Clock::now() + *time : Clock::time_point::max();  // never later than there
  CR_TRY(ask(kLimit, out.bytes()));
  let_go_at_ = at;
  return {};
}

Result<Guardian::Areas> Guardian::map(const std::vector<AreaRequest>& requests) {
  WireWriter out;
  out.put_all(requests);
  WireReader in(CR_TRY(ask(kMap, out.bytes())));
  Areas areas;
  areas.addresses = in.get_all<uint64_t>();
  areas.blockers = get_blockers(in);
  return areas;
}

Result<void> Guardian::run(const std::vector<AgentRun>& runs, std::chrono::milliseconds patience) {
  WireWriter out;
  out.put(patience);
  out.put_all(runs);
  CR_TRY(ask(kRun, out.bytes()), "run the agent");
  return {};
}

Result<void> Guardian::unmap_all() {
  CR_TRY(ask(kUnmapAll, {}));
  return {};
}

Result<void> Guardian::thaw() {
  CR_TRY(ask(kThaw, {}), "let the tasks go on");
  return {};
}

Result<void> Guardian::kill() {
  CR_TRY(ask(kKill, {}), "end the tasks");
  return {};
}

}  // namespace cr::trace
