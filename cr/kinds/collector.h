// Where kinds leave what they find: records, blockers, and questions for the agent.
//
// Questions go into an op list per thread that the agent runs inside it; what to do with the answers is left
// as a function, called once all agents have come home.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cr/executor/program.h"
#include "cr/kinds/records.h"

namespace cr::kinds {

// The memory of an area after its agent ran.
class Answers {
 public:
  Answers(const exec::Area& area, std::string after) : area_(area), after_(std::move(after)) {}

  // The result of a call saved in this slot.
  int64_t value(exec::Slot slot) const;
  template <typename T>
  T data(exec::Data where) const {
    CR_CHECK(where.size >= sizeof(T));
    T value;
    std::memcpy(&value, after_.data() + area_.data + where.offset, sizeof(T));
    return value;
  }

 private:
  const exec::Area& area_;
  std::string after_;
};

class Collector {
 public:
  Records records;
  std::vector<Blocker> blockers;

  void refuse(pid_t pid, std::string kind, std::string where, std::string reason) {
    blockers.push_back({pid, std::move(kind), std::move(where), std::move(reason)});
  }

  // Nothing of ours may run in this process, though it stands still: its blocker says why.
  void keep_out(pid_t pid) { kept_out_.insert(pid); }
  bool is_kept_out(pid_t pid) const { return kept_out_.contains(pid); }

  // The list that thread `tid` of process `pid` will run.
  exec::ListBuilder& agent(pid_t pid, pid_t tid);
  void when_answered(pid_t pid, std::function<Result<void>(const Answers&)> what) {
    continuations_[pid].push_back(std::move(what));
  }

  struct Agent {
    exec::Program program;
    std::map<pid_t, uint32_t> lists;  // tid -> list
  };
  std::map<pid_t, Agent>& agents() { return agents_; }
  Result<void> deliver(pid_t pid, const Answers& answers);

 private:
  std::map<pid_t, Agent> agents_;
  std::set<pid_t> kept_out_;
  std::map<pid_t, std::vector<std::function<Result<void>(const Answers&)>>> continuations_;
};

}  // namespace cr::kinds
