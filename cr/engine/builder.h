// Carries out a plan: the store first, then the tasks from barrier to barrier, then each thread's departure.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "cr/engine/options.h"
#include "cr/executor/hosted.h"
#include "cr/kinds/origin.pb.h"
#include "cr/kinds/plan.h"
#include "cr/sys/fd.h"
#include "cr/trace/nursery.h"

namespace cr::engine {

class Builder {
 public:
  Builder(const kinds::Plan& plan, const kinds::Origin& origin, const Operation& operation)
      : plan_(plan), origin_(origin), operation_(operation), nursery_(operation.deadline) {}

  // `image` is a descriptor that tasks read page data from, as the plan says. `fill` is called when all tasks
  // stand ready: it puts the rest of the pages into their place, and says whether the image can be trusted to
  // its end. On failure everything made so far is gone again.
  Result<void> build(int image, const std::function<Result<void>()>& fill);

 private:
  Result<void> in_time() const;
  Result<void> make_store(int image);
  Result<void> load_programs();
  Result<void> start_root();
  Result<void> last_words_of_root() const;
  Result<void> build_tasks(const std::function<Result<void>()>& fill);
  Result<trace::Nursery::Event> next_event();
  std::string look_of_tasks() const;
  Result<void> wait_for_all(kinds::Barrier barrier);
  Result<void> bury_the_dead();
  Result<void> finish();
  Result<void> send_off(const kinds::ProcessPlan& process);
  Result<void> check_vdso(const kinds::ProcessPlan& process) const;
  Result<void> clear(const kinds::ProcessPlan& process);
  Result<void> late_calls(const kinds::ProcessPlan& process);
  Result<void> depart(pid_t tid, const kinds::Departure& departure, user_regs_struct registers);
  Result<user_regs_struct> take_up_wait(const kinds::ProcessPlan& process, pid_t tid);
  Result<void> look_at_trap(pid_t tid, kinds::Barrier expected);
  std::vector<uint64_t> arguments(const kinds::LateCall& call, const exec::Area& area) const;
  std::set<pid_t> expected_at(kinds::Barrier barrier) const;

  const kinds::Plan& plan_;
  const kinds::Origin& origin_;
  const Operation& operation_;
  sys::UniqueFd roots_words_;          // where the root says what it cannot become, before it ends
  std::map<pid_t, exec::Area> areas_;  // bytes dropped
  trace::Nursery nursery_;
  std::vector<int> store_fds_;
};

}  // namespace cr::engine
