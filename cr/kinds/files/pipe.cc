// Pipes and FIFOs: the data in them, and ends held anywhere in the tree.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <map>

#include "cr/image/hash.h"
#include "cr/kinds/files/file_kind.h"

namespace cr::kinds {
namespace {

using exec::Abi;

constexpr uint32_t kMaxCapacity = 1 << 30;

bool anonymous(const FdView& fd) { return fd.link.starts_with("pipe:["); }

// A copy of what is in the pipe; tee(2) leaves it there.
Result<std::string> peek(const FdView& fd, uint32_t capacity) {
  // A description of our own, for reading, whichever end the task holds; non-blocking, so nothing waits.
  const sys::UniqueFd source = CR_TRY(sys::open(fd.path(), O_RDONLY | O_NONBLOCK));
  int waiting = 0;
  if (::ioctl(source.get(), FIONREAD, &waiting) < 0) return fail_errno("FIONREAD");
  if (waiting == 0) return std::string();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return fail_errno("pipe2");
  const sys::UniqueFd read_end(ends[0]), write_end(ends[1]);
  if (::fcntl(write_end.get(), F_SETPIPE_SZ, capacity) < 0) return fail_errno("a copy of {} bytes", capacity);
  const ssize_t copied = ::tee(source.get(), write_end.get(), capacity, SPLICE_F_NONBLOCK);
  if (copied < 0) return fail_errno("tee");
  if (copied != waiting) return fail(ErrorKind::kSystem, "tee copied {} of {} bytes", copied, waiting);
  std::string data(static_cast<size_t>(copied), '\0');
  CR_TRY(sys::read_fully(read_end.get(), std::as_writable_bytes(std::span(data))));
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
    FileRefusals refusals(fd, collector);
    if ((fd.info.flags & O_DIRECT) != 0)
      return refusals.refuse("packet-pipe", "is a pipe that keeps packets apart (O_DIRECT)");
    const uint64_t id = id_of(fd);
    if (anonymous(fd)) {
      out.mutable_pipe_end()->set_pipe(id);
    } else {
      const auto name = name_of_file(fd);
      if (!name) return refusals.refuse("deleted-fifo", "is a FIFO that has no name any more");
      out.mutable_fifo()->set_path(*name);
      out.mutable_fifo()->set_pipe(id);
    }
    if (collector.records.find<Pipe>(kPipeRecord, id) != nullptr) return {};
    Pipe& pipe = collector.records.add<Pipe>(kPipeRecord, id);
    pipe.set_id(id);
    const int capacity = ::fcntl(fd.mine.get(), F_GETPIPE_SZ);
    if (capacity < 0) return fail_errno("F_GETPIPE_SZ");
    pipe.set_capacity(static_cast<uint32_t>(capacity));
    pipe.set_data(CR_TRY(peek(fd, pipe.capacity()), "data in the pipe"));
    return {};
  }

  Result<void> validate(const FileDescription& description, const Records& records) const override {
    const uint64_t id = pipe_of(description);
    const Pipe* pipe = records.find<Pipe>(kPipeRecord, id);
    if (pipe == nullptr || pipe->id() != id) return invalid("pipe {} has no record", id);
    if (pipe->capacity() == 0 || pipe->capacity() > kMaxCapacity || pipe->data().size() > pipe->capacity())
      return invalid("pipe {} of {} bytes holds {}", id, pipe->capacity(), pipe->data().size());
    if ((description.flags() & O_ACCMODE) > O_RDWR) return invalid("flags {:#o}", description.flags());
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

  // The pipe with its data, held open at both ends by the engine until the tasks go on.
  static void make(const Pipe& pipe, const FileDescription& description, PlanBuilder& builder) {
    exec::ListBuilder& store = builder.store();
    const exec::Slot read_end = store.fresh_slot(), write_end = store.fresh_slot();
    if (description.has_fifo()) {
      const std::string& path = description.fifo().path();
      for (const exec::Slot slot : {read_end, write_end})
        store
            .syscall(Abi::k64, SYS_openat,
                     {AT_FDCWD, store.stash_text(path), O_RDWR | O_NONBLOCK | O_CLOEXEC})
            .save(slot)
            .because("open the FIFO {}", path);
    } else {
      const exec::Data ends = store.reserve(8);
      store.syscall(Abi::k64, SYS_pipe2, {ends, O_CLOEXEC | O_NONBLOCK}).because("make pipe {}", pipe.id());
      store.load32(read_end, ends);
      store.load32(write_end, ends.from(4));
    }
    store.syscall(Abi::k64, SYS_fcntl, {write_end, F_SETPIPE_SZ, pipe.capacity()})
        .because("capacity of {} bytes for pipe {}", pipe.capacity(), pipe.id());
    if (!pipe.data().empty())
      store
          .syscall(Abi::k64, SYS_write,
                   {write_end, store.stash(std::as_bytes(std::span(pipe.data()))), pipe.data().size()})
          .expect(static_cast<int64_t>(pipe.data().size()))
          .because("{} bytes into pipe {}", pipe.data().size(), pipe.id());
    builder.keep(read_end, end_name(pipe.id(), false));
    builder.keep(write_end, end_name(pipe.id(), true));
  }
};

}  // namespace

Result<void> validate_pipes(const Records& records) {
  std::map<uint64_t, std::string> names;  // of FIFOs; nothing for a pipe
  for (const FileDescription* description : records.all<FileDescription>(kFileDescriptionRecord)) {
    if (!description->has_pipe_end() && !description->has_fifo()) continue;
    const bool fifo = description->has_fifo();
    const uint64_t id = fifo ? description->fifo().pipe() : description->pipe_end().pipe();
    const std::string& path = description->fifo().path();
    if (names.emplace(id, path).first->second != path)
      return invalid("open file {}: pipe {} has another name elsewhere", description->id(), id);
  }
  return {};
}

std::unique_ptr<FileKind> pipe_kind() { return std::make_unique<PipeKind>(); }

}  // namespace cr::kinds
