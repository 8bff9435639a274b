#include "cr/kinds/plan_builder.h"

#include <fcntl.h>
#include <sys/syscall.h>

namespace cr::kinds {

using exec::Abi;

void PlanBuilder::keep(exec::Slot slot, const std::string& name) {
  const int number = plan_.next_store_number++;
  CR_CHECK(plan_.store_numbers.emplace(name, number).second);
  store().syscall(Abi::k64, SYS_dup3, {slot, number, O_CLOEXEC}).because("keep {}", name);
  store().syscall(Abi::k64, SYS_close, {slot}).because("keep {}", name);
}

exec::Slot PlanBuilder::fetch(exec::ListBuilder& list, const std::string& name) {
  const exec::Slot slot = list.fresh_slot();
  list.syscall(Abi::k64, SYS_pidfd_getfd, {plan_.engine_fd, store_number(name), 0})
      .save(slot)
      .because("fetch {}", name);
  return slot;
}

}  // namespace cr::kinds
