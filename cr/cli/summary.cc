#include "cr/cli/summary.h"

#include <fmt/ranges.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <algorithm>
#include <map>

#include "cr/base/numbers.h"
#include "cr/cli/printable.h"
#include "cr/kinds/attributes/attributes.pb.h"
#include "cr/kinds/files/files.pb.h"
#include "cr/kinds/memory/memory.pb.h"
#include "cr/kinds/task.pb.h"
#include "cr/kinds/thread/thread.pb.h"

namespace cr::cli {
namespace {

using kinds::AddressSpace;
using kinds::FileDescription;
using kinds::Records;
using kinds::Task;
using kinds::Vma;

class Summary {
 public:
  explicit Summary(const engine::Loaded& image) : image_(image), records_(image.records) {
    for (const Task* task : tasks()) children_[task->parent()].push_back(task);
    for (const auto* table : records_.all<kinds::DescriptorTable>(kinds::kDescriptorTableRecord))
      for (const auto& descriptor : table->descriptors())
        holders_[descriptor.description()].push_back(fmt::format("{}/{}", table->pid(), descriptor.number()));
  }

  std::string text() {
    origin();
    out_ += "\nTree\n";
    tree();
    for (const Task* task : tasks())
      if (!task->zombie()) describe(*task);
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_ += '\n';
  }

  std::vector<const Task*> tasks() const { return records_.all<Task>(kinds::kTaskRecord); }

  void origin() {
    const auto& origin = image_.origin;
    const image::Reader& reader = *image_.reader;
    line("{}: {} bytes, id {}", printable(reader.name()), reader.size(), image::to_text(reader.image_id()));
    line("taken by {} {} on Linux {} ({}), as user {} group {}{}", printable(origin.engine()),
         printable(origin.engine_version()), printable(origin.kernel_release()), printable(origin.machine()),
         origin.uid(), origin.gid(), origin.left_running() ? "; the tree was left running" : "");
    if (reader.parent_id())
      line("inherits pages from {}, which was {}", image::to_text(*reader.parent_id()),
           printable(origin.parent_path()));
    line("needs of the CPU: {}", printable(fmt::format("{}", fmt::join(origin.cpu_features(), " "))));
  }

  const kinds::Thread& leader(const Task& task) const {
    return *records_.find<kinds::Thread>(kinds::kThreadRecord, static_cast<uint64_t>(task.pid()));
  }

  // Without recursion: a tree may be as deep as it has tasks.
  void tree() {
    std::vector<std::pair<const Task*, size_t>> waiting{{children_[0].at(0), 1}};
    while (!waiting.empty()) {
      const auto [task, depth] = waiting.back();
      waiting.pop_back();
      member(*task, depth);
      const auto& below = children_[task->pid()];
      for (auto child = below.rbegin(); child != below.rend(); ++child)
        waiting.emplace_back(*child, depth + 1);
    }
  }

  void member(const Task& task, size_t depth) {
    constexpr size_t kDeepest = 40;  // the screen ends before
    const std::string indent(2 * std::min(depth, kDeepest), ' ');
    if (task.zombie()) {
      const auto status = static_cast<int>(task.wait_status());
      line("{}{} {}, a zombie: {}", indent, task.pid(), printable(task.name()),
           WIFEXITED(status) ? fmt::format("exit {}", WEXITSTATUS(status))
                             : fmt::format("signal {}", WTERMSIG(status)));
    } else {
      line("{}{} {}, {}-bit, {} thread{}, group {}, session {}", indent, task.pid(),
           printable(leader(task).name()), task.word_size(), task.tids_size(),
           task.tids_size() == 1 ? "" : "s", task.pgid() == 0 ? "of the engine" : std::to_string(task.pgid()),
           task.sid() == 0 ? "of the engine" : std::to_string(task.sid()));
    }
  }

  void describe(const Task& task) {
    const auto pid = static_cast<uint64_t>(task.pid());
    const auto& space = *records_.find<AddressSpace>(kinds::kAddressSpaceRecord, pid);
    const auto& attributes = *records_.find<kinds::Attributes>(kinds::kAttributesRecord, pid);
    line("\n{} {}", task.pid(), printable(space.files(static_cast<int>(space.exe())).path()));
    line("  in {}, umask {:03o}{}", printable(attributes.cwd()), attributes.umask(),
         attributes.root() == "/" ? "" : ", root " + printable(attributes.root()));
    line("  memory: {} mappings, {} KiB mapped, {} KiB of it in the image", space.vmas_size(),
         mapped(space) / 1024, held(space) / 1024);
    int run = 0;  // both ascend
    for (const Vma& vma : space.vmas()) mapping(space, vma, held_in(space, vma, run));
    const auto& table = *records_.find<kinds::DescriptorTable>(kinds::kDescriptorTableRecord, pid);
    line("  descriptors: {}", table.descriptors_size());
    for (const auto& descriptor : table.descriptors()) describe(task, descriptor);
  }

  static uint64_t mapped(const AddressSpace& space) {
    uint64_t sum = 0;
    for (const Vma& vma : space.vmas()) sum += vma.end() - vma.start();
    return sum;
  }
  static uint64_t held(const AddressSpace& space) {
    uint64_t sum = 0;
    for (const kinds::PageRun& run : space.runs()) sum += run.length();
    return sum;
  }
  // Of the runs from number `run` on, which comes to stand behind those of this mapping. Each is in one
  // mapping.
  static uint64_t held_in(const AddressSpace& space, const Vma& vma, int& run) {
    uint64_t sum = 0;
    for (; run < space.runs_size() && space.runs(run).address() < vma.end(); ++run)
      sum += space.runs(run).length();
    return sum;
  }

  void mapping(const AddressSpace& space, const Vma& vma, uint64_t held) {
    const auto may = [&](uint32_t right, char letter) {
      return (vma.protection() & right) != 0 ? letter : '-';
    };
    std::string what = "anonymous";
    if (vma.backing() == Vma::FILE)
      what =
          fmt::format("{} +{:#x}", printable(space.files(static_cast<int>(vma.file())).path()), vma.offset());
    if (vma.backing() == Vma::SHARED_ANONYMOUS)
      what = fmt::format("shared memory {} +{:#x}", vma.object(), vma.offset());
    if (vma.backing() == Vma::VDSO) what = "[vdso]";
    line("    {:x}-{:x} {}{}{}{} {} {}", vma.start(), vma.end(), may(PROT_READ, 'r'), may(PROT_WRITE, 'w'),
         may(PROT_EXEC, 'x'), vma.shared() ? 's' : 'p', held == 0 ? "-" : fmt::format("{}K", held / 1024),
         what);
  }

  static std::string what(const FileDescription& description) {
    switch (description.what_case()) {
      case FileDescription::kRegular:
        return fmt::format("{} at {}", printable(description.regular().path()), description.position());
      case FileDescription::kDirectory:
        return printable(description.directory().path());
      case FileDescription::kDevice:
        return printable(description.device().path());
      case FileDescription::kPipeEnd:
        return fmt::format("pipe {}", description.pipe_end().pipe());
      case FileDescription::kFifo:
        return fmt::format("{} (pipe {})", printable(description.fifo().path()), description.fifo().pipe());
      case FileDescription::kStdio:
        return "of the engine";
      case FileDescription::WHAT_NOT_SET:
        break;
    }
    return "nothing";
  }

  void describe(const Task& task, const kinds::Descriptor& descriptor) {
    const auto* description =
        records_.find<FileDescription>(kinds::kFileDescriptionRecord, descriptor.description());
    constexpr size_t kNamed = 8;
    const auto& holders = holders_[descriptor.description()];
    std::string others;
    size_t named = 0;
    for (const std::string& holder : holders) {
      if (holder == fmt::format("{}/{}", task.pid(), descriptor.number())) continue;
      if (++named > kNamed) break;
      others += " " + holder;
    }
    if (named > kNamed) others += fmt::format(" and {} more", holders.size() - 1 - kNamed);
    constexpr const char* kModes[] = {"r", "w", "rw", "-"};
    line("    {} {} {}{}{}", descriptor.number(), kModes[description->flags() & 3], what(*description),
         descriptor.close_on_exec() ? ", close-on-exec" : "", others.empty() ? "" : ", shared with" + others);
  }

  const engine::Loaded& image_;
  const Records& records_;
  std::map<pid_t, std::vector<const Task*>> children_;    // ascending
  std::map<uint64_t, std::vector<std::string>> holders_;  // of each description: pid/number
  std::string out_;
};

}  // namespace

std::string summary_of(const engine::Loaded& image) { return Summary(image).text(); }

}  // namespace cr::cli
