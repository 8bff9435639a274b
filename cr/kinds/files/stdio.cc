#include "cr/kinds/files/stdio.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <map>

#include "cr/kinds/task.pb.h"

namespace cr::kinds {
namespace {

std::string name_of(uint32_t number) { return fmt::format("descriptor {} of this command", number); }

}  // namespace

StandIns::StandIns(const Records& records) : records_(records) {
  for (const Task* task : records.all<Task>(kTaskRecord)) {
    if (task->parent() != 0) continue;
    const auto* table =
        records.find<DescriptorTable>(kDescriptorTableRecord, static_cast<uint64_t>(task->pid()));
    if (table == nullptr) continue;
    for (const Descriptor& descriptor : table->descriptors())
      if (descriptor.number() < root_.size()) root_[descriptor.number()] = descriptor.description();
  }
}

// A shell hands one description of its terminal on under three numbers. The restoring command may have three
// files there, and whoever redirected one of them meant that number.
uint32_t StandIns::stand_in(const FileDescription& description, uint32_t number) const {
  if (number < root_.size() && root_[number] == description.id()) return number;
  return description.stdio().number();
}

std::string StandIns::name_for(const FileDescription& description, uint32_t number) const {
  return name_of(stand_in(description, number));
}

void StandIns::plan(PlanBuilder& builder) const {
  std::map<std::pair<uint32_t, uint64_t>, StdioCheck> checks;  // by what stands in, and for which description
  for (const auto* table : records_.all<DescriptorTable>(kDescriptorTableRecord)) {
    for (const Descriptor& descriptor : table->descriptors()) {
      const auto* description =
          records_.find<FileDescription>(kFileDescriptionRecord, descriptor.description());
      if (!description->has_stdio()) continue;
      const uint32_t number = stand_in(*description, descriptor.number());
      StdioCheck& check = checks[{number, description->id()}];
      check.number = static_cast<int>(number);
      check.flags = description->flags();
      // Terminals are open for both under all three numbers, but stdin is there to be read, the others to be
      // written: asking for more would forbid `< /dev/null > log`.
      const uint32_t access = check.flags & O_ACCMODE;
      const bool by_number = access == O_RDWR && descriptor.number() == number;
      check.reads |= by_number ? number == 0 : access != O_WRONLY;
      check.writes |= by_number ? number != 0 : access != O_RDONLY;
    }
  }
  exec::ListBuilder& store = builder.store();
  for (const auto& [key, check] : checks) {
    builder.expect_stdio(check);
    if (builder.kept(name_of(key.first))) continue;
    const exec::Slot fd = store.fresh_slot();
    store.syscall(exec::Abi::k64, SYS_fcntl, {key.first, F_DUPFD_CLOEXEC, 3})
        .save(fd)
        .because("take over {}", name_of(key.first));
    builder.keep(fd, name_of(key.first));
  }
}

Result<void> validate_stdio(const FileDescription& description) {
  if (description.stdio().number() > 2) return invalid("stdio number {}", description.stdio().number());
  return {};
}

}  // namespace cr::kinds
