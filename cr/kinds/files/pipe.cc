// Pipes and FIFOs: the data in them, and ends held anywhere in the tree.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "cr/base/numbers.h"
#include "cr/image/hash.h"
#include "cr/kinds/files/file_kind.h"
#include "cr/kinds/limits.h"

namespace cr::kinds {
namespace {

using exec::Abi;

bool anonymous(const FdView& fd) { return fd.link.starts_with("pipe:["); }

struct Ends {
  sys::UniqueFd read, write;
};

// tee(2) leaves everything where it is, and packets are packets in the copy, too.
Result<Ends> copy_of(const sys::UniqueFd& source, int size, uint32_t capacity) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return fail_errno("pipe2");
  Ends copy{sys::UniqueFd(ends[0]), sys::UniqueFd(ends[1])};
  // One page is one buffer, and the end of the data needs one of its own beside it.
  const uint64_t room = std::max<uint64_t>(capacity, 2 * kPageSize);
  if (::fcntl(copy.write.get(), F_SETPIPE_SZ, room) < 0) return fail_errno("a copy of {} bytes", room);
  const ssize_t copied = ::tee(source.get(), copy.write.get(), capacity, SPLICE_F_NONBLOCK);
  if (copied < 0) return fail_errno("tee");
  if (copied != size) return fail(ErrorKind::kSystem, "tee copied {} of {} bytes", copied, size);
  return copy;
}

Result<bool> reads_at_once(const Ends& pipe, std::span<char> into) {
  if (into.empty()) return true;
  const ssize_t got = ::read(pipe.read.get(), into.data(), into.size());
  if (got < 0) return fail_errno("read of a copy");
  return static_cast<size_t>(got) == into.size();
}

// A packet is at the end of all there is: no more than its first byte is read with what is before it, and
// the rest is dropped then; or it is one byte, and ends a read that goes beyond it.
Result<bool> ends_in_packet(const Ends& pipe, size_t size) {
  std::string most(size - 1, '\0'), last(2, '\0');
  if (!CR_TRY(reads_at_once(pipe, most))) return true;
  CR_TRY(sys::write_fully(pipe.write.get(), std::as_bytes(std::span("", 1))));
  return !CR_TRY(reads_at_once(pipe, last));
}

// What is in the pipe, or nothing if some of it are packets: a read takes no more than one, and drops what of
// it is not asked for (pipe(7)). No flag tells of packets when the writer is closed or has lost its O_DIRECT.
Result<std::optional<std::string>> peek(const FdView& fd, uint32_t capacity) {
  // A description of our own, for reading, whichever end the task holds; non-blocking, so nothing waits.
  const sys::UniqueFd source = CR_TRY(sys::open(fd.path(), O_RDONLY | O_NONBLOCK));
  int waiting = 0;
  if (::ioctl(source.get(), FIONREAD, &waiting) < 0) return fail_errno("FIONREAD");
  if (waiting == 0) return std::string();
  const auto size = static_cast<size_t>(waiting);
  std::string data(size, '\0');
  if (!CR_TRY(reads_at_once(CR_TRY(copy_of(source, waiting, capacity)), data))) return std::nullopt;
  if (CR_TRY(ends_in_packet(CR_TRY(copy_of(source, waiting, capacity)), size))) return std::nullopt;
  return data;
}

// Anonymous pipes are all on one file system, so their inodes tell them apart. FIFOs may be on any: their
// ids, apart from those, are made of device and inode.
uint64_t id_of(const FdView& fd) {
  if (anonymous(fd)) return fd.status.st_ino;
  const uint64_t where[] = {fd.status.st_dev, fd.status.st_ino};
  return image::hash_of(std::as_bytes(std::span(where))) | uint64_t{1} << 63;
}

std::string end_name(uint64_t pipe, bool writes) {
  return fmt::format("{} end of pipe {}", writes ? "write" : "read", pipe);
}

class PipeKind : public FileKind {
 public:
  bool claims(const FdView& fd) const override { return S_ISFIFO(fd.status.st_mode); }
  bool owns(const FileDescription& description) const override {
    return description.has_pipe_end() || description.has_fifo();
  }

  Result<void> describe(const FdView& fd, FileDescription& out, Collector& collector) const override {
    const uint64_t id = id_of(fd);
    if (anonymous(fd)) {
      out.mutable_pipe_end()->set_pipe(id);
    } else {
      const auto name = name_of_file(fd);
      if (!name)
        return FileRefusals(fd, collector).refuse("deleted-fifo", "is a FIFO that has no name any more");
      out.mutable_fifo()->set_path(*name);
      out.mutable_fifo()->set_pipe(id);
    }
    if (collector.records.find<Pipe>(kPipeRecord, id) != nullptr) return {};
    Pipe& pipe = collector.records.add<Pipe>(kPipeRecord, id);
    pipe.set_id(id);
    const int capacity = ::fcntl(fd.mine.get(), F_GETPIPE_SZ);
    if (capacity < 0) return fail_errno("F_GETPIPE_SZ");
    pipe.set_capacity(static_cast<uint32_t>(capacity));
    auto data = CR_TRY(peek(fd, pipe.capacity()), "data in the pipe");
    if (!data) return FileRefusals(fd, collector).refuse("packet-pipe", "holds packets (O_DIRECT)");
    pipe.set_data(std::move(*data));
    return {};
  }

  // An anonymous one was never opened by a name, which could be a link.
  uint32_t flags(const FileDescription& description) const override {
    return description.has_fifo() ? kLastingFlags : kLastingFlags & ~static_cast<uint32_t>(O_NOFOLLOW);
  }

  Result<void> validate(const FileDescription& description, const Records& records) const override {
    const uint64_t id = pipe_of(description);
    const Pipe* pipe = records.find<Pipe>(kPipeRecord, id);
    if (pipe == nullptr || pipe->id() != id) return invalid("pipe {} has no record", id);
    if (!is_pipe_capacity(pipe->capacity()) || pipe->data().size() > pipe->capacity())
      return invalid("pipe {} of {} bytes holds {}", id, pipe->capacity(), pipe->data().size());
    if ((description.flags() & O_ACCMODE) > O_RDWR) return invalid("flags {:#o}", description.flags());
    if (description.position() != 0) return invalid("position {} in a pipe", description.position());
    if (description.has_fifo()) return validate_path(description.fifo().path());
    return {};
  }

  exec::Slot plan(const FileDescription& description, const Records& records,
                  PlanBuilder& builder) const override {
    const Pipe& pipe = *records.find<Pipe>(kPipeRecord, pipe_of(description));
    const bool writes = (description.flags() & O_ACCMODE) == O_WRONLY;
    if (!builder.kept(end_name(pipe.id(), true))) make(pipe, description, builder);
    if (description.has_fifo()) {
      builder.expect_file({.path = description.fifo().path(), .mode = S_IFIFO});
      return plan_open(description.fifo().path(), description, builder);
    }
    // Every description is opened anew from the pipe, so two of one end stay two.
    return plan_open(fmt::format("/proc/self/fd/{}", builder.store_number(end_name(pipe.id(), writes))),
                     description, builder);
  }

 private:
  static uint64_t pipe_of(const FileDescription& description) {
    return description.has_fifo() ? description.fifo().pipe() : description.pipe_end().pipe();
  }

  // Whoever has a FIFO open keeps the bytes in it, and a reader shares them with the tree: the tree itself,
  // if it was left running. Seen before it is opened: an open for writing only that must not wait needs a
  // reader (fifo(7)), in whatever pid namespace. A writer without a reader may stay: it has nothing of the
  // tree's, and who waits in open(2) for the tree to come back looks the same.
  static void expect_no_reader(const std::string& path, exec::ListBuilder& store) {
    store.syscall(Abi::k64, SYS_openat, {AT_FDCWD, store.stash_text(path), O_WRONLY | O_NONBLOCK | O_CLOEXEC})
        .expect(-ENXIO)
        .because("look for readers of the FIFO {}", path)
        .or_conflict(
            "somebody reads the FIFO {} already, and would take bytes from the tree; end who has it "
            "open (fuser tells), and restore again",
            path);
  }

  // That the FIFO holds so many bytes, all of them the tree's. Before the tree's are put in, others would be
  // there twice; afterwards, a writer that had waited in open(2) may have been quicker.
  static void expect_bytes(const std::string& path, exec::Slot read_end, uint64_t bytes,
                           exec::ListBuilder& store) {
    const exec::Data count = store.reserve(sizeof(int));
    store.syscall(Abi::k64, SYS_ioctl, {read_end, FIONREAD, count}).because("FIONREAD of the FIFO {}", path);
    store.load32(store.fresh_slot(), count)
        .expect(static_cast<int64_t>(bytes))
        .because("bytes in the FIFO {}", path)
        .or_conflict(
            "somebody has the FIFO {} open, and there are other bytes in it than the tree's; end who "
            "has it open (fuser tells), and restore again",
            path);
  }

  // The pipe with its data, held open at both ends by the engine until the tasks go on.
  static void make(const Pipe& pipe, const FileDescription& description, PlanBuilder& builder) {
    exec::ListBuilder& store = builder.store();
    const exec::Slot read_end = store.fresh_slot(), write_end = store.fresh_slot();
    if (description.has_fifo()) {
      const std::string& path = description.fifo().path();
      expect_no_reader(path, store);
      for (const exec::Slot slot : {read_end, write_end})
        store
            .syscall(Abi::k64, SYS_openat,
                     {AT_FDCWD, store.stash_text(path), O_RDWR | O_NONBLOCK | O_CLOEXEC})
            .save(slot)
            .because("open the FIFO {}", path);
      expect_bytes(path, read_end, 0, store);
    } else {
      const exec::Data ends = store.reserve(8);
      store.syscall(Abi::k64, SYS_pipe2, {ends, O_CLOEXEC | O_NONBLOCK}).because("make pipe {}", pipe.id());
      store.load32(read_end, ends);
      store.load32(write_end, ends.from(4));
    }
    builder.expect_pipe(pipe.capacity());
    store.syscall(Abi::k64, SYS_fcntl, {write_end, F_SETPIPE_SZ, pipe.capacity()})
        .because("capacity of {} bytes for pipe {}", pipe.capacity(), pipe.id());
    if (!pipe.data().empty())
      store
          .syscall(Abi::k64, SYS_write,
                   {write_end, store.stash(std::as_bytes(std::span(pipe.data()))), pipe.data().size()})
          .expect(static_cast<int64_t>(pipe.data().size()))
          .because("{} bytes into pipe {}", pipe.data().size(), pipe.id());
    if (!pipe.data().empty() && description.has_fifo())
      expect_bytes(description.fifo().path(), read_end, pipe.data().size(), store);
    builder.keep(read_end, end_name(pipe.id(), false));
    builder.keep(write_end, end_name(pipe.id(), true));
  }
};

}  // namespace

Result<void> validate_pipes(const Records& records) {
  std::map<uint64_t, std::string> names;  // of FIFOs; nothing for a pipe
  std::map<std::string, uint64_t> fifos;
  for (const FileDescription* description : records.all<FileDescription>(kFileDescriptionRecord)) {
    if (!description->has_pipe_end() && !description->has_fifo()) continue;
    const bool fifo = description->has_fifo();
    const uint64_t id = fifo ? description->fifo().pipe() : description->pipe_end().pipe();
    const std::string& path = description->fifo().path();
    if (names.emplace(id, path).first->second != path)
      return invalid("open file {}: pipe {} has another name elsewhere", description->id(), id);
    if (fifo && fifos.emplace(path, id).first->second != id)
      return invalid("open file {}: {} is pipe {} elsewhere, not {}", description->id(), path, fifos[path],
                     id);
  }
  const auto pipes = records.all<Pipe>(kPipeRecord);
  uint64_t all = 0;
  for (const Pipe* pipe : pipes) all += pipe->capacity();
  if (all > kMaxOfAllPipes + pipes.size() * kMorePerPipe)
    return invalid("{} pipes of {} bytes together", pipes.size(), all);
  return {};
}

std::unique_ptr<FileKind> pipe_kind() { return std::make_unique<PipeKind>(); }

}  // namespace cr::kinds
