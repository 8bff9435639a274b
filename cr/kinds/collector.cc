#include "cr/kinds/collector.h"

namespace cr::kinds {

int64_t Answers::value(exec::Slot slot) const {
  int64_t value;
  std::memcpy(&value, after_.data() + area_.slots + slot.index * sizeof(value), sizeof(value));
  return value;
}

exec::ListBuilder& Collector::agent(pid_t pid, pid_t tid) {
  Agent& agent = agents_[pid];
  const auto known = agent.lists.find(tid);
  if (known != agent.lists.end()) return agent.program.list(known->second);
  exec::ListBuilder& list = agent.program.add_list(fmt::format("agent in thread {}", tid));
  agent.lists[tid] = list.index();
  return list;
}

Result<void> Collector::deliver(pid_t pid, const Answers& answers) {
  for (const auto& continuation : continuations_[pid]) CR_TRY(continuation(answers), "pid {}", pid);
  return {};
}

}  // namespace cr::kinds
