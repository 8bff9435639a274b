// Open files that this engine does not carry, each by its name.
#include <fcntl.h>
#include <linux/magic.h>

#include <string_view>

#include "cr/kinds/files/file_kind.h"

namespace cr::kinds {
namespace {

constexpr uint32_t kPath = O_PATH;
constexpr uint64_t kMqueueMagic = 0x19800202;  // ipc/mqueue.c

struct Named {
  std::string_view link;  // prefix of what /proc/PID/fd/N points to
  const char* kind;
  const char* reason;
};

constexpr Named kNames[] = {
    {"anon_inode:[eventfd]", "eventfd", "is an eventfd"},
    {"anon_inode:[eventpoll]", "epoll", "is an epoll set"},
    {"anon_inode:[timerfd]", "timerfd", "is a timerfd"},
    {"anon_inode:[signalfd]", "signalfd", "is a signalfd"},
    {"anon_inode:inotify", "inotify", "is an inotify queue"},
    {"anon_inode:[fanotify]", "fanotify", "is a fanotify group"},
    {"anon_inode:[pidfd]", "pidfd", "is a pidfd"},
    {"pidfd:", "pidfd", "is a pidfd"},
    {"anon_inode:[userfaultfd]", "userfaultfd", "is a userfaultfd"},
    {"anon_inode:[io_uring]", "io_uring", "is an io_uring"},
    {"anon_inode:[perf_event]", "perf-event", "is a perf event"},
    {"anon_inode:bpf", "bpf", "is a BPF object"},
    {"anon_inode:[landlock", "landlock", "is a landlock ruleset"},
    {"anon_inode:", "anon-inode", "is a kernel object without a file"},
    {"/memfd:", "memfd", "is a memory file (memfd_create)"},
    {"/secretmem", "memfd-secret", "is secret memory (memfd_secret)"},
    {"mnt:[", "namespace-fd", "is a namespace"},
};

struct OnFileSystem {
  uint64_t magic;
  const char* kind;
  const char* reason;
};

constexpr OnFileSystem kFileSystems[] = {
    {PROC_SUPER_MAGIC, "proc-file", "is a file of /proc: what it shows belongs to this kernel's tasks"},
    {SYSFS_MAGIC, "pseudo-file", "is a file of sysfs"},
    {CGROUP_SUPER_MAGIC, "pseudo-file", "is a control group's file"},
    {CGROUP2_SUPER_MAGIC, "pseudo-file", "is a control group's file"},
    {DEBUGFS_MAGIC, "pseudo-file", "is a file of debugfs"},
    {TRACEFS_MAGIC, "pseudo-file", "is a file of tracefs"},
    {NSFS_MAGIC, "namespace-fd", "is a namespace"},
    {HUGETLBFS_MAGIC, "hugetlb", "is a file in huge pages"},
    {kMqueueMagic, "mqueue", "is a POSIX message queue"},
    {0x50494446, "pidfd", "is a pidfd"},  // PID_FS_MAGIC, since Linux 6.9
};

}  // namespace

std::optional<FileRefusal> known_refusal(const FdView& fd) {
  if ((fd.info.flags & kPath) != 0) return FileRefusal{"o_path", "was opened with O_PATH"};
  if ((fd.info.flags & O_ASYNC) != 0) return FileRefusal{"file-owner", "asks for signals (O_ASYNC)"};
  if (S_ISFIFO(fd.status.st_mode) && (fd.info.flags & O_DIRECT) != 0)
    return FileRefusal{"packet-pipe", "is a pipe that keeps packets apart (O_DIRECT)"};
  if (S_ISSOCK(fd.status.st_mode)) return FileRefusal{"socket", "is a socket"};
  if (S_ISBLK(fd.status.st_mode)) return FileRefusal{"block-device", "is a block device"};
  for (const Named& known : kNames)
    if (fd.link.starts_with(known.link)) return FileRefusal{known.kind, known.reason};
  for (const OnFileSystem& known : kFileSystems)
    if (fd.file_system == known.magic) return FileRefusal{known.kind, known.reason};
  return std::nullopt;
}

}  // namespace cr::kinds
