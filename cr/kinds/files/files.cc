// Descriptor tables: which numbers lead to which open file descriptions, and who shares one.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <set>

#include "cr/kinds/files/file_kind.h"
#include "cr/kinds/files/outside.h"
#include "cr/kinds/files/stdio.h"
#include "cr/kinds/kinds.h"
#include "cr/kinds/limits.h"
#include "cr/kinds/one_path.h"
#include "cr/kinds/task.pb.h"
#include "cr/sys/process.h"

namespace cr::kinds {
namespace {

using exec::Abi;

class FilesKind : public Kind {
 public:
  std::string_view name() const override { return "files"; }
  std::vector<Schema> schemas() const override {
    return {{kFileDescriptionRecord, &FileDescription::default_instance()},
            {kPipeRecord, &Pipe::default_instance()},
            {kDescriptorTableRecord, &DescriptorTable::default_instance()}};
  }
  Result<void> collect(const TreeView& tree, Collector& collector) const override;
  Result<void> validate(const Records& records) const override;
  void plan(Phase phase, const Records& records, PlanBuilder& builder) const override;
};

Result<FdView> view(const ProcessView& process, int number) {
  FdView fd;
  fd.process = &process;
  fd.number = number;
  fd.link = CR_TRY(sys::read_link(fd.path()));
  fd.mine = CR_TRY(sys::pidfd_getfd(process.pidfd, number));
  if (::fstat(fd.mine.get(), &fd.status) < 0) return fail_errno("fstat");
  struct statfs file_system;
  if (::fstatfs(fd.mine.get(), &file_system) == 0) fd.file_system = static_cast<uint64_t>(file_system.f_type);
  fd.info =
      CR_TRY(proc::parse_fdinfo(CR_TRY(sys::read_file(process.path(fmt::format("fdinfo/{}", number))))));
  return fd;
}

Result<std::vector<int>> open_numbers(const ProcessView& process) {
  std::vector<int> numbers;
  for (const std::string& name : CR_TRY(sys::list_dir(process.path("fd")))) {
    int number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

// Tells open file descriptions apart: by inode first, then by the order that kcmp(2) keeps.
class Descriptions {
 public:
  struct Known {
    const FdView* fd;  // somebody's descriptor of it
    uint64_t id;
  };

  // The id of the description, and whether it is new.
  Result<std::pair<uint64_t, bool>> identify(const FdView& fd) {
    std::vector<Known>& same_inode = by_inode_[{fd.status.st_dev, fd.status.st_ino}];
    size_t low = 0, high = same_inode.size();
    while (low < high) {
      const size_t middle = (low + high) / 2;
      const FdView& other = *same_inode[middle].fd;
      const int order = CR_TRY(
          sys::compare_files(fd.process->living_tid(), fd.number, other.process->living_tid(), other.number));
      if (order == 0) return std::pair(same_inode[middle].id, false);
      if (order < 0)
        high = middle;
      else
        low = middle + 1;
    }
    same_inode.insert(same_inode.begin() + static_cast<long>(low), {&fd, ++last_id_});
    return std::pair(last_id_, true);
  }

 private:
  std::map<std::pair<uint64_t, uint64_t>, std::vector<Known>> by_inode_;
  uint64_t last_id_ = 0;
};

bool has_owner(const FdView& fd) {
  f_owner_ex owner{};
  if (::fcntl(fd.mine.get(), F_GETOWN_EX, &owner) == 0 && owner.pid != 0) return true;
  return ::fcntl(fd.mine.get(), F_GETSIG) > 0;
}

// What a lock hangs on: a description, or for a POSIX lock a table of descriptors. fdinfo shows the latter
// only to the table it belongs to, so every descriptor is looked at; each holder is told once.
class Locks {
 public:
  Result<void> look_at(const FdView& fd, uint64_t description, Collector& collector) {
    for (const proc::Lock& lock : fd.info.locks) {
      const pid_t table = lock.type == proc::Lock::Type::kPosix ? fd.pid() : 0;
      if (!told_.emplace(description, table).second) continue;
      CR_TRY(FileRefusals(fd, collector)
                 .refuse("file-lock", fmt::format("holds a lock ({}); release it first", lock.type_name)));
    }
    return {};
  }

 private:
  std::set<std::pair<uint64_t, pid_t>> told_;
};

Result<void> describe(const FdView& fd, uint64_t id, const OutsideEnds& outside, Collector& collector) {
  FileRefusals refusals(fd, collector);
  FileDescription& description = collector.records.add<FileDescription>(kFileDescriptionRecord, id);
  description.set_id(id);
  description.set_flags(fd.info.flags & ~static_cast<uint32_t>(O_CLOEXEC));
  description.set_position(fd.info.pos);
  // What is inherited is replaced at the restore, so nothing that hangs on its description would be carried.
  if (const auto refusal = known_refusal(fd)) return refusals.refuse(refusal->kind, refusal->reason);
  if (has_owner(fd)) return refusals.refuse("file-owner", "has an owner for signals (F_SETOWN or F_SETSIG)");
  if (const auto stdio = outside.inherited_as(fd)) {
    description.mutable_stdio()->set_number(static_cast<uint32_t>(*stdio));
    return {};
  }
  if (const auto refusal = outside.refusal(fd)) return refusals.refuse(refusal->kind, refusal->reason);
  for (const auto& kind : file_kinds())
    if (kind->claims(fd)) return kind->describe(fd, description, collector);
  return refusals.refuse("unknown-file", "is of a kind unknown to this engine");
}

Result<void> FilesKind::collect(const TreeView& tree, Collector& collector) const {
  std::deque<FdView> views;
  bool all_seen = true;
  for (const ProcessView& process : tree.processes) {
    if (process.zombie()) continue;
    all_seen &= process.pidfd.valid();
    if (!process.pidfd.valid()) continue;
    for (const int number : CR_TRY(open_numbers(process), "pid {}", process.pid())) {
      auto fd = view(process, number);
      const bool may_be_gone = process.state.hold == trace::Hold::kLoose;
      all_seen &= fd.has_value();
      if (!fd && may_be_gone) continue;
      views.push_back(CR_TRY(std::move(fd), "pid {} fd {}", process.pid(), number));
    }
  }
  const OutsideEnds outside = CR_TRY(OutsideEnds::find(views, tree, all_seen));
  Descriptions descriptions;
  Locks locks;
  for (const ProcessView& process : tree.processes) {
    if (process.zombie()) continue;
    collector.records.add<DescriptorTable>(kDescriptorTableRecord, static_cast<uint64_t>(process.pid()))
        .set_pid(process.pid());
  }
  for (const FdView& fd : views) {
    const auto [id, is_new] = CR_TRY(descriptions.identify(fd), "pid {} fd {}", fd.pid(), fd.number);
    if (is_new) CR_TRY(describe(fd, id, outside, collector), "pid {} {}", fd.pid(), fd.where());
    CR_TRY(locks.look_at(fd, id, collector));
    auto& table =
        *collector.records.find<DescriptorTable>(kDescriptorTableRecord, static_cast<uint64_t>(fd.pid()));
    Descriptor& descriptor = *table.add_descriptors();
    descriptor.set_number(static_cast<uint32_t>(fd.number));
    descriptor.set_close_on_exec((fd.info.flags & O_CLOEXEC) != 0);
    descriptor.set_description(id);
  }
  return {};
}

const FileKind* kind_of(const FileDescription& description) {
  for (const auto& kind : file_kinds())
    if (kind->owns(description)) return kind.get();
  return nullptr;
}

Result<void> validate_description(const FileDescription& description, const Records& records) {
  if (description.has_stdio()) return validate_stdio(description);
  const FileKind* kind = kind_of(description);
  if (kind == nullptr) return invalid("of no known kind");
  if ((description.flags() & ~kind->flags(description)) != 0)
    return invalid("flags {:#o}", description.flags());
  if (description.position() > INT64_MAX) return invalid("position {}", description.position());
  return kind->validate(description, records);
}

Result<void> validate_descriptions(const Records& records) {
  OnePath regular;
  for (const FileDescription* description : records.all<FileDescription>(kFileDescriptionRecord)) {
    if (records.find<FileDescription>(kFileDescriptionRecord, description->id()) != description)
      return invalid("open file {}: filed elsewhere", description->id());
    CR_TRY(validate_description(*description, records), "open file {}", description->id());
    if (!description->has_regular()) continue;
    const RegularFile& file = description->regular();
    CR_TRY(regular.add(file.path(), {file.mode(), file.size(), file.mtime_ns()}), "open file {}",
           description->id());
  }
  return {};
}

Result<void> FilesKind::validate(const Records& records) const {
  size_t living = 0;
  for (const Task* task : records.all<Task>(kTaskRecord)) {
    if (task->zombie()) continue;
    ++living;
    const auto* table =
        records.find<DescriptorTable>(kDescriptorTableRecord, static_cast<uint64_t>(task->pid()));
    if (table == nullptr || table->pid() != task->pid())
      return invalid("task {}: no descriptor table", task->pid());
    int64_t last = -1;
    for (const Descriptor& descriptor : table->descriptors()) {
      if (descriptor.number() >= kMaxDescriptor || int64_t{descriptor.number()} <= last)
        return invalid("task {}: descriptor {} out of order", task->pid(), descriptor.number());
      last = descriptor.number();
      if (records.find<FileDescription>(kFileDescriptionRecord, descriptor.description()) == nullptr)
        return invalid("task {}: fd {} leads to no description", task->pid(), descriptor.number());
    }
  }
  if (records.all<DescriptorTable>(kDescriptorTableRecord).size() != living)
    return invalid("a descriptor table without a task");
  CR_TRY(validate_descriptions(records));
  return validate_pipes(records);
}

std::string name_of(uint64_t description) { return fmt::format("open file {}", description); }

// A fetched descriptor takes the lowest free number. Nothing else is open in the task below the numbers we
// build with, and descriptors come in ascending order: so the number is known beforehand.
void plan_table(const DescriptorTable& table, const Records& records, const StandIns& stand_ins,
                PlanBuilder& builder) {
  exec::ListBuilder& list = builder.process(table.pid());
  uint32_t lowest_free = 0;
  for (const Descriptor& descriptor : table.descriptors()) {
    const auto& description =
        *records.find<FileDescription>(kFileDescriptionRecord, descriptor.description());
    const exec::Slot fetched =
        builder.fetch(list, description.has_stdio() ? stand_ins.name_for(description, descriptor.number())
                                                    : name_of(description.id()));
    if (descriptor.number() == lowest_free) {
      ++lowest_free;
      if (!descriptor.close_on_exec())
        list.syscall(Abi::k64, SYS_fcntl, {fetched, F_SETFD, 0}).because("fd {}", descriptor.number());
      continue;
    }
    list.syscall(Abi::k64, SYS_dup3,
                 {fetched, descriptor.number(), descriptor.close_on_exec() ? O_CLOEXEC : 0})
        .because("fd {}", descriptor.number());
    list.syscall(Abi::k64, SYS_close, {fetched}).because("fd {}", descriptor.number());
  }
}

void FilesKind::plan(Phase phase, const Records& records, PlanBuilder& builder) const {
  const StandIns stand_ins(records);
  if (phase == Phase::kStore) {
    stand_ins.plan(builder);
    for (const FileDescription* description : records.all<FileDescription>(kFileDescriptionRecord))
      if (!description->has_stdio())
        builder.keep(kind_of(*description)->plan(*description, records, builder), name_of(description->id()));
  }
  if (phase != Phase::kFiles) return;
  for (const DescriptorTable* table : records.all<DescriptorTable>(kDescriptorTableRecord)) {
    plan_table(*table, records, stand_ins, builder);
  }
}

}  // namespace

std::unique_ptr<Kind> files_kind() { return std::make_unique<FilesKind>(); }

}  // namespace cr::kinds
