// What a kind needs to add its ops to a plan.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>

#include "cr/kinds/plan.h"
#include "cr/kinds/records.h"
#include "cr/kinds/vdso_exchange.h"

namespace cr::kinds {

// The order in which a task is built. Every kind plans a phase before any kind plans the next.
enum class Phase {
  kStore,    // shared objects, in the engine's process
  kMemory,   // mappings and their content; the old address space is gone
  kLayout,   // what the kernel remembers of the address space; protections
  kFiles,    // descriptors
  kThreads,  // the leader's list: what must be set before other threads are born
  kThread,   // each thread's own list
  kSignals,
  kLast,  // limits and the like that would stand in the way of earlier phases
};
constexpr Phase kPhases[] = {Phase::kStore,   Phase::kMemory, Phase::kLayout,  Phase::kFiles,
                             Phase::kThreads, Phase::kThread, Phase::kSignals, Phase::kLast};

class PlanBuilder {
 public:
  // Who puts pages into their place: tasks what they can read from the image themselves, or the engine all.
  enum class Pages { kReadByTasks, kLeftToEngine };
  // `exchanges` is borrowed; without, all tasks get the vdso that they had.
  explicit PlanBuilder(Plan& plan, Pages pages = Pages::kReadByTasks,
                       const VdsoExchanges* exchanges = nullptr)
      : plan_(plan), pages_(pages), exchanges_(exchanges) {}

  exec::ListBuilder& store() { return plan_.store.list(0); }
  exec::ListBuilder& process(pid_t pid) { return thread(pid, pid); }
  exec::ListBuilder& thread(pid_t pid, pid_t tid) {
    ProcessPlan& process = plan_.processes.at(pid);
    return process.program.list(process.lists.at(tid));
  }
  ProcessPlan& details(pid_t pid) { return plan_.processes.at(pid); }

  void expect_file(FileCheck check) { plan_.files.push_back(std::move(check)); }
  void expect_stdio(const StdioCheck& check) { plan_.stdio.push_back(check); }
  void expect_hard_limit(uint32_t resource, uint64_t limit) {
    plan_.hard_limits[resource] = std::max(plan_.hard_limits[resource], limit);
  }

  // Addresses for PR_SET_MM_MAP.
  void expect_layout(std::initializer_list<uint64_t> addresses) {
    plan_.lowest_layout = std::min(plan_.lowest_layout, std::min(addresses));
  }
  // MEMBARRIER_CMD_REGISTER_*.
  void expect_membarrier(uint32_t registrations) { plan_.membarrier |= registrations; }
  void expect_pipe(uint64_t capacity) { plan_.pipe_capacity = std::max(plan_.pipe_capacity, capacity); }

  // Keeps the descriptor in `slot` (of the store list) under a number that tasks can fetch it by; `name` is
  // unique.
  void keep(exec::Slot slot, const std::string& name);
  bool kept(const std::string& name) const { return plan_.store_numbers.contains(name); }
  int store_number(const std::string& name) const { return plan_.store_numbers.at(name); }
  // In the task: a new descriptor of the kept object, close-on-exec.
  exec::Slot fetch(exec::ListBuilder& list, const std::string& name);

  std::vector<PageFill>& store_fills(const std::string& name) { return plan_.store_fills[name]; }

  // Where tasks find pages in the image. Null: they read none.
  const image::PageTable* pages(const Records& records) const {
    return pages_ == Pages::kReadByTasks ? records.pages : nullptr;
  }
  // Null: the task gets the vdso that it had.
  const VdsoExchange* exchange_of(pid_t pid) const {
    if (exchanges_ == nullptr) return nullptr;
    const auto found = exchanges_->find(pid);
    return found == exchanges_->end() ? nullptr : &found->second;
  }
  // In the task and in the store: the image, for page data.
  int image_fd() const { return plan_.image_fd; }
  int image_store_fd() const { return plan_.image_store_fd; }

 private:
  Plan& plan_;
  Pages pages_;
  const VdsoExchanges* exchanges_;
};

}  // namespace cr::kinds
