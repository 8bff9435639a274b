#include "cr/kinds/refusals/sharing.h"

#include <deque>
#include <set>

#include "cr/kinds/outsiders.h"
#include "cr/sys/process.h"

namespace cr::kinds {
namespace {

// What only threads share, as a rule.
struct Sharing {
  sys::Shared what;
  const char* kind;
  const char* reason;
};

constexpr Sharing kSharings[] = {
    {sys::Shared::kVm, "clone-vm", "shares its memory (CLONE_VM) with"},
    {sys::Shared::kFiles, "clone-files", "shares its descriptor table (CLONE_FILES) with"},
    {sys::Shared::kFs, "clone-fs", "shares its working directory (CLONE_FS) with"},
    {sys::Shared::kSighand, "clone-sighand", "shares its signal actions (CLONE_SIGHAND) with"},
};

// Processes of the tree by the object that they have, sorted in kcmp's order.
class Sharers {
 public:
  Sharers(const Sharing& sharing, Collector& collector) : sharing_(sharing), collector_(collector) {}

  Result<void> add(const ProcessView& process) {
    const Place place = CR_TRY(find(process.living_tid()));
    if (place.found) {
      std::vector<const ProcessView*>& others = sorted_[place.at];
      collector_.refuse(process.pid(), sharing_.kind, "task",
                        fmt::format("{} pid {}", sharing_.reason, others.front()->pid()));
      others.push_back(&process);
    } else {
      sorted_.insert(sorted_.begin() + static_cast<long>(place.at), {&process});
    }
    return {};
  }

  // An outsider goes on while the tree stands still, and would meet what of ours runs there. `like`: a thread
  // that was compared already, or 0.
  void compare_with(pid_t outsider, pid_t tid, pid_t like) {
    if (like != 0 && same(tid, like)) return;
    const auto place = find(tid);
    if (!place || !place->found) return;  // gone, or not to be looked at
    for (const ProcessView* process : sorted_[place->at]) {
      collector_.keep_out(process->pid());
      if (told_.insert(process->pid()).second)
        collector_.refuse(process->pid(), sharing_.kind, "task",
                          fmt::format("{} pid {}, which is outside the tree", sharing_.reason, outsider));
    }
  }

 private:
  struct Place {
    size_t at = 0;
    bool found = false;
  };
  bool same(pid_t tid, pid_t other) const {
    const auto order = sys::compare(tid, other, sharing_.what);
    return order && *order == 0;
  }
  Result<Place> find(pid_t tid) const {
    size_t low = 0, high = sorted_.size();
    while (low < high) {
      const size_t middle = (low + high) / 2;
      const int order = CR_TRY(sys::compare(tid, sorted_[middle].front()->living_tid(), sharing_.what));
      if (order == 0) return Place{middle, true};
      if (order < 0)
        high = middle;
      else
        low = middle + 1;
    }
    return Place{low, false};
  }

  const Sharing& sharing_;
  Collector& collector_;
  std::vector<std::vector<const ProcessView*>> sorted_;
  std::set<pid_t> told_;  // of sharing with an outsider
};

}  // namespace

Result<void> look_for_sharing(const TreeView& tree, Collector& collector) {
  std::deque<Sharers> all;
  for (const Sharing& sharing : kSharings) all.emplace_back(sharing, collector);
  for (const ProcessView& process : tree.processes) {
    if (process.zombie()) continue;
    for (Sharers& sharers : all) CR_TRY(sharers.add(process));
  }
  for (const pid_t pid : CR_TRY(outsiders(insiders(tree)))) {
    const auto threads = threads_of(pid);
    if (!threads) continue;
    // There may be thousands, and nearly all of them have what the one before has; but the first has nothing
    // if it has ended.
    pid_t before = 0;
    for (const pid_t tid : *threads) {
      for (Sharers& sharers : all) sharers.compare_with(pid, tid, before);
      before = tid;
    }
  }
  return {};
}

}  // namespace cr::kinds
